// npm's oidc-provider as it comes, with the one client that bench/flows.c is: an in-memory store, its own development pages for
// signing in and consent. Usage: node server.mjs ADDRESS PORT RS256|ES256
import { generateKeyPairSync } from 'node:crypto'
import { Provider } from 'oidc-provider'

const [address, port, alg] = process.argv.slice(2)
const pair = alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 })
const key = pair.privateKey.export({ format: 'jwk' })

const provider = new Provider(`http://${address}:${port}`, {
	clients: [{
		client_id: 'sandbox-client',
		client_secret: 'sandbox-secret',
		redirect_uris: ['http://127.0.0.1:1/callback'],
		id_token_signed_response_alg: alg,
	}],
	cookies: { keys: ['bench'] },
	jwks: { keys: [{ ...key, alg, use: 'sig' }] },
	pkce: { required: () => true },
})

provider.on('server_error', (_, error) => console.error(error))
provider.listen(Number(port), address, () => console.log(`http://${address}:${port}/`))
