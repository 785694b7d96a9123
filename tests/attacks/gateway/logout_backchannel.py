#!/usr/bin/env python3
"""The provider ends sessions by logout tokens: one bad token for each rule of Back-Channel Logout 1.0, 2.6, none of which ends anything;
what a good one ends, and what not; one that comes twice; and what else is posted there."""
import base64
import hashlib
import json
import secrets
import sqlite3
import struct
import sys
import time

sys.dont_write_bytecode = True
from fake_provider import Provider, new_key, sign
from forge import Ring
from harness import Browser, Gateway, ask, at_once, check, equal, finish, is_sent_back, raw, run, sensitive, wait_for

provider = Provider()
PLAIN = {"provider": '"rfc7636"', "host": f'"127.0.0.1:{provider.port}"'}
gateway = Gateway(provider, logins={"one": PLAIN, "two": PLAIN, "away": {**PLAIN, "scopes": '{"openid", "offline_access"}'}})
EVENT = "http://schemas.openid.net/event/backchannel-logout"
FORM = "application/x-www-form-urlencoded"


def claims_of(**changes):
    now = int(time.time())
    claims = {"iss": provider.url + "/rfc7636", "aud": "test-client", "iat": now, "exp": now + 120, "jti": secrets.token_hex(8), "events": {EVENT: {}}, **changes}
    return {name: value for name, value in claims.items() if value is not None}


def token(key=None, alg="RS256", header=None, **changes):
    return sign(claims_of(**changes), key or provider.keys[0], alg, **{"typ": "logout+jwt", **(header or {})})


def post(value, login="one", at=gateway, kind=FORM, body=None):
    return ask(at.port, "POST", "/logout/backchannel/" + login, {"Content-Type": kind} if kind else {}, f"logout_token={value}" if body is None else body)


def is_done(reply, what):
    return check(reply.status == 200 and reply.body == b"" and reply.headers.get("cache-control") == "no-store", f"G-28 {what}: 200", reply)


def is_refused(reply, what, status=400):
    good = reply.status == status and reply.headers.get("cache-control") == "no-store" and reply.headers.get("content-type") == "application/json"
    return check(good and set(reply.json) == {"error", "error_description"} and all(reply.json.values()), f"{what}: {status}", reply)


def signed_in(sid=None, person="ada", login="one", at=gateway, scope=None):
    """`scope`: what the token reply says of it."""
    browser = Browser(at)
    script = {"id_token": lambda claims: sign({**claims, "sid": sid}, provider.keys[0])} if sid else {}
    if scope:
        script["token"] = lambda handler, document: handler.json({**document, "scope": scope})
    path = provider.approve(browser.start(login), person, **script)
    browser.tokens = lambda: provider.tokens_of(path)
    is_sent_back(at, browser.get(path), f"{person} signs in")
    return browser


def part(document):
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def unsigned(**changes):
    return part({"alg": "none", "typ": "logout+jwt"}) + "." + part(claims_of(**changes)) + "."


def altered(**changes):
    header, _, signature = token(sub="sub-grace").split(".")
    return f"{header}.{part(claims_of(**changes))}.{signature}"


def confused(**changes):
    from jwcrypto import jwk
    pem = provider.keys[0].export_to_pem()
    return token(jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(pem).decode().rstrip("="), kid="first"), "HS256", **changes)


def each_wrong_one():
    ada = signed_in("s-1")
    who = {"sub": "sub-ada", "sid": "s-1"}
    now = int(time.time())
    wrong = {
        "alg none": unsigned(**who), "claims that were altered": altered(**who), "the public key as a secret": confused(**who),
        "a stranger's key of the same kid": token(new_key("first"), **who), "a key that nobody published": token(new_key("unknown"), **who),
        "RS512": token(alg="RS512", **who), "an ID token's type of another kind": token(header={"typ": "at+jwt"}, **who),
        "another issuer": token(iss="https://evil.example", **who), "no issuer": token(iss=None, **who), "another login's issuer": token(iss=provider.url + "/other", **who),
        "another audience": token(aud="another-client", **who), "no audience": token(aud=None, **who), "no iat": token(iat=None, **who),
        "an iat of an hour ago": token(iat=now - 3600, exp=now + 120, **who), "an iat in an hour": token(iat=now + 3600, exp=now + 3700, **who),
        "no exp": token(exp=None, **who), "an exp that has passed": token(iat=now - 300, exp=now - 120, **who), "no jti": token(jti=None, **who), "an empty jti": token(jti="", **who),
        "neither sub nor sid": token(), "no events": token(events=None, **who), "another event": token(events={"http://schemas.openid.net/event/other": {}}, **who),
        "the event as a text": token(events={EVENT: "yes"}, **who), "events that are a list": token(events=[EVENT], **who), "a nonce": token(nonce="n", **who),
        "a subject that is a number": token(sub=1), "a sid with a line end": token(sid="s-1\n"), "an ID token": sign({**claims_of(events=None, **who), "nonce": "n"}, provider.keys[0]),
        "no token": "", "one that is no token": "a.b", "percent signs": "%%%", "a NUL": "a%00b", "an endless one": "A" * 20000,
    }
    for what, value in wrong.items():
        sensitive.add(value if len(value) > 100 and "A" * 60 not in value else "-" * 20)
        is_refused(post(value), f"G-27 {what}")
    equal(ada.signed_in(), "sub-ada", "G-27 none of them signed her out")
    equal(provider.asked("jwks", "/rfc7636/jwks"), 2, "G-27 the unknown key had the keys fetched once more")
    is_refused(post(token(new_key("unknown"), **who)), "G-27 another one of it")
    equal(provider.asked("jwks", "/rfc7636/jwks"), 2, "and not again within the minute")
    is_refused(post(token(**who), login="three"), "no login of that name", 404)
    is_done(post(token(**who)), "the right one")
    equal(ada.signed_in(), None, "G-29 and now she is signed out")


