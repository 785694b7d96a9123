// Draws one attempt: its arrows between browser, app and provider, its verdict, and its proof that the app which redeems the code is the one
// that asked. The ordered list of arrows is the content; the lines between the lanes are drawn beside it and say nothing that it does not.
// Every value is somebody else's, and is put in as text.
import { align, placeOfEvidence, splitUrl } from './reading.js';
import { confidences, explainParameter, isSecret, movers, shorten } from './words.js';

const valueMax = 600; /* characters of a value that are shown */
const svgNamespace = 'http://www.w3.org/2000/svg';

/* Making elements */

function fill(element, fields, children) {
	for (const [name, value] of Object.entries(fields)) {
		if (typeof value === 'function')
			element.addEventListener(name, value);
		else if (value !== undefined && value !== false)
			element.setAttribute(name, value === true ? '' : value);
	}
	element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false && child !== ''));
	return element;
}

/** An element: attributes, and functions as listeners; children are elements or text. */
export const el = (name, fields = {}, ...children) => fill(document.createElement(name), fields, children);
const draw = (name, fields = {}, ...children) => fill(document.createElementNS(svgNamespace, name), fields, children);

/* Signs that stand beside a colour, so that the colour is never alone. */
const signs = {
	succeeded: ['M3.5 8.5l3 3 6-7'],
	failed: ['M4.5 4.5l7 7', 'M11.5 4.5l-7 7'],
	waiting: ['M8 4.5v4l2.5 1.5'],
};

