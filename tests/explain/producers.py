"""Mistaken clients: a function for each fault, which makes exactly that mistake and nothing else wrong.

A producer gets a right client and leads it into the fault; what it recorded is the capture. FAULTS says for each fault which function
makes it, in which dialects it can happen, and why not in the others; a fault that stands there twice has two faces."""
import base64
import hashlib
import json
import re
import secrets
import time
import urllib.parse

import meddler
from client import FORM, Reply, form, send, way_back, with_claims
from meddler import Meddler

SAMPLE_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def sha256(data):
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).digest()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def written(client, digest):
    """A digest as the dialect wants a challenge written."""
    return digest.hex() if client.dialect["challenge"] == "hex" else base64url(digest)


# ---- The pair ----

def challenge_not_hex(client):
    client.challenge = base64url(sha256(client.verifier))
    client.login()


def challenge_is_hex(client):
    client.challenge = sha256(client.verifier).hex()
    client.login()


def challenge_base64_of_hex(client):
    client.challenge = base64url(sha256(client.verifier).hex().encode())
    client.login()


def challenge_standard_base64(client):
    while not set("+/") & set(base64.b64encode(sha256(client.verifier)).decode()):
        client.verifier = secrets.token_urlsafe(32)
    client.challenge = base64.b64encode(sha256(client.verifier)).decode()
    client.login()


def challenge_padded(client):
    client.challenge += "="
    client.login()


def use_verifier(client, verifier):
    client.verifier = verifier
    client.challenge = client.right_challenge()


def verifier_too_short(client):
    use_verifier(client, secrets.token_urlsafe(24))
    client.login()


def verifier_too_long(client):
    use_verifier(client, secrets.token_urlsafe(120))
    client.login()


def verifier_bad_characters(client):
    use_verifier(client, "+/" + base64.b64encode(secrets.token_bytes(48)).decode())
    client.login()


def challenge_hashes_raw_bytes(client):
    raw = secrets.token_bytes(32)
    client.verifier = base64url(raw)
    client.challenge = written(client, sha256(raw))
    client.login()


def challenge_double_hashed(client):
    client.challenge = written(client, sha256(sha256(client.verifier)))
    client.login()


def challenge_of_empty_value(client):
    client.challenge = written(client, sha256("undefined"))
    client.login()


def verifier_is_sample(client):
    use_verifier(client, SAMPLE_VERIFIER)
    client.login()


def challenge_digest_as_text(client):
    client.challenge = base64url(sha256(client.verifier).decode(errors="replace").encode())
    client.login()


def challenge_wrong_hash(client):
    client.challenge = written(client, hashlib.sha1(client.verifier.encode()).digest())
    client.login()


def challenge_utf16(client):
    client.challenge = written(client, sha256(client.verifier.encode("utf-16-le")))
    client.login()


def verifier_whitespace(client):
    client.authorize()
    client.redeem(code_verifier=client.verifier + "\n")


def verifier_quoted(client):
    client.authorize()
    client.redeem(code_verifier=f'"{client.verifier}"')


def verifier_percent_encoded(client):
    use_verifier(client, client.verifier + "~~")
    client.authorize()
    client.redeem(code_verifier=client.verifier.replace("~", "%7E"))


def verifier_truncated(client):
    use_verifier(client, secrets.token_urlsafe(64))
    client.authorize()
    client.redeem(code_verifier=client.verifier[:64])


def challenge_plain(client):
    client.challenge, client.method = client.verifier, "plain"
    client.login()


def method_missing(client):
    client.method = None
    client.login()


def method_misspelt(client):
    client.method = "s256"
    client.login()


def challenge_missing_with_method(client):
    client.challenge, client.method = None, "S256"
    client.login()


def verifier_is_challenge(client):
    client.authorize()
    client.redeem(code_verifier=client.challenge)


def challenge_is_verifier(client):
    client.challenge = client.verifier
    client.login()


def verifier_is_state(client):
    client.state = secrets.token_urlsafe(33)
    client.authorize()
    client.redeem(code_verifier=client.state)


def verifier_wrong_parameter(client):
    client.authorize()
    client.redeem(code_verifier=None, verifier=client.verifier)


def placeholder_not_substituted(client):
    client.id = "{CLIENT_KEY}" if client.dialect["client_id_parameter"] == "client_key" else "YOUR_CLIENT_ID"
    client.login()


def verifier_of_another_login(client):
    client.authorize()
    first = client.code
    client.skip(5)
    client.begin()
    client.authorize()
    client.code = first
    client.redeem()


def verifier_mismatch(client):
    client.authorize()
    client.redeem(code_verifier=secrets.token_urlsafe(32))


# ---- PKCE missing on one side ----

def challenge_missing(client):
    client.challenge = client.method = None
    client.login()


def challenge_missing_by_words(client):
    """Where the dialect takes logins without a challenge, some apps are refused without one all the same."""
    refusal = client.dialect["refusals"].get("challenge-present", {})
    text = refusal.get("error_description") or "PKCE required"
    client.challenge = client.method = None
    with Meddler(client, **meddler.send_back(error=refusal.get("error", "invalid_request"), error_description=text)):
        client.login()


def verifier_missing(client):
    client.authorize()
    client.redeem(code_verifier=None)


def verifier_without_challenge(client):
    client.challenge = client.method = None
    client.login()


def pkce_not_supported(client):
    client.pkce = True
    client.begin()
    with Meddler(client, **meddler.send_back(error="invalid_request", error_description="PKCE is not supported")):
        client.login()


