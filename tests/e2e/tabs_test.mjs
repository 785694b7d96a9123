// Twenty tabs of one browser log in at once. No attempt may take another's place, whatever the order in which they come back and
// whether the browser was known before or not.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startDemo } from './programs.mjs';
import { launchBrowser, Visitor } from './visitor.mjs';

const tabCount = 20;
const logins = ['genesys', 'rfc7636', 'tiktok-desktop', 'tiktok'];
const people = ['Ada Lovelace', 'Grace Hopper', 'Linus Pauling'];
let demo, browser;

before(async () => {
	[demo, browser] = await Promise.all([startDemo(), launchBrowser()]);
});

after(async () => {
	await browser.close();
	await demo.stop();
});

/** Fisher and Yates. */
function shuffle(items) {
	for (let i = items.length - 1; i > 0; i--) {
		const j = randomInt(i + 1);

		[items[i], items[j]] = [items[j], items[i]];
	}
	return items;
}

async function openTabs(visitor) {
	const attempts = [];

	for (let i = 0; i < tabCount; i++)
		attempts.push({ login: logins[i % logins.length], person: people[i % people.length], tab: await visitor.tab() });
	return attempts;
}

const startAll = (attempts) =>
	Promise.all(attempts.map(({ login, tab }) => tab.goto(`${demo.gateway}/login/${login}`)));

test('G-16 twenty tabs that wait at their providers are finished in any order', async (t) => {
	const visitor = await Visitor.arrive(browser, demo);
	const attempts = await openTabs(visitor);

	await attempts[0].tab.goto(`${demo.gateway}/login/${attempts[0].login}`);
	await startAll(attempts);
	shuffle(attempts);
	t.diagnostic(`order: ${attempts.map(({ login, person }) => `${login} ${person}`).join(', ')}`);
	for (const { login, person, tab } of attempts) {
		await visitor.decides(tab, { person });
		await visitor.isSignedIn(tab, person);
		assert.equal((await visitor.me()).provider, login);
	}
	assert.equal((await visitor.cookies()).length, 3);
	await visitor.leave();
});

test('twenty tabs opened at one moment in a browser without cookies are finished at one moment', async () => {
	const visitor = await Visitor.arrive(browser, demo);
	const attempts = await openTabs(visitor);

	await startAll(attempts);
	await Promise.all(attempts.map(({ person, tab }) => visitor.decides(tab, { person })));
	await Promise.all(attempts.map(({ tab }) => tab.waitForURL(`${demo.gateway}/`)));
	assert.equal(visitor.callbacks.length, tabCount);
	// Each came home signed in, though with a session that another tab's may have replaced since.
	for (const { tab } of attempts)
		await tab.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
	assert.equal((await visitor.me()).status, 200);
	await visitor.leave();
});
