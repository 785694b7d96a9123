// examples/express-tiktok against the sandbox: login, refresh before expiry, once however many ask, revocation at logout, and what a
// stranger, a refusal and a proxy make of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { client, Sandbox } from './sandbox.mjs';

const example = new URL('../../examples/express-tiktok/', import.meta.url);
const read = (url) => JSON.parse(readFileSync(url, 'utf8'));

let sandbox, home, folder;
const apps = [];

async function freePort() {
	const server = createServer().listen(0, '127.0.0.1');

	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	await once(server, 'close');
	return port;
}

async function startApp(environment = {}) {
	const port = await freePort();
	const app = spawn(process.execPath, [join(folder, 'app.mjs')], {
		stdio: ['ignore', 'pipe', 'inherit'],
		env: {
			PORT: port, TIKTOK_WWW: sandbox.at('tiktok'), TIKTOK_API: sandbox.at('tiktok'), TIKTOK_CLIENT_KEY: client.id,
			TIKTOK_CLIENT_SECRET: client.secret, ...environment,
		},
	});

	apps.push(app);
	await once(app.stdout, 'data');
	return `http://127.0.0.1:${port}`;
}

before(async () => {
	// Tokens that are due for a refresh in four seconds: the app does that five minutes early.
	sandbox = await Sandbox.start('--access-ttl', '304');
	folder = mkdtempSync(join(tmpdir(), 'proofkey-example-'));
	copyFileSync(fileURLToPath(new URL('app.mjs', example)), join(folder, 'app.mjs'));
	symlinkSync(fileURLToPath(new URL('node_modules', import.meta.url)), join(folder, 'node_modules'));
	home = await startApp();
});

after(async () => {
	for (const app of apps)
		app.kill();
	await sandbox.stop();
	rmSync(folder, { recursive: true });
});

class Browser {
	async ask(path, options = {}) {
		const reply = await fetch(new URL(path, home), { redirect: 'manual', headers: this.cookie ? { cookie: this.cookie } : {}, ...options });

		this.cookie = reply.headers.get('set-cookie')?.split(';')[0] ?? this.cookie;
		return reply;
	}

	/** Gives the address of the callback. */
	async goesAndReturns(change = () => {}) {
		const url = new URL((await this.ask('/login')).headers.get('location'));

		change(url.searchParams);
		return sandbox.browse(url, home);
	}

	async signsIn() {
		const reply = await this.ask(await this.goesAndReturns());

		assert.equal(reply.headers.get('location'), '/', await reply.text());
	}
}

const tokenRequests = async () => {
	const attempts = await (await fetch(`${sandbox.url}/_sandbox/attempts?provider=tiktok`)).json();

	return attempts.flatMap(({ capture }) => capture.events).filter(({ request }) => request?.body?.includes('grant_type=refresh_token')).length;
};

test('the versions are those that are tested', () => {
	const tested = read(new URL('package.json', import.meta.url)).devDependencies;

	for (const [name, version] of Object.entries(read(new URL('package.json', example)).dependencies))
		assert.equal(version, tested[name], name);
});

test('two tabs log in, and nothing of the tokens reaches the browser', async () => {
	const browser = new Browser();
	const tabs = [await browser.goesAndReturns(), await browser.goesAndReturns()];

	assert.equal((await browser.ask(tabs[1])).headers.get('location'), '/');
	await sandbox.isContent('tiktok');
	assert.match(await (await browser.ask('/')).text(), /^Signed in\./);
	assert.doesNotMatch(decodeURIComponent(browser.cookie), /verifier|token/);
});

test('a token that is due is refreshed once, however many ask', async () => {
	const browser = new Browser();

	await browser.signsIn();

	const before = await tokenRequests();

	await browser.ask('/profile');
	assert.equal(await tokenRequests(), before, 'none is due yet');
	await sleep(4100);

	const replies = await Promise.all(Array.from({ length: 8 }, () => browser.ask('/profile')));

	assert.deepEqual(replies.map(({ status }) => status), Array(8).fill(200));
	assert.equal((await replies[0].json()).data.user.display_name, 'Ada Lovelace');
	assert.equal(await tokenRequests(), before + 1);
	await sleep(4100);
	await browser.ask('/profile');
	assert.equal(await tokenRequests(), before + 2, 'with the refresh token that the first refresh brought');
	await sandbox.isContent('tiktok');
});

test('signing out revokes', async () => {
	const browser = new Browser();

	await browser.signsIn();
	assert.equal((await browser.ask('/logout', { method: 'POST', headers: { cookie: browser.cookie } })).status, 303);
	assert.equal((await browser.ask('/profile')).status, 401);

	const [attempt] = await (await fetch(`${sandbox.url}/_sandbox/attempts?provider=tiktok&limit=1`)).json();
	const revoke = attempt.capture.events.at(-1);

	assert.match(revoke.request.url, /\/v2\/oauth\/revoke\/$/);
	assert.equal(revoke.response.status, 200);
});

test('a callback is good for one browser, and for one time', async () => {
	const [browser, stranger] = [new Browser(), new Browser()];
	const callback = await browser.goesAndReturns();

	assert.equal((await stranger.ask(callback)).status, 400);
	assert.equal((await browser.ask(callback)).status, 302);
	assert.equal((await browser.ask(callback)).status, 400);
	assert.equal((await browser.ask('/callback?code=x')).status, 400);
});

test('a mistake and a fault are shown, without a secret', async () => {
	const browser = new Browser();
	const refused = await browser.ask(await browser.goesAndReturns((asked) => asked.set('code_challenge', 'x'.repeat(43))));

	assert.equal(refused.status, 502);
	assert.match(await refused.text(), /^invalid_request: /);

	await fetch(`${sandbox.url}/_sandbox/faults`, {
		method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"fault": "reply-not-oauth", "provider": "tiktok"}',
	});

	const nonsense = await browser.ask(await browser.goesAndReturns());

	assert.equal(nonsense.status, 502);
	assert.doesNotMatch(await nonsense.text(), /sandbox-secret|</);
	await sandbox.named('tiktok', 'reply-not-oauth');
});

test('with https in front, the cookie is for https alone', async () => {
	const behind = await startApp({ PUBLIC_URL: 'https://app.example' });
	const reply = await fetch(`${behind}/login`, { redirect: 'manual', headers: { 'x-forwarded-proto': 'https' } });

	assert.match(reply.headers.get('set-cookie'), /; HttpOnly; Secure; SameSite=Lax/);
	assert.equal(new URL(reply.headers.get('location')).searchParams.get('redirect_uri'), 'https://app.example/callback');
});
