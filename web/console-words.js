// What the words of a login mean, each in a sentence for somebody who meets it for the first time. Names are those on the wire, and those
// that providers gave to the same thing. Also decides which values are secret: the console shows four characters of those, never more.

const challenge = 'The SHA-256 of a secret that only your app knows. The provider keeps it, and compares it later with the verifier.';
const clientId = 'Which app is asking. It is public; the provider gave it out when the app was registered.';
const clientSecret = 'The password of the app. It belongs on a server, never in a browser or a mobile app.';
const subject = 'Who signed in: the provider’s own id for the person, which stays the same even if their e-mail address changes.';
const lifetime = 'How many seconds the access token is good for, from now on. Believe this number; do not write one into your code.';

/* Parameters, in the order in which a login meets them. */
const parameters = {
	// The question
	response_type: 'What the app wants back. “code” asks for a short-lived code, which is worth nothing without the verifier.',
	response_mode: 'How the answer comes back: in the query, in the fragment, or as a form that the browser posts.',
	client_id: clientId,
	client_key: `${clientId} This provider calls client_id so.`,
	appid: `${clientId} This provider calls client_id so.`,
	app_id: `${clientId} This provider calls client_id so.`,
	redirect_uri: 'Where the provider sends the browser afterwards. It must be registered, character by character, and be the same in the token request.',
	scope: 'What the app wants to be allowed to do, as a list. The person may be asked about each item.',
	scopes: 'What the app is allowed to do, as this provider spells it.',
	optional_scope: 'What the app would like to be allowed to do, and can do without.',
	user_scope: 'What the app wants to be allowed to do in the name of the person, not of itself.',
	state: 'A value that the app makes up for this one attempt and expects back unchanged. It ties the answer to the browser that asked.',
	nonce: 'A value that the app makes up and finds again inside the ID token. It ties that token to this attempt.',
	code_challenge: challenge,
	code_challenge_method: 'How the challenge was made from the verifier. “S256” is SHA-256; “plain” is no protection.',
	prompt: 'Whether the provider shows its pages: “none” never, “login” asks for the password again, “consent” asks for permission again.',
	max_age: 'How many seconds ago the person may have typed their password at most.',
	login_hint: 'Who is probably signing in, so that the provider can fill in the name.',
	id_token_hint: 'An ID token from before, to say who is meant.',
	domain_hint: 'Which organisation the person belongs to, so that the right sign-in page opens.',
	hd: 'Only people of this organisation’s domain.',
	ui_locales: 'The languages that the person reads, the best first.',
	acr_values: 'How strongly the person should be authenticated.',
	claims: 'Single facts about the person that the app asks for.',
	display: 'What kind of page to show.',
	access_type: '“offline” asks for a refresh token, so that the app can go on when the person is not there.',
	include_granted_scopes: 'Whether what was allowed before is to be included.',
	audience: 'Which API the access token is for.',
	resource: 'Which API the access token is for (RFC 8707).',
	authorization_details: 'What exactly the app wants to do, in more detail than a scope can say (RFC 9396).',
	request: 'All parameters of the question, signed by the app (RFC 9101).',
	request_uri: 'Points to the parameters that the app has already sent to the provider directly (RFC 9126), so that nobody can alter them in the browser.',
	dpop_jkt: 'The fingerprint of the key that the code will be bound to (RFC 9449).',
	disable_auto_auth: 'Whether the consent page is shown again to somebody who has agreed before.',
	duration: 'How long access is wanted: once, or with a refresh token.',
	token_access_type: 'Whether a refresh token is wanted.',
	owner: 'Whether the person or a workspace gives access.',

	user: 'Who the person said they are.',
	decision: 'What the person chose.',

	// The answer through the browser
	code: 'A ticket for the token endpoint: good once, for a few minutes, and only together with the verifier.',
	iss: 'Which provider this is from. The app compares it, so that one provider cannot pose as another (RFC 9207).',
	session_state: 'The provider’s note on its session with the browser.',
	error: 'The provider says no, in a word that programs compare.',
	error_description: 'The provider says no, in words for developers.',
	error_uri: 'A page on what went wrong.',
	error_reason: 'Why the provider says no.',
	error_code: 'The provider’s number for what went wrong.',

	// The token request
	grant_type: 'What the app hands in: “authorization_code” a code, “refresh_token” a refresh token.',
	code_verifier: 'The secret that the app made up at the start. Its SHA-256 must be the challenge: only who began this login can know it.',
	client_secret: clientSecret,
	secret: `${clientSecret} This provider calls client_secret so.`,
	client_assertion: 'A statement signed with the app’s private key, instead of a password.',
	client_assertion_type: 'What kind of statement the client_assertion is.',
	refresh_token: 'Gets new access tokens without the person. Many providers replace it at each use: keep the newest one.',
	token: 'The token that this request is about.',
	token_type_hint: 'What kind of token it is, to save the provider a search.',

	// The reply
	access_token: 'Opens the API, in the name of the person. Who has it can use it: keep it out of URLs and logs.',
	token_type: 'How to present the access token. “Bearer” means: in the Authorization header, and whoever bears it is let in.',
	expires_in: lifetime,
	expires: lifetime,
	refresh_expires_in: 'How many seconds the refresh token is good for.',
	refresh_token_expires_in: 'How many seconds the refresh token is good for.',
	id_token: 'Who signed in, when and for which app, signed by the provider. The app checks the signature, then reads the claims below.',
	open_id: subject,
	openid: subject,
	unionid: 'The provider’s id for the person across all apps of one company.',
	user_id: subject,
	id: subject,
	active: 'Whether the token is good at this moment.',
	expires_at: 'When the PAR request or token ends, in seconds since 1970.',
	not_before_policy: 'Tokens from before this time are refused.',

	// Who it is
	sub: subject,
	aud: 'Which app the token is for. An app refuses a token that was made for another.',
	azp: 'Which app asked for the token.',
	exp: 'When the token ends, in seconds since 1970.',
	iat: 'When the token was made, in seconds since 1970.',
	nbf: 'Before this time the token is not to be accepted.',
	jti: 'The token’s own id.',
	auth_time: 'When the person last typed their password.',
	at_hash: 'The start of the access token’s hash: it says that the two tokens belong together.',
	c_hash: 'The start of the code’s hash: it says that code and token belong together.',
	acr: 'How strongly the person was authenticated.',
	amr: 'How the person was authenticated: a password, a code by text message.',
	sid: 'The provider’s id of the session.',
	name: 'The person’s name, to show.',
	display_name: 'The person’s name, to show.',
	given_name: 'The person’s first name.',
	family_name: 'The person’s family name.',
	preferred_username: 'The name that the person goes by. It can change, and is no key for a table.',
	email: 'The person’s e-mail address. It can change, and is only worth something when it is verified.',
	email_verified: 'Whether the provider knows that the address is the person’s.',
	picture: 'Where a picture of the person is.',
	avatar_url: 'Where a picture of the person is.',
	login: 'The name that the person goes by.',
	username: 'The name that the person goes by.',
	alg: 'How the token is signed. An app accepts what it expects, and never “none”.',
	kid: 'Which of the provider’s keys the token is signed with.',
	typ: 'What kind of token it is.',
	post_logout_redirect_uri: 'Where the browser goes after it has been signed out.',

	// Headers
	authorization: 'Who is calling. “Basic” is the app’s id and password, “Bearer” an access token.',
	'content-type': 'How the body is written. A token request is a form: application/x-www-form-urlencoded.',
	accept: 'What kind of answer the app can read.',
	origin: 'The page that sends the request. Browsers add it by themselves; servers do not.',
	dpop: 'Proof that the sender holds the private key that the token is bound to (RFC 9449).',
	'dpop-nonce': 'A value that the next DPoP proof has to contain.',
	location: 'Where the browser is sent next.',
	'www-authenticate': 'How the caller should have said who it is.',
	'retry-after': 'How many seconds to wait before the next try.',
	'cache-control': 'Tokens must not be stored by anybody on the way: no-store.',
	referer: 'The page that the browser came from.',
	cookie: 'What the browser remembers for this site.',
	'set-cookie': 'What the browser is asked to remember.',
	'user-agent': 'Which program sends the request.',
};

