// The console: the list of attempts and what is done with them. It listens to the sandbox's events, reads each attempt once, and touches the
// page once per frame however many arrive. It trusts nothing that an attempt says; all of it becomes text (see console-draw.js).
import { Diagram, drawPkce, drawVerdict, el, hashOf, hidden, marksOf, sign } from './draw.js';
import { readAttempt, searchText } from './reading.js';
import { finishSample, mistakes, startSample } from './sample.js';

const attemptsMax = 512; /* as many as the sandbox keeps */
const explainAfter = 120; /* milliseconds without news of an attempt */
const sayAfter = 1500; /* milliseconds between two announcements */

const byId = (id) => document.getElementById(id);

/* What is known */
const attempts = new Map(); /* by id, oldest first: { raw, reading, row, search, parts } */
const waiting = new Map(); /* arrived while paused, by id */
const touched = new Set(); /* ids whose row is out of date */
let providers = [];
let faults = []; /* that the sandbox can produce, with how many times each is armed */
let selected = '';
let chosen = false; /* somebody has selected, so that the newest is not shown by itself */
let paused = false;
let steps = Infinity; /* arrows that are shown */
let report; /* of the selected attempt */
let comparisons = [];
let detailStale = false;
let frameAsked = false;

const diagram = new Diagram();

async function ask(path, options) {
	const reply = await fetch(path, { headers: { Accept: 'application/json' }, ...options });

	if (!reply.ok) {
		const document = await reply.json().catch(() => ({}));

		throw new Error(document.error_description ?? document.error ?? `The sandbox answers ${reply.status}.`);
	}
	return reply.status === 204 ? undefined : reply.json();
}

const change = (path, method, document) => ask(path, {
	method, headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify(document ?? {}),
});

const titleOf = (name) => providers.find((provider) => provider.name === name)?.title ?? name;
const outcomes = { succeeded: 'succeeded', failed: 'failed', waiting: 'under way' };

/* News to who cannot see the page: one sentence for many attempts. */
const announce = (() => {
	let count = 0, last, timer;

	return (reading) => {
		count++;
		last = reading;
		timer ??= setTimeout(() => {
			byId('said').textContent = count > 1 ? `${count} new attempts` : `New attempt at ${titleOf(last.provider)}`;
			count = 0;
			timer = undefined;
		}, sayAfter);
	};
})();

/* The list */

