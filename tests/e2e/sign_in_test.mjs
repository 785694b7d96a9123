// A person signs in, declines, signs out: in the demo, at providers that differ in what they ask.
import assert from 'node:assert/strict';
import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startDemo } from './programs.mjs';
import { launchBrowser, Visitor } from './visitor.mjs';

const providers = [
	{ name: 'genesys', title: 'Genesys Cloud', person: 'Ada Lovelace', email: 'ada@example.com', optional: 'analytics:readonly' },
	{ name: 'rfc7636', title: 'RFC 7636', person: 'Grace Hopper', email: '', optional: 'email' },
	{ name: 'tiktok-desktop', title: 'TikTok Desktop', person: 'Linus Pauling', email: '', optional: 'video.publish' },
	{ name: 'tiktok', title: 'TikTok', person: 'Ada Lovelace', email: '', optional: 'video.upload' },
];
let demo, browser, pictures;

/** Keeps what the tab shows, for whoever wants to look, and knows that it is not an empty page. */
async function takePicture(tab, name) {
	pictures ??= process.env.PICTURES ?? await mkdtemp(join(tmpdir(), 'proofkey-pictures-'));

	const path = join(pictures, `${name}.png`);

	await tab.screenshot({ path });
	assert.ok((await stat(path)).size > 10_000, `${path} shows something`);
}

before(async () => {
	[demo, browser] = await Promise.all([startDemo(), launchBrowser()]);
});

after(async () => {
	await browser.close();
	await demo.stop();
});

test('the sign-in page has a button for every provider', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const tab = await visitor.tab();
	const played = await (await fetch(`${demo.sandbox}/`, { headers: { Accept: 'application/json' } })).json();

	await tab.goto(`${demo.gateway}/`);
	await visitor.isSignedOut(tab);
	await takePicture(tab, 'sign-in');
	assert.deepEqual((await tab.getByRole('link').allInnerTexts()).map((text) => text.split('\n').at(-1)).sort(),
		played.providers.map(({ title }) => `Continue with ${title}`).sort());
	assert.ok(played.providers.length > providers.length);
	await visitor.leave();
});

for (const { name, title, person, email, optional } of providers) {
	test(`${name}: decline, see what happened, agree to less than all, sign out`, async () => {
		const visitor = await Visitor.arrive(browser, demo);
		const tab = await visitor.tab();

		await visitor.goToProvider(tab, title);
		await visitor.decides(tab, { person, button: 'Deny' });
		await visitor.seesFault(tab, 'user-denied');
		await takePicture(tab, `${name}-declined`);
		assert.equal((await visitor.me()).status, 401);

		await tab.getByRole('link', { name: 'Start the login again' }).click();
		await visitor.decides(tab, { person, without: [optional] });
		await visitor.isSignedIn(tab, person);
		await takePicture(tab, `${name}-signed-in`);
		assert.equal(visitor.callbacks.length, 2);

		const me = await visitor.me();

		assert.deepEqual([me.status, me.provider, me.name, me.email], [200, name, person, email]);
		assert.equal(await tab.locator('dd').filter({ hasText: me.subject }).count(), 1);

		await tab.getByRole('button', { name: 'Sign out', exact: true }).click();
		await visitor.hasSignedOut(tab);
		await visitor.leave();
	});
}

test('G-17 after a failure, the other providers are one click away', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const tab = await visitor.tab();

	await tab.goto(`${demo.gateway}/callback/tiktok?code=made-up&state=made-up`);
	await visitor.seesFault(tab, 'login-unknown');
	await tab.getByRole('link', { name: 'Other ways to sign in' }).click();
	await visitor.isSignedOut(tab);
	await visitor.leave();
});

test('a scope that is switched off is not granted, and one that is always included is', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const tab = await visitor.tab();

	await visitor.goToProvider(tab, 'TikTok');
	assert.equal(await tab.getByRole('checkbox', { name: 'user.info.basic' }).isEnabled(), false);
	await visitor.decides(tab, { person: 'Ada Lovelace', without: ['video.upload', 'video.publish'] });
	await visitor.isSignedIn(tab, 'Ada Lovelace');
	assert.equal(visitor.callbacks[0].searchParams.get('scopes'), 'user.info.basic,user.info.profile,video.list');
	await visitor.leave();
});

test('another account takes the place of the one that is signed in', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const tab = await visitor.tab();

	await visitor.signsIn(tab, 'TikTok', 'Ada Lovelace');
	const ada = await visitor.me();
	await tab.getByRole('link', { name: 'Continue with another account' }).click();
	await tab.getByRole('link', { name: 'Continue with Genesys Cloud' }).click();
	await visitor.decides(tab, { person: 'Grace Hopper' });
	await visitor.isSignedIn(tab, 'Grace Hopper');
	assert.notEqual((await visitor.me()).subject, ada.subject);
	await visitor.leave();
});

test('after signing out, neither the back button nor the old cookie brings the session back', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const tab = await visitor.tab();

	await visitor.signsIn(tab, 'RFC 7636', 'Grace Hopper');
	const cookies = await visitor.cookies();
	await tab.getByRole('button', { name: 'Sign out', exact: true }).click();
	await visitor.hasSignedOut(tab);
	await tab.goBack();
	await visitor.isSignedOut(tab);
	await visitor.context.addCookies(cookies);
	assert.equal((await visitor.me()).status, 401);
	await visitor.leave();
});

test('the log tells of logins, and nothing that would let somebody in', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const tab = await visitor.tab();

	await visitor.signsIn(tab, 'TikTok', 'Ada Lovelace');
	const secrets = [
		...['code', 'state'].map((name) => visitor.callbacks[0].searchParams.get(name)),
		...(await visitor.cookies()).map(({ value }) => value),
	];

	assert.ok(secrets.length >= 4);
	assert.match(demo.said(), /event=login\.started login=tiktok/);
	for (const secret of secrets)
		assert.ok(!demo.said().includes(secret), `the log holds ${secret}`);
	await visitor.leave();
});
