// A provider that posts its answer: the page does so by itself, and has a button for a browser without scripts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { startSandbox } from './programs.mjs';
import { launchBrowser } from './visitor.mjs';

let sandbox, browser, app, callback;
const posted = [];

before(async () => {
	[sandbox, browser] = await Promise.all([startSandbox(), launchBrowser()]);
	app = createServer(async (request, reply) => {
		let body = '';

		for await (const piece of request)
			body += piece;
		if (request.method === 'POST')
			posted.push({ url: request.url, ...Object.fromEntries(new URLSearchParams(body)) });
		reply.setHeader('Content-Type', 'text/html');
		reply.end('<h1>The app</h1>');
	}).listen(0, '127.0.0.1');
	await once(app, 'listening');
	callback = `http://127.0.0.1:${app.address().port}/callback?a=1`;
});

after(async () => {
	await browser.close();
	app.close();
	await sandbox.stop();
});

const state = `"'><script>alert(1)</script>&é+`;

function authorizeUrl() {
	return `${sandbox.sandbox}/apple/auth/authorize?${new URLSearchParams({
		response_type: 'code', response_mode: 'form_post', client_id: 'sandbox-client', scope: 'name', state, redirect_uri: callback,
	})}`;
}

for (const javaScriptEnabled of [true, false]) {
	for (const [decision, parameter] of [['Allow', 'code'], ['Deny', 'error']]) {
		test(`${decision}, ${javaScriptEnabled ? 'with' : 'without'} scripts`, async () => {
			const context = await browser.newContext({ javaScriptEnabled });
			const page = await context.newPage();
			const complaints = [];

			page.on('console', (message) => complaints.push(message.text()));
			await page.goto(authorizeUrl());
			await page.getByRole('button', { name: decision }).click();
			if (!javaScriptEnabled)
				await page.getByRole('button', { name: 'Continue' }).click();
			await page.getByRole('heading', { name: 'The app', exact: true }).waitFor();

			const came = posted.pop();

			assert.deepEqual(complaints, []);
			assert.equal(page.url(), callback);
			assert.equal(came.url, '/callback?a=1');
			assert.equal(came.state, state);
			assert.ok(came[parameter]);
			await context.close();
		});
	}
}