def pkce_refused(client):
    """The provider knows the parameters, and wants none of them."""
    client.pkce = True
    client.begin()
    client.method = "S256"
    client.login()


def refresh_asks_verifier(client):
    refused = meddler.document(400, error="invalid_request", error_description="Missing parameter: code_verifier")
    client.login()
    with Meddler(client, **meddler.answer_instead("token", refused)):
        client.skip(3600)
        client.refresh()


# ---- The code ----

def code_reused(client):
    client.login()
    client.redeem()


def code_reused_by_reload(client):
    location = client.authorize()
    client.redeem()
    client.skip(30)
    client.come_back(location)
    client.redeem()


def code_reused_after_failure(client):
    client.authorize()
    client.redeem(code_verifier=None)
    client.skip(20)
    client.redeem()
    client.redeem()


def code_prefetched(client):
    location = client.authorize()
    client.capture["events"][-1]["request"]["headers"]["Sec-Purpose"] = "prefetch"
    client.redeem()
    client.come_back(location)
    client.redeem()


def code_two_for_one_state(client):
    refused = meddler.document(400, error="invalid_grant")
    with Meddler(client, **meddler.answer_instead("token", refused)):
        client.authorize()
        first = client.code
        client.skip(0.1)
        client.come_back(second_answer(client))
        client.code = first
        client.redeem()


def second_answer(client):
    """The provider sends the browser back a second time: what the second answer to the same authorize request says."""
    query = client.capture["events"][0]["request"]["url"].partition("?")[2]
    _, reply = send(client.provider, "GET", client.url("authorize_url") + "?" + query, {"Accept": "text/html"})
    return way_back(reply)


def code_expired(client):
    client.authorize()
    time.sleep(1.2)
    client.skip(client.dialect["code_lifetime"] + 20)
    client.redeem()


def code_still_encoded(client):
    with Meddler(client, **meddler.odd_codes("/+")):
        client.authorize()
        client.redeem(code=urllib.parse.quote(client.code, safe=""))


def code_over_decoded(client):
    with Meddler(client, **meddler.odd_codes("%2F%3D")):
        client.authorize()
        client.redeem(code=urllib.parse.unquote(client.code))


def code_truncated(client):
    client.authorize()
    client.redeem(code=client.code[:-6])


def code_fragment_kept(client):
    client.authorize()
    client.redeem(code=client.code + "#_=_")


def code_altered(client):
    client.authorize()
    client.redeem(code=client.code.swapcase())


def body_not_encoded(client):
    with Meddler(client, **meddler.odd_codes("+x/y")):
        client.authorize()
        request = client.code_request()
        request.body = "&".join(f"{name}={value}" for name, value in request.form.items())
        client.exchange(request)


# ---- The redirect URI ----

def redirect_uri_differs(client):
    client.authorize()
    client.redeem(redirect_uri=client.redirect_uri + "/" if client.redirect_uri[-1] != "/" else client.redirect_uri[:-1])


def redirect_uri_in_capitals(client):
    client.authorize()
    client.redeem(redirect_uri=client.redirect_uri.replace("callback", "Callback"))


def redirect_uri_scheme(client):
    client.redirect_uri = client.redirect_uri.replace("http://", "https://")
    client.authorize()
    client.redeem(redirect_uri=client.redirect_uri.replace("https://", "http://"))


def redirect_uri_port(client):
    client.authorize()
    host = urllib.parse.urlsplit(client.redirect_uri).netloc
    client.redeem(redirect_uri=client.redirect_uri.replace(host, host.split(":")[0] + ":3001"))


def redirect_uri_missing(client):
    client.authorize()
    client.redeem(redirect_uri=None)


def redirect_uri_empty(client):
    client.authorize()
    client.redeem(redirect_uri="")


def redirect_uri_double_encoded(client):
    client.authorize()
    client.redeem(redirect_uri=urllib.parse.quote(client.redirect_uri, safe=""))


def redirect_uri_localhost(client):
    client.authorize()
    client.redeem(redirect_uri=client.redirect_uri.replace("127.0.0.1", "localhost"))


def redirect_uri_unregistered(client):
    client.redirect_uri = "https://other.example.com/auth/callback/"
    client.login()


def redirect_uri_breaks_rules(client):
    client.redirect_uri = ("https://app.example.com/auth/callback/?id=1" if "no-query" in client.dialect["redirect_rules"]
                           else "https://app.example.com/auth/callback/#100")
    client.login()


def redirect_uri_extra_query(client):
    client.authorize()
    client.redeem(redirect_uri=client.redirect_uri + "?provider=1")


# ---- The client ----

def first_proof(dialect):
    return next(way for way in dialect["client_auth"] if way != "none")


def secret_from_public_client(client):
    client.secret, client.auth = "sandbox-secret", first_proof(client.dialect)
    client.login()


def secret_missing(client):
    client.authorize()
    request = client.code_request().add(**{client.dialect["client_secret_parameter"]: None})
    request.headers.pop("Authorization", None)
    client.exchange(request.add(**{client.dialect["client_id_parameter"]: client.id}))


def client_auth_method(client):
    client.auth = "post" if client.auth == "basic" else "basic"
    client.login()


def client_auth_twice(client):
    client.auth = "basic"
    client.authorize()
    client.redeem(**{client.dialect["client_id_parameter"]: client.id, client.dialect["client_secret_parameter"]: client.secret})


def basic_not_form_encoded(client):
    client.secret = "s3cret+with/odd%signs"
    client.auth = "basic"
    with Meddler(client, **meddler.odd_secret(client.secret)):
        client.authorize()
        request = client.code_request()
        request.headers["Authorization"] = "Basic " + base64.b64encode(f"{client.id}:{client.secret}".encode()).decode()
        client.exchange(request)