/* Values that open something. A code is one until it is used, and a log does not know when that is. */
const secrets = new Set([
	'access_token', 'authorization', 'client_assertion', 'client_secret', 'code', 'code_verifier', 'cookie', 'device_code', 'dpop', 'id_token',
	'id_token_hint', 'logout_token', 'password', 'proxy-authorization', 'refresh_token', 'request', 'secret', 'set-cookie', 'token', 'assertion',
	'subject_token', 'session_key',
]);

/** The last part of a nested name: "data.user.open_id" is known as open_id. */
const lastPart = (name) => name.slice(name.lastIndexOf('.') + 1).toLowerCase();

/** A sentence on a parameter, or '' where there is none: what an app adds for itself needs no explanation. */
export function explainParameter(name) {
	const known = Object.hasOwn(parameters, lastPart(name));

	return known ? parameters[lastPart(name)] : '';
}

/** Whether a value must be shortened. What is wrong with a login is no secret, even where a provider calls it "code". */
export function isSecret(name, value) {
	return secrets.has(lastPart(name)) && !(lastPart(name) === 'code' && (name.includes('error') || /^-?\d{1,6}$/.test(value)));
}

/** Four characters and the length: enough to tell two secrets apart, of no use to who sees it. */
export function shorten(value) {
	const length = `${value.length} ${value.length === 1 ? 'character' : 'characters'}`;

	return value.length < 12 ? `(${length})` : `${value.slice(0, 4)}… (${length})`;
}

/** Names of what providers call the client's id. */
export const clientIdNames = ['client_id', 'client_key', 'appid', 'app_id'];

/** Whose move it is, as a person would say it. */
export const movers = { client: 'your app', provider: 'the provider', user: 'the person', browser: 'the browser', gateway: 'the gateway' };

/** How sure explain is. */
export const confidences = {
	proved: 'proved: it follows from the bytes',
	likely: 'likely: everything points to it',
	possible: 'possible: the provider’s words say so',
};
