// passport-oauth2: a strategy in an Express app with a session, as most Node apps have it. It keeps the verifier in the session, reads
// form replies as well as JSON, and proves itself in the body.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import OAuth2Strategy from 'passport-oauth2';
import { client, Sandbox } from './sandbox.mjs';

const hex = (verifier) => createHash('sha256').update(verifier).digest('hex');
const providers = {
	auth0: { authorize: '/authorize', token: '/oauth/token', scope: ['openid', 'offline_access'] },
	discord: { authorize: '/oauth2/authorize', token: '/api/oauth2/token', scope: ['identify'] },
	github: { authorize: '/login/oauth/authorize', token: '/login/oauth/access_token', scope: ['read:user'] },
	gitlab: { authorize: '/oauth/authorize', token: '/oauth/token', scope: ['openid'] },
	google: { authorize: '/o/oauth2/v2/auth', token: '/token', scope: ['openid'] },
	keycloak: { authorize: '/realms/demo/protocol/openid-connect/auth', token: '/realms/demo/protocol/openid-connect/token', scope: ['openid'] },
	linkedin: { authorize: '/oauth/v2/authorization', token: '/oauth/v2/accessToken', scope: ['openid'], pkce: false },
	okta: { authorize: '/oauth2/default/v1/authorize', token: '/oauth2/default/v1/token', scope: ['openid', 'offline_access'] },
	rfc7636: { authorize: '/authorize', token: '/token', scope: ['openid'] },
	spotify: { authorize: '/authorize', token: '/api/token', scope: ['user-read-private'] },
};

let sandbox, server, origin;

/** Where the strategy keeps state and verifier in the session. */
const key = 'oauth2:127.0.0.1';

/** The app: /PROVIDER/login and /PROVIDER/callback; and for mistakes /PROVIDER/elsewhere, and /PROVIDER/kept, which shows what the session
 *  keeps of a login, and with a query exchanges it. */
function makeApp() {
	const app = express();

	app.use(session({ secret: 'a secret of this test', resave: false, saveUninitialized: false }));
	for (const [provider, is] of Object.entries(providers)) {
		const strategy = new OAuth2Strategy({
			authorizationURL: sandbox.at(provider, is.authorize), tokenURL: sandbox.at(provider, is.token),
			clientID: client.id, clientSecret: client.secret, callbackURL: `${origin}/${provider}/callback`,
			scope: is.scope, state: true, pkce: is.pkce ?? true,
		}, (accessToken, refreshToken, profile, done) => done(null, { accessToken, refreshToken }));
		const callback = (options) => [
			passport.authenticate(provider, { session: false, ...options }),
			(request, response) => response.json(request.user),
		];

		is.strategy = strategy;
		passport.use(provider, strategy);
		app.get(`/${provider}/login`, passport.authenticate(provider));
		app.get(`/${provider}/callback`, callback());
		app.get(`/${provider}/elsewhere`, callback({ callbackURL: `${origin}/${provider}/elsewhere` }));
		app.get(`/${provider}/kept`, (request, response) => {
			if (Object.keys(request.query).length > 0)
				request.session[key] = { state: { ...request.session[key]?.state, ...request.query } };
			response.json(request.session[key].state);
		});
	}
	// The error of a strategy, as it is: four parameters make it Express's.
	app.use((error, request, response, next) => response.status(500).json({ name: error.name, message: error.message }));
	return app;
}

before(async () => {
	sandbox = await Sandbox.start();
	server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	origin = `http://127.0.0.1:${server.address().port}`;
	server.on('request', makeApp());
});

after(async () => {
	server.closeAllConnections();
	server.close();
	await sandbox.stop();
});

/** A browser with one session of the app. */
class Browser {
	constructor(provider) {
		this.provider = provider;
	}

	async ask(path) {
		const reply = await fetch(`${origin}/${this.provider}${path}`, { redirect: 'manual', headers: this.cookie ? { cookie: this.cookie } : {} });

		this.cookie = reply.headers.get('set-cookie')?.split(';')[0] ?? this.cookie;
		return reply;
	}

	/** What the session keeps of the login; `changes` are made first. */
	async kept(changes = {}) {
		return (await this.ask(`/kept?${new URLSearchParams(changes)}`)).json();
	}

