// oauth4webapi: every step is a call of its own, so the app says what each is. By RFC 8414's metadata where there are any, by addresses
// and a way of authenticating that the app brings where a provider has its own.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import { client, redirectUri, Sandbox } from './sandbox.mjs';

const insecure = { [oauth.allowInsecureRequests]: true };
const hex = (verifier) => createHash('sha256').update(verifier).digest('hex');

/** What a provider wants that has names of its own for the client. */
const clientKey = (secret) => (server, { client_id: id }, body) => {
	body.set('client_key', id);
	body.set('client_secret', secret);
};

const found = (issuer) => async (sandbox) => {
	const identifier = new URL(sandbox.url + issuer);
	const reply = await oauth.discoveryRequest(identifier, { algorithm: 'oauth2', ...insecure });

	return oauth.processDiscoveryResponse(identifier, reply);
};
const written = (authorize, token, revoke) => (sandbox) => ({
	issuer: sandbox.url, authorization_endpoint: sandbox.url + authorize, token_endpoint: sandbox.url + token,
	revocation_endpoint: revoke && sandbox.url + revoke,
});
const tiktok = (name) => ({
	server: written(`/${name}/v2/auth/authorize/`, `/${name}/v2/oauth/token/`, `/${name}/v2/oauth/revoke/`), scope: 'user.info.basic',
	auth: clientKey, name: 'client_key', challenge: hex, revokes: 'access_token', // it takes back the one, and says nothing of the other
});
const providers = {
	auth0: { server: found('/auth0/'), scope: 'openid offline_access' },
	discord: { server: written('/discord/oauth2/authorize', '/discord/api/oauth2/token', '/discord/api/oauth2/token/revoke'), scope: 'identify' },
	genesys: { server: written('/genesys/oauth/authorize', '/genesys/oauth/token'), scope: 'users:readonly' },
	github: { server: written('/github/login/oauth/authorize', '/github/login/oauth/access_token'), scope: 'read:user' },
	keycloak: { server: found('/keycloak/realms/demo'), scope: 'openid' },
	okta: { server: found('/okta/oauth2/default'), scope: 'openid offline_access' },
	rfc7636: { server: found('/rfc7636'), scope: 'openid' },
	spotify: { server: written('/spotify/authorize', '/spotify/api/token'), scope: 'user-read-private' },
	spring: { server: found('/spring'), scope: 'openid' },
	tiktok: tiktok('tiktok'),
	'tiktok-desktop': tiktok('tiktok-desktop'),
	x: { server: written('/x/i/oauth2/authorize', '/x/2/oauth2/token', '/x/2/oauth2/revoke'), scope: 'users.read tweet.read offline.access' },
	zitadel: { server: found('/zitadel'), scope: 'openid offline_access' },
};

let sandbox;

before(async () => {
	sandbox = await Sandbox.start();
});

after(async () => {
	await sandbox.stop();
});

class App {
	client = { client_id: client.id };
	state = oauth.generateRandomState();
	verifier = oauth.generateRandomCodeVerifier();

	static async at(provider, { secret = client.secret } = {}) {
		const app = new App();

		app.provider = provider;
		app.is = providers[provider];
		app.server = await app.is.server(sandbox);
		app.auth = (app.is.auth ?? oauth.ClientSecretBasic)(secret);
		return app;
	}

	async callback(changes = {}) {
		const url = new URL(this.server.authorization_endpoint);
		const parameters = {
			response_type: 'code', [this.is.name ?? 'client_id']: client.id, redirect_uri: redirectUri, scope: this.is.scope, state: this.state,
			code_challenge: await (this.is.challenge ?? oauth.calculatePKCECodeChallenge)(this.verifier), code_challenge_method: 'S256',
			...changes,
		};

		for (const [name, value] of Object.entries(parameters))
			if (value)
				url.searchParams.set(name, value);

		const callback = await sandbox.browse(url);

		return oauth.validateAuthResponse(this.server, this.client, callback, this.state);
	}