export const sign = (kind) => draw('svg', { class: `sign ${kind}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' },
	draw('circle', { cx: 8, cy: 8, r: 7.25 }), signs[kind].map((d) => draw('path', { d })));

export const hidden = (...words) => el('span', { class: 'hidden-words' }, ...words);

/** A value as it may be seen: secrets and endless ones shortened. */
function shown({ name, value }) {
	if (isSecret(name, value))
		return shorten(value);
	if (name.toLowerCase() === 'location')
		return splitUrl(value).query ? `${splitUrl(value).path}?…` : value;
	return value.length > valueMax ? `${value.slice(0, valueMax)}… (${value.length} characters)` : value;
}

/* Comparing two values */

function characterWidth(host) {
	const probe = el('span', { class: 'probe' }, '0'.repeat(64));

	host.append(probe);
	const { width } = probe.getBoundingClientRect();

	probe.remove();
	return width / 64 || 8;
}

/* A run of columns as text, the differing ones marked. A gap is a dot that is marked as well. */
function drawSide(columns, side) {
	const line = el('code');
	let run = '', differs = false;
	const flush = () => {
		if (run)
			line.append(differs ? el('mark', {}, run) : run);
		run = '';
	};

	for (const column of columns) {
		const differing = column[0] !== column[1];

		if (differing !== differs) {
			flush();
			differs = differing;
		}
		run += column[side] ?? '·';
	}
	flush();
	return line;
}

/** Two values under each other, in lines of as many characters as there is room for. */
export class Comparison {
	#columns;
	#names;
	#perLine = 0;

	constructor(names, got, want) {
		this.#names = names;
		this.#columns = align(got.replace(/[^\x20-\x7e]/g, '?'), want.replace(/[^\x20-\x7e]/g, '?'));
		const different = this.#columns.filter(([one, other]) => one !== other).length;

		this.element = el('div', { class: 'comparison' });
		this.words = different ? `${different} of ${this.#columns.length} characters differ` : 'all characters are the same';
		this.arrange(40);
	}

	/** Breaks the lines anew where the room has changed. */
	fit() {
		const room = this.element.querySelector('code')?.getBoundingClientRect().width;

		if (room !== undefined && this.element.clientWidth > 0)
			this.arrange(Math.max(4, Math.floor(room / characterWidth(this.element))));
	}

	arrange(perLine) {
		if (perLine === this.#perLine)
			return;
		this.#perLine = perLine;
		this.element.replaceChildren(hidden(this.words));
		for (let at = 0; at < this.#columns.length; at += perLine) {
			const columns = this.#columns.slice(at, at + perLine);

			this.element.append(el('div', { class: 'lines' }, [0, 1].map((side) =>
				el('p', {}, el('span', { class: 'who' }, this.#names[side]), drawSide(columns, side)))));
		}
	}
}

/* Arrows */

const lanes = { browser: 1 / 6, app: 3 / 6, provider: 5 / 6 };
const laneNames = { browser: 'Browser', app: 'Your app', provider: 'Provider' };
const percent = (share) => `${(share * 100).toFixed(3)}%`;

const head = (x, y, toRight) => draw('svg', { x: percent(x), y, overflow: 'visible', class: 'head' },
	draw('path', { d: toRight ? 'M-9-5 0 0-9 5' : 'M9-5 0 0 9 5' }));

const line = (from, to, y) => draw('line', { x1: percent(from), x2: percent(to), y1: y, y2: y });

/* The line of an arrow with its number where it begins. One that goes through the browser bends there. */
function drawLine({ from, to, via }, number) {
	const start = lanes[from], end = lanes[to], middle = lanes[via];
	const canvas = draw('svg', { class: 'line', 'aria-hidden': 'true', height: via ? 52 : 28 });

	if (via) {
		canvas.append(line(start, middle, 14), head(middle, 14, middle > start), line(middle, end, 40), head(end, 40, end > middle),
			draw('circle', { cx: percent(middle), cy: 40, r: 4, class: 'bend' }));
	} else {
		canvas.append(line(start, end, 14), head(end, 14, end > start));
	}
	canvas.append(draw('circle', { cx: percent(start), cy: 14, r: 11, class: 'ball' }),
		draw('text', { x: percent(start), y: 18, 'text-anchor': 'middle' }, String(number)));
	return canvas;
}

const places = { query: 'query', fragment: 'fragment', body: 'body', header: 'header', token: 'inside the token' };

function drawRelation({ relation }) {
	if (!relation)
		return undefined;
	return relation.same
		? el('span', { class: 'relation same' }, `= as in arrow ${relation.index + 1}`)
		: el('span', { class: 'relation other' }, `≠ not as in arrow ${relation.index + 1}`);
}

/* Seconds since 1970, as somebody reads a time. */
const momentNames = /(^|\.)(exp|iat|nbf|auth_time|expires_at)$/;
const readTime = ({ name, value }) => (momentNames.test(name) && /^\d{9,10}$/.test(value)
	? el('span', { class: 'relation quiet' }, new Date(Number(value) * 1000).toLocaleString()) : undefined);

function drawValue(pair) {
	if (pair.missing || pair.value === '')
		return el('span', { class: 'quiet' }, pair.missing ? 'missing' : 'empty');
	return [el('code', { dir: 'ltr' }, shown(pair)), readTime(pair)];
}

function drawParameter(pair, mark) {
	const say = explainParameter(pair.name);
	const kind = mark && (mark.chief ? 'offending' : 'concerned');

	return el('div', { class: kind ? `parameter ${kind}` : 'parameter', tabindex: mark ? -1 : undefined },
		el('dt', {}, el('code', {}, pair.name),
			el('span', { class: 'place' }, pair.within ? `inside ${pair.within}` : places[pair.place])),
		el('dd', { class: 'value' }, drawValue(pair), drawRelation(pair),
			mark && el('span', { class: 'offence' }, mark.chief && sign('failed'), mark.chief ? `this is what fails: ${mark.fault}` : 'the verdict looks at this, too')),
		say && el('dd', { class: 'say' }, say));
}

/* What an arrow tells without being opened: the values that matter most. */
function hintOf({ pairs, bad, dashed }) {
	const wanted = bad ? ['error_description'] : dashed ? ['expires_in'] : ['code_challenge', 'code', 'code_verifier', 'grant_type'];
	const found = wanted.map((name) => pairs.find((pair) => !pair.within && pair.name === name && pair.value)).filter(Boolean).slice(0, 2);

	if (bad)
		return found.map(({ value }) => el('span', { class: 'quoted' }, value.slice(0, 120)));
	return found.map(({ name, value }) => el('span', {}, `${name} ${isSecret(name, value) || value.length > 18 ? `${value.slice(0, 4)}…` : value}`));
}

function elapsed(seconds) {
	if (!(seconds >= 0.0005))
		return '';
	return seconds < 1 ? `+${Math.round(seconds * 1000)} ms` : seconds < 100 ? `+${seconds.toFixed(1)} s` : `+${Math.round(seconds / 60)} min`;
}

/** The diagram of an attempt. It is brought up to date rather than drawn anew, so that what is open stays open and the focus where it is. */
export class Diagram {
	#list = el('ol', { class: 'arrows' });
	#items = new Map(); /* by key: { element, signature } */
	#open = new Set();
	#limit = Infinity;
	#arrows = [];
	#heads;

	constructor() {
		this.#heads = Object.fromEntries(Object.entries(laneNames).map(([lane, name]) =>
			[lane, { name: el('span', { class: 'lane-name' }, name), who: el('span', { class: 'lane-who' }) }]));
		this.element = el('div', { class: 'diagram' },
			el('div', { class: 'lanes', 'aria-hidden': 'true' }, Object.values(this.#heads).map(({ name, who }) => el('div', {}, name, who))),
			el('div', { class: 'canvas' },
				draw('svg', { class: 'lifelines', 'aria-hidden': 'true' },
					Object.values(lanes).map((x) => draw('line', { x1: percent(x), x2: percent(x), y1: 0, y2: '100%' }))),
				this.#list));
		this.#list.addEventListener('keydown', (event) => this.#move(event));
	}

	/** Up and down go from arrow to arrow. */
	#move(event) {
		const buttons = [...this.#list.querySelectorAll('.arrow')].filter((button) => button.offsetParent);
		const at = buttons.indexOf(document.activeElement);
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];

		if (at < 0 || to === undefined)
			return;
		event.preventDefault();
		buttons[Math.max(0, Math.min(to, buttons.length - 1))].focus();
	}

	/** Forgets what was open: another attempt is shown. */
	reset() {
		this.#open.clear();
		this.#items.clear();
		this.#list.replaceChildren();
		this.#limit = Infinity;
	}

	/** `marks` are those of marksOf(). */
	show({ arrows, client }, providerTitle, marks) {
		const first = arrows[0]?.at ?? 0;

		this.#arrows = arrows;
		this.#heads.app.who.textContent = client;
		this.#heads.provider.who.textContent = providerTitle;
		arrows.forEach((arrow, index) => {
			const marked = [...marks].filter(([key]) => key === arrow.key || key.startsWith(`${arrow.key}/`));
			const signature = JSON.stringify([arrow, marked, index]);
			const before = this.#items.get(arrow.key);

			if (before?.signature === signature)
				return;
			const focused = before?.element.contains(document.activeElement);
			const [after, afterBefore] = [arrow, arrows[index - 1]].map((one) => elapsed((one?.at ?? first) - first));
			const element = this.#drawArrow(arrow, index, marks, marked.some(([, mark]) => mark.chief), after === afterBefore ? '' : after);

			if (before)
				before.element.replaceWith(element);
			else
				this.#list.append(element);
			if (focused)
				element.querySelector('.arrow').focus();
			this.#items.set(arrow.key, { element, signature });
		});
		for (const [key, { element }] of this.#items)
			if (!arrows.some((arrow) => arrow.key === key)) {
				element.remove();
				this.#items.delete(key);
			}
		this.limit(this.#limit);
	}

	#drawArrow(arrow, index, marks, marked, after) {
		const { from, to, via, title, bad, dashed, key, line: httpLine, say, pairs, more } = arrow;
		const id = `arrow-${key}`;
		const way = [from, via, to].filter(Boolean).map((lane) => laneNames[lane].toLowerCase()).join(' to ');
		const hint = hintOf(arrow);
		const missing = marks.get(key)?.missing;
		const inside = el('div', { class: 'inside', id, hidden: !this.#open.has(key) },
			el('p', { class: 'explained' }, say),
			el('p', { class: 'http' }, el('code', { dir: 'ltr' }, httpLine)),
			pairs.length > 0 && el('dl', { class: 'parameters' }, pairs.map((pair, at) => drawParameter(pair, marks.get(`${key}/${at}`))),
				missing && drawParameter({ name: missing, value: '', place: 'body', missing: true }, marks.get(key))),
			more > 0 && el('p', { class: 'note' }, `and ${more} more parameters`));
		const button = el('button', { type: 'button', class: 'arrow', 'aria-expanded': String(this.#open.has(key)), 'aria-controls': id,
			click: () => this.toggle(key) },
			el('span', { class: 'label', 'data-span': [via ?? from, via ? from : to].sort().join('-') },
				el('span', { class: 'title' }, (bad || marked) && sign('failed'), hidden(`${index + 1}. ${way}: `), title,
					marked && hidden(', with what fails')),
				hint.length > 0 && el('span', { class: 'hint' }, hint)),
			drawLine(arrow, index + 1), el('span', { class: 'elapsed' }, after));

		return el('li', { class: ['step', dashed && 'dashed', bad && 'bad', marked && 'marked'].filter(Boolean).join(' '), 'data-key': key }, button, inside);
	}

	toggle(key, open = !this.#open.has(key)) {
		const item = this.#items.get(key)?.element;

		if (!item)
			return;
		if (open)
			this.#open.add(key);
		else
			this.#open.delete(key);
		item.querySelector('.arrow').setAttribute('aria-expanded', String(open));
		item.querySelector('.inside').hidden = !open;
	}

	/** Shows the first arrows only. */
	limit(count) {
		this.#limit = count;
		this.#arrows.forEach(({ key }, index) => {
			this.#items.get(key).element.hidden = index >= count;
		});
	}

	/** Opens an arrow alone and brings it into view. */
	only(index) {
		for (const { key } of this.#arrows)
			this.toggle(key, this.#arrows[index]?.key === key);
		this.#items.get(this.#arrows[index]?.key)?.element.scrollIntoView({ block: 'nearest' });
	}

	/** Opens an arrow and gives its marked parameter the focus. */
	goTo(key) {
		this.toggle(key, true);
		const item = this.#items.get(key)?.element;
		const target = item?.querySelector('.offending, .concerned') ?? item?.querySelector('.arrow');

		target?.focus();
		target?.scrollIntoView({ block: 'center' });
	}
}

/* The verdict */

/**
 * Where the verdict's evidence is: `key/index` of a parameter, or `key` of an arrow, with the fault that it is marked for. The first is what
 * fails; the others are what it was compared with. Findings behind the verdict are not marked: it explains them away.
 */
export function marksOf(reading, report) {
	const [verdict] = report?.findings ?? [];
	const marks = new Map();

	(verdict?.evidence ?? []).forEach((evidence, at) => {
		const place = placeOfEvidence(reading, evidence);
		const key = place && (place.index < 0 ? place.arrow.key : `${place.arrow.key}/${place.index}`);
		const missing = place?.index < 0 && evidence.got === null && /^[a-z_]+$/.test(evidence.parameter ?? '') ? evidence.parameter : undefined;

		if (key && !marks.has(key))
			marks.set(key, { fault: verdict.fault, chief: at === 0, missing });
	});
	return marks;
}

/* "RFC 7636 4.2" as a link to that section; what names no RFC stays text. */
function drawReference(reference) {
	const [, number, section] = reference.match(/^RFC (\d{3,5})(?: ([\d.]+\d|\d))?/) ?? [];

	if (!number)
		return reference;
	return el('a', { href: `https://www.rfc-editor.org/rfc/rfc${number}${section ? `#section-${section}` : ''}`, rel: 'noreferrer', target: '_blank' }, reference);
}

function drawEvidence(reading, evidence, comparisons, goTo) {
	const place = placeOfEvidence(reading, evidence);
	const where = evidence.parameter || 'the message';
	const parts = [];

	if (typeof evidence.got === 'string' && typeof evidence.want === 'string') {
		const comparison = new Comparison(['got', 'wanted'], evidence.got, evidence.want);

		comparisons.push(comparison);
		parts.push(comparison.element);
	} else if (typeof evidence.got === 'string' || typeof evidence.want === 'string') {
		const got = typeof evidence.got === 'string';

		parts.push(el('div', { class: 'comparison' }, el('div', { class: 'lines' },
			el('p', {}, el('span', { class: 'who' }, got ? 'got' : 'wanted'), el('code', { class: 'loose' }, (got ? evidence.got : evidence.want) || 'nothing')))));
	}
	return el('div', { class: 'evidence' },
		el('p', { class: 'where' }, el('code', {}, where),
			place && el('button', { type: 'button', class: 'link', click: () => goTo(place.arrow.key) }, `in arrow ${reading.arrows.indexOf(place.arrow) + 1}`)),
		parts);
}

function drawFinding(reading, finding, comparisons, goTo) {
	return [
		finding.detail && el('p', { class: 'detail' }, finding.detail),
		(finding.evidence ?? []).map((evidence) => drawEvidence(reading, evidence, comparisons, goTo)),
		el('div', { class: 'fix' }, el('h3', {}, 'What to do'), el('p', {}, finding.fix)),
		finding.reference && el('p', { class: 'note' }, 'Reference: ', drawReference(finding.reference)),
	];
}

/** What explain says of the attempt; undefined while there is nothing to say. */
export function drawVerdict(reading, report, comparisons, goTo) {
	const [verdict, ...others] = report?.findings ?? [];

	if (!verdict) {
		if (reading.outcome !== 'succeeded')
			return undefined;
		return el('section', { class: 'verdict good' }, el('h2', {}, sign('succeeded'), 'No fault found'),
			el('p', {}, report?.pair === 'right' ? 'The verifier belongs to the challenge, and the provider gave out the tokens.' : 'The provider gave out the tokens.'));
	}
	return el('section', { class: 'verdict bad', 'aria-labelledby': 'verdict-title' },
		el('p', { class: 'eyebrow bad' }, sign('failed'), el('code', {}, verdict.fault)),
		el('h2', { id: 'verdict-title' }, verdict.title),
		el('p', { class: 'chips' },
			el('span', { title: confidences[verdict.confidence] ?? '' }, verdict.confidence),
			el('span', {}, `${movers[verdict.blame] ?? verdict.blame}’s move`)),
		drawFinding(reading, verdict, comparisons, goTo),
		others.length > 0 && el('details', { class: 'others' }, el('summary', {}, `${others.length} more ${others.length === 1 ? 'finding' : 'findings'}`),
			others.map((finding) => el('section', {}, el('h3', {}, el('code', {}, finding.fault), ' ', el('span', { class: 'quiet' }, finding.confidence)),
				el('p', {}, finding.title), drawFinding(reading, finding, comparisons, goTo)))));
}

/* PKCE */

const toHex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

/** The SHA-256 of a text, in both spellings. Browsers offer it at this machine's own addresses, and with https. */
export async function hashOf(verifier) {
	if (!globalThis.crypto?.subtle)
		return undefined;
	const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)));

	return { base64url: toBase64(digest), hex: toHex(digest) };
}

/* One moment: a dot on a line of time, filled when it has happened. */
function moment(who, happened, title, ...content) {
	return el('li', { class: `moment ${happened ? 'happened' : 'ahead'}` },
		el('p', { class: 'actor' }, laneNames[who], !happened && hidden(', not yet')), el('h3', {}, title), content);
}

function drawComparing({ pair, hash, spelling }, comparisons) {
	const plain = pair.method === 'plain' || (!pair.method && pair.challenge.value === pair.verifier.value);
	const computed = plain ? pair.verifier.value : hash?.[spelling] ?? '';
	const same = computed === pair.challenge.value;
	const other = spelling === 'hex' ? 'base64url' : 'hex';

	if (!plain && !hash)
		return [el('p', { class: 'note' }, 'This browser computes no SHA-256 here; open the console at 127.0.0.1.')];
	if (plain)
		return [el('p', {}, same ? 'The method is plain: the two are the same, and everybody who saw the challenge knows the verifier.' : 'The method is plain, and the two differ.')];
	const comparison = new Comparison(['kept', 'hash'], pair.challenge.value, computed);
	const words = same ? 'The same. Who redeems the code is who asked for it.'
		: hash[other] === pair.challenge.value ? `The hash is right, its spelling is not: ${other} was sent, and this provider wants ${spelling}.`
			: 'Not the same. The provider refuses the code.';

	comparisons.push(comparison);
	return [comparison.element, el('p', { class: same ? 'result good' : 'result bad' }, sign(same ? 'succeeded' : 'failed'), words)];
}

/** The panel: what PKCE did in this login, up to the arrow with the number `limit`. `hash` is of the verifier, `spelling` what the provider wants. */
export function drawPkce({ pair }, hash, spelling, limit, comparisons) {
	const happened = (index) => index >= 0 && index < limit;
	const asked = happened(pair.challenge.index), kept = happened(pair.kept), redeemed = happened(pair.redeems);
	const verifier = redeemed && pair.verifier.index >= 0;
	const lost = redeemed && !verifier;

	if (pair.challenge.index < 0)
		return [el('p', {}, 'This login has no challenge. Whoever gets hold of the code can redeem it: the provider has no way to tell that it was not your app that began.')];
	const moments = [
		moment('app', asked, 'makes up a secret',
			el('p', { class: 'value' }, el('span', { class: 'who' }, 'verifier'), el('code', {}, verifier ? shorten(pair.verifier.value) : '····')),
			el('p', { class: 'note' }, 'Anew for each login. It stays with your app until the end.')),
		moment('browser', asked, 'carries its hash to the provider',
			el('p', { class: 'value' }, el('span', { class: 'who' }, 'challenge'), el('code', { dir: 'ltr' }, asked ? pair.challenge.value : '····')),
			el('p', { class: 'note' }, 'challenge = SHA-256(verifier). Everybody may see it: nobody can compute the way back.')),
	];

	if (happened(pair.refused))
		moments.push(moment('provider', true, 'refuses', el('p', { class: 'note' }, 'There is no code, so the login ends here.')));
	else
		moments.push(
			moment('provider', kept, 'keeps the challenge with the code',
				el('p', { class: 'note' }, 'Who steals the code on its way through the browser has no verifier.')),
			moment('app', redeemed, lost ? 'redeems the code without the secret' : 'shows the secret, directly',
				el('p', { class: 'note' }, lost ? 'There is nothing that the provider could hash.' : 'Together with the code, and not through the browser.')),
			moment('provider', verifier, 'hashes it, and compares', verifier && drawComparing({ pair, hash, spelling }, comparisons)));
	return [el('ol', { class: 'moments' }, moments)];
}
