// Starts the program under test on free ports of this machine, whole as a demo or in its two parts, and ends it again. Trusts nothing of
// it: a program that ends by itself, ends badly or logs an error of its own fails the test that used it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const proofkey = process.env.PROOFKEY ?? fileURLToPath(new URL('../../build/proofkey', import.meta.url));
const startMilliseconds = 20_000;
const stopMilliseconds = 15_000;

async function freeAddress() {
	const server = createServer().listen(0, '127.0.0.1');

	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	await once(server, 'close');
	return `127.0.0.1:${port}`;
}

class Program {
	said = '';
	#child;
	#ended;

	constructor(...words) {
		this.words = words;
		this.#child = spawn(proofkey, words, { stdio: ['ignore', 'pipe', 'pipe'] });
		this.#ended = new Promise((resolve) => {
			this.#child.on('error', resolve);
			this.#child.on('close', (code, signal) => resolve(code ?? signal));
		});
		for (const stream of [this.#child.stdout, this.#child.stderr])
			stream.setEncoding('utf8').on('data', (text) => (this.said += text));
		process.on('exit', () => this.#child.kill('SIGKILL'));
	}

	/** Waits until the program says that it is ready; fails when it ends before. */
	async says(words) {
		const deadline = Date.now() + startMilliseconds;
		let ended = false;

		this.#ended.then((how) => (ended = [how]));
		while (!this.said.includes(words)) {
			assert.ok(!ended, `proofkey ${this.words.join(' ')} ended (${ended}):\n${this.said}`);
			assert.ok(Date.now() < deadline, `proofkey ${this.words.join(' ')} is not ready in time:\n${this.said}`);
			await sleep(20);
		}
		return this;
	}

	/** Waits for the end; whatever is not a good one fails. */
	async ends() {
		const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopMilliseconds);
		const how = await this.#ended;

		clearTimeout(timer);
		assert.equal(how, 0, `proofkey ${this.words[0]} ended with ${how}:\n${this.said}`);
		assert.doesNotMatch(this.said, /level=error|AddressSanitizer|runtime error/);
	}

	async stop() {
		this.#child.kill('SIGTERM');
		await this.ends();
	}
}

/** A sandbox and a gateway with a login at each of its providers. `listen` and `sandboxListen` are free ports unless they are given. */
export async function startDemo({ listen, sandboxListen } = {}) {
	const addresses = { gateway: listen ?? (await freeAddress()), sandbox: sandboxListen ?? (await freeAddress()) };
	const site = { gateway: `http://${addresses.gateway}`, sandbox: `http://${addresses.sandbox}` };
	const demo = new Program('demo', '--listen', addresses.gateway, '--sandbox-listen', addresses.sandbox);

	await demo.says('Ctrl-C ends the demo.');
	return { ...site, said: () => demo.said, stop: () => demo.stop() };
}

/** A sandbox alone. */
export async function startSandbox(...words) {
	const address = await freeAddress();
	const sandbox = `http://${address}`;
	const program = await new Program('sandbox', '--listen', address, ...words).says(`sandbox: ${sandbox}/`);

	return { gateway: sandbox, sandbox, stop: () => program.stop() };
}

const configuration = (addresses, site, directory, logins) => `
public_url = "${site.gateway}"
listen     = "${addresses.gateway}"
store      = "sqlite:${directory}/vault.db"
keys       = "${directory}/keys"
sandbox    = "${site.sandbox}"
${logins(site)}
allow { subjects = {"*"} }
`;

const tiktok = () => `
login "tiktok" {
	provider      = "tiktok"
	client_id     = "sandbox-client"
	client_secret = "sandbox-secret"
	scopes        = {"user.info.basic"}
}
`;

/** A sandbox, and a gateway that can be restarted: its configuration, its keys and its vault stay. */
export async function startParts({ logins = tiktok, gatewayHost = '127.0.0.1', sandboxWords = () => [] } = {}) {
	const addresses = { gateway: await freeAddress(), sandbox: await freeAddress() };
	const site = { gateway: `http://${addresses.gateway.replace('127.0.0.1', gatewayHost)}`, sandbox: `http://${addresses.sandbox}` };
	const directory = await mkdtemp(join(tmpdir(), 'proofkey-e2e-'));
	const file = join(directory, 'proofkey.conf');

	await writeFile(file, configuration(addresses, site, directory, logins), { mode: 0o600 });
	await new Program('keys', 'new', join(directory, 'keys')).ends();

	const startGateway = () => new Program('serve', '--config', file).says('event=gateway.ready');
	const sandbox = await new Program('sandbox', '--listen', addresses.sandbox, ...sandboxWords(site)).says(`sandbox: ${site.sandbox}/`);
	let gateway = await startGateway();

	return {
		...site,
		async restartGateway() {
			await gateway.stop();
			gateway = await startGateway();
		},
		async stop() {
			await gateway.stop();
			await sandbox.stop();
			await rm(directory, { recursive: true });
		},
	};
}
