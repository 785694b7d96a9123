// A visitor: one browser with its own cookies, watched. Whatever the pages do that they must not (a message in the console, which is where
// violations of the content security policy end up too, or a request to anybody but the site and its provider) fails the test.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const stepMilliseconds = 20_000;

export function launchBrowser() {
	return chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: [
			'--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
			'--disable-component-update', '--disable-sync', '--process-per-site',
		],
	});
}

export class Visitor {
	/** What went wrong behind the scenes, as sentences. */
	complaints = [];
	/** The URLs of all callbacks that the browser went to. */
	callbacks = [];
	#pages = new Set();

	static async arrive(browser, site, options = {}) {
		const visitor = new Visitor();

		visitor.site = site;
		visitor.context = await browser.newContext({ viewport: { width: 800, height: 700 }, reducedMotion: 'reduce', ...options });
		visitor.context.setDefaultTimeout(stepMilliseconds);
		visitor.context.on('request', (request) => visitor.#see(request));
		visitor.context.on('console', (message) => visitor.#hear(message));
		visitor.context.on('weberror', (error) => visitor.complaints.push(`script: ${error.error()}`));
		return visitor;
	}

	#see(request) {
		const { gateway, sandbox } = this.site;
		const url = request.url();

		if (request.isNavigationRequest())
			this.#pages.add(url);
		if (url.startsWith(`${gateway}/callback/`))
			this.callbacks.push(new URL(url));
		if (![gateway, sandbox].includes(new URL(url).origin) && !url.startsWith('data:'))
			this.complaints.push(`request: ${url}`);
	}

	// The browser notes the status of a page in the console; that one is looked at by the tests themselves.
	#hear(message) {
		const { url } = message.location();
		const isPageStatus = this.#pages.has(url) && message.text().startsWith('Failed to load resource: the server responded with a status of ');

		if (['error', 'warning'].includes(message.type()) && !isPageStatus)
			this.complaints.push(`console: ${message.text()} (${url})`);
	}

	/** A new tab. */
	tab() {
		return this.context.newPage();
	}

	cookies() {
		return this.context.cookies(this.site.gateway);
	}

	/** What the site says of this browser's session: the status and the document. */
	async me() {
		const reply = await this.context.request.get(`${this.site.gateway}/me`);

		return { status: reply.status(), ...(await reply.json()) };
	}

	async leave() {
		await this.context.close();
		assert.deepEqual(this.complaints, []);
	}

	/** From the sign-in page to the consent page of the provider that is called `title`. */
	async goToProvider(tab, title) {
		await tab.goto(`${this.site.gateway}/`);
		await tab.getByRole('link', { name: `Continue with ${title}`, exact: true }).click();
		await this.sees(tab, /^Allow sandbox-client to sign you in/);
		assert.equal(new URL(tab.url()).origin, this.site.sandbox);
	}

	/** On the consent page: chooses a person, switches scopes off, and presses a button. */
	async decides(tab, { person, without = [], button = 'Allow' }) {
		await tab.getByRole('radio', { name: person }).check();
		for (const scope of without)
			await tab.getByRole('checkbox', { name: scope }).uncheck();
		await tab.getByRole('button', { name: button, exact: true }).click();
	}

	/** All of the above. */
	async signsIn(tab, title, person) {
		await this.goToProvider(tab, title);
		await this.decides(tab, { person });
		await this.isSignedIn(tab, person);
	}

	/** The tab shows who is signed in, at an address that tells nothing. */
	async isSignedIn(tab, person) {
		await this.sees(tab, person);
		assert.match(await tab.locator('main').innerText(), /^Signed in to /);
		assert.equal(tab.url(), `${this.site.gateway}/`);
	}

	async isSignedOut(tab) {
		await this.sees(tab, 'Sign in');
		assert.equal((await this.me()).status, 401);
	}

	/** The button was pressed: the tab shows the sign-in page, or came back from the provider's own logout. */
	async hasSignedOut(tab) {
		await this.sees(tab, /^(Sign in|You are signed out)$/);
		assert.equal((await this.me()).status, 401);
	}

	/** The tab shows the page of this fault. */
	async seesFault(tab, fault) {
		await tab.getByText('Sign-in failed').waitFor();
		assert.equal(await tab.locator('dd code').first().innerText(), fault);
	}

	async sees(tab, heading) {
		await tab.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
	}

	/**
	 * On the consent page: allows, and stops the browser on its way back. Gives the callback's URL, which nobody has opened yet. (The answer
	 * to the form is caught, since a redirect cannot be.)
	 */
	async catchCallback(tab, person) {
		let callback;

		await tab.route('**/_sandbox/decide', async (route) => {
			callback = (await route.fetch({ maxRedirects: 0 })).headers().location;
			await route.fulfill({ body: 'caught', contentType: 'text/plain' });
		});
		await this.decides(tab, { person });
		await tab.getByText('caught').waitFor();
		await tab.unroute('**/_sandbox/decide');
		assert.ok(callback.startsWith(`${this.site.gateway}/callback/`), callback);
		return callback;
	}
}
