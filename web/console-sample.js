// A login of the console's own, for who has no app yet: here the browser is browser and app at once. It can make the common mistakes on
// purpose, to show what comes of them. What it keeps between the two page views is in this tab's session storage, and taken out on return.
import { hashOf } from './draw.js';

const storageKey = 'proofkey-sample';
const confidential = { id: 'sandbox-client', secret: 'sandbox-secret' };
const publicClient = { id: 'sandbox-public' };

const redirectUri = () => `${location.origin}/_sandbox/console`;
const random = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))
	.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

/** The client that fits the provider. A page sends an Origin header, which some providers take from public clients only. */
const clientAt = ({ client_auth: ways, public_client_sends_origin: originIsPublic }) =>
	(ways.every((way) => way === 'none') || (originIsPublic && ways.includes('none')) ? publicClient : confidential);

/** How the client says who it is: in the body where it may, because that can be read; else in the header. */
function authenticate({ client_id_parameter: name, client_auth: ways }, { id, secret }, form, headers) {
	if (!secret || ways.includes('post'))
		form.set(name, id);
	if (secret && ways.includes('post'))
		form.set('client_secret', secret);
	else if (secret)
		headers.Authorization = `Basic ${btoa(`${id}:${secret}`)}`;
}

/** What the app can do wrong: each takes what a good app would send, and spoils it. */
export const mistakes = {
	none: { title: 'does everything right' },
	'verifier-lost': { title: 'forgets its verifier', token: (form) => form.delete('code_verifier') },
	'verifier-mixed': { title: 'mixes up two logins', token: (form) => form.set('code_verifier', random()) },
	'challenge-spelling': {
		title: 'spells the challenge in the other way (hex, base64url)',
		authorize: (query, hash, spelling) => query.set('code_challenge', hash[spelling === 'hex' ? 'base64url' : 'hex']),
	},
	'challenge-absent': {
		title: 'sends no challenge',
		authorize: (query) => ['code_challenge', 'code_challenge_method'].forEach((name) => query.delete(name)),
	},
	'redirect-differs': { title: 'names another redirect URI at the end', token: (form) => form.set('redirect_uri', `${redirectUri()}/`) },
	'secret-wrong': { title: 'has the wrong password', client: { secret: 'not-the-secret' } },
	'code-twice': { title: 'redeems the code twice', twice: true },
};

/** Leaves this page for the provider's; it comes back with a code. `provider` is one of those that the sandbox lists. */
export async function startSample(provider, mistake) {
	const verifier = random(), state = random();
	const hash = await hashOf(verifier);

	if (!hash)
		throw new Error('This browser computes no SHA-256 here. Open the console at 127.0.0.1.');
	const spelling = provider.challenge === 'hex' ? 'hex' : 'base64url';
	const query = new URLSearchParams({
		response_type: 'code', [provider.client_id_parameter]: clientAt(provider).id, redirect_uri: redirectUri(), state,
		code_challenge: hash[spelling], code_challenge_method: 'S256',
	});

	if (provider.scopes_required.length)
		query.set(provider.scope_parameter, provider.scopes_required.join(provider.scope_separator));
	mistakes[mistake].authorize?.(query, hash, spelling);
	sessionStorage.setItem(storageKey, JSON.stringify({ provider, mistake, verifier, state }));
	location.assign(`${provider.authorize_url}?${query}`);
}

/** The app's half, when the browser has come back. True when this page view is a return, however it ended. */
export async function finishSample() {
	const answer = new URLSearchParams(location.search);
	const kept = sessionStorage.getItem(storageKey);

	if (!answer.has('state') && !answer.has('code') && !answer.has('error'))
		return false;
	sessionStorage.removeItem(storageKey);
	history.replaceState(null, '', location.pathname);
	const { provider, mistake, verifier, state } = kept ? JSON.parse(kept) : {};

	// An answer that this tab did not ask for: an app throws it away, and so does this one.
	if (!kept || answer.get('state') !== state || !answer.has('code'))
		return true;
	const form = new URLSearchParams({
		grant_type: 'authorization_code', code: answer.get('code'), redirect_uri: redirectUri(),
		code_verifier: verifier,
	});
	const headers = { Accept: 'application/json' };
	const redeem = () => fetch(provider.token_url, { method: 'POST', body: form, credentials: 'omit', headers });

	authenticate(provider, { ...clientAt(provider), ...mistakes[mistake].client }, form, headers);
	mistakes[mistake].token?.(form);
	const reply = await redeem();
	const { access_token: token } = await reply.json().catch(() => ({}));

	if (mistakes[mistake].twice)
		await redeem();
	else if (token && provider.userinfo_plain && URL.canParse(provider.userinfo_url))
		await fetch(provider.userinfo_url, { headers: { Authorization: `Bearer ${token}` }, credentials: 'omit' });
	return true;
}
