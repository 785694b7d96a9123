// Somebody gets hold of the address that leads back from the provider and opens it in a browser of their own: the oldest attack on this
// protocol (RFC 6749 10.12), and what a person does who copies a link. Nothing comes of it, and the login goes on where it began.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDemo } from './programs.mjs';
import { launchBrowser, Visitor } from './visitor.mjs';

let demo, browser;

before(async () => {
	[demo, browser] = await Promise.all([startDemo(), launchBrowser()]);
});

after(async () => {
	await browser.close();
	await demo.stop();
});

async function finishElsewhere(prepareStranger, fault) {
	const owner = await Visitor.arrive(browser, demo);
	const stranger = await Visitor.arrive(browser, demo);
	const [ownerTab, strangerTab] = [await owner.tab(), await stranger.tab()];

	await owner.goToProvider(ownerTab, 'TikTok');
	const callback = await owner.catchCallback(ownerTab, 'Ada Lovelace');

	await prepareStranger(stranger, strangerTab);
	await strangerTab.goto(callback);
	await stranger.seesFault(strangerTab, fault);
	assert.equal((await stranger.me()).status, 401);

	await ownerTab.goto(callback);
	await owner.isSignedIn(ownerTab, 'Ada Lovelace');
	await owner.leave();
	await stranger.leave();
}

test('G-15 G-17 a browser without cookies finishes nothing', () => finishElsewhere(async () => {}, 'login-cookie-lost'));

test('a browser that has a login of its own under way does not finish this one', () =>
	finishElsewhere((stranger, tab) => stranger.goToProvider(tab, 'TikTok'), 'state-mismatch'));

test('a state that was altered on its way is told from a strange one', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const tab = await visitor.tab();

	await visitor.goToProvider(tab, 'RFC 7636');
	const callback = new URL(await visitor.catchCallback(tab, 'Ada Lovelace'));
	const state = callback.searchParams.get('state');

	callback.searchParams.set('state', state.slice(0, -1) + (state.endsWith('A') ? 'Q' : 'A'));
	await tab.goto(callback.href);
	await visitor.seesFault(tab, 'state-altered');
	callback.searchParams.set('state', 'made-up');
	await tab.goto(callback.href);
	await visitor.seesFault(tab, 'login-unknown');
	callback.searchParams.set('state', state);
	await tab.goto(callback.href);
	await visitor.isSignedIn(tab, 'Ada Lovelace');
	await visitor.leave();
});
