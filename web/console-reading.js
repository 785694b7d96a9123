// From a capture to what the console shows: which arrows there are, what each carries, how the attempt stands, and how two values differ. It
// draws nothing and asks nobody. All it reads is hostile: whatever has not the form that it should have is shown as the text that it is.
import { clientIdNames } from './words.js';

const parametersMax = 200; /* of one message: more are counted, not shown */
const alignMax = 512; /* characters: longer values are compared from both ends only */

/* The text of a member, whatever its type; '' where there is none. */
const text = (value) => (typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value));
const object = (value) => (value && typeof value === 'object' && !Array.isArray(value) ? value : {});
const list = (value) => (Array.isArray(value) ? value : []);

/** Decodes once, as a form does. What cannot be decoded stays as it was sent. */
function decode(part) {
	try {
		return decodeURIComponent(part.replaceAll('+', ' '));
	} catch {
		return part;
	}
}

/** The pairs of a query or a form, in their order and with their repetitions. */
export function formPairs(form, place) {
	return form.split('&').filter(Boolean).map((pair) => {
		const equals = pair.indexOf('=');

		return { name: decode(equals < 0 ? pair : pair.slice(0, equals)), value: equals < 0 ? '' : decode(pair.slice(equals + 1)), place };
	});
}

/** The members of a JSON document, those below others with a dotted name. */
function jsonPairs(value, place, prefix = '', depth = 0, into = []) {
	for (const [key, member] of Object.entries(value)) {
		const name = prefix ? `${prefix}.${key}` : key;

		if (into.length >= parametersMax)
			break;
		if (member && typeof member === 'object' && depth < 4 && !(Array.isArray(member) && member.every((item) => typeof item !== 'object')))
			jsonPairs(member, place, name, depth + 1, into);
		else
			into.push({ name, value: Array.isArray(member) ? member.map(text).join(' ') : text(member), place });
	}
	return into;
}

function parseJson(body) {
	try {
		return JSON.parse(body);
	} catch {
		return undefined;
	}
}

/** What is between ? and #, and the URL without it. */
export function splitUrl(url) {
	const [rest, fragment = ''] = url.split('#', 2);
	const question = rest.indexOf('?');

	return { path: question < 0 ? rest : rest.slice(0, question), query: question < 0 ? '' : rest.slice(question + 1), fragment };
}

/** "/oauth/token" of a URL, for a line of a page. */
export const pathOf = (url) => splitUrl(url).path.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '') || '/';

