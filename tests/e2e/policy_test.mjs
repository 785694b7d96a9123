// What a script could take or bring, were one to get into a page: no cookie is within its reach, nothing else is kept in the browser, and
// the content security policy of every page stops it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { startDemo } from './programs.mjs';
import { visitAll } from './pages.mjs';
import { launchBrowser, Visitor } from './visitor.mjs';

let demo, browser;

before(async () => {
	[demo, browser] = await Promise.all([startDemo(), launchBrowser()]);
});

after(async () => {
	await browser.close();
	await demo.stop();
});

test('G-02 G-04 cookies: three, out of reach for scripts and for other sites, nothing else is kept', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const tab = await visitor.tab();

	await visitor.signsIn(tab, 'TikTok', 'Ada Lovelace');
	const cookies = await visitor.cookies();

	assert.deepEqual(cookies.map(({ name, value }) => name.replace(value.slice(0, 4), '*')).sort(), ['proofkey', 'proofkey-answered', 'proofkey-browser-*']);
	for (const { name, httpOnly, sameSite, path, domain, secure } of cookies)
		assert.deepEqual({ httpOnly, sameSite, path, domain, secure },
			{ httpOnly: true, sameSite: 'Lax', path: '/', domain: '127.0.0.1', secure: false }, name);
	assert.deepEqual(await tab.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]), ['', 0, 0]);

	await tab.getByRole('button', { name: 'Sign out', exact: true }).click();
	await visitor.isSignedOut(tab);
	assert.deepEqual((await visitor.cookies()).map(({ name }) => name).filter((name) => name === 'proofkey'), []);
	await visitor.leave();
});

/** A server that nobody is to ask for anything; keeps what was asked for. (A browser connects before it looks at the policy.) */
async function startElsewhere() {
	const requests = [];
	const server = createServer((request, reply) => {
		requests.push(request.url);
		reply.end();
	}).listen(0, '127.0.0.1').unref();

	await once(server, 'listening');
	return { url: `http://127.0.0.1:${server.address().port}`, requests, stop: () => server.close() };
}

/** In the page: does what must not work; gives the directives that stopped it, and whether any of it worked. */
async function slipIn(url) {
	const refused = [];
	const all = new Promise((resolve) => {
		document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
			refused.push(`${effectiveDirective} ${blockedURI === 'inline' ? 'inline' : 'loaded'}`);
			if (refused.length === 6)
				resolve();
		});
	});
	const add = (name, fields) => document.body.append(Object.assign(document.createElement(name), fields));

	add('script', { textContent: 'window.ran = true' });
	add('script', { src: `${url}/slipped-in.js` });
	add('style', { textContent: 'h1 { display: none }' });
	add('img', { src: `${url}/slipped-in.png` });
	add('iframe', { src: url });
	const fetched = await fetch(url, { mode: 'no-cors' }).then(() => true, () => false);
	await all;
	return {
		refused: refused.sort(),
		worked: fetched || window.ran === true || getComputedStyle(document.querySelector('h1')).display === 'none',
	};
}

test('each page refuses scripts, styles, images, frames and requests that somebody slips in', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const elsewhere = await startElsewhere();

	await visitAll(visitor, async (tab, page) => {
		assert.deepEqual(await tab.evaluate(slipIn, elsewhere.url), {
			refused: [
				'connect-src loaded', 'frame-src loaded', 'img-src loaded', 'script-src-elem inline', 'script-src-elem loaded',
				'style-src-elem inline',
			],
			worked: false,
		}, page);
	});
	assert.deepEqual(elsewhere.requests, []);
	elsewhere.stop();
	// The visitor noticed it, so it would notice if a page of ours did that.
	const noticed = visitor.complaints.splice(0);

	assert.ok(noticed.some((complaint) => complaint.includes('Content Security Policy')));
	assert.deepEqual(noticed.filter((complaint) => !/Content Security Policy/.test(complaint) && !complaint.includes(elsewhere.url)), []);
	await visitor.leave();
});