	/** Gives the query of the callback. `change` is done to the authorize URL on its way. */
	async login(change = () => {}) {
		const url = new URL((await this.ask('/login')).headers.get('location'));

		change(url.searchParams);
		return (await sandbox.browse(url, origin)).search;
	}

	async isRefused(reply, fault) {
		const { name } = await reply.json();

		assert.ok(['InternalOAuthError', 'TokenError', 'AuthorizationError', 'Error'].includes(name), name);
		assert.equal(reply.status, 500);
		await sandbox.named(this.provider, fault);
	}
}

for (const [provider, is] of Object.entries(providers))
	test(`${provider}: logs in and refreshes`, async () => {
		const browser = new Browser(provider);
		const tokens = await (await browser.ask(`/callback${await browser.login()}`)).json();

		assert.ok(tokens.accessToken, JSON.stringify(tokens));
		sandbox.saw(provider, 'login');
		if (tokens.refreshToken) {
			const fresh = await new Promise((resolve, reject) => is.strategy._oauth2.getOAuthAccessToken(tokens.refreshToken,
				{ grant_type: 'refresh_token' }, (error, token) => error ? reject(new Error(error.data)) : resolve(token)));

			assert.notEqual(fresh, tokens.accessToken);
			sandbox.saw(provider, 'refresh');
		}
		await sandbox.isContent(provider);
	});

test('rfc7636: no PKCE where it is required', async () => {
	const browser = new Browser('rfc7636');
	const query = await browser.login((asked) => {
		asked.delete('code_challenge');
		asked.delete('code_challenge_method');
	});

	await browser.isRefused(await browser.ask(`/callback${query}`), 'challenge-missing');
});

test('rfc7636: a session that was lost: the strategy sends no code without its verifier', async () => {
	const query = await new Browser('rfc7636').login();

	assert.equal((await new Browser('rfc7636').ask(`/callback${query}`)).status, 403);
	await sandbox.isContent('rfc7636');
});

test('linkedin: PKCE where it is refused', async () => {
	const browser = new Browser('linkedin');
	const query = await browser.login((asked) => {
		asked.set('code_challenge', 'x'.repeat(43));
		asked.set('code_challenge_method', 'S256');
	});

	await browser.isRefused(await browser.ask(`/callback${query}`), 'pkce-not-supported');
});

for (const provider of ['auth0', 'github', 'google', 'keycloak', 'rfc7636', 'spotify']) {
	test(`${provider}: a challenge in hex`, async () => {
		const browser = new Browser(provider);
		const verifier = 'a'.repeat(43);
		const query = await browser.login((asked) => asked.set('code_challenge', hex(verifier)));

		await browser.kept({ code_verifier: verifier });
		await browser.isRefused(await browser.ask(`/callback${query}`), 'challenge-is-hex');
	});

	test(`${provider}: the verifier of another login`, async () => {
		const [first, second] = [new Browser(provider), new Browser(provider)];

		await first.login();

		const query = await second.login();

		await second.kept({ code_verifier: (await first.kept()).code_verifier });
		await second.isRefused(await second.ask(`/callback${query}`), 'verifier-mismatch');
		await sandbox.namedTogether(provider, 2, 'verifier-of-another-login');
	});

	test(`${provider}: a code that was used before`, async () => {
		const browser = new Browser(provider);
		const query = await browser.login();
		const { handle, code_verifier } = await browser.kept();

		assert.equal((await browser.ask(`/callback${query}`)).status, 200);
		await browser.kept({ handle, code_verifier });
		await browser.isRefused(await browser.ask(`/callback${query}`), 'code-reused');
	});

	test(`${provider}: another redirect URI at the token request`, async () => {
		const browser = new Browser(provider);

		await browser.isRefused(await browser.ask(`/elsewhere${await browser.login()}`), 'redirect-uri-differs');
	});

	test(`${provider}: a wrong secret`, async () => {
		const browser = new Browser(provider);
		const { strategy } = providers[provider];

		strategy._oauth2._clientSecret = 'wrong';
		await browser.isRefused(await browser.ask(`/callback${await browser.login()}`), 'secret-rejected');
		strategy._oauth2._clientSecret = client.secret;
	});
}

test('docs/interop.md shows what was seen', () => sandbox.keepRecord('passport-oauth2'));
