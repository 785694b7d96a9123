// Authorization Code with PKCE in a page without a server: RFC 7636, with nothing but WebCrypto.
const { login, api, clientId, redirectUri } = globalThis.genesys
const result = document.getElementById('result')

// base64url without padding, from bytes. What is encoded are the 32 bytes of the hash, not their hex digits and no text made of them.
const base64url = bytes => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)))

// The hash is taken of the characters that are sent as code_verifier later.
const challengeOf = async verifier =>
	base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))))

async function start() {
	const state = random()
	const verifier = random()
	sessionStorage.setItem(`login.${state}`, verifier) // of this tab alone, and under the login's own name
	location.assign(`${login}/oauth/authorize?` + new URLSearchParams({
		response_type: 'code',
		client_id: clientId,
		redirect_uri: redirectUri,
		state,
		code_challenge: await challengeOf(verifier),
		code_challenge_method: 'S256',
	}))
}

async function finish(callback) {
	const key = `login.${callback.get('state')}`
	const verifier = sessionStorage.getItem(key)
	// First of all: a reload must not send the code a second time, and it belongs into no history.
	sessionStorage.removeItem(key)
	history.replaceState(null, '', redirectUri)
	if (!verifier) throw new Error('This tab did not start that login, or has finished it already.')
	if (callback.has('error')) throw new Error(`${callback.get('error')}: ${callback.get('error_description') ?? ''}`)
	// A public client: its id in the body, no secret and no Authorization header.
	const reply = await fetch(`${login}/oauth/token`, {
		method: 'POST',
		body: new URLSearchParams({
			grant_type: 'authorization_code',
			code: callback.get('code'),
			redirect_uri: redirectUri,
			client_id: clientId,
			code_verifier: verifier,
		}),
	})
	const tokens = await reply.json()
	if (!reply.ok) throw new Error(`${tokens.error}: ${tokens.error_description}`)
	return tokens.access_token // in memory, and nowhere else
}

async function whoIs(token) {
	const reply = await fetch(`${api}/api/v2/users/me`, { headers: { Authorization: `Bearer ${token}` } })
	if (!reply.ok) throw new Error(`Genesys Cloud does not say who that is: ${reply.status}`)
	return (await reply.json()).name
}

document.getElementById('login').addEventListener('click', start)

const callback = new URLSearchParams(location.search)
if (callback.has('state') || callback.has('code') || callback.has('error')) {
	try {
		result.textContent = `Signed in as ${await whoIs(await finish(callback))}.`
	} catch (problem) {
		result.textContent = problem.message
	}
}
