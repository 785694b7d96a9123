// The console: an attempt appears while it happens, says what is wrong and where, keeps secrets to itself and hostile text harmless, and
// can be read by everybody: with the keyboard, on a phone, in the dark. The apps that sign in here are honest or make one mistake each.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { startSandbox } from './programs.mjs';
import { launchBrowser, Visitor } from './visitor.mjs';

let site, browser;

before(async () => {
	[site, browser] = await Promise.all([startSandbox('--auto-approve'), launchBrowser()]);
});

after(async () => {
	await browser.close();
	await site.stop();
});

/* An app */

const sha256 = (text, spelling) => createHash('sha256').update(text).digest(spelling);
const redirectUri = 'http://127.0.0.1:4321/callback';

/** A login at the RFC's own provider, up to the code. `change` spoils the parameters. */
async function authorize({ client = 'sandbox-client', change = () => {} } = {}) {
	const verifier = randomBytes(32).toString('base64url');
	const query = new URLSearchParams({
		response_type: 'code', client_id: client, redirect_uri: redirectUri, state: randomBytes(16).toString('base64url'), scope: 'openid',
		code_challenge: sha256(verifier, 'base64url'), code_challenge_method: 'S256',
	});

	change(query, verifier);
	const reply = await fetch(`${site.sandbox}/rfc7636/authorize?${query}`, { redirect: 'manual' });
	const location = reply.headers.get('location');

	await reply.arrayBuffer();
	return { verifier, query, client, code: location && new URL(location).searchParams.get('code') };
}

async function redeem({ verifier, code, client }, change = () => {}) {
	const form = new URLSearchParams({
		grant_type: 'authorization_code', code, redirect_uri: redirectUri, client_id: client, client_secret: 'sandbox-secret', code_verifier: verifier,
	});

	change(form);
	const reply = await fetch(`${site.sandbox}/rfc7636/token`, { method: 'POST', body: form });

	return { status: reply.status, ...(await reply.json()) };
}

async function signIn(options = {}) {
	const attempt = await authorize(options);

	return { ...attempt, tokens: await redeem(attempt, options.token) };
}

/* A visitor at the console */

const forgetAll = () => fetch(`${site.sandbox}/_sandbox/attempts`, { method: 'DELETE' }).then((reply) => assert.ok(reply.ok));

async function visit(options = {}) {
	const visitor = await Visitor.arrive(browser, site, { viewport: { width: 1440, height: 900 }, ...options });
	const tab = await visitor.tab();

	await tab.goto(`${site.sandbox}/_sandbox/console`);
	if (options.javaScriptEnabled !== false)
		await tab.locator('#live[data-state=live]').waitFor();
	return [visitor, tab];
}

const rows = (tab) => tab.locator('#list > li:visible');
const arrowTitles = (tab) => tab.locator('.arrow .title:visible').allInnerTexts();
const flat = (text) => text.replaceAll(/\s+/g, ' ').trim();

test('nobody was here: one button shows a whole login, and what PKCE is', async () => {
	const asking = await startSandbox();
	const visitor = await Visitor.arrive(browser, asking, { viewport: { width: 1440, height: 900 } });
	const tab = await visitor.tab();

	await tab.goto(`${asking.sandbox}/_sandbox/console`);
	await tab.getByRole('heading', { name: 'Nobody has tried to sign in yet' }).waitFor();
	await tab.getByRole('button', { name: 'Watch one login' }).click();
	await visitor.decides(tab, { person: 'Grace Hopper' });
	await tab.getByText('The same. Who redeems the code is who asked for it.').waitFor();
	assert.equal(tab.url(), `${asking.sandbox}/_sandbox/console`);
	assert.deepEqual((await arrowTitles(tab)).map((title) => flat(title).replace(/^\d+\. [a-z ]+: /, '')),
		['asks to sign in', 'the person agrees', 'sends the browser back with a code', 'redeems the code', 'tokens, and who it is', 'asks who it is', 'who it is']);
	await tab.getByRole('heading', { name: 'No fault found' }).waitFor();
	assert.deepEqual(await tab.evaluate(() => [sessionStorage.length, localStorage.length]), [0, 0]);
	await visitor.leave();
	await asking.stop();
});

