#!/usr/bin/env python3
"""What a program gets from the broker: a token, a page of grants, a revocation, or a clear reason; and what it never gets."""
import json
import os
import signal
import sqlite3
import sys
import time

sys.dont_write_bytecode = True
from broker import Brokered, is_refusal
from fake_provider import Provider
from harness import Browser, check, equal, finish, run, wait_for

provider = Provider()
gateway = Brokered(provider, {"poster": ["one"], "both": ["two", "one"], "other": ["two"]})


def lasting(seconds, **changes):
    """A token reply with another lifetime, and other members."""
    def answer(handler, document):
        document = document | {"expires_in": seconds} | changes
        handler.json({name: value for name, value in document.items() if value is not None})
    return answer


def sign_in(person, login="one", **script):
    reply = Browser(gateway).sign_in(provider, login, person, **script)
    if reply.status != 303:
        raise AssertionError(reply)


def given():
    browser = Browser(gateway)
    path = provider.approve(browser.start(), "ada", token=lasting(3600, scope="openid video.upload"))
    browser.get(path)
    reply = gateway.token()
    equal(reply.status, 200, "a token is given")
    check(reply.json["access_token"] in provider.tokens_of(path) and reply.json["access_token"].startswith("access-"), "it is the one that the provider issued", reply)
    check(reply.json["token_type"] == "Bearer" and 3500 < reply.json["expires_in"] <= 3600 and reply.json["scope"] == "openid video.upload",
          "with its type, lifetime and scope", reply)
    equal(reply.headers.get("cache-control"), "no-store", "no cache may keep it")
    check(not [name for name in reply.headers if name.startswith("access-control")], "and no web page may read it", reply.headers)
    check("refresh" not in reply.text, "the refresh token stays with the gateway", "refresh" in reply.text)
    line = gateway.log_lines("process=broker", "event=token.given", "key=poster", "login=one", "subject=sub-ada")
    equal(len(line), 1, "the log says which key got whose")


def lifetimes():
    sign_in("short", token=lasting(100))
    equal(gateway.token("sub-short").status, 200, "a token of 100 seconds is fresh for 60")
    equal(gateway.token("sub-short", query="?min_ttl=90").status, 200, "and for 90")
    equal(gateway.token("sub-short", query="?min_ttl=200").status, 200, "who asks for 200 gets what the provider makes")
    sign_in("unknown", token=lasting(None))
    reply = gateway.token("sub-unknown")
    check(reply.status == 200 and "expires_in" not in reply.json, "a lifetime that the provider did not tell is not told", reply)
    sign_in("once", token=lasting(30, refresh_token=None))
    equal(gateway.token("sub-once").status, 200, "one of 30 seconds is given while it is new")
    with sqlite3.connect(gateway.directory / "state" / "vault.db", timeout=20) as rows:
        rows.execute("UPDATE grants SET created_at = created_at - 1000 WHERE subject = 'sub-once'")
    reply = gateway.token("sub-once")
    check(is_refusal(reply, 410, "grant_ended") and reply.json["fault"] == "refresh-token-absent", "without a refresh token only a login helps", reply)
    equal(gateway.token("sub-once", query="?min_ttl=0").status, 200, "what is left of it is given to who asks for no more")
    for query in ("?min_ttl=-1", "?min_ttl=86401", "?min_ttl=x", "?min_ttl=", "?min_ttl=1&min_ttl=2", "?min_ttl=%00", "?%"):
        check(is_refusal(gateway.token("sub-short", query=query), 400, "invalid_parameter"), f"{query} is refused")


def subjects():
    for subject in ("a/b", "a+b", "a b", "..", "%41", "x|y", "a?b#c", "x" * 255):
        person = f"s{len(subject)}{ord(subject[0])}{ord(subject[-1])}"
        provider.people[person] = {"sub": subject, "name": "S", "email": "s@example.com"}
        sign_in(person)
        equal(gateway.token(subject).status, 200, f"{subject[:9]!r} is found, percent-encoded")
    equal(gateway.broker("/v1/grants/one/a+b/token").status, 200, "a plus in a path is a plus")
    check(is_refusal(gateway.token("x" * 256), 404, "no_grant"), "nobody has a longer name")
    check(is_refusal(gateway.token("nobody"), 404, "no_grant"), "there is no grant of somebody unknown")
    for path in ("/v1/grants/one/a/b/token", "/v1/grants/one//token", "/v1/grants//sub-ada/token", "/v1/grants/one/%/token", "/v1/grants/one/%00/token",
                 "/v1/grants/one", "/v1/grants/", "/v1", "/", "/v1/grants/one/sub-ada/tokens", "/v1/grants/one/sub-ada/token/"):
        check(is_refusal(gateway.broker(path), 404, "not_found"), f"nothing is at {path}")


