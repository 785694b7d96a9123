// A person signs in where the provider is found by its issuer, and where the callback is a form that the provider's page posts from another
// site, with which the browser sends no cookie that is SameSite=Lax.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startParts } from './programs.mjs';
import { launchBrowser, Visitor } from './visitor.mjs';

const logins = ({ sandbox }) => `
login "work" {
	provider      = "oidc"
	issuer        = "${sandbox}/keycloak/realms/demo"
	client_id     = "sandbox-client"
	client_secret = "sandbox-secret"
	scopes        = {"openid", "profile", "email"}
}
login "ahead" {
	provider      = "oidc"
	issuer        = "${sandbox}/keycloak/realms/demo"
	client_id     = "sandbox-client"
	client_secret = "sandbox-secret"
	scopes        = {"openid", "profile", "email"}
	pushed        = true
}
login "apple" {
	provider      = "apple"
	client_id     = "sandbox-client"
	client_secret = "sandbox-secret"
	scopes        = {"openid", "email", "name"}
}
`;
let parts, browser;

before(async () => {
	// "localhost" and "127.0.0.1" are two sites, as a provider and an app are.
	[parts, browser] = await Promise.all([startParts({ logins, gatewayHost: 'localhost' }), launchBrowser()]);
});

after(async () => {
	await browser.close();
	await parts.stop();
});

async function signIn(visitor, tab, login) {
	await tab.goto(`${parts.gateway}/login/${login}`);
	await visitor.decides(tab, { person: 'Ada Lovelace' });
}

for (const login of ['work', 'ahead']) {
	test(`${login}: the provider is found by its issuer, and the ID token says who it is`, async () => {
		const visitor = await Visitor.arrive(browser, parts);
		const tab = await visitor.tab();

		await signIn(visitor, tab, login);
		await visitor.isSignedIn(tab, 'Ada Lovelace');

		const me = await visitor.me();

		assert.deepEqual([me.status, me.provider, me.email], [200, login, 'ada@example.com']);
		assert.equal(visitor.callbacks.length, 1);
		assert.equal(visitor.callbacks[0].searchParams.get('iss'), `${parts.sandbox}/keycloak/realms/demo`);
		await visitor.leave();
	});
}

test('apple: the callback is posted from another site, without cookies, and the login ends all the same', async () => {
	const visitor = await Visitor.arrive(browser, parts);
	const tab = await visitor.tab();
	const seen = [];

	visitor.context.on('request', (request) => {
		if (new URL(request.url()).pathname === '/callback/apple')
			seen.push(request.allHeaders().then((headers) => [request.method(), 'cookie' in headers]));
	});
	await signIn(visitor, tab, 'apple');
	await tab.waitForURL(`${parts.gateway}/`);
	assert.deepEqual(await Promise.all(seen), [['POST', false], ['GET', true]]);

	const me = await visitor.me();

	assert.deepEqual([me.status, me.provider, me.email], [200, 'apple', 'ada@example.com']);
	await visitor.leave();
});