test('an attempt appears while it happens, and grows', async () => {
	await forgetAll();
	const [visitor, tab] = await visit();
	const attempt = await authorize();

	await rows(tab).getByText('under way', { exact: true }).waitFor();
	await tab.locator('.step').nth(1).waitFor();
	assert.equal(await tab.locator('.step').count(), 2);
	await redeem(attempt);
	await rows(tab).getByText('succeeded', { exact: true }).waitFor();
	await tab.locator('.step').nth(3).waitFor();
	assert.equal(await rows(tab).count(), 1);
	await tab.getByRole('status').getByText('New attempt at RFC 7636').waitFor();
	await visitor.leave();
});

test('a login that fails: the verdict, got above wanted, and the parameter that is to blame', async () => {
	await forgetAll();
	const [visitor, tab] = await visit();
	const { query } = await authorize({ change: (asked, verifier) => asked.set('code_challenge', sha256(verifier, 'hex')) });

	await tab.locator('.verdict code').getByText('challenge-is-hex', { exact: true }).waitFor();
	await tab.locator('.verdict').getByText('proved').waitFor();
	await tab.locator('.verdict').getByText('your app’s move').waitFor();
	assert.equal(await tab.getByRole('link', { name: 'RFC 7636 4.2' }).getAttribute('href'), 'https://www.rfc-editor.org/rfc/rfc7636#section-4.2');
	await tab.getByRole('button', { name: 'in arrow 1' }).click();
	const offending = tab.locator('.offending');

	assert.equal(await offending.locator('dt code').innerText(), 'code_challenge');
	assert.equal(await offending.locator('.value > code').innerText(), query.get('code_challenge'));
	assert.match(await offending.innerText(), /this is what fails: challenge-is-hex/);
	assert.match(await offending.innerText(), /The SHA-256 of a secret that only your app knows/);
	assert.equal(await offending.locator('.sign').count(), 1);
	assert.ok(await offending.evaluate((element) => element === document.activeElement));
	await visitor.leave();
});

test('another verifier: kept and computed stand under each other, and both are true', async () => {
	await forgetAll();
	const [visitor, tab] = await visit();
	const other = randomBytes(32).toString('base64url');
	const { query } = await signIn({ token: (form) => form.set('code_verifier', other) });

	await tab.locator('.verdict code').getByText('verifier-mismatch', { exact: true }).waitFor();
	await tab.locator('#pkce .result.bad').waitFor();
	const sides = await tab.locator('#pkce .lines').evaluateAll((all) => all.map((lines) =>
		[...lines.querySelectorAll('code')].map((code) => ({ text: code.textContent, left: code.getBoundingClientRect().left }))));

	assert.equal(sides.map(([kept]) => kept.text).join(''), query.get('code_challenge'));
	assert.equal(sides.map(([, computed]) => computed.text).join(''), sha256(other, 'base64url'));
	for (const [kept, computed] of sides) {
		assert.equal(kept.text.length, computed.text.length);
		assert.equal(kept.left, computed.left);
	}
	await visitor.leave();
});

test('one character too many: it stands above a gap, and both are marked', async () => {
	await forgetAll();
	const [visitor, tab] = await visit();

	await signIn({ token: (form) => form.set('redirect_uri', `${redirectUri}/`) });
	await tab.locator('.verdict code').getByText('redirect-uri-differs', { exact: true }).waitFor();
	assert.deepEqual(await tab.locator('.verdict .lines p').allInnerTexts().then((lines) => lines.map(flat)),
		[`got ${redirectUri}/`, `wanted ${redirectUri}·`]);
	assert.deepEqual(await tab.locator('.verdict mark').allInnerTexts(), ['/', '·']);
	await visitor.leave();
});

