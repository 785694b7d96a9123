#!/usr/bin/env python3
"""ID tokens through the gateway: each wrong one has its fault and signs nobody in; keys that were changed are fetched once more, and no
oftener than once a minute however many ask; the nonce belongs to the attempt and to the browser."""
import base64
import json
import sys
import time

sys.dont_write_bytecode = True
from fake_provider import Provider, half_hash, new_key, sign
from harness import Browser, Gateway, at_once, check, equal, finish, is_refused, is_sent_back, parameters, run, wait_for

provider = Provider()
gateway = Gateway(provider, logins={"one": "rfc7636", "two": "rfc7636"})
STRANGER, CURVE = new_key("first"), new_key("curve", "EC")  # the kid of the right key, and another kind


def now():
    return int(time.time())


def claiming(**changes):
    """The honest token with these claims changed; None leaves one out."""
    return lambda claims: sign({name: value for name, value in {**claims, **changes}.items() if value is not None}, provider.keys[0])


def part(document):
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def unsigned(claims):
    return part({"alg": "none"}) + "." + part(claims) + "."


def altered(claims):
    header, _, signature = sign(claims, provider.keys[0]).split(".")
    return f"{header}.{part({**claims, 'sub': 'sub-linus'})}.{signature}"


def confused(claims):
    """Signed with the public key as if it were a secret (RFC 8725 2.1)."""
    from jwcrypto import jwk
    pem = provider.keys[0].export_to_pem()
    return sign(claims, jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(pem).decode().rstrip("="), kid="first"), "HS256")


WRONG = (
    ("no ID token", lambda claims: None, "id-token-missing"),
    ("an empty one", lambda claims: "", "id-token-missing"),
    ("one that is no token", lambda claims: "a.b", "id-token-malformed"),
    ("one that is a number", lambda claims: 12, "id-token-malformed"),
    ("C-38 alg none", unsigned, "id-token-alg"),
    ("C-38 the public key as a secret", confused, "id-token-alg"),
    ("C-38 an algorithm of another kind", lambda claims: sign(claims, CURVE, "ES256"), "id-token-alg"),
    ("C-38 RS512", lambda claims: sign(claims, provider.keys[0], "RS512"), "id-token-alg"),
    ("C-38 claims that were altered", altered, "id-token-signature"),
    ("C-38 a stranger's key of the same kid", lambda claims: sign(claims, STRANGER), "id-token-signature"),
    ("an access token's type", lambda claims: sign(claims, provider.keys[0], typ="at+jwt"), "id-token-malformed"),
    ("C-37 another issuer", claiming(iss="https://evil.example"), "id-token-issuer"),
    ("C-37 no issuer", claiming(iss=None), "id-token-issuer"),
    ("C-37 the issuer and a slash", claiming(iss=provider.url + "/rfc7636/"), "id-token-issuer"),
    ("C-37 another audience", claiming(aud="another-client"), "id-token-audience"),
    ("C-37 no audience", claiming(aud=None), "id-token-audience"),
    ("C-37 two audiences and no azp", claiming(aud=["test-client", "another-client"]), "id-token-audience"),
    ("C-37 another azp", claiming(azp="another-client"), "id-token-audience"),
    ("C-39 one that has expired", claiming(exp=now() - 3600), "id-token-expired"),
    ("C-39 no exp", claiming(exp=None), "id-token-expired"),
    ("C-39 one from the future", claiming(iat=now() + 7200, exp=now() + 10800), "clock-skew"),
    ("C-40 no nonce", claiming(nonce=None), "nonce-mismatch"),
    ("C-40 another nonce", claiming(nonce="n" * 43), "nonce-mismatch"),
    ("C-41 an at_hash of another token", claiming(at_hash=half_hash("another")), "id-token-hash"),
    ("no subject", claiming(sub=None), "id-token-malformed"),
    ("an endless subject", claiming(sub="s" * 5000), "id-token-malformed"),
    ("C-43 somebody else than the user info", claiming(sub="sub-grace"), "subject-mismatch"),
)

RIGHT = (
    ("two audiences, and azp", claiming(aud=["test-client", "another-client"], azp="test-client")),
    ("no at_hash", claiming(at_hash=None)),
    ("no kid", lambda claims: sign(claims, provider.keys[0], kid=None)),
    ("claims that nobody knows", claiming(whatever={"a": [1]})),
    ("a clock half a minute ahead", claiming(iat=now() + 30)),
)


def refuse(what, id_token, fault):
    browser = Browser(gateway)
    path = provider.approve(browser.start(), id_token=id_token)
    is_refused(gateway, browser.get(path), 502, fault, what)
    equal(browser.signed_in(), None, f"{what}: nobody is signed in")
    check(wait_for(lambda: [provider.asked("revoke", token) for token in provider.tokens_of(path)] == [1, 1]), f"{what}: the tokens are given back")