def basic_malformed(client):
    client.auth = "basic"
    client.authorize()
    request = client.code_request()
    request.headers["Authorization"] = "Basic " + str(base64.b64encode(f"{client.id}:{client.secret}".encode()))
    client.exchange(request)


def basic_without_its_name(client):
    client.auth = "basic"
    client.authorize()
    request = client.code_request()
    request.headers["Authorization"] = base64.b64encode(f"{client.id}:{client.secret}".encode()).decode()
    client.exchange(request)


def basic_without_colon(client):
    client.auth = "basic"
    client.authorize()
    request = client.code_request()
    request.headers["Authorization"] = "Basic " + base64.b64encode(f"{client.id}{client.secret}".encode()).decode()
    client.exchange(request)


def client_id_parameter(client):
    name = client.dialect["client_id_parameter"]
    client.authorize()
    client.redeem(**{name: None, "client_id" if name != "client_id" else "client_key": client.id})


def client_id_missing(client):
    client.authorize()
    request = client.code_request(**{client.dialect["client_id_parameter"]: None})
    request.headers.pop("Authorization", None)
    client.exchange(request)


def client_differs(client):
    client.authorize()
    client.id, client.secret, client.auth = ("sandbox-client", "sandbox-secret", client.dialect["client_auth"][0])
    client.redeem()


def secret_rejected(client):
    client.secret = "an-old-secret"
    client.login()


def assertion_invalid(client):
    """A signed assertion as the secret, as some providers want it, that has expired."""
    def part(members):
        return base64url(json.dumps(members).encode())
    made = int(client.now()) - 90 * 86400
    client.auth = "post"
    client.secret = ".".join((part({"alg": "ES256", "kid": "ABC123DEFG"}), part({"iss": "DEF123GHIJ", "iat": made, "exp": made + 3600,
                              "aud": "https://appleid.example", "sub": client.id}), base64url(secrets.token_bytes(64))))
    client.login()


def origin_header(client):
    refused = meddler.document(400, error="invalid_request", error_description="AADSTS9002327: Tokens issued for the 'Single-Page "
                               "Application' client-type may only be redeemed via cross-origin requests.")
    with Meddler(client, **meddler.answer_instead("token", refused)):
        client.login()


def app_not_approved(client):
    with Meddler(client, **meddler.send_back(error="unauthorized_client", error_description="client_key")):
        client.login()


# ---- Transport and form of the token request ----

def body_json_not_form(client):
    client.authorize()
    request = client.code_request()
    request.body = json.dumps(request.form)
    request.headers["Content-Type"] = "application/json"
    client.exchange(request)


def body_form_not_json(client):
    client.authorize()
    request = client.code_request()
    request.body = urllib.parse.urlencode(request.form)
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    client.exchange(request)


def content_type_missing(client):
    client.authorize()
    request = client.code_request()
    del request.headers["Content-Type"]
    client.exchange(request)


def post_became_get(client):
    client.authorize()
    request = client.code_request()
    request.method, request.body = "GET", ""
    client.exchange(request)


def post_was_redirected(client):
    """The final slash was missing, or was one too many: 301, and what follows it is a GET."""
    client.authorize()
    request = client.code_request()
    final = request.url
    request.url = final[:-1] if final.endswith("/") else final + "/"
    moved = Reply(301, {"Location": final}, b"")
    with Meddler(client, request=lambda place, asked: moved if asked.method == "POST" else None):
        client.exchange(request)
        request.method, request.url, request.body = "GET", final, ""
        del request.headers["Content-Type"]
        client.exchange(request)


def token_endpoint_wrong(client):
    client.authorize()
    request = client.code_request()
    request.url = request.url.replace("/" + client.dialect["name"] + "/", "/" + client.dialect["name"] + "/api/v2/", 1)
    client.exchange(request)


def parameter_duplicated(client):
    client.authorize()
    request = client.code_request()
    request.body = request.text() + "&grant_type=authorization_code"
    client.exchange(request)


def parameter_in_query(client):
    client.authorize()
    request = client.code_request()
    request.url += "?" + urllib.parse.urlencode(request.form)
    request.body = ""
    client.exchange(request)


def scope_separator(client):
    wrong = " " if client.dialect["scope_separator"] == "," else ","
    client.login(**{client.dialect["scope_parameter"]: wrong.join(client.scopes)})


def grant_type_wrong(client):
    client.authorize()
    client.redeem(grant_type="code")


def grant_type_missing(client):
    client.authorize()
    client.redeem(grant_type=None)


def reply_misread(client):
    """An error that comes with HTTP 200."""
    with Meddler(client, **meddler.change_document("token", lambda reply: {"error": {"code": "40001", "message": "Token expired."}})):
        client.login()


def reply_nested(client):
    with Meddler(client, **meddler.change_document("token", lambda reply: {"data": reply, "message": "success"})):
        client.login()


def reply_not_oauth(client):
    with Meddler(client, **meddler.answer_instead("token", meddler.page(403, "<html><title>Request blocked</title></html>"))):
        client.login()


def cors_blocked(client):
    """In a browser: the preflight is refused, and of the request itself nothing comes back."""
    origin = f"http://{client.landing}"
    refused = meddler.page(405, "<h1>Method Not Allowed</h1>")
    with Meddler(client, **meddler.answer_instead("token", refused, when=lambda asked: asked.method == "OPTIONS")):
        client.authorize()
        url, at = client.url("token_url"), client.now()
        headers, reply = send(client.provider, "OPTIONS", url, {"Origin": origin, "Access-Control-Request-Method": "POST",
                                                                "Access-Control-Request-Headers": "content-type"})
        client.record("other", at, {"method": "OPTIONS", "url": url, "headers": headers}, reply)
    request = client.code_request()
    request.headers["Origin"] = origin
    client.record("token", client.now(), {"method": "POST", "url": url, "headers": request.headers, "body": request.text()}, None)


