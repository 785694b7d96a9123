// Where Genesys Cloud is, for your region: https://login.mypurecloud.de and https://api.mypurecloud.de, for example. It is the login host
// that has /oauth/authorize and /oauth/token; the api host and your account's own name do not. Here, both are the sandbox.
globalThis.genesys = {
	login: 'http://127.0.0.1:9400/genesys',
	api: 'http://127.0.0.1:9400/genesys',
	clientId: 'sandbox-public', // a client of the grant type "Code Authorization" with PKCE: it has no secret
	redirectUri: location.origin + location.pathname,
}
