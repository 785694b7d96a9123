// Log in with TikTok from a web app, in Express, and keep the access: state bound to the browser, tokens on the server alone, refreshed
// before they expire, revoked at logout.
import { createHash, randomBytes } from 'node:crypto'
import express from 'express'
import session from 'express-session'

// Where TikTok is. For tests, both are the sandbox: http://127.0.0.1:9400/tiktok
const WWW = process.env.TIKTOK_WWW ?? 'https://www.tiktok.com'
const API = process.env.TIKTOK_API ?? 'https://open.tiktokapis.com'
const PORT = Number(process.env.PORT ?? 5000)
const PUBLIC_URL = process.env.PUBLIC_URL ?? `http://127.0.0.1:${PORT}`
const REDIRECT_URI = `${PUBLIC_URL}/callback`
const SCOPES = ['user.info.basic', 'video.upload']
const REFRESH_EARLY = 300 // seconds before the access token expires
const UNFINISHED_MAX = 5 // logins that one browser may have under way, in tabs

function required(name) {
	const value = process.env[name]
	if (!value) throw new Error(`set ${name}`)
	return value
}

const client = { client_key: required('TIKTOK_CLIENT_KEY'), client_secret: required('TIKTOK_CLIENT_SECRET') }

// A real app keeps these in a database, encrypted: a refresh token is the access to somebody's account for half a year.
const grants = new Map() // open_id -> { tokens, expiresAt, refreshing }

async function post(path, parameters) {
	const reply = await fetch(API + path, {
		method: 'POST',
		body: new URLSearchParams({ ...client, ...parameters }),
		redirect: 'error',
		signal: AbortSignal.timeout(10_000),
	})
	const body = await reply.text()
	const document = body.startsWith('{') ? JSON.parse(body) : {}
	if (!reply.ok || document.error) throw new Error(`${document.error}: ${document.error_description} (log_id ${document.log_id})`)
	return document
}

function keep(tokens) {
	// The lifetime is the reply's. TikTok has changed it before.
	grants.set(tokens.open_id, { tokens, expiresAt: Date.now() + tokens.expires_in * 1000 })
}

async function refresh(grant) {
	const tokens = await post('/v2/oauth/token/', { grant_type: 'refresh_token', refresh_token: grant.tokens.refresh_token })
	// Whoever signed out meanwhile stays signed out.
	if (grants.get(grant.tokens.open_id) !== grant) throw new Error('signed out')
	keep({ ...grant.tokens, ...tokens })
}

// A fresh access token. However many ask at once, one of them refreshes: TikTok's refresh tokens are good for one time.
async function accessToken(openId) {
	const grant = grants.get(openId)
	if (!grant) throw new Error('signed out')
	if (Date.now() < grant.expiresAt - REFRESH_EARLY * 1000) return grant.tokens.access_token
	grant.refreshing ??= refresh(grant).finally(() => { grant.refreshing = undefined })
	await grant.refreshing
	return grants.get(openId).tokens.access_token
}

const app = express()
// With https, a proxy in front of this app has the certificate, and says so in X-Forwarded-Proto.
if (PUBLIC_URL.startsWith('https:')) app.set('trust proxy', 1)
app.use(session({
	name: 'app', secret: process.env.SESSION_SECRET ?? randomBytes(32).toString('hex'), resave: false, saveUninitialized: false,
	cookie: { httpOnly: true, sameSite: 'lax', secure: PUBLIC_URL.startsWith('https:') },
}))

app.get('/', (request, response) => {
	response.send(request.session.openId ? 'Signed in. <form method="post" action="/logout"><button>Sign out</button></form>'
		: '<a href="/login">Continue with TikTok</a>')
})

app.get('/login', (request, response) => {
	const state = randomBytes(32).toString('base64url')
	const verifier = randomBytes(32).toString('base64url')
	request.session.unfinished = [...(request.session.unfinished ?? []), { state, verifier }].slice(-UNFINISHED_MAX)
	response.redirect(`${WWW}/v2/auth/authorize/?` + new URLSearchParams({
		client_key: client.client_key,
		response_type: 'code',
		scope: SCOPES.join(','),
		redirect_uri: REDIRECT_URI,
		state,
		// TikTok wants the challenge in lower-case hex.
		code_challenge: createHash('sha256').update(verifier).digest('hex'),
		code_challenge_method: 'S256',
	}))
})

app.get('/callback', async (request, response, next) => {
	const { state, code, error } = request.query
	const unfinished = request.session.unfinished ?? []
	const login = unfinished.find(one => one.state === state)
	if (!login) return response.status(400).type('text').send('This browser did not start that login, or has finished it already.')
	request.session.unfinished = unfinished.filter(one => one !== login)
	if (error || typeof code !== 'string') return response.status(403).type('text').send(`TikTok said no: ${error}`)
	try {
		const tokens = await post('/v2/oauth/token/',
			{ grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: login.verifier })
		keep(tokens)
		request.session.regenerate(problem => {
			if (problem) return next(problem)
			request.session.openId = tokens.open_id
			response.redirect('/')
		})
	} catch (problem) {
		response.status(502).type('text').send(problem.message)
	}
})

// What the app is for: something on behalf of the person, with a token that is never stale.
app.get('/profile', async (request, response) => {
	if (!request.session.openId) return response.status(401).json({ error: 'signed_out' })
	try {
		const reply = await fetch(`${API}/v2/user/info/?fields=open_id,display_name`,
			{ headers: { Authorization: `Bearer ${await accessToken(request.session.openId)}` }, signal: AbortSignal.timeout(10_000) })
		response.status(reply.status).json(await reply.json())
	} catch (problem) {
		response.status(502).json({ error: problem.message })
	}
})

app.post('/logout', async (request, response) => {
	const grant = grants.get(request.session.openId)
	grants.delete(request.session.openId)
	if (grant) await post('/v2/oauth/revoke/', { token: grant.tokens.access_token }).catch(problem => console.error(problem.message))
	request.session.destroy(() => response.redirect(303, '/'))
})

app.listen(PORT, '127.0.0.1', () => console.log(`${PUBLIC_URL}/`))
