// npm's oidc-provider as it comes, with the one client that bench/flows.c is: an in-memory store, its own development pages for
// signing in and consent. Usage: node server.mjs ADDRESS PORT
import { generateKeyPairSync } from 'node:crypto'
import { Provider } from 'oidc-provider'

const [address, port] = process.argv.slice(2)
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })

const provider = new Provider(`http://${address}:${port}`, {
	clients: [{
		client_id: 'sandbox-client',
		client_secret: 'sandbox-secret',
		redirect_uris: ['http://127.0.0.1:1/callback'],
	}],
	cookies: { keys: ['bench'] },
	jwks: { keys: [{ ...key, alg: 'RS256', use: 'sig' }] },
	pkce: { required: () => true },
})

provider.on('server_error', (_, error) => console.error(error))
provider.listen(Number(port), address, () => console.log(`http://${address}:${port}/`))