test('a verifier that is lost: the arrow says what is missing in it', async () => {
	await forgetAll();
	const [visitor, tab] = await visit();

	await signIn({ token: (form) => form.delete('code_verifier') });
	await tab.locator('.verdict code').getByText('verifier-missing', { exact: true }).waitFor();
	await tab.getByText('redeems the code without the secret').waitFor();
	await tab.locator('.marked .arrow').click();
	assert.match(flat(await tab.locator('.offending').innerText()), /^code_verifier body missing this is what fails: verifier-missing/);
	await visitor.leave();
});

test('secrets are shortened wherever they stand', async () => {
	await forgetAll();
	const [visitor, tab] = await visit();
	const { verifier, code, tokens } = await signIn();
	const secrets = [verifier, code, tokens.access_token, tokens.refresh_token, tokens.id_token].filter(Boolean);

	await rows(tab).getByText('succeeded', { exact: true }).waitFor();
	await tab.locator('.result.good').waitFor();
	for (const arrow of await tab.locator('.arrow').all())
		await arrow.click();
	const page = await tab.content();

	assert.ok(secrets.length >= 4);
	for (const secret of secrets)
		assert.ok(!page.includes(secret.slice(0, 5)), secret);
	assert.ok(!page.includes('sandbox-secret'));
	assert.match(await tab.locator('#diagram').innerText(), new RegExp(`${verifier.slice(0, 4)}… \\(43 characters\\)`));
	await visitor.leave();
});

test('hostile text stays text', async () => {
	await forgetAll();
	const [visitor, tab] = await visit();
	const markup = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>';
	const turned = '\u202egnp.exe\u0000\u{1f600}';

	await authorize({ change: (query) => [['client_id', markup], ['state', turned], [markup, '"><b>'], ['scope', 'x'.repeat(20_000)]]
		.forEach(([name, value]) => query.set(name, value)) });
	await authorize({ change: (query) => [['state', markup], ['__proto__', 'x'], ['constructor', markup]]
		.forEach(([name, value]) => query.set(name, value)) });
	await rows(tab).nth(1).waitFor();
	for (const row of await rows(tab).all()) {
		await row.click();
		await tab.locator('.arrow').first().click();
		await tab.locator('.parameter').first().waitFor();
		assert.ok((await tab.locator('#diagram').innerText()).includes(markup));
		assert.equal(await tab.evaluate(() => document.querySelectorAll('main img, main script, main b').length), 0);
		assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
	}
	assert.equal(await tab.evaluate(() => window.ran), undefined);
	await visitor.leave();
});