/** A body by what it looks like, not by what it says it is: providers err there. */
function bodyPairs(body) {
	const trimmed = body.trim();
	const json = /^[[{]/.test(trimmed) ? parseJson(trimmed) : undefined;

	if (!trimmed)
		return [];
	if (json !== undefined)
		return jsonPairs(json, 'body');
	if (/^[^\s<>{}=&]+=[^\s<>{}]*$/.test(trimmed))
		return formPairs(trimmed, 'body');
	return [{ name: trimmed.startsWith('<') ? 'page' : 'body', value: body, place: 'body' }];
}

/* Of all headers, those that a login can fail of. */
const shownHeaders = new Set([
	'authorization', 'content-type', 'cookie', 'dpop', 'dpop-nonce', 'location', 'origin', 'retry-after', 'set-cookie', 'www-authenticate',
]);

const headersOf = (message) => Object.entries(object(message.headers)).flatMap(([name, value]) =>
	list(Array.isArray(value) ? value : [value]).map((one) => ({ name, value: text(one), place: 'header' })));

/** base64url to text, '' when it is none. */
function fromBase64(encoded) {
	try {
		return new TextDecoder('utf-8', { fatal: true }).decode(
			Uint8Array.from(atob(encoded.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0)));
	} catch {
		return '';
	}
}

/** "Basic ..." hides two values that people want to see apart; the password is shortened like any other. */
function openAuthorization({ name, value, place }) {
	const [, credentials] = value.match(/^basic\s+(\S+)$/i) ?? [];
	const pair = credentials ? fromBase64(credentials) : '';
	const colon = pair.indexOf(':');

	if (colon < 0)
		return [{ name, value, place }];
	return [
		{ name, value, place },
		{ name: 'client_id', value: decode(pair.slice(0, colon)), place: 'header', within: name },
		{ name: 'client_secret', value: decode(pair.slice(colon + 1)), place: 'header', within: name },
	];
}

/** The header and the claims of a signed token. They are shown, not believed: the signature is not looked at. */
function openToken({ name, value }) {
	const [header, claims] = value.split('.').slice(0, 2).map((part) => parseJson(fromBase64(part)));

	return [header, claims].flatMap((part) =>
		(part && typeof part === 'object' ? jsonPairs(part, 'token').map((pair) => ({ ...pair, within: name })) : []));
}

function openAll(pairs) {
	const opened = pairs.flatMap((pair) => {
		if (pair.place === 'header' && /^(proxy-)?authorization$/i.test(pair.name))
			return openAuthorization(pair);
		if (/(^|\.)id_token$/.test(pair.name))
			return [pair, ...openToken(pair)];
		return [pair];
	});

	return { pairs: opened.slice(0, parametersMax), more: Math.max(0, opened.length - parametersMax) };
}

const requestPairs = (request) => {
	const { query, fragment } = splitUrl(text(request.url));

	return openAll([
		...formPairs(query, 'query'), ...formPairs(fragment, 'fragment'), ...bodyPairs(text(request.body)),
		...headersOf(request).filter(({ name }) => shownHeaders.has(name.toLowerCase())),
	]);
};

const replyPairs = (reply) => openAll([
	...bodyPairs(text(reply.body)), ...headersOf(reply).filter(({ name }) => shownHeaders.has(name.toLowerCase())),
]);

const valueOf = (pairs, ...names) => pairs.find(({ name, within }) => !within && names.includes(name))?.value ?? '';
const deepValueOf = (pairs, name) => pairs.find((pair) => pair.name === name || pair.name.endsWith(`.${name}`))?.value ?? '';

/** The event's request, which its members may also hold themselves. */
const requestOf = (event) => (event.request ? object(event.request) : event);

/* What a direct request to the provider is for: by what it carries, then by its path. The first that fits. */
const purposes = [
	{ is: ({ grant }) => grant === 'authorization_code', ask: 'redeems the code', say: 'The app hands in the code directly, without the browser, and shows that it knows the verifier.' },
	{ is: ({ grant }) => grant === 'refresh_token',      ask: 'asks for a new access token', say: 'The old access token is about to end. The app hands in its refresh token; the person need not be there.' },
	{ is: ({ grant }) => grant !== '',                   ask: 'asks for a token', say: 'The app asks the token endpoint directly, without the browser.' },
	{ is: ({ path }) => /revo(ke|cation)|logout|signout/i.test(path), ask: 'gives the token back', say: 'The app tells the provider to forget a token, so that nobody can use it any more.' },
	{ is: ({ path }) => /introspect/i.test(path),        ask: 'asks whether the token is good', say: 'Somebody who was given a token asks the provider what it is worth.' },
	{ is: ({ path }) => /jwks|certs|keys/i.test(path),   ask: 'fetches the provider’s keys', say: 'The app needs the provider’s public keys to check the signature of the ID token.' },
	{ is: ({ path }) => /well-known/i.test(path),        ask: 'reads what the provider can do', say: 'A document at a fixed place names all endpoints, so that an app needs only the issuer.' },
	{ is: ({ path, names }) => /\bpar\b|pushed/i.test(path) || names.has('code_challenge'), ask: 'sends the question ahead', say: 'The app sends its parameters directly (RFC 9126). The browser carries only a reference, and nobody can alter them there.' },
	{ is: ({ path }) => /token/i.test(path),             ask: 'asks for a token', say: 'The app asks the token endpoint directly, without the browser.' },
	{ is: () => true,                                    ask: 'asks who it is', say: 'The app shows the access token, and asks who signed in.' },
];

function purposeOf(event, pairs) {
	const facts = { path: pathOf(text(requestOf(event).url)), grant: valueOf(pairs, 'grant_type'), names: new Set(pairs.map(({ name }) => name)) };

	return purposes.find(({ is }) => is(facts));
}

/** Whether a reply refuses: by its status, or by an error that comes with a good one. */
function isRefusal(status, pairs) {
	const error = deepValueOf(pairs, 'error') || deepValueOf(pairs, 'errcode');

	return status >= 400 || (error !== '' && error !== '0' && error !== 'ok' && error !== '{}' && !deepValueOf(pairs, 'access_token'));
}

function replyTitle(status, pairs, refused) {
	if (refused)
		return deepValueOf(pairs, 'error.code') || deepValueOf(pairs, 'error') || (status ? `refuses: ${status}` : 'refuses');
	if (deepValueOf(pairs, 'access_token'))
		return deepValueOf(pairs, 'id_token') ? 'tokens, and who it is' : 'tokens';
	if (deepValueOf(pairs, 'request_uri'))
		return 'a reference to the question';
	if (deepValueOf(pairs, 'sub') || deepValueOf(pairs, 'email') || deepValueOf(pairs, 'name'))
		return 'who it is';
	return status >= 300 ? 'goes elsewhere' : 'done';
}

function replyWords(refused, pairs, asked) {
	if (refused)
		return 'The provider says no. Its words are what a developer gets to see; the verdict says what they mean here.';
	if (!deepValueOf(pairs, 'access_token'))
		return 'The provider’s answer.';
	return valueOf(asked, 'code_verifier') ? 'The provider compared the verifier with the challenge, and gives out the tokens.' : 'The provider gives out the tokens.';
}

/** An arrow. `via` is the lane that it bends at: the browser, which carries the answer on. */
const arrow = (event, side, from, to, fields) => ({ key: `${event.index}-${side}`, event: event.index, side, from, to, at: event.at, bad: false, ...fields });

function readDirect(event, into) {
	const request = requestOf(event);
	const asked = requestPairs(request);
	const purpose = purposeOf(event, asked.pairs);

	into.push(arrow(event, 'request', 'app', 'provider', {
		title: purpose.ask, say: purpose.say, line: `${text(request.method) || 'POST'} ${pathOf(text(request.url))}`, ...asked,
	}));
	if (!event.response)
		return;

	const answered = replyPairs(event.response);
	const bad = isRefusal(event.response.status, answered.pairs);

	into.push(arrow(event, 'reply', 'provider', 'app', {
		title: replyTitle(event.response.status, answered.pairs, bad), say: replyWords(bad, answered.pairs, asked.pairs), bad, dashed: true,
		line: event.response.status ? `HTTP ${event.response.status}` : 'no answer: the connection was dropped', ...answered,
	}));
}

/* A redirect is drawn as the callback that follows it; a page for the person needs no arrow of its own unless it refuses. */
function readRefusal(event, into) {
	if (!event.response || event.response.status < 400)
		return;
	const answered = replyPairs(event.response);

	into.push(arrow(event, 'reply', 'provider', 'browser', {
		title: replyTitle(event.response.status, answered.pairs, true), bad: true, dashed: true,
		say: 'The provider does not trust the request enough to send the browser back: the error stays on its own page.',
		line: `HTTP ${event.response.status}`, ...answered,
	}));
}

function readAuthorize(event, into) {
	const request = requestOf(event);
	const asked = requestPairs(request);

	into.push(arrow(event, 'request', 'browser', 'provider', {
		title: 'asks to sign in',
		say: 'Your app sends the browser to the provider, with what it wants and the challenge. Everybody who looks over the browser’s shoulder can read this.',
		line: `${text(request.method) || 'GET'} ${pathOf(text(request.url))}`, ...asked,
	}));
	readRefusal(event, into);
}

function readCallback(event, into) {
	const request = requestOf(event);
	const asked = requestPairs(request);
	const error = valueOf(asked.pairs, 'error');

	into.push(arrow(event, 'request', 'provider', 'app', {
		via: 'browser', bad: error !== '', title: error || (valueOf(asked.pairs, 'code') ? 'sends the browser back with a code' : 'sends the browser back'),
		say: error
			? 'The provider sends the browser back to your app without a code.'
			: 'The person agreed. The code travels through the browser, where others may see it; alone it is worth nothing.',
		line: `${text(request.method) || 'GET'} ${splitUrl(text(request.url)).path}`, ...asked,
	}));
}

/* What the person did on the provider's page. The handle of that page's form is no part of the login. */
function readDecision(event, into) {
	const asked = requestPairs(requestOf(event));
	const pairs = asked.pairs.filter(({ name, place }) => place === 'body' && name !== 'request');
	const agrees = valueOf(pairs, 'decision') === 'allow';

	into.push(arrow(event, 'request', 'browser', 'provider', {
		title: agrees ? 'the person agrees' : 'the person declines', pairs, more: asked.more,
		say: 'On the provider’s own page the person chose who they are, and what your app may do. Your app sees nothing of that page, and no password.',
		line: `${text(requestOf(event).method) || 'POST'} ${pathOf(text(requestOf(event).url))}`,
	}));
	readRefusal(event, into);
}

const isDecision = (event) => pathOf(text(requestOf(event).url)).endsWith('/_sandbox/decide');
const readers = { authorize: readAuthorize, callback: readCallback };
const readerOf = (event) => readers[event.kind] ?? (isDecision(event) ? readDecision : readDirect);

/* The values that have to be the same wherever they appear. */
const repeated = new Set(['code', 'state', 'redirect_uri', 'nonce', ...clientIdNames]);

/** Notes at each value whether it is the one from before: that is what the provider, or the app, compares too. */
function relate(arrows) {
	const first = new Map();

	arrows.forEach(({ pairs, bad }, index) => {
		for (const pair of pairs) {
			const name = clientIdNames.includes(pair.name) ? 'client_id' : pair.name;

			if (!repeated.has(pair.name) || !pair.value || (name === 'code' && bad))
				continue;
			const before = first.get(name);

			if (!before)
				first.set(name, { value: pair.value, index });
			else if (before.index !== index)
				pair.relation = { same: before.value === pair.value, index: before.index };
		}
	});
}

function outcomeOf(arrows, verdict) {
	const last = arrows.findLast(({ bad, pairs, dashed }) => bad || (dashed && deepValueOf(pairs, 'access_token')));

	if (verdict || last?.bad)
		return 'failed';
	return last ? 'succeeded' : 'waiting';
}

/** The challenge and the verifier of an attempt, and the arrows at which PKCE goes on: -1 is not yet. */
function pairOf(arrows) {
	const find = (name, usable) => {
		const index = arrows.findIndex((one) => !one.dashed && usable(one) && valueOf(one.pairs, name));

		return { index, value: index < 0 ? '' : valueOf(arrows[index].pairs, name) };
	};
	const redeems = arrows.findIndex(({ pairs }) => valueOf(pairs, 'grant_type') === 'authorization_code');
	const kept = arrows.findIndex(({ via, pairs }) => via && valueOf(pairs, 'code'));

	return {
		challenge: find('code_challenge', () => true),
		method: find('code_challenge_method', () => true).value,
		verifier: find('code_verifier', () => true),
		kept: kept < 0 ? redeems : kept,
		redeems,
		refused: kept < 0 && redeems < 0 ? arrows.findIndex(({ bad }) => bad) : -1,
	};
}

/** All that the console shows of an attempt. */
export function readAttempt(attempt) {
	const capture = object(attempt.capture);
	const arrows = [];

	list(capture.events).forEach((value, index) => {
		const event = { ...object(value), index };

		event.response = value?.response ? object(value.response) : undefined;
		readerOf(event)(event, arrows);
	});
	relate(arrows);

	const verdict = text(attempt.verdict);
	const refusal = arrows.findLast(({ bad }) => bad);

	return {
		id: text(attempt.id),
		provider: text(attempt.provider ?? capture.provider),
		at: Number(attempt.at) || Number(list(capture.events)[0]?.at) || 0,
		client: arrows.map(({ pairs }) => valueOf(pairs, ...clientIdNames) || deepValueOf(pairs.filter(({ within }) => /auth/i.test(within ?? '')), 'client_id'))
			.find(Boolean) ?? '',
		verdict,
		outcome: outcomeOf(arrows, verdict),
		refusal: refusal?.title ?? '',
		arrows,
		pair: pairOf(arrows),
	};
}

/** Where a finding's evidence is seen: the arrow, and the parameter in it where it is one; undefined when no arrow shows it. */
export function placeOfEvidence({ arrows }, { event, parameter }) {
	const ofEvent = arrows.filter((one) => one.event === event);
	const wanted = text(parameter).toLowerCase();

	for (const one of ofEvent) {
		const index = one.pairs.findIndex(({ name }) => name.toLowerCase() === wanted || name.toLowerCase().endsWith(`.${wanted}`));

		if (index >= 0)
			return { arrow: one, index };
	}
	return ofEvent.length ? { arrow: /reply|status|page|body|error/.test(wanted) ? ofEvent.at(-1) : ofEvent[0], index: -1 } : undefined;
}

/** The longest common subsequence of two texts as pairs of columns; undefined in a column is a gap. */
function columnsOf(got, want) {
	const width = want.length + 1;
	const best = new Uint16Array((got.length + 1) * width);

	for (let i = got.length - 1; i >= 0; i--)
		for (let j = want.length - 1; j >= 0; j--)
			best[i * width + j] = got[i] === want[j] ? best[(i + 1) * width + j + 1] + 1 : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);

	const columns = [];
	let i = 0, j = 0;

	while (i < got.length || j < want.length) {
		if (i < got.length && j < want.length && got[i] === want[j])
			columns.push([got[i++], want[j++]]);
		else if (j === want.length || (i < got.length && best[(i + 1) * width + j] >= best[i * width + j + 1]))
			columns.push([got[i++], undefined]);
		else
			columns.push([undefined, want[j++]]);
	}
	return { columns, common: best[0] };
}

/**
 * Two values, character under character: an array of [got, want], with undefined for a gap. Values that have little in common are put side
 * by side as they are: gaps between random matches would show a kinship that is none.
 */
export function align(got, want) {
	const longest = Math.max(got.length, want.length);

	if (got.length <= alignMax && want.length <= alignMax && got.length !== want.length) {
		const { columns, common } = columnsOf(got, want);

		if (common >= 0.6 * Math.min(got.length, want.length))
			return columns;
	}
	return Array.from({ length: longest }, (_, index) => [got[index], want[index]]);
}

/** What the filter's text is compared with. Secrets are part of it: who searches for one has it. */
export const searchText = (attempt) => JSON.stringify(attempt).toLowerCase();
