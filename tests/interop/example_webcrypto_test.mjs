// examples/webcrypto-genesys in Chromium: the files as they are, with the sandbox's address of this run in config.js, from another origin
// than the sandbox's.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launchBrowser } from '../e2e/visitor.mjs';
import { Sandbox } from './sandbox.mjs';

const example = new URL('../../examples/webcrypto-genesys/', import.meta.url);
const types = { '/': 'text/html', '/config.js': 'text/javascript', '/login.js': 'text/javascript' };
const provider = 'genesys';

let sandbox, server, browser, origin;

before(async () => {
	server = createServer((request, response) => {
		const { pathname } = new URL(request.url, 'http://app');

		if (!types[pathname])
			return response.writeHead(404).end();

		const text = readFileSync(new URL(pathname === '/' ? 'index.html' : pathname.slice(1), example), 'utf8');

		response.setHeader('Content-Type', types[pathname]);
		response.end(pathname === '/config.js' ? text.replaceAll('http://127.0.0.1:9400', sandbox.url) : text);
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

/** A tab of a browser of its own, with the page in it, and what its console says. */
async function open() {
	const context = await browser.newContext();
	const tab = await context.newPage();

	tab.complaints = [];
	tab.on('pageerror', (error) => tab.complaints.push(error.message));
	tab.on('console', (message) => message.text().includes('Content Security Policy') && tab.complaints.push(message.text()));
	await tab.goto(`${origin}/`);
	return tab;
}

const signIn = (tab) => tab.getByRole('button', { name: 'Sign in' }).click();
const says = (tab, words) => tab.getByRole('status').filter({ hasText: words }).waitFor({ timeout: 20_000 });

test('a person signs in; a reload sends nothing again; the page keeps nothing', async () => {
	const tab = await open();

	await signIn(tab);
	await says(tab, 'Signed in as Ada Lovelace.');
	assert.equal(tab.url(), `${origin}/`);
	assert.deepEqual(await tab.evaluate(() => [Object.keys(sessionStorage), Object.keys(localStorage), document.cookie]), [[], [], '']);
	await sandbox.isContent(provider);

	const [{ capture }] = await (await fetch(`${sandbox.url}/_sandbox/attempts?provider=${provider}&limit=1`)).json();
	const token = capture.events.find(({ kind }) => kind === 'token').request;

	assert.doesNotMatch(token.body, /secret/);
	assert.equal(token.headers.Authorization, undefined);
	await tab.reload();
	assert.equal(await tab.getByRole('status').innerText(), '');
	await sandbox.isContent(provider);
	assert.deepEqual(tab.complaints, []);
	await tab.context().close();
});

test('a callback that another tab began, and one of a stranger, go no further', async () => {
	const tab = await open();

	for (const query of ['?code=x&state=y', '?code=x', '?error=access_denied']) {
		await tab.goto(`${origin}/${query}`);
		await says(tab, 'This tab did not start that login, or has finished it already.');
		assert.equal(tab.url(), `${origin}/`);
	}
	await tab.context().close();
});

test('a challenge in hex is refused, shown, and named', async () => {
	const tab = await open();

	// What people do: the digits of the hash where its bytes belong.
	await tab.route('**/login.js', async (route) => {
		const reply = await route.fetch();
		const text = await reply.text();
		const wrong = text.replace("base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))))",
			"[...new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)))].map(b => b.toString(16).padStart(2, '0')).join('')");

		assert.notEqual(wrong, text);
		await route.fulfill({ response: reply, body: wrong });
	});
	await tab.reload();
	await signIn(tab);
	await says(tab, /invalid_/);
	await sandbox.named(provider, 'challenge-is-hex');
	await tab.context().close();
});

test('an answer without CORS is shown as one that cannot be read', async () => {
	const tab = await open();

	await fetch(`${sandbox.url}/_sandbox/faults`, {
		method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ fault: 'cors-blocked', provider }),
	});
	await signIn(tab);
	await says(tab, 'Failed to fetch');
	await sandbox.named(provider, 'cors-blocked');
	await tab.context().close();
});