# ---- State, session and user ----

def state_missing(client):
    client.login(state=None)


def state_lost_by_provider(client):
    with Meddler(client, **meddler.change_callback(lambda query: {name: value for name, value in query.items() if name != "state"})):
        client.authorize()


def state_too_weak(client):
    client.state = "12345"
    client.login()


def come_back_with(client, page, **changes):
    """The callback with another state, which the client refuses on a page that says so."""
    location = client.authorize()
    client.capture["events"].pop()
    client.come_back(meddler.with_query(location, lambda query: {**query, **changes}), reply=Reply(400, {}, page.encode()))


def state_mismatch(client):
    come_back_with(client, "state mismatch", state=secrets.token_urlsafe(24))


def state_altered(client):
    client.state = secrets.token_urlsafe(18) + "+/=="
    come_back_with(client, "state mismatch", state=client.state.replace("+", " "))


def login_cookie_lost(client):
    url = f"http://{client.landing}/login"
    query = form(client.authorize_parameters())
    at = client.now()
    client.authorize(query)
    callback = client.capture["events"].pop()
    client.capture["events"].insert(0, {
        "kind": "other", "at": at, "request": {"method": "GET", "url": url, "headers": {}},
        "response": {"status": 302, "headers": {"Location": client.url("authorize_url") + "?" + query,
                                                "Set-Cookie": "__Host-login=c2VhbGVk; Path=/; Secure; HttpOnly; SameSite=Lax"}}})
    callback["response"] = {"status": 400, "headers": {}, "body": "No login under way."}
    client.capture["events"].append(callback)


def login_cookie_unreadable(client):
    client.cookie = "__Host-login=c2VhbGVk"
    come_back_with(client, "login-cookie-unreadable")


def login_unknown(client):
    come_back_with(client, "login-unknown")
    del client.capture["events"][0]


def login_took_too_long(client):
    location = client.authorize()
    client.capture["events"].pop()
    client.skip(1900)
    client.come_back(location, reply=Reply(400, {}, b"login-took-too-long"))


def user_denied(client):
    client.authorize(decide="deny")


def scope_not_granted(client):
    fixed = client.dialect["scopes_fixed"]
    client.authorize(decide=fixed or client.scopes[:1])
    client.redeem()


def issuer_mismatch(client):
    with Meddler(client, **meddler.change_callback(lambda query: {**query, "iss": "https://other-provider.example"})):
        client.authorize()


def provider_error(client):
    refused = meddler.document(400, error="consent_withdrawn", error_description="The organisation has withdrawn its consent.")
    with Meddler(client, **meddler.answer_instead("token", refused)):
        client.login()


# ---- What servers do wrong ----

def server_error(client):
    with Meddler(client, **meddler.answer_instead("token", meddler.page(502, "<h1>Bad Gateway</h1>"))):
        client.login()


def rate_limited(client):
    refused = meddler.document(429, error="too_many_requests")
    refused.headers["Retry-After"] = "30"
    with Meddler(client, **meddler.answer_instead("token", refused)):
        client.login()


def connection_dropped(client):
    with Meddler(client, reply=lambda place, asked, got: None if place == "token" else got):
        client.login()


def reply_slow(client):
    client.login()
    client.capture["events"][-1]["took"] = 31.0


def expires_in_text(client):
    with Meddler(client, **meddler.change_tokens(lambda tokens: {**tokens, "expires_in": str(tokens["expires_in"])})):
        client.login()


# ---- The ID token ----

def with_id_token(client, **changes):
    """A login whose ID token has other claims; the signature is not looked at."""
    client.scopes = list(dict.fromkeys(["openid", *client.scopes]))
    client.more["nonce"] = secrets.token_urlsafe(16)
    client.login()
    event = client.capture["events"][-1]
    event["response"]["body"] = with_claims(event["response"]["body"], lambda claims: claims | changes)


def id_token_missing(client):
    client.scopes = list(dict.fromkeys(["openid", *client.scopes]))
    with Meddler(client, **meddler.change_tokens(lambda tokens: {name: value for name, value in tokens.items() if name != "id_token"})):
        client.login()


def id_token_issuer(client):
    with_id_token(client, iss="https://other-provider.example")


def id_token_audience(client):
    with_id_token(client, aud="another-client", azp="another-client")


def id_token_expired(client):
    with_id_token(client, iat=int(client.now()) - 4000, exp=int(client.now()) - 400)


def clock_skew(client):
    with_id_token(client, iat=int(client.now()) + 600, exp=int(client.now()) + 4200)


def nonce_mismatch(client):
    with_id_token(client, nonce="n-of-another-login")


def id_token_hash(client):
    with_id_token(client, at_hash=base64url(sha256("another token")[:16]))


def other_id_token(client, change):
    """A login whose ID token is another text."""
    client.scopes = list(dict.fromkeys(["openid", *client.scopes]))
    with Meddler(client, **meddler.change_tokens(lambda tokens: {**tokens, "id_token": change(tokens["id_token"])})):
        client.login()


def id_token_malformed(client):
    other_id_token(client, lambda token: token.rsplit(".", 1)[0])


def id_token_alg(client):
    other_id_token(client, lambda token: base64url(b'{"alg":"none"}') + token[token.index("."):])