def logins():
    sign_in("ada", "two")
    check(is_refusal(gateway.token(login="two"), 403, "login_not_allowed"), "a key gets nothing of a login that it may not use")
    check(is_refusal(gateway.token(login="none"), 403, "login_not_allowed"), "which looks like one that does not exist")
    equal(gateway.token(login="two", key="other").status, 200, "the key of that login gets it")
    check(is_refusal(gateway.token(login="one", key="other"), 403, "login_not_allowed"), "and nothing else")
    check(is_refusal(gateway.broker("/v1/grants/two/sub-ada", "DELETE"), 403, "login_not_allowed"), "nor may a key revoke it")
    equal([gateway.token(login=login, key="both").status for login in ("one", "two")], [200, 200], "a key with both gets both")


def pages():
    def walk(path, key):
        found, pages = [], 0
        while path:
            reply = gateway.broker(path, key=key)
            if reply.status != 200:
                raise AssertionError(reply)
            found += reply.json["grants"]
            path = reply.json["next"]
            pages += 1
        return found, pages

    names = lambda rows: [(row["login"], row["subject"]) for row in rows]
    ours, _ = walk("/v1/grants", "poster")
    check(len(ours) >= 12 and {row["login"] for row in ours} == {"one"}, "a key sees the grants of its login, and no others", names(ours))
    equal(names(ours), sorted(names(ours), key=lambda pair: [part.encode() for part in pair]), "in their order")
    check("access-" not in json.dumps(ours) and "refresh-" not in json.dumps(ours), "without any token")
    ada = next(row for row in ours if row["subject"] == "sub-ada")
    check(ada["state"] == "active" and ada["fault"] is None and ada["scope"] == "openid video.upload" and ada["path"] == "/v1/grants/one/sub-ada"
          and 3000 < ada["expires_at"] - time.time() <= 3600 and ada["created_at"] <= time.time() and ada["failures"] == 0, "with all that is known of each", ada)
    check(all(gateway.broker(row["path"] + "/token?min_ttl=0").status == 200 for row in ours), "each row says where its token is")
    everything, pages = walk("/v1/grants?limit=2", "both")
    check(names(everything) == [("two", "sub-ada")] + names(ours) and pages > 6, "two at a time, over two logins: all, and none twice", (pages, names(everything)))
    equal(names(walk("/v1/grants?login=two&limit=1", "both")[0]), [("two", "sub-ada")], "one login of the two")
    check(is_refusal(gateway.broker("/v1/grants?login=two"), 403, "login_not_allowed"), "not one that the key may not use")
    check(is_refusal(gateway.broker("/v1/grants?after=two%2Fsub-ada"), 403, "login_not_allowed"), "not from there on either")
    for query in ("limit=0", "limit=101", "limit=x", "limit=1&limit=1", "after=one", "after=one%2F", "after=%2Fx", "login=one&login=one", "after=one%2F" + "x" * 256):
        check(is_refusal(gateway.broker("/v1/grants?" + query), 400, "invalid_parameter"), f"{query[:20]} is refused")


def revoked():
    browser = Browser(gateway)
    path = provider.approve(browser.start(), "linus")
    browser.get(path)
    equal(gateway.broker("/v1/grants/one/sub-linus", "DELETE").status, 204, "a grant is revoked")
    check(is_refusal(gateway.token("sub-linus"), 404, "no_grant"), "and gone")
    check(is_refusal(gateway.broker("/v1/grants/one/sub-linus", "DELETE"), 404, "no_grant"), "once")
    check(wait_for(lambda: all(provider.asked("revoke", token) == 1 for token in provider.tokens_of(path))), "the provider was asked to forget both tokens")
    equal(browser.signed_in(), "sub-linus", "the person stays signed in: a session has no token")
    equal((browser.log_out().status, browser.signed_in()), (303, None), "and can sign out, with nothing left to revoke")
    for method, path in (("DELETE", "/v1/grants/one/sub-ada/token"), ("GET", "/v1/grants/one/sub-ada"), ("POST", "/v1/grants/one/sub-ada/token"), ("DELETE", "/v1/grants"),
                         ("HEAD", "/v1/grants"), ("OPTIONS", "/v1/grants/one/sub-ada/token"), ("PUT", "/v1/grants/one/sub-ada")):
        reply = gateway.broker(path, method)
        check(reply.status == 405 and reply.headers.get("allow") in ("GET", "DELETE") and "access-control-allow-origin" not in reply.headers, f"{method} {path} is none", reply)


def without_keeper():
    gateway.quiet = False
    keeper, = gateway.children("keeper")
    os.kill(keeper, signal.SIGSTOP)
    os.kill(keeper, signal.SIGKILL)
    reply = wait_for(lambda: (got := gateway.token()).status != 200 and got)
    check(not reply or is_refusal(reply, 503, "try_later") and reply.json["fault"] == "keeper-unavailable" and reply.headers.get("retry-after"),
          "while the keeper is away, that is the reason", reply)
    check(wait_for(lambda: gateway.token().status == 200), "and it goes on when there is a new one")
    broker, = gateway.children("broker")
    os.kill(broker, signal.SIGKILL)
    check(wait_for(lambda: gateway.children("broker") not in ([], [broker]) and gateway.token().status == 200), "a broker that dies is replaced")


with gateway:
    run(given, lifetimes, subjects, logins, pages, revoked, without_keeper)
finish()
