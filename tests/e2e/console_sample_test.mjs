// The console's own login: at every provider that it offers it gets in, and each mistake that it can make on purpose is refused and named.
import assert from 'node:assert/strict';
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

async function arrive() {
	const visitor = await Visitor.arrive(browser, site);
	const tab = await visitor.tab();

	await tab.goto(`${site.sandbox}/_sandbox/console`);
	await tab.locator('#sample-provider option').first().waitFor({ state: 'attached' });
	return [visitor, tab];
}

const valuesOf = (tab, choice) => tab.locator(`${choice} option`).evaluateAll((options) => options.map(({ value }) => value));

/** Signs in by the console, and waits until the attempt stands in the list as `outcome`; gives its verdict. */
async function signIn(tab, provider, mistake, outcome) {
	await tab.goto('about:blank'); // nobody asks for what is about to be forgotten
	await fetch(`${site.sandbox}/_sandbox/attempts`, { method: 'DELETE' });
	await tab.goto(`${site.sandbox}/_sandbox/console`);
	await tab.locator('#live[data-state=live]').waitFor();
	await tab.getByRole('button', { name: 'Start a login' }).click();
	await tab.locator('#sample-provider').selectOption(provider);
	await tab.locator('#sample-mistake').selectOption(mistake);
	await tab.locator('#sample button[type=submit]').click();
	await tab.locator(`#list > [data-outcome=${outcome}]`).waitFor();
	const [{ id, provider: seen }] = await fetch(`${site.sandbox}/_sandbox/attempts`).then((reply) => reply.json());
	const { verdict } = await fetch(`${site.sandbox}/_sandbox/attempts/${id}/explain`).then((reply) => reply.json());

	assert.equal(seen, provider);
	return verdict;
}

test('it gets in at every provider that it offers', async () => {
	const [visitor, tab] = await arrive();
	const providers = await valuesOf(tab, '#sample-provider');

	assert.ok(providers.length >= 30, `${providers.length} providers`);
	for (const provider of providers)
		assert.equal(await signIn(tab, provider, 'none', 'succeeded'), null, provider);
	await visitor.leave();
});

test('each mistake is refused, and named', async () => {
	const [visitor, tab] = await arrive();
	const verdicts = {
		'verifier-lost': 'verifier-missing', 'verifier-mixed': 'verifier-mismatch', 'challenge-spelling': 'challenge-is-hex',
		'challenge-absent': 'challenge-missing', 'redirect-differs': 'redirect-uri-differs', 'secret-wrong': 'secret-rejected',
		'code-twice': 'code-reused',
	};

	assert.deepEqual((await valuesOf(tab, '#sample-mistake')).sort(), ['none', ...Object.keys(verdicts)].sort());
	for (const [mistake, verdict] of Object.entries(verdicts))
		assert.equal(await signIn(tab, 'rfc7636', mistake, 'failed'), verdict, mistake);
	// The provider's refusals, which the browser notes; the mistakes are what this is about.
	assert.deepEqual(visitor.complaints.splice(0).filter((complaint) => !/status of 40[01] .*\/rfc7636\/token/.test(complaint)), []);
	await visitor.leave();
});
