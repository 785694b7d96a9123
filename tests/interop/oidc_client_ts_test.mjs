// oidc-client-ts in Chromium: an app without a server, a public client, everything across origins. The page is served from here; what it
// fetches from the sandbox the browser allows only where CORS does.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launchBrowser } from '../e2e/visitor.mjs';
import { client, Sandbox } from './sandbox.mjs';

const library = readFileSync(new URL('node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js', import.meta.url));
const page = '<!doctype html><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,"><script src="/library.js"></script>';
const providers = {
	auth0: { issuer: '/auth0/', scope: 'openid profile offline_access' },
	entra: { issuer: '/entra/common/v2.0', scope: 'openid profile offline_access', revokes: false },
	keycloak: { issuer: '/keycloak/realms/demo', scope: 'openid profile' },
	rfc7636: { issuer: '/rfc7636', scope: 'openid profile' },
	zitadel: { issuer: '/zitadel', scope: 'openid profile offline_access' },
};

let sandbox, server, browser, origin;

before(async () => {
	server = createServer((request, response) => {
		const isLibrary = request.url === '/library.js';

		response.setHeader('Content-Type', isLibrary ? 'text/javascript' : 'text/html');
		response.end(isLibrary ? library : page);
	}).listen(0, '127.0.0.1');
	[sandbox, browser] = await Promise.all([Sandbox.start(), launchBrowser(), once(server, 'listening')]);
	origin = `http://127.0.0.1:${server.address().port}`;
});

after(async () => {
	await browser?.close();
	server.closeAllConnections();
	server.close();
	await sandbox?.stop();
});

/** A tab with the app in it. */
class App {
	static async open(provider, settings = {}) {
		const app = new App();

		app.provider = provider;
		app.settings = {
			authority: sandbox.url + providers[provider].issuer, client_id: client.publicId, redirect_uri: `${origin}/callback`,
			scope: providers[provider].scope, loadUserInfo: true, automaticSilentRenew: false, ...settings,
		};
		app.context = await browser.newContext();
		app.tab = await app.context.newPage();
		await app.tab.goto(`${origin}/`);
		return app;
	}

	/** In the page: a method of the UserManager. */
	does(method, ...words) {
		return this.tab.evaluate(async ([settings, method, words]) => {
			globalThis.manager ??= new oidc.UserManager({ ...settings, userStore: new oidc.WebStorageStateStore({ store: sessionStorage }) });
			const result = await globalThis.manager[method](...words);

			return result?.profile ? { ...result, profile: result.profile } : undefined;
		}, [this.settings, method, words]);
	}

	/** Goes to the provider and comes back; `change` is done to the authorize URL on its way. */
	async goesAndReturns(change) {
		if (change)
			await this.tab.route(`${sandbox.url}/**`, async (route) => {
				const url = new URL(route.request().url());

				if (!route.request().isNavigationRequest())
					return route.continue();
				change(url.searchParams);
				// A redirect that is answered to a route is followed by the browser as one.
				await route.fulfill({ status: 302, headers: { location: (await sandbox.browse(url, origin)).href } });
			});
		await this.does('signinRedirect').catch((error) => assert.match(error.message, /context was destroyed|navigation/i));
		await this.tab.waitForURL(`${origin}/callback?*`);
	}

	finish() {
		return this.does('signinCallback', this.tab.url());
	}

	/** What the app keeps of the login that is under way. */
	keeps(changes = {}, name) {
		return this.tab.evaluate(([changes, name]) => {
			name ??= Object.keys(localStorage).find((key) => JSON.parse(localStorage[key]).code_verifier);
			const kept = { ...JSON.parse(localStorage[name] ?? '{}'), ...changes };

			localStorage[name] = JSON.stringify(kept);
			return [kept, name];
		}, [changes, name]);
	}

	async isRefused(promise, fault) {
		await assert.rejects(promise, /ErrorResponse/);
		await sandbox.named(this.provider, fault);
	}
}

for (const provider of Object.keys(providers))
	test(`${provider}: found by discovery, logs in, refreshes and revokes`, async () => {
		const app = await App.open(provider);

		await app.goesAndReturns();

		const user = await app.finish();

		assert.equal(user.profile.name, 'Ada Lovelace');
		sandbox.saw(provider, 'login', 'id token', 'user info');
		if (user.refresh_token) {
			const fresh = await app.does('signinSilent');

			assert.notEqual(fresh.access_token, user.access_token);
			sandbox.saw(provider, 'refresh');
		}
		await sandbox.isContent(provider);
		if (user.refresh_token && providers[provider].revokes !== false) {
			await app.does('revokeTokens', ['refresh_token']);
			sandbox.saw(provider, 'revoke');
		}
		await app.context.close();
	});

test('rfc7636: no PKCE where it is required', async () => {
	const app = await App.open('rfc7636', { disablePKCE: true });

	await app.goesAndReturns();
	await app.isRefused(app.finish(), 'challenge-missing');
	await app.context.close();
});

for (const provider of ['rfc7636']) {
	test(`${provider}: a challenge in hex`, async () => {
		const app = await App.open(provider);
		const verifier = 'a'.repeat(43);

		await app.goesAndReturns((asked) => asked.set('code_challenge', createHash('sha256').update(verifier).digest('hex')));
		await app.keeps({ code_verifier: verifier });
		await app.isRefused(app.finish(), 'challenge-is-hex');
		await app.context.close();
	});

	test(`${provider}: the verifier is lost`, async () => {
		const app = await App.open(provider);

		await app.goesAndReturns();
		await app.keeps({ code_verifier: undefined });
		await app.isRefused(app.finish(), 'verifier-missing');
		await app.context.close();
	});

	test(`${provider}: the verifier of another login`, async () => {
		const [first, second] = [await App.open(provider), await App.open(provider)];

		await first.goesAndReturns();
		await second.goesAndReturns();
		await second.keeps({ code_verifier: (await first.keeps())[0].code_verifier });
		await second.isRefused(second.finish(), 'verifier-mismatch');
		await sandbox.namedTogether(provider, 2, 'verifier-of-another-login');
		await first.context.close();
		await second.context.close();
	});

	test(`${provider}: another redirect URI at the token request`, async () => {
		const app = await App.open(provider);

		await app.goesAndReturns();
		await app.keeps({ redirect_uri: `${origin}/other` });
		await app.isRefused(app.finish(), 'redirect-uri-differs');
		await app.context.close();
	});

	test(`${provider}: a code that was used before`, async () => {
		const app = await App.open(provider);

		await app.goesAndReturns();

		const [kept, name] = await app.keeps();

		await app.finish();
		await app.keeps(kept, name);
		await app.isRefused(app.finish(), 'code-reused');
		await app.context.close();
	});

	test(`${provider}: the secret of a client that has none`, async () => {
		const app = await App.open(provider, { client_secret: client.secret });

		await app.goesAndReturns();
		await app.isRefused(app.finish(), 'secret-from-public-client');
		await app.context.close();
	});
}

test('docs/interop.md shows what was seen', () => sandbox.keepRecord('oidc-client-ts'));