def each_wrong_one():
    at_once(*[lambda row=row: refuse(*row) for row in WRONG])
    equal(gateway.rows("grants"), 0, "no grant was stored")
    equal(provider.asked("jwks"), 1, "the keys were asked for once, for all of them")


def each_right_one():
    for what, id_token in RIGHT:
        is_sent_back(gateway, Browser(gateway).sign_in(provider, id_token=id_token), what)
    is_sent_back(gateway, Browser(gateway).sign_in(provider, id_token=claiming(sid="session-7")), "a session of the provider's")
    equal(gateway.rows("grants WHERE session = 'session-7' AND id_token IS NOT NULL"), 1, "which is stored with the grant, for its logout")


def nonces():
    """New for each attempt, and of one browser: the ID token of another attempt is none of this one."""
    browser = Browser(gateway)
    urls = [browser.start() for _ in range(50)] + [Browser(gateway).start() for _ in range(10)]
    seen = {parameters(url)["nonce"] for url in urls}
    equal((len(seen), {len(nonce) for nonce in seen}), (60, {43}), "C-01 every attempt has a nonce of its own")
    check(not seen & {parameters(url)["code_challenge"] for url in urls} and not any(nonce in url.split("state=")[1].split("&")[0] for nonce, url in zip(seen, urls)),
          "which is neither the challenge nor part of the state")
    stolen = parameters(urls[0])["nonce"]
    path = provider.approve(urls[1], id_token=claiming(nonce=stolen))
    is_refused(gateway, browser.get(path), 502, "nonce-mismatch", "C-40 the nonce of another attempt of the same browser")


def swapped():
    """Two logins at one provider: the callback of one is none of the other's."""
    browser = Browser(gateway)
    path = provider.approve(browser.start("one"))
    is_refused(gateway, browser.get(path.replace("/callback/one", "/callback/two")), 400, "issuer-mismatch", "C-15 a callback at the other login")
    mixed = path.replace("iss=", "iss=https%3A%2F%2Fevil.example&was=")
    is_refused(gateway, browser.get(mixed), 400, "issuer-mismatch", "C-12 a callback of another issuer (RFC 9207)")
    equal(provider.asked("token", parameters(path)["code"]), 0, "neither sent the code anywhere")
    is_sent_back(gateway, browser.get(path), "the callback as it was")


def rotated():
    """Ten people come back just after the provider took a new key."""
    before = provider.asked("jwks")
    provider.rotate("second")
    browsers = [Browser(gateway) for _ in range(10)]
    at_once(*[lambda browser=browser: is_sent_back(gateway, browser.sign_in(provider), "a login with the new key") for browser in browsers])
    equal(provider.asked("jwks") - before, 1, "C-42 the keys were fetched once more, for all of them")
    provider.rotate("third")
    for _ in range(3):
        refuse("a key that is newer still, within the minute", lambda claims: sign(claims, provider.keys[0]), "id-token-key-unknown")
    equal(provider.asked("jwks") - before, 1, "C-42 which is not asked for again")


def no_keys():
    """A set of keys that cannot be had, or is none."""
    ways = (
        ("with 500", lambda handler, document: handler.json({}, 500), ("server-error", "provider-error", "reply-not-oauth", "reply-misread")),
        ("that is HTML", lambda handler, document: handler.reply(200, "text/html", b"<h1>no</h1>"), ("reply-not-oauth",)),
        ("that is empty", lambda handler, document: handler.json({"keys": []}), ("reply-misread",)),
        ("of 1 MB", lambda handler, document: handler.reply(200, "application/json", b" " * 1048576), ("provider-unreachable",)),
        ("that redirects", lambda handler, document: handler.reply(302, "text/plain", b"", Location="/elsewhere"), ("provider-error", "reply-not-oauth")),
        ("of the other kind alone", lambda handler, document: handler.json({"keys": [json.loads(CURVE.export_public())]}), ("id-token-key-unknown",)),
        ("of a secret", lambda handler, document: handler.json({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "first"}]}), ("id-token-key-unknown",)),
    )
    for what, how, faults in ways:
        bad = Provider()
        bad.scripts["/rfc7636/jwks"] = how
        with bad, Gateway(bad, logins={"one": "rfc7636"}, fronts=1) as alone:
            browser = Browser(alone)
            reply = browser.sign_in(bad)
            check(reply.status == 502 and reply.fault in faults, f"keys {what}: {reply.fault}", reply)
            equal((browser.signed_in(), bad.asked("elsewhere")), (None, 0), f"keys {what}: nobody is signed in, and nothing else is asked")
            del bad.scripts["/rfc7636/jwks"]
            if "key-unknown" not in faults[0]:
                is_sent_back(alone, browser.sign_in(bad), f"keys {what}, and good ones after")


with gateway:
    run(each_wrong_one, each_right_one, nonces, swapped, rotated)
run(no_keys)
finish()
