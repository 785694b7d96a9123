"""What the tests of OpenID Connect share: a JOSE library that is not the program's, keys, cookies, the consent page."""
import base64
import hashlib
import html
import json
import re
import secrets
import sys
import time

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's, for another interpreter
from jwcrypto import jwk, jws  # noqa: E402

from harness import DIALECTS, Dialect  # noqa: E402

OPENID = [d for d in DIALECTS if d["issuer"] and d["id_token_alg"] != "none"]
STRICT = Dialect("rfc7636")  # what the standards say


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(token):
    """Header and claims, unverified."""
    header, claims, _ = token.split(".")
    return json.loads(decode(header)), json.loads(decode(claims))


def has_openid(login):
    """Whether an honest login there is answered with an ID token."""
    d = login.dialect
    return d["issuer"] and d["id_token_alg"] != "none" and "openid" in d["scopes"] and not (d["id_token_alg"] == "HS256" and login.public)


def scope(dialect, *wanted):
    """Those scopes, and what the dialect insists on."""
    return dialect.scope(list(dict.fromkeys([*wanted, *dialect["scopes_required"]])))


def issuer(sandbox, dialect):
    path = re.sub(r"^https?://[^/]*", "", dialect["issuer"]).replace("{tenant}", dialect["tenant"]).replace("{tenantid}", dialect["tenant"])
    return f"http://127.0.0.1:{sandbox.port}/{dialect.name}{path}"


def verify(sandbox, dialect, token):
    """The claims of a token that is signed by the provider's own published key; raises otherwise."""
    header, _ = parts(token)
    alg = dialect["id_token_alg"]
    if header["alg"] != alg:
        raise ValueError(f"alg {header['alg']}, not {alg}")
    if alg == "HS256":
        key = jwk.JWK(kty="oct", k=encode(b"sandbox-secret"))
    else:
        keys = sandbox.ask("GET", dialect.path("jwks_url")).json["keys"]
        key = jwk.JWK(**next(k for k in keys if k["kid"] == header["kid"]))
    signed = jws.JWS()
    signed.deserialize(token, key, alg=alg)
    return json.loads(signed.payload)


def half_hash(text):
    return encode(hashlib.sha256(text.encode()).digest()[:16])


class Browser:
    """A cookie jar with one page open."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.cookies = {}

    def ask(self, method, path, body=None, **headers):
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        reply = self.sandbox.ask(method, path, body, headers)
        set_cookie = reply.headers.get("set-cookie")
        if set_cookie:
            name, _, value = set_cookie.split(";")[0].partition("=")
            self.cookies[name] = value
            if "Max-Age=0" in set_cookie:
                del self.cookies[name]
        return reply

    def authorize(self, login, **changes):
        return self.ask("GET", login.url(**changes))

    def allow(self, page, user=None):
        """Says yes on a consent page, as whoever is chosen there or as `user`."""
        action = html.unescape(re.search(r'action="([^"]*)"', page.text)[1])
        fields = [("request", html.unescape(re.search(r'name="request" value="([^"]*)"', page.text)[1])),
                  ("user", user or chosen(page)), ("decision", "allow")]
        fields += [("scope", html.unescape(s)) for s in re.findall(r'name="scope" value="([^"]*)"', page.text)]
        return self.ask("POST", action, fields)

    def login(self, login, user="ada", **changes):
        """A whole login with the page; the tokens."""
        code = self.allow(self.authorize(login, **changes), user).query["code"]
        return self.sandbox.token(login, code).tokens(login.dialect)


def is_page(reply):
    return reply.status == 200 and 'name="decision"' in reply.text


def chosen(page):
    return re.search(r'<input[^>]*name="user"[^>]*value="([^"]*)"[^>]*\bchecked', page.text)[1]


class Key:
    """A client's DPoP key, and proofs of it."""

    def __init__(self, alg="ES256"):
        self.alg = alg
        kinds = {"ES": {"kty": "EC", "crv": "P-256"}, "RS": {"kty": "RSA", "size": 2048}, "PS": {"kty": "RSA", "size": 2048}}
        self.key = jwk.JWK.generate(**kinds[alg[:2]])

    @property
    def thumbprint(self):
        return self.key.thumbprint()

    def proof(self, method, url, token=None, header=None, key=None, **changes):
        """A right proof, but for the changes; a change to None takes a claim out."""
        claims = {"jti": secrets.token_urlsafe(12), "htm": method, "htu": url, "iat": int(time.time())}
        if token:
            claims["ath"] = encode(hashlib.sha256(token.encode()).digest())
        claims = {k: v for k, v in {**claims, **changes}.items() if v is not None}
        head = {"typ": "dpop+jwt", "alg": self.alg, "jwk": self.key.export_public(as_dict=True), **(header or {})}
        (head["jwk"] or {}).pop("kid", None)
        head = {k: v for k, v in head.items() if v is not None}
        signer = (key or self).key if isinstance(key or self, Key) else key
        signed = jws.JWSCore(head["alg"], signer, json.dumps(head), json.dumps(claims), ["ES256", "RS256", "PS256", "HS256"]).sign()
        return ".".join((signed["protected"], encode(json.dumps(claims).encode()), signed["signature"]))
