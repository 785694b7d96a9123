// What the pages promise to whoever reads them: they work without scripts, with the keyboard alone, on the narrowest screens and with
// large text, and say what they are (WCAG 2.2: 1.4.10, 1.4.4, 2.1.1, 2.4.2, 2.4.7, 3.1.1, 4.1.2).
import assert from 'node:assert/strict';
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

test('without scripts: sign in, decline, sign out', async () => {
	const visitor = await Visitor.arrive(browser, demo, { javaScriptEnabled: false });
	const tab = await visitor.tab();

	await visitor.signsIn(tab, 'TikTok', 'Ada Lovelace');
	await tab.getByRole('button', { name: 'Sign out', exact: true }).click();
	await visitor.isSignedOut(tab);
	await visitor.goToProvider(tab, 'TikTok');
	await visitor.decides(tab, { person: 'Ada Lovelace', button: 'Deny' });
	await visitor.seesFault(tab, 'user-denied');
	await visitor.leave();
});

/** Presses Tab until `wanted` has the focus. */
async function tabTo(tab, wanted) {
	for (let presses = 0; presses < 40; presses++) {
		await tab.keyboard.press('Tab');
		if (await wanted.evaluate((element) => element === document.activeElement))
			return;
	}
	assert.fail(`Tab does not lead to ${wanted}`);
}

test('with the keyboard alone: sign in with a scope switched off, sign out', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const tab = await visitor.tab();

	await tab.goto(`${demo.gateway}/`);
	await tabTo(tab, tab.getByRole('link', { name: 'Continue with TikTok', exact: true }));
	await tab.keyboard.press('Enter');
	await visitor.sees(tab, /^Allow sandbox-client to sign you in/);
	await tabTo(tab, tab.getByRole('radio', { name: 'Ada Lovelace' }));
	await tab.keyboard.press('ArrowDown');
	await tab.keyboard.press('Space');
	await tabTo(tab, tab.getByRole('checkbox', { name: 'video.upload' }));
	await tab.keyboard.press('Space');
	await tabTo(tab, tab.getByRole('button', { name: 'Allow', exact: true }));
	await tab.keyboard.press('Enter');
	await visitor.isSignedIn(tab, 'Grace Hopper');
	assert.equal(visitor.callbacks[0].searchParams.get('scopes'), 'user.info.basic,user.info.profile,video.list,video.publish');
	await tabTo(tab, tab.getByRole('button', { name: 'Sign out', exact: true }));
	await tab.keyboard.press('Space');
	await visitor.isSignedOut(tab);
	await visitor.leave();
});

test('what has the focus shows it', async () => {
	const visitor = await Visitor.arrive(browser, demo);

	await visitAll(visitor, async (tab, page) => {
		await tab.keyboard.press('Tab');
		const shown = await tab.evaluate(() => {
			const focused = document.activeElement;
			const outlines = [focused, focused.closest('label')].filter(Boolean)
				.map((element) => parseFloat(getComputedStyle(element).outlineWidth) || 0);

			return focused === document.body ? 'nothing has the focus' : Math.max(...outlines);
		});

		assert.ok(shown >= 2, `${page}: ${shown}`);
	});
	await visitor.leave();
});

for (const { textSize, what } of [{ textSize: '100%', what: 'text as it is' }, { textSize: '200%', what: 'text of double size' }]) {
	test(`320 pixels wide, ${what}: nothing has to be scrolled sideways`, async () => {
		const visitor = await Visitor.arrive(browser, demo, { viewport: { width: 320, height: 640 } });

		await visitAll(visitor, async (tab, page) => {
			const width = await tab.evaluate((size) => {
				document.documentElement.style.fontSize = size;
				return document.documentElement.scrollWidth;
			}, textSize);

			assert.equal(width, 320, page);
		});
		await visitor.leave();
	});
}

test('each page says its language, its title and one first heading, and names all it asks for', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const titles = [];

	await visitAll(visitor, async (tab, page) => {
		titles.push(await tab.title());
		assert.equal(await tab.locator('html').getAttribute('lang'), 'en', page);
		assert.equal(await tab.getByRole('heading', { level: 1 }).count(), 1, page);
		assert.equal(await tab.getByRole('main').count(), 1, page);
		assert.equal(await tab.locator('input:not([type=hidden])').evaluateAll((inputs) =>
			inputs.filter((input) => !input.labels.length).length), 0, page);
	});
	assert.equal(new Set(titles).size, titles.length, titles.join(', '));
	await visitor.leave();
});