test('what somebody slips in is refused: scripts, requests, markup made of text', async () => {
	const [visitor, tab] = await visit();
	const refused = await tab.evaluate(async () => {
		const said = [];
		const add = (name, fields) => document.body.append(Object.assign(document.createElement(name), fields));
		const refusal = (run) => {
			try {
				run();
				said.push('done');
			} catch (error) {
				said.push(error.name);
			}
		};

		refusal(() => (document.createElement('div').innerHTML = '<b>x</b>'));
		refusal(() => add('script', { textContent: 'window.ran = 1' }));
		add('img', { src: 'http://127.0.0.1:9/x.png' });
		said.push(await fetch('http://127.0.0.1:9/').then(() => 'done', () => 'refused'), window.ran);
		return said;
	});

	assert.deepEqual(refused, ['TypeError', 'TypeError', 'refused', undefined]);
	assert.ok(visitor.complaints.length >= 3);
	assert.deepEqual(visitor.complaints.splice(0).filter((complaint) => !/Content Security Policy|TrustedScript|TrustedHTML|Trusted Type|127\.0\.0\.1:9\//.test(complaint)), []);
	await visitor.leave();
});

test('filter, pause, clear', async () => {
	await forgetAll();
	const [visitor, tab] = await visit();
	const { query } = await signIn();

	await authorize({ client: 'sandbox-public' });
	await authorize({ change: (asked) => ['code_challenge', 'code_challenge_method'].forEach((name) => asked.delete(name)) });
	await rows(tab).nth(2).waitFor();
	await rows(tab).getByText('challenge-missing', { exact: true }).waitFor();

	await tab.getByLabel('Text in the attempt').fill(query.get('state'));
	assert.equal(await rows(tab).count(), 1);
	assert.equal(await tab.locator('#count').innerText(), '1 of 3');
	await tab.getByLabel('Text in the attempt').fill('nothing has this');
	await tab.getByText('No attempt matches.').waitFor();
	await tab.getByLabel('Text in the attempt').fill('');
	await tab.getByLabel('Outcome').selectOption('failed');
	assert.equal(await rows(tab).count(), 1);
	await tab.getByLabel('Outcome').selectOption('');
	await tab.locator('#filter-provider').selectOption('rfc7636');
	assert.equal(await rows(tab).count(), 3);

	await tab.getByRole('button', { name: 'Pause' }).click();
	await authorize();
	await tab.getByText('Paused, 1 new').waitFor();
	assert.equal(await rows(tab).count(), 3);
	await tab.getByRole('button', { name: 'Go on' }).click();
	await rows(tab).nth(3).waitFor();

	await tab.getByRole('button', { name: 'Clear' }).click();
	await tab.getByRole('heading', { name: 'Nobody has tried to sign in yet' }).waitFor();
	assert.deepEqual(await fetch(`${site.sandbox}/_sandbox/attempts`).then((reply) => reply.json()), []);
	await visitor.leave();
});

test('copied, it is a capture; downloaded, a HAR', async () => {
	await forgetAll();
	const [visitor, tab] = await visit({ permissions: ['clipboard-read', 'clipboard-write'] });
	const { query } = await signIn();

	await rows(tab).getByText('succeeded', { exact: true }).waitFor();
	await tab.getByRole('button', { name: 'Copy as capture' }).click();
	await tab.getByRole('button', { name: 'Copied' }).waitFor();
	const capture = JSON.parse(await tab.evaluate(() => navigator.clipboard.readText()));

	assert.deepEqual(capture.events.map(({ kind }) => kind), ['authorize', 'callback', 'token']);
	assert.ok(capture.events[0].url.includes(query.get('state')));
	const [download] = await Promise.all([tab.waitForEvent('download'), tab.getByRole('link', { name: 'Download as HAR' }).click()]);
	const har = JSON.parse(await readFile(await download.path(), 'utf8'));

	assert.equal(har.log.version, '1.2');
	assert.ok(har.log.entries.length >= 2);
	await visitor.leave();
});

test('a fault that is armed here fails the next login', async () => {
	await forgetAll();
	const [visitor, tab] = await visit();

	await signIn();
	await tab.getByRole('button', { name: 'Arm a fault' }).click();
	await tab.getByRole('combobox', { name: 'Fault' }).selectOption('code-expired');
	await tab.getByRole('button', { name: 'Arm', exact: true }).click();
	await tab.locator('#armed').getByText('1 left').waitFor();
	await tab.getByRole('button', { name: 'Close' }).click();
	const { tokens } = await signIn();

	assert.equal(tokens.error, 'invalid_grant');
	await tab.locator('.verdict code').getByText('code-expired', { exact: true }).waitFor();
	await tab.getByRole('button', { name: 'Arm a fault', exact: true }).click();
	await tab.getByLabel('Each time').check();
	await tab.getByRole('button', { name: 'Arm', exact: true }).click();
	await tab.locator('#armed').getByText('each time').waitFor();
	await tab.getByRole('button', { name: 'Disarm all' }).click();
	await tab.locator('#armed').getByText('Armed').waitFor({ state: 'detached' });
	assert.equal((await signIn()).tokens.status, 200);
	await visitor.leave();
});

/** Presses Tab until `wanted` has the focus. */
async function tabTo(tab, wanted) {
	for (let presses = 0; presses < 60; presses++) {
		await tab.keyboard.press('Tab');
		if (await wanted.evaluate((element) => element === document.activeElement))
			return;
	}
	assert.fail(`Tab does not lead to ${wanted}`);
}

test('with the keyboard alone: choose an attempt, open an arrow, go step by step', async () => {
	await forgetAll();
	await signIn();
	await authorize({ client: 'sandbox-public' });
	const [visitor, tab] = await visit();

	await rows(tab).nth(1).waitFor();
	await tabTo(tab, tab.locator('#list'));
	await tab.keyboard.press('End');
	assert.match(await tab.locator('#list [aria-selected=true]').innerText(), /succeeded/);
	await tab.keyboard.press('ArrowUp');
	assert.match(await tab.locator('#list [aria-selected=true]').innerText(), /under way/);
	await tab.keyboard.press('ArrowDown');
	await tab.locator('.step').nth(3).waitFor();
	await tabTo(tab, tab.locator('#step-next'));
	await tab.keyboard.press('Enter');
	assert.equal((await arrowTitles(tab)).length, 1);
	assert.equal(await tab.locator('#step-at').innerText(), 'Arrow 1 of 4');
	assert.equal(await tab.locator('.moment.happened').count(), 2);
	for (let arrow = 2; arrow <= 4; arrow++) {
		await tab.keyboard.press('Space');
		assert.equal(await tab.locator('#step-at').innerText(), `Arrow ${arrow} of 4`);
	}
	assert.equal(await tab.locator('.moment.happened').count(), 5);
	await tabTo(tab, tab.locator('.arrow').first());
	await tab.keyboard.press('ArrowDown');
	await tab.keyboard.press('Enter');
	assert.equal(await tab.locator('.arrow').nth(1).getAttribute('aria-expanded'), 'true');
	assert.match(await tab.locator('.inside:visible').first().innerText(), /The code travels through the browser/);
	await visitor.leave();
});

test('without scripts it says so, and where the attempts are', async () => {
	const [visitor, tab] = await visit({ javaScriptEnabled: false });

	await tab.getByText('draws with a script, and that does not run here').waitFor();
	assert.equal(await tab.getByRole('link', { name: 'JSON' }).getAttribute('href'), '/_sandbox/attempts');
	await visitor.leave();
});

for (const { what, textSize = '100%', ...options } of [
	{ what: 'a phone', viewport: { width: 390, height: 844 } },
	{ what: 'a narrow screen in the dark', viewport: { width: 320, height: 640 }, colorScheme: 'dark' },
	{ what: 'a narrow screen, text of double size', viewport: { width: 320, height: 640 }, textSize: '200%' },
	{ what: 'a laptop', viewport: { width: 1280, height: 720 } },
	{ what: 'a wide screen', viewport: { width: 2560, height: 1300 } },
])
	test(`${what}: nothing has to be scrolled sideways`, async () => {
		await forgetAll();
		await signIn({ token: (form) => form.set('code_verifier', 'another-verifier-that-is-long-enough-for-the-rfc-7636') });
		const [visitor, tab] = await visit(options);

		await tab.evaluate((size) => (document.documentElement.style.fontSize = size), textSize);
		await tab.locator('.verdict.bad').waitFor();
		await tab.locator('#pkce .result').waitFor();
		for (const arrow of await tab.locator('.arrow').all())
			await arrow.click();
		assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth), options.viewport.width);
		if (process.env.PICTURES)
			await tab.screenshot({ path: `${process.env.PICTURES}/console-${what.replaceAll(/\W+/g, '-')}.png`, fullPage: true });
		await visitor.leave();
	});