def other_requests():
    good = token(sub="sub-nobody")
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
        reply = ask(gateway.port, method, "/logout/backchannel/one?logout_token=" + good)
        check(reply.status == 405 and reply.headers.get("allow") == "POST", f"{method}: 405", reply)
    for kind in (None, "application/json", "text/plain", "multipart/form-data; boundary=x"):
        is_refused(post(good, kind=kind), f"the type {kind}")
    is_refused(post(good, body=""), "an empty body")
    is_refused(post(good, body=f"token={good}"), "another name")
    is_refused(post(good, body=f"logout_token={good}&logout_token={good}"), "two of them")
    is_refused(post(good, body="&".join(f"a{n}=1" for n in range(100)) + "&logout_token=" + good), "a hundred fields")
    head = f"POST /logout/backchannel/one HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {FORM}\r\n"
    for size in (70000, 10 ** 9):
        got = raw(gateway.port, f"{head}Content-Length: {size}\r\n\r\nlogout_token=".encode() + b"A" * 70000)
        check(b" 200 " not in got.split(b"\r\n")[0], f"a body of {size} bytes", got[:100])
    is_done(post(good, kind=FORM + ";charset=UTF-8"), "with a charset")
    is_refused(post(good), "the same token once more: G-27 it was used")
    is_refused(post(token(jti=json.loads(base64.urlsafe_b64decode(good.split(".")[1] + "=="))["jti"], sub="sub-nobody")), "another token with its jti")
    is_done(post(good, login="two"), "the other login has names of its own")


def by_sid():
    phone, tablet, laptop, grace = signed_in("p-1", "linus"), signed_in("p-1", "linus"), signed_in("l-1", "linus"), signed_in("g-1", "grace")
    other = signed_in("p-1", "linus", login="two")
    cookie, tokens = phone.session, laptop.tokens()
    equal(gateway.rows("grants WHERE subject = 'sub-linus' AND login = 'one'"), 1, "one grant, of the last sign-in")
    is_done(post(token(sid="p-1")), "a logout by sid alone")
    equal([browser.signed_in() for browser in (phone, tablet, laptop, grace, other)], [None, None, "sub-linus", "sub-grace", "sub-linus"],
          "G-29 the browsers of that session are signed out, and nobody else")
    statuses = {ask(gateway.port, "GET", path, {"Cookie": "proofkey=" + cookie}).status for _ in range(20) for path in ("/me", "/check/nginx")}
    equal(statuses, {401}, "G-29 at no front is the old cookie a session")
    equal(gateway.rows("grants WHERE subject = 'sub-linus' AND login = 'one'"), 1, "the grant is another session's, and stays")
    is_done(post(token(sid="l-1", sub="sub-linus")), "the other session")
    check(wait_for(lambda: [provider.asked("revoke", token) for token in tokens] == [1, 1]) and wait_for(lambda: gateway.rows("grants WHERE subject = 'sub-linus' AND login = 'one'") == 0),
          "its grant is deleted, and the tokens revoked")
    equal((laptop.signed_in(), other.signed_in()), (None, "sub-linus"), "and the laptop signed out")
    late = signed_in("l-2", "linus")
    is_done(post(token(sid="l-2", sub="sub-somebody")), "a sid with another subject")
    equal((late.signed_in(), gateway.rows("grants WHERE subject = 'sub-linus' AND login = 'one'")), (None, 1), "it is the session that counts; a grant of somebody else stays")
    is_done(post(token(sid="never-heard-of")), "G-28 a session that nobody knows")


