// arctic: a class for each provider, with its addresses in it. Only the host is exchanged, by a fetch that does so. Most classes make a
// challenge and send the verifier. Not here: Slack, Notion and Apple, see docs/interop.md.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import * as arctic from 'arctic';
import { client, movedFetch, redirectUri, Sandbox } from './sandbox.mjs';

const { id, secret } = client;
const openid = ['openid', 'profile'];
const offline = [...openid, 'offline_access'];

// The provider: how its class is made for a redirect URI, whether it makes challenges, the scopes, what the app adds to the authorize URL.
const providers = {
	atlassian: { make: (uri) => new arctic.Atlassian(id, secret, uri), pkce: false, scopes: ['read:me', 'offline_access'] },
	auth0: { make: (uri) => new arctic.Auth0('tenant.example', id, secret, uri), scopes: offline },
	authentik: { make: (uri) => new arctic.Authentik('https://auth.example', id, secret, uri), scopes: offline },
	cognito: { make: (uri) => new arctic.AmazonCognito('pool.example', id, secret, uri), scopes: ['openid'] },
	discord: { make: (uri) => new arctic.Discord(id, secret, uri), scopes: ['identify', 'email'] },
	dropbox: {
		make: (uri) => new arctic.Dropbox(id, secret, uri), pkce: false, scopes: ['account_info.read'],
		more: { token_access_type: 'offline' }, revokes: false, // it proves itself with the secret, and Dropbox wants the token
	},
	entra: { make: (uri) => new arctic.MicrosoftEntraId('common', id, secret, uri), scopes: offline },
	facebook: { make: (uri) => new arctic.Facebook(id, secret, uri), pkce: false, scopes: ['public_profile'] },
	github: { make: (uri) => new arctic.GitHub(id, secret, uri), pkce: false, scopes: ['read:user', 'user:email'] },
	gitlab: { make: (uri) => new arctic.GitLab('https://gitlab.com', id, secret, uri), pkce: false, scopes: openid },
	google: {
		make: (uri) => new arctic.Google(id, secret, uri), scopes: openid, more: { access_type: 'offline', prompt: 'consent' },
	},
	kakao: { make: (uri) => new arctic.Kakao(id, secret, uri), pkce: false, scopes: ['openid'] },
	keycloak: { make: (uri) => new arctic.KeyCloak('https://kc.example/realms/demo', id, secret, uri), scopes: offline },
	line: { make: (uri) => new arctic.Line(id, secret, uri), scopes: openid },
	linkedin: { make: (uri) => new arctic.LinkedIn(id, secret, uri), pkce: false, scopes: openid },
	okta: { make: (uri) => new arctic.Okta('okta.example', 'default', id, secret, uri), scopes: offline },
	reddit: { make: (uri) => new arctic.Reddit(id, secret, uri), pkce: false, scopes: ['identity'], more: { duration: 'permanent' } },
	salesforce: { make: (uri) => new arctic.Salesforce('my.example', id, secret, uri), scopes: ['openid', 'refresh_token'] },
	spotify: { make: (uri) => new arctic.Spotify(id, secret, uri), scopes: ['user-read-private'] },
	tiktok: { make: (uri) => new arctic.TikTok(id, secret, uri), scopes: ['user.info.basic', 'video.list'], hex: true },
	twitch: { make: (uri) => new arctic.Twitch(id, secret, uri), pkce: false, scopes: ['openid'] },
	x: { make: (uri) => new arctic.Twitter(id, secret, uri), scopes: ['tweet.read', 'users.read', 'offline.access'] },
	zoom: { make: (uri) => new arctic.Zoom(id, secret, uri), scopes: ['user:read:user'] },
};

const hex = (verifier) => createHash('sha256').update(verifier).digest('hex');
let sandbox;

before(async () => {
	sandbox = await Sandbox.start();
});

after(async () => {
	await sandbox.stop();
});

/** An app that uses arctic at this provider. */
class App {
	constructor(provider, { redirect = redirectUri, make = providers[provider].make } = {}) {
		this.provider = provider;
		this.is = { pkce: true, more: {}, ...providers[provider] };
		this.client = make(redirect);
		this.state = arctic.generateState();
		this.verifier = this.is.pkce ? arctic.generateCodeVerifier() : null;
	}

	url() {
		const words = this.is.pkce ? [this.state, this.verifier, this.is.scopes] : [this.state, this.is.scopes];
		const url = new URL(sandbox.onlyTheHost(this.provider, this.client.createAuthorizationURL(...words)));

		for (const [name, value] of Object.entries(this.is.more))
			url.searchParams.set(name, value);
		// The class writes the challenge as RFC 7636 says, and an app that knows better puts its own in.
		if (this.is.hex)
			url.searchParams.set('code_challenge', hex(this.verifier));
		return url;
	}