/** In the page: texts whose contrast with their ground is under 4.5:1 (WCAG 1.4.3). Half-transparent ones are mixed with what is behind. */
function paleTexts() {
	const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
	const rgba = (color) => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = color;
		canvas.fillRect(0, 0, 1, 1);
		const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;

		return [r, g, b, a / 255];
	};
	const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
	const groundOf = (element) => {
		const own = rgba(getComputedStyle(element).backgroundColor);

		return own[3] === 1 || !element.parentElement ? over(own, [255, 255, 255, 1]) : over(own, groundOf(element.parentElement));
	};
	const opacityOf = (element) => (element ? Number(getComputedStyle(element).opacity) * opacityOf(element.parentElement) : 1);
	const light = (color) => color.slice(0, 3).map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const pale = new Set();
	let seen = 0;

	while (walker.nextNode()) {
		const element = walker.currentNode.parentElement;

		if (!walker.currentNode.data.trim() || element instanceof SVGElement || !element.checkVisibility() || element.disabled || element.closest('.hidden-words'))
			continue;
		const ground = groundOf(element);
		const color = rgba(getComputedStyle(element).color);
		const lights = [light(over([...color.slice(0, 3), color[3] * opacityOf(element)], ground)), light(ground)].sort((a, b) => b - a);

		seen++;
		if ((lights[0] + 0.05) / (lights[1] + 0.05) < 4.5)
			pale.add(`${element.className || element.tagName}: ${walker.currentNode.data.trim().slice(0, 30)}`);
	}
	return { seen, pale: [...pale] };
}