function drawRow(id) {
	const parts = {
		sign: el('span', { class: 'row-sign' }), title: el('span', { class: 'row-title' }), time: el('time', { class: 'row-time' }),
		client: el('span', { class: 'row-client' }), words: el('span', { class: 'row-words' }),
	};
	const row = el('li', { role: 'option', id: `attempt-${id}`, 'aria-selected': 'false', click: () => select(id, true) }, Object.values(parts));

	return { row, parts };
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

function updateRow({ reading, row, parts }) {
	const outcome = row.dataset.outcome === reading.outcome ? undefined : reading.outcome;
	const write = (element, text) => element.textContent === text || (element.textContent = text);

	if (outcome) {
		row.dataset.outcome = outcome;
		parts.sign.replaceChildren(sign(outcome), hidden(`${outcomes[outcome]}: `));
	}
	write(parts.title, titleOf(reading.provider));
	write(parts.client, reading.client || 'no client id');
	write(parts.words, reading.verdict || reading.refusal || outcomes[reading.outcome]);
	write(parts.time, reading.at ? clock.format(reading.at * 1000) : '');
}

/** Whether an attempt passes the filter. */
function matches(entry) {
	const wanted = byId('filter-text').value.trim().toLowerCase();
	const provider = byId('filter-provider').value, outcome = byId('filter-outcome').value;

	return (!provider || entry.reading.provider === provider) && (!outcome || entry.reading.outcome === outcome) &&
		(!wanted || (entry.search ??= searchText(entry.raw) + entry.reading.verdict).includes(wanted));
}

function addProvider(name) {
	const choice = byId('filter-provider');

	if (name && ![...choice.options].some(({ value }) => value === name))
		choice.append(el('option', { value: name }, titleOf(name)));
}

/* An armed fault may have been used up by what has just happened. */
const lookAtFaults = (() => {
	let timer;

	return () => {
		if (faults.some((fault) => fault.armed))
			timer ??= setTimeout(() => {
				timer = undefined;
				showFaults().catch(() => undefined);
			}, 500);
	};
})();

/** An attempt is new, or has grown. */
function take(raw) {
	if (typeof raw?.id !== 'string')
		return;
	const known = attempts.get(raw.id);
	// A list does not say what an event has said already.
	const reading = readAttempt({ verdict: known?.reading.verdict, ...raw });

	if (known) {
		Object.assign(known, { raw, reading, search: undefined });
	} else {
		attempts.set(raw.id, { raw, reading, search: undefined, ...drawRow(raw.id) });
		addProvider(reading.provider);
		announce(reading);
	}
	touched.add(raw.id);
	lookAtFaults();
	if (raw.id === selected)
		renew();
	askFrame();
}

function forget(id) {
	attempts.get(id)?.row.remove();
	attempts.delete(id);
	touched.delete(id);
	if (id === selected)
		select('', false);
}

/** Brings the page up to date, once per frame. */
function frame() {
	const list = byId('list');

	frameAsked = false;
	for (const id of touched) {
		const entry = attempts.get(id);

		if (!entry)
			continue;
		updateRow(entry);
		entry.row.hidden = !matches(entry);
		if (!entry.row.parentNode)
			list.prepend(entry.row);
	}
	touched.clear();
	while (attempts.size > attemptsMax)
		forget(attempts.keys().next().value);
	if (!chosen || !attempts.has(selected))
		selectNewest();
	if (detailStale)
		showDetail();
	showCount();
}

function askFrame() {
	if (!frameAsked)
		requestAnimationFrame(frame);
	frameAsked = true;
}

function showCount() {
	const visible = [...attempts.values()].filter(({ row }) => !row.hidden).length;

	byId('count').textContent = visible === attempts.size ? String(attempts.size) : `${visible} of ${attempts.size}`;
	byId('no-match').hidden = visible > 0;
	byId('empty').hidden = attempts.size > 0;
	byId('console').classList.toggle('nothing', attempts.size === 0);
}

function selectNewest() {
	const newest = [...attempts.values()].findLast(({ row }) => !row.hidden);

	if (newest && newest.reading.id !== selected)
		select(newest.reading.id, false);
}

function select(id, bySomebody) {
	attempts.get(selected)?.row.setAttribute('aria-selected', 'false');
	selected = id;
	chosen = bySomebody || (chosen && id !== '');
	report = undefined;
	steps = Infinity;
	diagram.reset();
	const entry = attempts.get(id);

	byId('detail').hidden = !entry;
	if (!entry) {
		byId('list').removeAttribute('aria-activedescendant');
		return;
	}
	entry.row.setAttribute('aria-selected', 'true');
	byId('list').setAttribute('aria-activedescendant', entry.row.id);
	if (bySomebody)
		entry.row.scrollIntoView({ block: 'nearest' });
	renew();
}

byId('list').addEventListener('keydown', (event) => {
	const ids = [...attempts.values()].filter(({ row }) => !row.hidden).map(({ reading }) => reading.id).reverse();
	const at = ids.indexOf(selected);
	const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: ids.length - 1 }[event.key];

	if (to === undefined || ids.length === 0)
		return;
	event.preventDefault();
	select(ids[Math.max(0, Math.min(to, ids.length - 1))], true);
});

/* The selected attempt */

const explain = (() => {
	let timer;

	return () => {
		const id = selected;

		clearTimeout(timer);
		timer = setTimeout(async () => {
			if (!attempts.has(id))
				return;
			const fresh = await ask(`/_sandbox/attempts/${encodeURIComponent(id)}/explain`).catch(() => undefined);
			const entry = attempts.get(id);

			if (id !== selected || !entry)
				return;
			report = fresh;
			if (fresh && (fresh.verdict ?? '') !== entry.reading.verdict)
				take({ ...entry.raw, verdict: fresh.verdict ?? '' });
			detailStale = true;
			askFrame();
		}, explainAfter);
	};
})();

/** The selected attempt is another, or has news. */
function renew() {
	detailStale = true;
	explain();
	askFrame();
}

const spellingOf = ({ provider, pair }) => {
	const known = providers.find(({ name }) => name === provider)?.challenge;

	return known === 'hex' || (!known && /^[0-9a-f]{64}$/.test(pair.challenge.value)) ? 'hex' : 'base64url';
};

/** Redraws what has comparisons in it, and remembers them: their lines are broken to fit. */
function replace(id, make) {
	const fresh = [];

	comparisons = comparisons.filter((comparison) => !byId(id).contains(comparison.element));
	byId(id).replaceChildren(...[make(fresh)].flat().filter(Boolean));
	comparisons.push(...fresh);
	fresh.forEach((comparison) => comparison.fit());
}

async function showPkce(reading) {
	const hash = reading.pair.verifier.value ? await hashOf(reading.pair.verifier.value) : undefined;

	if (reading.id === selected)
		replace('pkce', (fresh) => drawPkce(reading, hash, spellingOf(reading), steps, fresh));
}

/* What the verdict was drawn from: it is not drawn anew, under somebody's focus, for news that do not concern it. */
let verdictShown;

