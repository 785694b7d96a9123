// openid-client: by discovery alone, at every provider that has it. It checks what the standards tell a client to: issuer, ID token,
// nonce, at_hash, iss of the callback, subject of the user info.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import * as openid from 'openid-client';
import { client, redirectUri, Sandbox } from './sandbox.mjs';

const directory = new URL('../../providers/', import.meta.url);

/** What a file of providers/ says of what this client wants to know. */
function read(file) {
	const text = readFileSync(new URL(file, directory), 'utf8');
	const key = (name) => text.match(new RegExp(`^${name}\\s*=\\s*(.*)$`, 'm'))?.[1].replaceAll('"', '');

	return {
		name: file.replace(/\.conf$/, ''), endpoints: key('authorize_url'), discovery: key('discovery_url'), alg: key('id_token_alg'),
		auth: key('client_auth') ?? '', pkce: key('pkce'), scopes: key('scopes') ?? '', asked: key('refresh_asked_by') ?? '',
		tenant: key('tenant') ?? '', issuer: key('issuer') ?? '', form: key('response_mode') === 'form_post',
	};
}

const providers = readdirSync(directory).filter((file) => file.endsWith('.conf')).map(read)
	.filter((is) => is.endpoints && is.discovery && is.scopes.includes('openid') && !is.form);
const [rfc7636] = providers.filter(({ name }) => name === 'rfc7636');

let sandbox;

before(async () => {
	sandbox = await Sandbox.start();
});

after(async () => {
	await sandbox.stop();
});

class App {
	state = openid.randomState();
	nonce = openid.randomNonce();
	verifier = openid.randomPKCECodeVerifier();

	static async at(is, { secret = client.secret } = {}) {
		const app = new App();
		const issuer = is.issuer.replace(/^https:\/\/[^/]+/, '').replace('{tenant}', is.tenant);
		const auth = is.auth.includes('basic') ? openid.ClientSecretBasic(secret) : openid.ClientSecretPost(secret);
		const about = { client_secret: secret, id_token_signed_response_alg: is.alg };

		app.is = is;
		app.config = await openid.discovery(new URL(sandbox.at(is.name, issuer)), client.id, about, auth,
			{ execute: [openid.allowInsecureRequests] });
		return app;
	}

	async url(changes = {}) {
		const [name, value] = this.is.asked.split('=');
		const parameters = {
			redirect_uri: redirectUri, scope: ['openid', ...name === 'scope' ? [value] : []].join(' '), state: this.state, nonce: this.nonce,
			code_challenge: await openid.calculatePKCECodeChallenge(this.verifier), code_challenge_method: 'S256',
			...name && name !== 'scope' ? { [name]: value } : {}, ...changes,
		};

		return openid.buildAuthorizationUrl(this.config, Object.fromEntries(Object.entries(parameters).filter(([, value]) => value)));
	}

	async callback(changes) {
		return sandbox.browse(await this.url(changes));
	}

	redeem(callback, { verifier = this.verifier, redirect } = {}) {
		const checks = { expectedState: this.state, expectedNonce: this.nonce, idTokenExpected: true, pkceCodeVerifier: verifier };

		if (redirect)
			callback = new URL(redirect + callback.search);
		return openid.authorizationCodeGrant(this.config, callback, checks);
	}

	async isRefused(promise, fault) {
		await assert.rejects(promise, (error) =>
			error instanceof openid.ResponseBodyError || error instanceof openid.AuthorizationResponseError ||
			error instanceof openid.WWWAuthenticateChallengeError || assert.fail(error));
		await sandbox.named(this.is.name, fault);
	}
}