def by_subject():
    """What has a session of the provider's, and what has none."""
    browsers = [signed_in("m-1", "mia"), signed_in("m-2", "mia"), signed_in(None, "mia")]
    grace = signed_in(None, "gus")
    is_done(post(token(sub="sub-mia")), "a logout by subject")
    equal({browser.signed_in() for browser in browsers}, {None}, "G-29 ends all sessions of that person")
    equal((grace.signed_in(), wait_for(lambda: gateway.rows("grants WHERE subject = 'sub-mia'") == 0)), ("sub-gus", True), "and of no other")
    time.sleep(1.1)  # sessions begin in whole seconds
    equal(signed_in("m-3", "mia").signed_in(), "sub-mia", "she can sign in again")
    is_done(post(token(sub="sub-nobody-here")), "G-28 a person whom nobody knows")


def offline():
    """2.7: what was asked for to be used without the person goes on."""
    browser = signed_in("o-1", "olga", login="away", scope="openid offline_access")
    other = signed_in("o-2", "otto", login="away", scope="openid offline_access_not")
    for sid in ("o-1", "o-2"):
        is_done(post(token(sid=sid), login="away"), "a logout")
    equal((browser.signed_in(), other.signed_in()), (None, None), "both are signed out")
    equal((gateway.rows("grants WHERE subject = 'sub-olga'"), wait_for(lambda: gateway.rows("grants WHERE subject = 'sub-otto'") == 0)), (1, True), "a grant with offline_access stays")
    equal([provider.asked("revoke", token) for token in browser.tokens()], [0, 0], "and is not revoked")


def old_cookies():
    """A cookie of the format before this one."""
    browser, ring = signed_in("c-1", "cleo"), Ring(gateway.ring)
    plain = ring.open("session", browser.session)
    equal(plain[0], 2, "a session of a provider's session says so")
    cookie = ring.seal("session", b"\1" + plain[1:33] + plain[49:])
    sensitive.add(cookie)
    old = Browser(gateway, {"proofkey": cookie})
    equal(old.signed_in(), "sub-cleo", "a cookie without it is a session")
    for wrong in (b"\0" + plain[1:], b"\3" + plain[1:], plain[:40], b"\2" + plain[1:33] + plain[49:], b"\1" + plain[1:]):
        forged = ring.seal("session", wrong)
        sensitive.add(forged)
        equal(Browser(gateway, {"proofkey": forged}).signed_in(), None, "and what is neither is none")


def store_away():
    """Its directory is gone: the provider is told to come again, and the same token counts then."""
    with Gateway(provider, logins={"one": PLAIN}, fronts=1) as alone:
        ada = signed_in("w-1", at=alone)
        value = token(sid="w-1")
        table = alone.directory / "state" / "vault.db"
        store = sqlite3.connect(table, timeout=10)
        store.execute("BEGIN EXCLUSIVE")
        try:
            is_refused(post(value, at=alone), "a store that is locked", 503)
            equal(ada.signed_in(), "sub-ada", "nobody is signed out by halves")
        finally:
            store.rollback()
            store.close()
        check(wait_for(lambda: post(value, at=alone).status == 200, 30), "the same token, when the store is back")
        equal(ada.signed_in(), None, "and she is signed out")
        is_refused(post(value, at=alone), "the same token after that")


def begun_before():
    """The keeper died between the first step and the last: the provider had no answer, and asks again."""
    ada = signed_in("b-1", "bea")
    jti = secrets.token_hex(8)
    value = token(sid="b-1", jti=jti)
    begun = hashlib.blake2b(b"logout token, begun\0" + struct.pack("<Q", 3) + b"one" + jti.encode(), digest_size=16).digest()
    with sqlite3.connect(gateway.directory / "state" / "vault.db", timeout=10) as store:
        store.execute("INSERT INTO spent_attempts (id, code_hash, repeats, expires_at) VALUES (?, ?, 0, ?)", (begun, hashlib.blake2b(value.encode(), digest_size=16).digest(), int(time.time()) + 600))
    is_refused(post(token(sid="b-1", jti=jti, iat=int(time.time()) - 1)), "another token with the jti of one that was begun")
    equal(ada.signed_in(), "sub-bea", "ends nothing")
    is_done(post(value), "the one that was begun")
    equal(ada.signed_in(), None, "is brought to its end")
    is_refused(post(value), "and not once more")


with gateway:
    run(each_wrong_one, other_requests)
    at_once(by_sid, by_subject, offline, old_cookies, begun_before)
run(store_away)
finish()