	async redeem(callback, { verifier = this.verifier, redirect = redirectUri } = {}) {
		const reply = await oauth.authorizationCodeGrantRequest(this.server, this.client, this.auth, callback, redirect, verifier, insecure);

		return oauth.processAuthorizationCodeResponse(this.server, this.client, reply);
	}

	async refresh(token) {
		const reply = await oauth.refreshTokenGrantRequest(this.server, this.client, this.auth, token, insecure);

		return oauth.processRefreshTokenResponse(this.server, this.client, reply);
	}

	async revoke(token) {
		return oauth.processRevocationResponse(await oauth.revocationRequest(this.server, this.client, this.auth, token, insecure));
	}

	async isRefused(promise, fault) {
		await assert.rejects(promise, (error) => [oauth.ResponseBodyError, oauth.WWWAuthenticateChallengeError,
			oauth.AuthorizationResponseError, oauth.OperationProcessingError].some((kind) => error instanceof kind) || assert.fail(error));
		await sandbox.named(this.provider, fault);
	}
}

for (const provider of Object.keys(providers))
	test(`${provider}: logs in, refreshes and revokes, as far as the provider goes`, async () => {
		const app = await App.at(provider);
		const tokens = await app.redeem(await app.callback());

		sandbox.saw(provider, 'login', ...oauth.getValidatedIdTokenClaims(tokens) ? ['id token'] : []);
		if (tokens.refresh_token) {
			const fresh = await app.refresh(tokens.refresh_token);

			assert.notEqual(fresh.access_token, tokens.access_token);
			Object.assign(tokens, fresh);
			sandbox.saw(provider, 'refresh');
		}
		await sandbox.isContent(provider);
		if (app.server.revocation_endpoint) {
			await app.revoke(tokens[app.is.revokes ?? 'refresh_token']);
			if (!app.is.revokes)
				await assert.rejects(app.refresh(tokens.refresh_token));
			sandbox.saw(provider, 'revoke');
		}
	});

for (const provider of ['rfc7636', 'x'])
	test(`${provider}: no PKCE where it is required`, async () => {
		const app = await App.at(provider);

		await app.isRefused(app.callback({ code_challenge: '', code_challenge_method: '' }), 'challenge-missing');
	});

for (const provider of Object.keys(providers)) {
	const wantsHex = providers[provider].challenge === hex;

	test(`${provider}: the challenge in ${wantsHex ? 'base64url' : 'hex'}`, async () => {
		const app = await App.at(provider);
		const wrong = wantsHex ? await oauth.calculatePKCECodeChallenge(app.verifier) : hex(app.verifier);

		await app.isRefused(app.callback({ code_challenge: wrong }).then((back) => app.redeem(back)),
			wantsHex ? 'challenge-not-hex' : 'challenge-is-hex');
	});

	test(`${provider}: the verifier is lost`, async () => {
		const app = await App.at(provider);

		await app.isRefused(app.redeem(await app.callback(), { verifier: oauth.nopkce }), 'verifier-missing');
	});

	test(`${provider}: the verifier of another login`, async () => {
		const [first, second] = [await App.at(provider), await App.at(provider)];

		await first.callback();
		await second.isRefused(second.redeem(await second.callback(), { verifier: first.verifier }), 'verifier-mismatch');
		await sandbox.namedTogether(provider, 2, 'verifier-of-another-login');
	});

	test(`${provider}: another redirect URI at the token request`, async () => {
		const app = await App.at(provider);

		await app.isRefused(app.redeem(await app.callback(), { redirect: 'http://127.0.0.1:8123/other' }), 'redirect-uri-differs');
	});

	test(`${provider}: a code that was used before`, async () => {
		const app = await App.at(provider);
		const callback = await app.callback();

		await app.redeem(callback);
		await app.isRefused(app.redeem(callback), 'code-reused');
	});

	test(`${provider}: a wrong secret`, async () => {
		const app = await App.at(provider, { secret: 'wrong' });

		await app.isRefused(app.redeem(await app.callback()), 'secret-rejected');
	});
}

test('docs/interop.md shows what was seen', () => sandbox.keepRecord('oauth4webapi'));