def fetch(client, key, change):
    """Metadata or keys, as the provider has them but for one change."""
    url, at = client.url(key), client.now()
    headers, reply = send(client.provider, "GET", url, {"Accept": "application/json"})
    reply.body = json.dumps(change(reply.json)).encode()
    client.record("other", at, {"method": "GET", "url": url, "headers": headers}, reply)


def id_token_key_unknown(client):
    client.scopes = list(dict.fromkeys(["openid", *client.scopes]))
    client.login()
    fetch(client, "jwks_url", lambda keys: {"keys": [{**key, "kid": "of-last-year"} for key in keys["keys"]]})


def id_token_signature(client):
    with_id_token(client, name="Somebody Else")
    fetch(client, "jwks_url", lambda keys: keys)


def id_token_age(client):
    client.more["max_age"] = "600"
    with_id_token(client, auth_time=int(client.now()) - 7200)


def metadata_issuer(client):
    fetch(client, "discovery_url", lambda told: {**told, "issuer": "https://other-provider.example"})


def metadata_incomplete(client):
    fetch(client, "discovery_url", lambda told: {name: value for name, value in told.items() if name != "token_endpoint"})


def metadata_pkce(client):
    fetch(client, "discovery_url", lambda told: {**told, "code_challenge_methods_supported": ["plain"]})


def logout_token_invalid(client):
    """An ID token, sent where a logout token belongs."""
    client.scopes = list(dict.fromkeys(["openid", *client.scopes]))
    client.login()
    token = re.search(r'"id_token":\s*"([^"]*)"', client.capture["events"][-1]["response"]["body"])[1]
    client.record("other", client.now(), {"method": "POST", "url": f"http://{client.landing}/logout", "headers": {"Content-Type": FORM},
                                          "body": form({"logout_token": token})}, Reply(400, {}, b""))


# ---- Proofs and pushed requests ----

def dpop_proof_invalid(client):
    """Made for another endpoint."""
    def part(members):
        return base64url(json.dumps(members).encode())
    proof = ".".join((part({"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"}}),
                      part({"jti": secrets.token_urlsafe(12), "htm": "POST", "htu": "https://api.example/other", "iat": int(client.now())}),
                      base64url(secrets.token_bytes(64))))
    with Meddler(client, **meddler.answer_instead("token", meddler.document(400, error="invalid_dpop_proof"))):
        client.authorize()
        request = client.code_request()
        request.headers["DPoP"] = proof
        client.exchange(request)


def request_uri_invalid(client):
    refused = meddler.document(400, error="invalid_request_uri")
    with Meddler(client, **meddler.answer_instead("authorize", refused)):
        client.authorize(form({client.dialect["client_id_parameter"]: client.id, "request_uri": "urn:ietf:params:oauth:request_uri:of-yesterday"}))


def subject_mismatch(client):
    with_id_token(client)
    client.user_info()
    event = client.capture["events"][-1]
    told = json.loads(event["response"]["body"]) if event["kind"] == "other" else {}
    event["response"]["body"] = json.dumps(told | {"sub": "somebody-else"})


# ---- After the login ----

def refresh_race(client):
    client.login()
    client.skip(7100)
    token = client.tokens["refresh_token"]
    client.refresh()
    client.refresh(refresh_token=token)


def refresh_reply_lost(client):
    client.login()
    token = client.tokens["refresh_token"]
    client.skip(7100)
    provider = client.provider
    with Meddler(client, reply=lambda place, asked, got: None):
        client.refresh()
    client.provider = provider
    client.skip(300)
    client.refresh(refresh_token=token)


def refresh_tried_again(client):
    """At once, as programs do when a connection breaks."""
    client.login()
    token = client.tokens["refresh_token"]
    client.skip(7100)
    provider = client.provider
    with Meddler(client, reply=lambda place, asked, got: None):
        client.refresh()
    client.provider = provider
    client.skip(1)
    client.refresh(refresh_token=token)


def refresh_token_not_replaced(client):
    client.login()
    token = client.tokens["refresh_token"]
    client.skip(7100)
    client.refresh()
    client.skip(7100)
    client.refresh()
    client.skip(7100)
    client.refresh(refresh_token=token)


def refresh_token_erased(client):
    def without_refresh_token(reply):
        return {name: value for name, value in reply.items() if name != "refresh_token"}
    client.login()
    client.skip(7100)
    with Meddler(client, **meddler.change_tokens(without_refresh_token)):
        client.refresh()
    client.skip(7100)
    client.refresh(refresh_token=None)


def refresh_token_absent(client):
    def without_refresh_token(tokens):
        return {name: value for name, value in tokens.items() if name != "refresh_token"}
    way, _, value = client.dialect["refresh_asked_by"].partition("=")
    client.more.pop(way, None)
    client.scopes = [scope for scope in client.scopes if scope != value]
    with Meddler(client, **meddler.change_tokens(without_refresh_token)):
        client.login()
        client.skip(7100)
        client.refresh(refresh_token=None)


def refresh_client_changed(client):
    client.login()
    client.skip(7100)
    client.id, client.secret, client.auth = ("sandbox-client", "sandbox-secret", client.dialect["client_auth"][0])
    client.refresh()


def refresh_client_changed_to_unknown(client):
    client.login()
    client.skip(7100)
    client.id = "the-app-of-last-year"
    client.refresh()


def refresh_endpoint_wrong(client):
    client.login()
    client.skip(7100)
    request = client.refresh_request()
    request.url = request.url.rstrip("/").rsplit("/", 1)[0] + "/renew/"
    client.exchange(request)


