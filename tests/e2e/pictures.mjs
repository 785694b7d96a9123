// Renews the pictures of docs/pictures from the program as it is: run `npm run pictures` after a change to web/. They show what
// script/demo shows, so its two addresses have to be free; others can be given: `npm run pictures -- 127.0.0.1:8081 127.0.0.1:9401`.
// Needs pngquant, which makes a picture a third of its size.
import { execFileSync } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startDemo } from './programs.mjs';
import { launchBrowser, Visitor } from './visitor.mjs';

const directory = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const width = 560;
const height = 400; /* of the window; a picture is as high as its page */
const margin = 32;

async function keep(tab, name, part = {}) {
	const path = `${directory}${name}`;

	await tab.screenshot({ path, ...part });
	execFileSync('pngquant', ['--force', '--strip', '--speed', '1', '--output', path, path]);
	console.log(`${name} ${Math.ceil((await stat(path)).size / 1000)} kB`);
}

/** The page without the empty space above and below it. */
async function draw(tab, name) {
	await tab.mouse.move(0, 0);
	const { top, bottom } = await tab.evaluate(() => {
		const parts = [...document.body.children].map((part) => part.getBoundingClientRect());

		return { top: parts[0].top + scrollY, bottom: parts.at(-1).bottom + scrollY };
	});

	await keep(tab, `${name}.png`, { fullPage: true, clip: { x: 0, y: top - margin, width, height: bottom - top + 2 * margin } });
}

/** The demo has a button for each of its providers: as many as a window shows. */
async function drawSignIn(browser, demo, colorScheme) {
	const visitor = await Visitor.arrive(browser, demo, { viewport: { width: 1080, height: 620 }, deviceScaleFactor: 2, colorScheme });
	const tab = await visitor.tab();
	const name = `sign-in${colorScheme === 'dark' ? '-dark' : ''}.png`;

	await tab.goto(`${demo.gateway}/`);
	await tab.mouse.move(0, 0);
	await keep(tab, name);
	await visitor.leave();
}

const open = async (browser, demo, colorScheme = 'light') => {
	const visitor = await Visitor.arrive(browser, demo, { viewport: { width, height }, deviceScaleFactor: 2, colorScheme });

	return [visitor, await visitor.tab()];
};

/** The console, with a login that failed and what is wrong with it. It is shown in a window of its own size: it has no margin to cut off. */
async function drawConsole(browser, demo, colorScheme) {
	const visitor = await Visitor.arrive(browser, demo, { viewport: { width: 1360, height: 1300 }, colorScheme });
	const tab = await visitor.tab();

	await tab.goto(`${demo.sandbox}/_sandbox/console`);
	await tab.getByRole('button', { name: 'Start a login' }).click();
	await tab.locator('#sample-provider').selectOption('tiktok-desktop');
	await tab.locator('#sample-mistake').selectOption('challenge-spelling');
	await tab.locator('#sample button[type=submit]').click();
	await visitor.decides(tab, { person: 'Ada Lovelace' });
	await tab.locator('.verdict.bad').waitFor();
	await tab.locator('#pkce .result').waitFor();
	await keep(tab, `console${colorScheme === 'dark' ? '-dark' : ''}.png`);
	// The answer to the wrong challenge is a refusal, and the browser notes it.
	visitor.complaints.splice(0, Infinity, ...visitor.complaints.filter((complaint) => !/status of 400/.test(complaint)));
	await visitor.leave();
}

const [listen = '127.0.0.1:8080', sandboxListen = '127.0.0.1:9400'] = process.argv.slice(2);
const demo = await startDemo({ listen, sandboxListen });
const browser = await launchBrowser();

try {
	await mkdir(directory, { recursive: true });
	const [visitor, tab] = await open(browser, demo);

	await visitor.goToProvider(tab, 'TikTok');
	await draw(tab, 'consent');
	const callback = await visitor.catchCallback(tab, 'Ada Lovelace');
	await visitor.signsIn(tab, 'RFC 7636', 'Ada Lovelace');
	await draw(tab, 'signed-in');
	await visitor.leave();

	const [stranger, strangerTab] = await open(browser, demo);

	await stranger.goToProvider(strangerTab, 'TikTok');
	await strangerTab.goto(callback);
	await draw(strangerTab, 'fault');
	await stranger.leave();

	for (const colorScheme of ['light', 'dark']) {
		await drawSignIn(browser, demo, colorScheme);
		await drawConsole(browser, demo, colorScheme);
	}
} finally {
	await browser.close();
	await demo.stop();
}