for (const colorScheme of ['light', 'dark'])
	test(`${colorScheme}: every text stands out from its ground, everything has a name`, async () => {
		await forgetAll();
		await signIn();
		await authorize();
		await authorize({ change: (query, verifier) => query.set('code_challenge', sha256(verifier, 'hex')) });
		const [visitor, tab] = await visit({ colorScheme });

		for (const row of await rows(tab).all()) {
			await row.click();
			await tab.locator('.arrow').nth(1).waitFor();
			for (const arrow of await tab.locator('.arrow').all())
				await arrow.click();
			await tab.locator('#pkce > *').waitFor();
			const { seen, pale } = await tab.evaluate(paleTexts);

			assert.ok(seen > 40);
			assert.deepEqual(pale, []);
		}
		for (const role of ['button', 'link', 'textbox', 'searchbox', 'combobox', 'option', 'dialog', 'listbox', 'checkbox', 'spinbutton'])
			for (const element of await tab.getByRole(role, { includeHidden: true }).all())
				assert.ok(await element.evaluate((it) => Boolean(it.ariaLabel || it.textContent.trim() || it.labels?.length || it.hasAttribute('aria-labelledby'))),
					`${role}: ${await element.evaluate((it) => it.outerHTML.slice(0, 80))}`);
		assert.deepEqual(await tab.evaluate(() => {
			const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);

			return ids.filter((id, at) => ids.indexOf(id) !== at);
		}), []);
		assert.equal(await tab.getByRole('heading', { level: 1 }).count(), 1);
		await visitor.leave();
	});

test('a busy sandbox: hundreds of attempts, and the page still answers', async () => {
	await forgetAll();
	const [visitor, tab] = await visit();

	for (let batch = 0; batch < 60; batch++)
		await Promise.all(Array.from({ length: 10 }, () => authorize()));
	const { query } = await authorize();

	await tab.getByLabel('Text in the attempt').fill(query.get('state'));
	await tab.waitForFunction(() => document.querySelectorAll('#list > li:not([hidden])').length === 1);
	const rowsThere = await tab.locator('#list > li').count();
	const took = await tab.evaluate(async () => {
		const input = document.getElementById('filter-text');
		const before = performance.now();

		input.value = '';
		input.dispatchEvent(new Event('input'));
		await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
		return performance.now() - before;
	});

	assert.ok(rowsThere > 300 && rowsThere <= 512, `${rowsThere} rows`);
	assert.ok(took < 2000, `${took} ms`);
	await visitor.leave();
});

test('the reader: values are aligned where they are akin, and left as they are where not', async () => {
	const [visitor, tab] = await visit();
	const aligned = (got, want) => tab.evaluate(async (values) => {
		const { align } = await import('/_sandbox/console/reading.js');

		return [0, 1].map((side) => align(...values).map((column) => column[side] ?? '·').join(''));
	}, [got, want]);

	assert.deepEqual(await aligned('abc=', 'abc'), ['abc=', 'abc·']);
	assert.deepEqual(await aligned('callback', 'callback/'), ['callback·', 'callback/']);
	assert.deepEqual(await aligned('http://localhost/cb', 'http://localhost:80/cb'), ['http://localhost···/cb', 'http://localhost:80/cb']);
	assert.deepEqual(await aligned('abcdef', 'abXdef'), ['abcdef', 'abXdef']);
	assert.deepEqual(await aligned('0a1b', 'Zy-_Xw'), ['0a1b··', 'Zy-_Xw']);
	assert.deepEqual(await aligned('', ''), ['', '']);
	await visitor.leave();
});
