// The gateway is restarted, all its processes, while people are at the provider. Nothing of an attempt is stored, so nothing is lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startParts } from './programs.mjs';
import { launchBrowser, Visitor } from './visitor.mjs';

let site, browser;

before(async () => {
	[site, browser] = await Promise.all([startParts(), launchBrowser()]);
});

after(async () => {
	await browser.close();
	await site.stop();
});

test('a login that began before a restart ends after it', async () => {
	const visitor = await Visitor.arrive(browser, site);
	const tab = await visitor.tab();

	await visitor.goToProvider(tab, 'TikTok');
	await site.restartGateway();
	await visitor.decides(tab, { person: 'Ada Lovelace' });
	await visitor.isSignedIn(tab, 'Ada Lovelace');
	await visitor.leave();
});

test('a code that was given out before a restart is redeemed after it', async () => {
	const visitor = await Visitor.arrive(browser, site);
	const tab = await visitor.tab();

	await visitor.goToProvider(tab, 'TikTok');
	const callback = await visitor.catchCallback(tab, 'Grace Hopper');
	await site.restartGateway();
	await tab.goto(callback);
	await visitor.isSignedIn(tab, 'Grace Hopper');
	await visitor.leave();
});

test('a session outlives a restart, and so does its end', async () => {
	const visitor = await Visitor.arrive(browser, site);
	const tab = await visitor.tab();

	await visitor.signsIn(tab, 'TikTok', 'Linus Pauling');
	const cookies = await visitor.cookies();
	await site.restartGateway();
	assert.equal((await visitor.me()).name, 'Linus Pauling');

	await tab.getByRole('button', { name: 'Sign out', exact: true }).click();
	await visitor.isSignedOut(tab);
	await visitor.context.addCookies(cookies);
	await site.restartGateway();
	assert.equal((await visitor.me()).status, 401);
	await visitor.leave();
});
