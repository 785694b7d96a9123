// Signing out where the provider has a session of its own: it ends there too, in every browser that stood on it, and the way back leads to a
// page. Sandbox and gateway are two sites, as a provider and an app are; the sandbox posts its logout tokens to the gateway.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startParts } from './programs.mjs';
import { launchBrowser, Visitor } from './visitor.mjs';

const login = (name, sandbox, more) => `
login "${name}" {
	provider      = "oidc"
	issuer        = "${sandbox}/keycloak/realms/demo"
	client_id     = "sandbox-client"
	client_secret = "sandbox-secret"
	scopes        = {"openid", "profile", "email"}
	${more}
}
`;
const logins = ({ sandbox }) => login('work', sandbox, '') + login('here', sandbox, 'logout = "here"');
const patienceMilliseconds = 20_000;
let parts, browser;

before(async () => {
	const sandboxWords = ({ gateway }) => ['--backchannel-logout-uri', `${gateway}/logout/backchannel/work`];

	[parts, browser] = await Promise.all([startParts({ logins, gatewayHost: 'localhost', sandboxWords }), launchBrowser()]);
});

after(async () => {
	await browser.close();
	await parts.stop();
});

async function signIn(visitor, tab, person, name = 'work') {
	await tab.goto(`${parts.gateway}/login/${name}`);
	await visitor.decides(tab, { person });
	await visitor.isSignedIn(tab, person);
}

const press = (tab, name) => tab.getByRole('button', { name, exact: true }).click();

/** Waits until this browser is signed out, and says what its page shows then. */
async function becomesSignedOut(visitor) {
	const deadline = Date.now() + patienceMilliseconds;

	while ((await visitor.me()).status !== 401) {
		assert.ok(Date.now() < deadline, 'still signed in');
		await sleep(50);
	}
}

test('signing out ends the session at the provider, and comes back to a page with a way in', async () => {
	const visitor = await Visitor.arrive(browser, parts);
	const tab = await visitor.tab();
	const passed = [];

	await signIn(visitor, tab, 'Ada Lovelace');
	visitor.context.on('request', (request) => passed.push(request.method() + ' ' + request.url()));
	await press(tab, 'Sign out');
	await visitor.sees(tab, 'You are signed out');
	assert.equal(new URL(tab.url()).pathname, '/logged-out');
	assert.equal((await visitor.me()).status, 401);

	const [, there] = passed;

	assert.equal(passed[0], `POST ${parts.gateway}/logout`);
	assert.ok(there.startsWith(`GET ${parts.sandbox}/keycloak/realms/demo/protocol/openid-connect/logout?`), there);
	assert.ok(new URL(there.slice(4)).searchParams.get('id_token_hint'));
	await tab.getByRole('link', { name: 'Sign in again' }).click();
	await visitor.isSignedOut(tab);
	// The provider knows nobody in this browser either: it asks.
	await tab.goto(`${parts.gateway}/login/work?return_to=/`);
	await visitor.decides(tab, { person: 'Grace Hopper' });
	await visitor.isSignedIn(tab, 'Grace Hopper');
	await visitor.leave();
});

test('logout = "here": the session here ends, and nothing is asked of the provider', async () => {
	const visitor = await Visitor.arrive(browser, parts);
	const tab = await visitor.tab();

	await signIn(visitor, tab, 'Ada Lovelace', 'here');
	await press(tab, 'Sign out');
	await visitor.isSignedOut(tab);
	assert.equal(tab.url(), `${parts.gateway}/`);
	await visitor.leave();
});

test('two browsers of one person: signing out in one leaves the other; everywhere takes both', async () => {
	const [desk, phone] = await Promise.all([Visitor.arrive(browser, parts), Visitor.arrive(browser, parts, { viewport: { width: 320, height: 640 } })]);
	const [deskTab, phoneTab] = await Promise.all([desk.tab(), phone.tab()]);

	await signIn(desk, deskTab, 'Linus Pauling');
	await signIn(phone, phoneTab, 'Linus Pauling');
	await press(phoneTab, 'Sign out');
	await phone.sees(phoneTab, 'You are signed out');
	assert.equal((await desk.me()).status, 200);

	await signIn(phone, phoneTab, 'Linus Pauling');
	await press(phoneTab, 'Sign out everywhere');
	await phone.sees(phoneTab, 'You are signed out');
	await becomesSignedOut(desk);
	await deskTab.goto(`${parts.gateway}/`);
	await desk.isSignedOut(deskTab);
	await Promise.all([desk.leave(), phone.leave()]);
});

test('what the provider ends is ended here, in every browser that it has signed in', async () => {
	const visitors = await Promise.all([1, 2, 3].map(() => Visitor.arrive(browser, parts)));
	const tabs = await Promise.all(visitors.map((visitor) => visitor.tab()));
	const people = ['Grace Hopper', 'Grace Hopper', 'Ada Lovelace'];

	for (const i of [0, 1, 2])
		await signIn(visitors[i], tabs[i], people[i]);

	const reply = await fetch(`${parts.sandbox}/_sandbox/logout`, {
		method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ provider: 'keycloak', user: 'grace' }),
	});
	const told = await reply.json();

	assert.ok(told.logout_tokens >= 2, JSON.stringify(told));
	await becomesSignedOut(visitors[0]);
	await becomesSignedOut(visitors[1]);
	assert.equal((await visitors[2].me()).status, 200);
	await tabs[0].goto(`${parts.gateway}/`);
	await visitors[0].isSignedOut(tabs[0]);
	await Promise.all(visitors.map((visitor) => visitor.leave()));
});

test('a forged way back shows the same page, and signs nobody out', async () => {
	const visitor = await Visitor.arrive(browser, parts);
	const tab = await visitor.tab();

	await tab.goto(`${parts.gateway}/logged-out?state=made-up`);
	await visitor.sees(tab, 'You are signed out');
	await signIn(visitor, tab, 'Ada Lovelace');
	await tab.goto(`${parts.gateway}/logged-out?state=made-up`);
	await visitor.isSignedIn(tab, 'Ada Lovelace');
	await visitor.leave();
});