def lifetime_hard_coded(client):
    client.login()
    client.capture["stored"]["expires_at"] = int(client.now()) + client.tokens["expires_in"] + 2000000


def provider_session_gone(client):
    client.login()
    client.skip(7100)
    gone = meddler.document(400, error="invalid_grant", error_description="Session not active")
    with Meddler(client, **meddler.answer_instead("token", gone)):
        client.refresh()


def revoke_without_token(client):
    client.login()
    request = client.revoke_request()
    request.form.pop(client.dialect["revoke_token_parameter"], None)
    if client.dialect["revoke_auth"] == "bearer":
        del request.headers["Authorization"]
    client.exchange(request)


def revoke_by_get(client):
    client.login()
    request = client.revoke_request()
    request.method, request.url, request.body = "GET", request.url + "?" + urllib.parse.urlencode(request.form), ""
    client.exchange(request)


# ---- Where it can happen ----

def everywhere(dialect):
    return None


def where(happens, why):
    return lambda dialect: None if happens(dialect) else why


def both(first, second):
    return lambda dialect: first(dialect) or second(dialect)


def says_no_with_200(dialect):
    return dialect["error_status"] == 200 or dialect["ok_at"] or any(said["status"] == 200 for said in dialect["refusals"].values())


def words_of(dialect, check):
    said = dialect["refusals"].get(check)
    return (said["error"], said["error_description"]) if said else check


proves = where(lambda d: d["client_auth"] != ["none"], "its clients have no secret")
tells_wrong_way = where(lambda d: words_of(d, "client-auth-method") != words_of(d, "client-authenticated"), "it says the same of a wrong secret")
switches_scopes = where(lambda d: any(scope not in d["scopes_fixed"] and not scope.startswith("offline")
                                      for scope in d["scopes"][0 if d["scopes_fixed"] else 1:2]),
                        "nobody can switch one of its usual scopes off")
several_scopes = where(lambda d: len(d["scopes"]) > 1, "it has no two scopes")
tells_scopes = where(lambda d: d["reply_scope"] != "absent" or d["callback_scope_parameter"], "it does not say what was granted")
takes_no_plain = where(lambda d: not d["plain"], "it takes plain")
wants_method = where(lambda d: d["method_missing"] != "S256" and d["challenge_method"] and not d["plain"], "it takes a challenge without a method")
paired = where(lambda d: d["pkce"] in ("sent", "required"), "it has no PKCE")
refuses_pkce = where(lambda d: d["pkce"] == "refused", "it refuses no challenge")
shape_checked = where(lambda d: d["verifier_shape"] == "checked", "it takes verifiers of any shape")
takes_a_body = where(lambda d: d["token_request"] != "query", "everything stands in the URL there")
has_keys = where(lambda d: d["id_token_alg"] not in ("none", "HS256") and d["jwks_url"], "it publishes no keys")
has_metadata = where(lambda d: d["discovery_url"], "it publishes no metadata")
tells_subject = where(lambda d: d["userinfo_url"] and d["userinfo_subject"] == "/sub", "its user info has no sub")
counts_seconds = where(lambda d: d["expires_in"] == "number" and d["access_lifetime"] and "expires_in" not in d["unconfirmed"],
                       "it writes no number there")
takes_oidc = where(lambda d: d["id_token_alg"] != "none", "it gives no ID tokens")
hex_wanted = where(lambda d: d["challenge"] == "hex", "hex is not what it wants")
base64url_wanted = where(lambda d: d["challenge"] == "base64url", "hex is wanted: that it is not hex comes first")
challenge_required = where(lambda d: d["pkce"] == "required", "it takes logins without a challenge")
challenge_optional = where(lambda d: d["pkce"] == "sent", "without a challenge it sends the browser back before any token request")
takes_form = where(lambda d: d["token_request"] == "form", "it takes no form")
takes_json = where(lambda d: d["token_request"] == "json", "it takes no JSON")
public_clients = where(lambda d: "none" in d["client_auth"], "it has no public clients")
takes_basic = where(lambda d: "basic" in d["client_auth"], "it does not take Basic")
takes_post = where(lambda d: "post" in d["client_auth"], "it does not take the secret in the body")
takes_one_way = where(lambda d: {"basic", "post"} - set(d["client_auth"]), "it takes both ways")
local_redirect = where(lambda d: "https" not in d["redirect_rules"], "its redirect URIs are on no loopback address")
refreshes = where(lambda d: d["refresh_lifetime"], "it gives no refresh tokens")
rotates = where(lambda d: d["refresh_rotates"], "a refresh token stays the same")
refreshes_public = where(lambda d: d["refresh_lifetime"] and "none" in d["client_auth"], "no second client could log in there")
refreshes_alone = where(lambda d: d["refresh_lifetime"] and "none" not in d["client_auth"], "a second client is known there")
revokes = where(lambda d: d["revoke_url"], "it revokes nothing")


class Row:
    """`sandbox` is which one it needs: auto (no page), page (with the consent page) or short (codes live a second). `sure` is what can
    be said of the fault at best, `also` what is true beside it, `also_without` what is true where a variant leaves something out,
    `quiet_as_har` in which dialects a request of it cannot be told from any other of a browser's."""

    def __init__(self, fault, produce, happens=everywhere, sandbox="auto", public=False, sure="proved", also=(), also_without=None,
                 quiet_as_har=lambda dialect: False):
        self.fault, self.produce, self.happens, self.sandbox, self.public = fault, produce, happens, sandbox, public
        self.sure, self.also, self.also_without = sure, {fault, *also}, also_without or {}
        self.quiet_as_har = quiet_as_har

    def may_be_proved(self, dialect):
        """The faults that may be called proved. What stands in no request or reply may not: there one can only believe."""
        sure = self.sure(dialect) if callable(self.sure) else self.sure
        return self.also - ({self.fault} if sure != "proved" else set())