for (const is of providers.filter(({ name }) => name !== 'twitch'))
	test(`${is.name}: found by discovery, logs in, refreshes and revokes`, async () => {
		const app = await App.at(is);
		const server = app.config.serverMetadata();
		const tokens = await app.redeem(await app.callback(is.pkce === 'off' ? { code_challenge: '', code_challenge_method: '' } : {}));
		const { sub } = tokens.claims();

		sandbox.saw(is.name, 'login', 'id token');
		if (server.userinfo_endpoint) {
			assert.equal((await openid.fetchUserInfo(app.config, tokens.access_token, sub)).sub, sub);
			sandbox.saw(is.name, 'user info');
		}
		if (tokens.refresh_token) {
			const fresh = await openid.refreshTokenGrant(app.config, tokens.refresh_token);

			assert.notEqual(fresh.access_token, tokens.access_token);
			tokens.refresh_token = fresh.refresh_token ?? tokens.refresh_token;
			sandbox.saw(is.name, 'refresh');
		}
		await sandbox.isContent(is.name);
		if (server.revocation_endpoint && tokens.refresh_token) {
			await openid.tokenRevocation(app.config, tokens.refresh_token);
			await assert.rejects(openid.refreshTokenGrant(app.config, tokens.refresh_token));
			sandbox.saw(is.name, 'revoke');
		}
	});

test('twitch: its list of scopes is none that this client reads, here as there', async () => {
	const app = await App.at(providers.find(({ name }) => name === 'twitch'));

	await assert.rejects(app.redeem(await app.callback()), ({ cause }) => /"scope" property must be a string/.test(cause.message));
});

test('a pushed authorize request, with DPoP, and its end', async () => {
	const app = await App.at(rfc7636);
	const handle = openid.getDPoPHandle(app.config, await openid.randomDPoPKeyPair());
	const parameters = Object.fromEntries((await app.url()).searchParams);
	const url = await openid.buildAuthorizationUrlWithPAR(app.config, parameters, { DPoP: handle });

	assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);

	const tokens = await openid.authorizationCodeGrant(app.config, await sandbox.browse(url),
		{ expectedState: app.state, expectedNonce: app.nonce, pkceCodeVerifier: app.verifier }, undefined, { DPoP: handle });

	assert.equal(tokens.token_type, 'dpop');
	await openid.fetchUserInfo(app.config, tokens.access_token, tokens.claims().sub, { DPoP: handle });
	assert.equal((await openid.tokenIntrospection(app.config, tokens.access_token)).active, true);
	assert.match(openid.buildEndSessionUrl(app.config).pathname, /^\/rfc7636\//);
});

for (const is of providers.filter(({ name }) => ['auth0', 'keycloak', 'okta', 'rfc7636', 'spring', 'zitadel'].includes(name))) {
	if (is.pkce === 'required')
		test(`${is.name}: no PKCE where it is required`, async () => {
			const app = await App.at(is);

			await app.isRefused(app.callback({ code_challenge: '', code_challenge_method: '' }).then((back) => app.redeem(back)),
				'challenge-missing');
		});

	test(`${is.name}: a challenge in hex`, async () => {
		const app = await App.at(is);
		const hex = createHash('sha256').update(app.verifier).digest('hex');

		await app.isRefused(app.callback({ code_challenge: hex }).then((back) => app.redeem(back)), 'challenge-is-hex');
	});

	test(`${is.name}: the verifier is lost`, async () => {
		const app = await App.at(is);

		await app.isRefused(app.redeem(await app.callback(), { verifier: null }), 'verifier-missing');
	});

	test(`${is.name}: the verifier of another login`, async () => {
		const [first, second] = [await App.at(is), await App.at(is)];

		await first.callback();
		await second.isRefused(second.redeem(await second.callback(), { verifier: first.verifier }), 'verifier-mismatch');
		await sandbox.namedTogether(is.name, 2, 'verifier-of-another-login');
	});

	test(`${is.name}: another redirect URI at the token request`, async () => {
		const app = await App.at(is);

		await app.isRefused(app.redeem(await app.callback(), { redirect: 'http://127.0.0.1:8123/other' }), 'redirect-uri-differs');
	});

	test(`${is.name}: a code that was used before`, async () => {
		const app = await App.at(is);
		const callback = await app.callback();

		await app.redeem(callback);
		await app.isRefused(app.redeem(callback), 'code-reused');
	});

	test(`${is.name}: a wrong secret`, async () => {
		const app = await App.at(is, { secret: 'wrong' });

		await app.isRefused(app.redeem(await app.callback()), 'secret-rejected');
	});
}

test('docs/interop.md shows what was seen', () => sandbox.keepRecord('openid-client'));
