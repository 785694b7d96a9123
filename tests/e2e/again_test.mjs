// A callback that was used already is opened again, by the back button, a reload or from the history. Who is signed in goes where they
// wanted to; who is not learns that this address works once; and who never had an answer begins anew.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDemo } from './programs.mjs';
import { launchBrowser, Visitor } from './visitor.mjs';

let demo, browser;

before(async () => {
	[demo, browser] = await Promise.all([startDemo(), launchBrowser()]);
});

after(async () => {
	await browser.close();
	await demo.stop();
});

test('who is signed in is led on', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const tab = await visitor.tab();

	await visitor.signsIn(tab, 'TikTok', 'Ada Lovelace');
	const before = await visitor.me();
	await tab.goto(visitor.callbacks[0].href);
	await visitor.isSignedIn(tab, 'Ada Lovelace');
	assert.deepEqual(await visitor.me(), before);
	await visitor.leave();
});

test('back to the provider and once more: the page there is spent, and the session stays', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const tab = await visitor.tab();

	await visitor.signsIn(tab, 'TikTok', 'Ada Lovelace');
	await tab.goBack();
	await visitor.sees(tab, /^Allow sandbox-client to sign you in/);
	assert.equal((await visitor.me()).name, 'Ada Lovelace');
	await tab.goForward();
	await visitor.isSignedIn(tab, 'Ada Lovelace');
	await visitor.leave();
});

test('who signed out is not let in by the history', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const tab = await visitor.tab();

	await visitor.signsIn(tab, 'TikTok', 'Ada Lovelace');
	await tab.getByRole('button', { name: 'Sign out', exact: true }).click();
	await visitor.isSignedOut(tab);
	await tab.goto(visitor.callbacks[0].href);
	await visitor.seesFault(tab, 'code-reused');
	assert.equal((await visitor.me()).status, 401);
	await visitor.leave();
});

test('whose answer was lost on the way begins anew', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const tab = await visitor.tab();

	await visitor.goToProvider(tab, 'TikTok');
	const callback = await visitor.catchCallback(tab, 'Ada Lovelace');
	const cookie = (await visitor.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
	const lost = await fetch(callback, { redirect: 'manual', headers: { cookie } });
	assert.equal(lost.status, 303);
	await tab.goto(callback);
	await visitor.sees(tab, /^Allow sandbox-client to sign you in/);
	await visitor.decides(tab, { person: 'Ada Lovelace' });
	await visitor.isSignedIn(tab, 'Ada Lovelace');
	await visitor.leave();
});