def of_pkce(rows):
    """What can go wrong where there is a pair."""
    for row in rows:
        row.happens = both(paired, row.happens)
    return rows


FAULTS = [*of_pkce([
    Row("challenge-not-hex", challenge_not_hex, hex_wanted),
    Row("challenge-is-hex", challenge_is_hex, base64url_wanted),
    Row("challenge-base64-of-hex", challenge_base64_of_hex),
    Row("challenge-standard-base64", challenge_standard_base64, base64url_wanted),
    Row("challenge-padded", challenge_padded, base64url_wanted),
    Row("verifier-too-short", verifier_too_short, shape_checked),
    Row("verifier-too-long", verifier_too_long, shape_checked),
    Row("verifier-bad-characters", verifier_bad_characters, shape_checked),
    Row("challenge-hashes-raw-bytes", challenge_hashes_raw_bytes),
    Row("challenge-double-hashed", challenge_double_hashed),
    Row("challenge-of-empty-value", challenge_of_empty_value),
    Row("verifier-is-sample", verifier_is_sample),
    Row("challenge-digest-as-text", challenge_digest_as_text, also={"challenge-not-hex"}),
    Row("challenge-wrong-hash", challenge_wrong_hash),
    Row("challenge-utf16", challenge_utf16),
    Row("verifier-whitespace", verifier_whitespace, also_without={"no authorize": {"verifier-bad-characters"}}),
    Row("verifier-quoted", verifier_quoted, also_without={"no authorize": {"verifier-bad-characters"}}),
    Row("verifier-percent-encoded", verifier_percent_encoded, also_without={"no authorize": {"verifier-bad-characters"}}),
    Row("verifier-truncated", verifier_truncated, also_without=dict.fromkeys(("nothing stored", "HAR"), {"verifier-mismatch"})),
    Row("challenge-plain", challenge_plain, takes_no_plain),
    Row("method-missing", method_missing, wants_method),
    Row("method-misspelt", method_misspelt),
    Row("challenge-missing-with-method", challenge_missing_with_method),
    Row("verifier-is-challenge", verifier_is_challenge, also_without=dict.fromkeys(("nothing stored", "HAR"), {"challenge-is-verifier"})),
    Row("challenge-is-verifier", challenge_is_verifier, also_without=dict.fromkeys(("nothing stored", "HAR"), {"verifier-is-challenge"})),
    Row("verifier-is-state", verifier_is_state),
    Row("verifier-wrong-parameter", verifier_wrong_parameter),
    Row("placeholder-not-substituted", placeholder_not_substituted),
    Row("verifier-of-another-login", verifier_of_another_login),
    Row("verifier-mismatch", verifier_mismatch),

    Row("challenge-missing", challenge_missing, challenge_required),
    Row("challenge-missing", challenge_missing_by_words, challenge_optional, sure="likely"),
    Row("verifier-missing", verifier_missing),
    Row("verifier-without-challenge", verifier_without_challenge, challenge_optional),
]),
    Row("pkce-not-supported", pkce_not_supported, sure=lambda d: "proved" if d["pkce"] == "refused" else "likely"),
    Row("pkce-not-supported", pkce_refused, refuses_pkce),
    Row("refresh-asks-verifier", refresh_asks_verifier, refreshes, sure="likely"),

    Row("code-reused", code_reused),
    Row("code-reused", code_reused_by_reload),
    Row("code-reused", code_reused_after_failure),
    Row("code-prefetched", code_prefetched, also={"code-reused"}),
    Row("code-two-for-one-state", code_two_for_one_state),
    Row("code-expired", code_expired, sandbox="short", sure="likely"),
    Row("code-still-encoded", code_still_encoded),
    Row("code-over-decoded", code_over_decoded),
    Row("code-truncated", code_truncated),
    Row("code-fragment-kept", code_fragment_kept),
    Row("code-altered", code_altered),
    Row("body-not-encoded", body_not_encoded, takes_form),

    Row("redirect-uri-differs", redirect_uri_differs),
    Row("redirect-uri-differs", redirect_uri_in_capitals),
    Row("redirect-uri-scheme", redirect_uri_scheme),
    Row("redirect-uri-port", redirect_uri_port),
    Row("redirect-uri-missing", redirect_uri_missing),
    Row("redirect-uri-empty", redirect_uri_empty),
    Row("redirect-uri-double-encoded", redirect_uri_double_encoded),
    Row("redirect-uri-localhost", redirect_uri_localhost, local_redirect),
    Row("redirect-uri-unregistered", redirect_uri_unregistered,
        where(lambda d: "loopback-host" not in d["redirect_rules"], "it breaks a rule too, and that is proved"), sure="likely"),
    Row("redirect-uri-breaks-rules", redirect_uri_breaks_rules),
    Row("redirect-uri-extra-query", redirect_uri_extra_query),

    Row("secret-from-public-client", secret_from_public_client, both(public_clients, both(proves, tells_wrong_way)), public=True, sure="likely"),
    Row("secret-missing", secret_missing, proves, sure=lambda d: "likely" if "none" in d["client_auth"] else "proved"),
    Row("client-auth-method", client_auth_method, both(proves, takes_one_way)),
    Row("client-auth-twice", client_auth_twice, proves),
    Row("basic-not-form-encoded", basic_not_form_encoded, takes_basic),
    Row("basic-malformed", basic_malformed, takes_basic),
    Row("basic-malformed", basic_without_its_name, takes_basic),
    Row("basic-malformed", basic_without_colon, takes_basic),
    Row("client-id-parameter", client_id_parameter,
        where(lambda d: first_proof(d) != "basic" if d["client_auth"] != ["none"] else True, "Basic names the client")),
    Row("client-id-missing", client_id_missing, also={"secret-missing"}),
    Row("client-differs", client_differs, public_clients, public=True),
    Row("secret-rejected", secret_rejected, proves, sure="likely"),
    Row("assertion-invalid", assertion_invalid, takes_post),
    Row("origin-header", origin_header, sure="likely"),
    Row("app-not-approved", app_not_approved, sure="likely"),

    Row("body-json-not-form", body_json_not_form, takes_form),
    Row("body-form-not-json", body_form_not_json, takes_json),
    Row("content-type-missing", content_type_missing, takes_a_body),
    Row("post-became-get", post_became_get, takes_a_body),
    Row("post-became-get", post_was_redirected, takes_a_body),
    Row("token-endpoint-wrong", token_endpoint_wrong),
    Row("parameter-duplicated", parameter_duplicated, takes_form),
    Row("parameter-in-query", parameter_in_query, takes_a_body),
    Row("scope-separator", scope_separator, several_scopes),
    Row("grant-type-wrong", grant_type_wrong),
    Row("grant-type-wrong", grant_type_missing),
    Row("reply-misread", reply_misread, where(lambda d: not says_no_with_200(d), "its errors come so, and no client is surprised")),
    Row("reply-misread", reply_nested),
    Row("reply-not-oauth", reply_not_oauth),
    Row("cors-blocked", cors_blocked),

    Row("state-missing", state_missing),
    Row("state-missing", state_lost_by_provider),
    Row("state-too-weak", state_too_weak),
    Row("state-mismatch", state_mismatch),
    Row("state-altered", state_altered),
    Row("login-cookie-lost", login_cookie_lost),
    Row("login-cookie-unreadable", login_cookie_unreadable, sure="likely"),
    Row("login-unknown", login_unknown, sure="likely"),
    Row("login-took-too-long", login_took_too_long, sure="likely"),
    Row("user-denied", user_denied, sandbox="page"),
    Row("scope-not-granted", scope_not_granted, both(several_scopes, both(switches_scopes, tells_scopes)), sandbox="page"),
    Row("issuer-mismatch", issuer_mismatch, sure=lambda d: "proved" if d["issuer"] else "likely"),
    Row("provider-error", provider_error, sure="possible"),

    Row("id-token-missing", id_token_missing, takes_oidc),
    Row("id-token-issuer", id_token_issuer, takes_oidc),
    Row("id-token-audience", id_token_audience, takes_oidc),
    Row("id-token-expired", id_token_expired, takes_oidc),
    Row("clock-skew", clock_skew, takes_oidc),
    Row("nonce-mismatch", nonce_mismatch, takes_oidc),
    Row("id-token-hash", id_token_hash, takes_oidc),
    Row("id-token-malformed", id_token_malformed, takes_oidc),
    Row("id-token-alg", id_token_alg, takes_oidc),
    Row("id-token-key-unknown", id_token_key_unknown, has_keys),
    Row("id-token-signature", id_token_signature, has_keys),
    Row("id-token-age", id_token_age, takes_oidc),
    Row("metadata-issuer", metadata_issuer, has_metadata),
    Row("metadata-incomplete", metadata_incomplete, has_metadata),
    Row("metadata-pkce", metadata_pkce, has_metadata),
    Row("logout-token-invalid", logout_token_invalid, takes_oidc),
    Row("dpop-proof-invalid", dpop_proof_invalid),
    Row("request-uri-invalid", request_uri_invalid, sure="likely"),
    Row("subject-mismatch", subject_mismatch, both(takes_oidc, tells_subject)),
    Row("server-error", server_error),
    Row("rate-limited", rate_limited),
    Row("connection-dropped", connection_dropped, sure="likely"),
    Row("reply-slow", reply_slow, sure="likely"),
    Row("expires-in-text", expires_in_text, counts_seconds),

    Row("refresh-race", refresh_race, rotates, also={"refresh-token-not-replaced", "refresh-reply-lost"}),
    Row("refresh-reply-lost", refresh_reply_lost, rotates, sure="likely"),
    Row("refresh-reply-lost", refresh_tried_again, rotates, sure="likely"),
    Row("refresh-token-not-replaced", refresh_token_not_replaced, rotates),
    Row("refresh-token-erased", refresh_token_erased, refreshes),
    Row("refresh-token-absent", refresh_token_absent, refreshes, also_without={"second login": {"refresh-token-erased"}}),
    Row("refresh-client-changed", refresh_client_changed, refreshes_public, public=True),
    Row("refresh-client-changed", refresh_client_changed_to_unknown, refreshes_alone),
    Row("refresh-endpoint-wrong", refresh_endpoint_wrong, refreshes),
    Row("lifetime-hard-coded", lifetime_hard_coded, where(lambda d: d["access_lifetime"] and d["expires_in"] != "absent", "it says no lifetime")),
    Row("provider-session-gone", provider_session_gone, refreshes, sure="likely"),
    Row("revoke-malformed", revoke_without_token, revokes, quiet_as_har=lambda d: d["revoke_auth"] == "bearer"),
    Row("revoke-malformed", revoke_by_get, revokes, quiet_as_har=lambda d: d["revoke_auth"] == "bearer"),
]
