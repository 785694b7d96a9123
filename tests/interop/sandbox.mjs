// What the suites share: the sandbox, a browser that only follows redirects, the explanation of a login that failed, and the record of
// what a client was seen to do, which docs/interop.md shows.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startSandbox } from '../e2e/programs.mjs';

const proofkey = process.env.PROOFKEY ?? fileURLToPath(new URL('../../build/proofkey', import.meta.url));
// Clients that are given no other fetch are tested with an exchanged one.
const fetch = globalThis.fetch;
const recordProgram = fileURLToPath(new URL('record.py', import.meta.url));

export const redirectUri = 'http://127.0.0.1:8123/callback';
export const client = { id: 'sandbox-client', secret: 'sandbox-secret', publicId: 'sandbox-public' };

export class Sandbox {
	#seen = {};
	#named = {};

	static async start(...words) {
		const sandbox = new Sandbox();
		const site = await startSandbox('--auto-approve', ...words);

		sandbox.url = site.sandbox;
		sandbox.stop = site.stop;
		return sandbox;
	}

	/** The address of a provider, or a path of it. */
	at(provider, path = '') {
		return `${this.url}/${provider}${path}`;
	}

	/** The same address, with another host in it: what a developer changes. Everything that a client asks for lies at this provider. */
	onlyTheHost(provider, url) {
		return String(url).replace(/^https:\/\/[^/]+/, this.at(provider));
	}

	/** What a browser does: goes where it is sent, until that is the app. Gives the URL of the callback. */
	async browse(url, redirect = redirectUri) {
		const reply = await fetch(url, { redirect: 'manual' });
		const location = reply.headers.get('location');

		assert.ok(location?.startsWith(redirect), `${url} leads to ${location}: ${reply.status} ${await reply.text()}`);
		return new URL(location);
	}

	/** A page that refuses, and leads nowhere. */
	async isStopped(url) {
		const reply = await fetch(url, { redirect: 'manual' });

		assert.equal(reply.headers.get('location'), null);
		assert.equal(reply.status, 400);
	}

	/** The newest attempt at this provider died of this fault: so says the sandbox, and so says explain of what the sandbox recorded. */
	async named(provider, fault) {
		const [attempt] = await this.#ask(`/_sandbox/attempts?provider=${provider}&limit=1`);
		const told = await this.#ask(`/_sandbox/attempts/${attempt.id}/explain`);

		assert.equal(told.verdict, fault, JSON.stringify(told.findings, null, '\t'));
		assert.equal(this.#explain(attempt.capture).verdict, fault);
		this.#remember(provider, fault);
	}

	/** The same of the newest attempts, put together as somebody does who exports all of them. */
	async namedTogether(provider, count, fault) {
		const attempts = await this.#ask(`/_sandbox/attempts?provider=${provider}&limit=${count}`);
		const capture = { provider, events: attempts.flatMap((attempt) => attempt.capture.events) };

		assert.equal(this.#explain(capture).verdict, fault);
		this.#remember(provider, fault);
	}

	#explain(capture) {
		const done = spawnSync(proofkey, ['explain', '--json', '-'], { input: JSON.stringify(capture), encoding: 'utf8' });

		assert.equal(done.stderr, '');
		return JSON.parse(done.stdout);
	}

	#remember(provider, fault) {
		(this.#named[fault] ??= new Set()).add(provider);
	}

	/** Nothing was wrong with the newest attempt. */
	async isContent(provider) {
		const [attempt] = await this.#ask(`/_sandbox/attempts?provider=${provider}&limit=1`);
		const told = await this.#ask(`/_sandbox/attempts/${attempt.id}/explain`);

		assert.equal(told.verdict, null, JSON.stringify(told.findings, null, '\t'));
	}

	async #ask(path) {
		const reply = await fetch(this.url + path);

		assert.equal(reply.status, 200, path);
		return reply.json();
	}

	/** Remembers what the client did here: words such as login, refresh, revoke. */
	saw(provider, ...what) {
		const seen = (this.#seen[provider] ??= new Set());

		for (const one of what)
			seen.add(one);
	}

	/** Holds what was seen of this client against docs/interop.md. */
	keepRecord(name) {
		const lists = (sets) => Object.fromEntries(Object.entries(sets).map(([key, set]) => [key, [...set]]));
		const input = JSON.stringify({ seen: lists(this.#seen), named: lists(this.#named) });

		execFileSync('python3', [recordProgram, name], { input, stdio: ['pipe', 'inherit', 'inherit'] });
	}
}

/** A fetch for a client that knows its provider's addresses by heart. */
export function movedFetch(sandbox, provider) {
	return async (input, init) => {
		const request = new Request(input, init);
		const url = sandbox.onlyTheHost(provider, request.url);

		return fetch(url, {
			method: request.method,
			headers: request.headers,
			body: request.body ? await request.text() : undefined,
			redirect: request.redirect,
		});
	};
}