function showVerdict(reading) {
	const from = JSON.stringify([reading.id, reading.outcome, reading.arrows.length, report]);

	if (from === verdictShown)
		return;
	verdictShown = from;
	replace('verdict', (fresh) => drawVerdict(reading, report, fresh, (key) => {
		showSteps(Infinity);
		diagram.goTo(key);
	}));
}

function showDetail() {
	const reading = attempts.get(selected)?.reading;

	detailStale = false;
	if (!reading)
		return;
	byId('detail-title').replaceChildren(sign(reading.outcome), titleOf(reading.provider), hidden(`: ${outcomes[reading.outcome]}`));
	byId('detail-facts').textContent = [
		reading.client, reading.at ? new Date(reading.at * 1000).toLocaleString() : '', `attempt ${reading.id}`,
	].filter(Boolean).join(' · ');
	byId('har').href = `/_sandbox/attempts/${encodeURIComponent(reading.id)}/har`;
	byId('har').download = `proofkey-${reading.id.replace(/[^\w-]/g, '')}.har`;
	showVerdict(reading);
	diagram.show(reading, titleOf(reading.provider), marksOf(reading, report));
	showSteps(steps);
}

/* Step by step */

function showSteps(count) {
	const reading = attempts.get(selected)?.reading;
	const all = reading?.arrows.length ?? 0;
	const stepping = count < Infinity;

	steps = count;
	diagram.limit(count);
	byId('step-back').hidden = byId('step-all').hidden = byId('step-at').hidden = !stepping;
	byId('step-back').disabled = count <= 1;
	byId('step-next').textContent = stepping ? 'Next arrow' : 'Step through';
	byId('step-next').disabled = stepping && count >= all;
	byId('step-at').textContent = stepping ? `Arrow ${Math.min(count, all)} of ${all}` : '';
	byId('verdict').hidden = stepping && count < all;
	if (reading)
		showPkce(reading);
}

function stepTo(count) {
	showSteps(count);
	diagram.only(count - 1);
}

byId('step-next').addEventListener('click', () => stepTo(steps < Infinity ? steps + 1 : 1));
byId('step-back').addEventListener('click', () => stepTo(Math.max(1, steps - 1)));
byId('step-all').addEventListener('click', () => {
	showSteps(Infinity);
	byId('step-next').focus();
});

/* What can be done with an attempt, and with all of them */

byId('copy').addEventListener('click', async ({ currentTarget: button }) => {
	const words = await navigator.clipboard.writeText(`${JSON.stringify(attempts.get(selected).raw.capture, null, 1)}\n`)
		.then(() => 'Copied', () => 'The browser does not allow it');

	button.textContent = byId('said').textContent = words;
	setTimeout(() => (button.textContent = 'Copy as capture'), 2000);
});

function setPaused(on) {
	paused = on;
	byId('pause').setAttribute('aria-pressed', String(on));
	byId('pause').textContent = on ? 'Go on' : 'Pause';
	if (!on) {
		for (const raw of waiting.values())
			take(raw);
		waiting.clear();
	}
	showLive();
}

byId('pause').addEventListener('click', () => setPaused(!paused));

function clearAll() {
	waiting.clear();
	[...attempts.keys()].forEach(forget);
	chosen = false;
	askFrame();
}

byId('clear').addEventListener('click', async () => {
	try {
		await change('/_sandbox/attempts', 'DELETE');
		clearAll();
	} catch (error) {
		byId('live-words').textContent = `Not cleared: ${error.message}`;
	}
});

for (const id of ['filter-text', 'filter-provider', 'filter-outcome'])
	byId(id).addEventListener('input', () => {
		for (const entry of attempts.values())
			entry.row.hidden = !matches(entry);
		if (attempts.get(selected)?.row.hidden)
			selectNewest();
		askFrame();
	});
byId('filter').addEventListener('submit', (event) => event.preventDefault());

/* Comparisons break their lines where the room ends. */
new ResizeObserver(() => comparisons.forEach((comparison) => comparison.fit())).observe(byId('detail'));

/* Dialogs */

for (const dialog of document.querySelectorAll('dialog')) {
	dialog.querySelector('[value=cancel]').addEventListener('click', () => dialog.close());
	byId(`open-${dialog.id}`).addEventListener('click', () => dialog.showModal());
}

const sampleProvider = () => providers.find(({ name }) => name === byId('sample-provider').value);

async function beginSample(provider, mistake) {
	try {
		await startSample(provider, mistake);
	} catch (error) {
		byId('sample-problem').textContent = error.message;
		if (!byId('sample').open)
			byId('sample').showModal();
	}
}

byId('sample').querySelector('form').addEventListener('submit', (event) => {
	event.preventDefault();
	beginSample(sampleProvider(), byId('sample-mistake').value);
});
byId('watch').addEventListener('click', () => beginSample(sampleProvider(), 'none'));