	async code(url = this.url()) {
		const callback = await sandbox.browse(url);

		assert.equal(callback.searchParams.get('state'), this.state);
		assert.equal(callback.searchParams.get('error'), null);
		return callback.searchParams.get('code');
	}

	/** A method of the client, for which only the host is another. */
	async does(method, ...words) {
		const fetchAsItIs = globalThis.fetch;

		globalThis.fetch = movedFetch(sandbox, this.provider);
		try {
			return await this.client[method](...words);
		} finally {
			globalThis.fetch = fetchAsItIs;
		}
	}

	redeem(code, verifier = this.verifier) {
		return this.does('validateAuthorizationCode', code, ...this.is.pkce ? [verifier] : []);
	}

	async isRefused(promise, fault) {
		await assert.rejects(promise, (error) => !(error instanceof arctic.ArcticFetchError));
		await sandbox.named(this.provider, fault);
	}
}

for (const provider of Object.keys(providers))
	test(`${provider}: logs in, refreshes and revokes, as far as the class can`, async () => {
		const app = new App(provider);
		const tokens = await app.redeem(await app.code());
		let refreshToken = tokens.hasRefreshToken() ? tokens.refreshToken() : undefined;

		assert.ok(tokens.accessToken());
		sandbox.saw(provider, 'login');
		if (refreshToken && app.client.refreshAccessToken) {
			const fresh = await app.does('refreshAccessToken', refreshToken, app.is.scopes);

			assert.notEqual(fresh.accessToken(), tokens.accessToken());
			refreshToken = fresh.hasRefreshToken() ? fresh.refreshToken() : refreshToken;
			sandbox.saw(provider, 'refresh');
		}
		await sandbox.isContent(provider);
		if (app.client.revokeToken && app.is.revokes !== false) {
			await app.does('revokeToken', refreshToken ?? tokens.accessToken());
			if (refreshToken)
				await assert.rejects(app.does('refreshAccessToken', refreshToken, app.is.scopes));
			sandbox.saw(provider, 'revoke');
		}
	});

for (const provider of ['tiktok', 'tiktok-desktop'])
	test(`${provider}: the challenge of RFC 7636, as the class makes it, where hex is wanted`, async () => {
		const app = new App('tiktok');

		app.provider = provider;
		app.is = { ...app.is, hex: false };
		await app.isRefused(app.code().then((code) => app.redeem(code)), 'challenge-not-hex');
	});

for (const provider of ['auth0', 'keycloak', 'okta', 'x'])
	test(`${provider}: a challenge in hex`, async () => {
		const app = new App(provider);
		const url = app.url();

		url.searchParams.set('code_challenge', hex(app.verifier));
		await app.isRefused(app.code(url).then((code) => app.redeem(code)), 'challenge-is-hex');
	});

for (const provider of ['salesforce', 'x'])
	test(`${provider}: no PKCE where it is required`, async () => {
		const app = new App(provider);
		const url = app.url();

		url.searchParams.delete('code_challenge');
		url.searchParams.delete('code_challenge_method');
		await app.isRefused(app.code(url).then((code) => app.redeem(code)), 'challenge-missing');
	});

for (const provider of ['auth0', 'gitlab', 'google', 'keycloak', 'line', 'spotify', 'tiktok', 'x', 'zoom']) {
	if (!['gitlab', 'line', 'tiktok'].includes(provider))
		test(`${provider}: the verifier is lost`, async () => {
			const app = new App(provider);

			await app.isRefused(app.redeem(await app.code(), null), 'verifier-missing');
		});

	if (providers[provider].pkce !== false)
		test(`${provider}: the verifier of another login`, async () => {
			const [first, second] = [new App(provider), new App(provider)];

			await first.code();
			await first.isRefused(second.code().then((code) => second.redeem(code, first.verifier)), 'verifier-mismatch');
			await sandbox.namedTogether(provider, 2, 'verifier-of-another-login');
		});

	test(`${provider}: another redirect URI at the token request`, async () => {
		const app = new App(provider);
		const code = await app.code();

		app.client = new App(provider, { redirect: 'http://127.0.0.1:8123/other' }).client;
		await app.isRefused(app.redeem(code), 'redirect-uri-differs');
	});

	test(`${provider}: a code that was used before`, async () => {
		const app = new App(provider);
		const code = await app.code();

		await app.redeem(code);
		await app.isRefused(app.redeem(code), 'code-reused');
	});

	test(`${provider}: a wrong secret`, async () => {
		const app = new App(provider);
		const code = await app.code();

		for (const holder of [app.client, app.client.client ?? {}])
			for (const name of ['clientSecret', 'clientPassword'])
				if (name in holder)
					holder[name] = 'wrong';
		await app.isRefused(app.redeem(code), 'secret-rejected');
	});
}

test('docs/interop.md shows what was seen', () => sandbox.keepRecord('arctic'));