async function showFaults() {
	faults = await ask('/_sandbox/faults');
	const chosenFault = byId('fault-id').value;
	const armed = faults.filter((fault) => fault.armed || fault.always);

	byId('fault-id').replaceChildren(...faults.map(({ fault }) => el('option', { value: fault }, fault)));
	if (chosenFault)
		byId('fault-id').value = chosenFault;
	byId('fault-words').textContent = faults.find(({ fault }) => fault === byId('fault-id').value)?.title ?? '';
	byId('open-faults').textContent = armed.length ? `Arm a fault (${armed.length} armed)` : 'Arm a fault';
	byId('armed').replaceChildren(...(armed.length ? [
		el('h3', {}, 'Armed'),
		el('ul', {}, armed.map(({ fault, armed: left, always }) => el('li', {}, el('code', {}, fault), always ? ' each time' : ` ${left} left`))),
		el('button', { type: 'button', class: 'tool', click: () => changeFaults('DELETE') }, 'Disarm all'),
	] : []));
}

async function changeFaults(method, document) {
	try {
		byId('fault-problem').textContent = '';
		await change('/_sandbox/faults', method, document);
		await showFaults();
		byId('said').textContent = document ? `${document.fault} is armed` : 'All faults are disarmed';
	} catch (error) {
		byId('fault-problem').textContent = error.message;
	}
}

byId('open-faults').addEventListener('click', () => showFaults().catch((error) => (byId('fault-problem').textContent = error.message)));
byId('fault-always').addEventListener('change', ({ currentTarget: { checked } }) => (byId('fault-times').disabled = checked));
byId('fault-id').addEventListener('change', () => {
	byId('fault-words').textContent = faults.find(({ fault }) => fault === byId('fault-id').value)?.title ?? '';
});
byId('faults').querySelector('form').addEventListener('submit', (event) => {
	event.preventDefault();
	const provider = byId('fault-provider').value;
	const often = byId('fault-always').checked ? { always: true } : { times: byId('fault-times').valueAsNumber };

	changeFaults('POST', { fault: byId('fault-id').value, ...often, ...(provider && { provider }) });
});

/* Live */

let connection = 'starting';

function showLive(state = connection) {
	connection = state;
	byId('live').dataset.state = paused ? 'paused' : state;
	byId('live-words').textContent = paused ? `Paused${waiting.size ? `, ${waiting.size} new` : ''}`
		: { starting: 'Starting', live: 'Live', lost: 'The sandbox does not answer; trying again' }[state];
}

function receive(raw) {
	if (!paused)
		take(raw);
	else if (typeof raw?.id === 'string') {
		waiting.set(raw.id, raw);
		showLive();
	}
}

/** All that the sandbox has: at the start, and after a pause in which events may have been missed. */
async function catchUp() {
	const all = await ask(`/_sandbox/attempts?limit=${attemptsMax}`);
	const there = new Set(all.map(({ id }) => id));

	for (const id of [...attempts.keys()])
		if (!there.has(id))
			forget(id);
	all.forEach(receive);
	askFrame();
}

function listen() {
	const events = new EventSource('/_sandbox/events');

	events.addEventListener('attempt', ({ data }) => receive(JSON.parse(data)));
	events.addEventListener('open', async () => {
		await catchUp().catch(() => undefined);
		showLive('live');
	});
	events.addEventListener('error', () => {
		showLive('lost');
		// A browser gives up for good when the answer was no; a sandbox that is being restarted says nothing else.
		if (events.readyState === EventSource.CLOSED)
			setTimeout(listen, 2000);
	});
}

async function start() {
	byId('no-script').remove();
	({ providers } = await ask('/'));
	const usable = providers.filter(({ pkce, token_url: url }) => ['required', 'optional'].includes(pkce) && url.startsWith(location.origin));

	byId('sample-provider').append(...usable.map(({ name, title }) => el('option', { value: name }, title)));
	byId('sample-provider').value = usable.some(({ name }) => name === 'rfc7636') ? 'rfc7636' : usable[0]?.name;
	byId('sample-mistake').append(...Object.entries(mistakes).map(([id, { title }]) => el('option', { value: id }, title)));
	byId('fault-provider').append(...providers.map(({ name, title }) => el('option', { value: name }, title)));
	byId('diagram').append(diagram.element);
	byId('console').hidden = false;
	await catchUp();
	listen();
	if (await finishSample())
		byId('said').textContent = 'The login is over; its arrows are below.';
	await showFaults();
}

start().catch((error) => {
	byId('console').hidden = false;
	showLive('lost');
	byId('live-words').textContent = error.message;
});
