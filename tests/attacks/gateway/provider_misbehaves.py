#!/usr/bin/env python3
"""A provider that answers wrongly, slowly or not at all: each way has its page and its fault, and is asked for tokens once."""
import json
import sys
import threading
import time

sys.dont_write_bytecode = True
from fake_provider import Provider
from harness import Browser, Gateway, ask, at_once, check, equal, finish, is_refused, is_sent_back, parameters, run, wait_for

provider = Provider()
gateway = Gateway(provider)

HTML = b"<!doctype html><h1>Blocked by policy</h1><script>alert(1)</script>"


def with_(**fields):
    """The honest document with these fields changed; None leaves one out."""
    return lambda handler, document: handler.json({name: value for name, value in {**document, **fields}.items() if value is not None})


def body(status, kind, text, **headers):
    return lambda handler, document: handler.reply(status, kind, text, **headers)


def cut_off(handler, document):
    """Promises more than it sends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"access_token\"")
    handler.close_connection = True


def garbage(handler, document):
    handler.wfile.write(b"\x16\x03\x01\x02\x00\x01\x00")
    handler.close_connection = True


def endless_headers(handler, document):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 20000)
    handler.close_connection = True


def endless_body(handler, document):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    for _ in range(160):
        handler.wfile.write(b" " * 65536)
    handler.close_connection = True


MISBEHAVIOUR = (
    # what, endpoint, how, status, fault
    ("HTML with 200", "token", body(200, "text/html", HTML), 502, "reply-not-oauth"),
    ("HTML with 403", "token", body(403, "text/html", HTML), 502, "reply-not-oauth"),
    ("an empty body with 200", "token", body(200, "application/json", b""), 502, "reply-not-oauth"),
    ("an empty body with 500", "token", body(500, "text/plain", b""), 502, "reply-not-oauth"),
    ("a JSON array", "token", body(200, "application/json", b"[]"), 502, "reply-not-oauth"),
    ("two documents", "token", body(200, "application/json", b"{}{}"), 502, "reply-not-oauth"),
    ("the access token twice", "token", body(200, "application/json", b'{"access_token":"a","access_token":"b"}'), 502, "reply-not-oauth"),
    ("JSON a thousand deep", "token", body(200, "application/json", b'{"a":' * 3000 + b"1" + b"}" * 3000), 502, "reply-not-oauth"),
    ("a form", "token", body(200, "application/x-www-form-urlencoded", b"access_token=a&token_type=Bearer"), 502, "reply-not-oauth"),
    ("a redirect", "token", body(307, "text/plain", b"", Location="/elsewhere"), 502, "reply-not-oauth"),
    ("a redirect to another host", "token", body(302, "text/plain", b"", Location="http://127.0.0.2/elsewhere"), 502, "reply-not-oauth"),
    ("an error with 200", "token", body(200, "application/json", b'{"error":"invalid_grant","error_description":"<b>no</b>"}'), 502, "provider-error"),
    ("an error with 400", "token", body(400, "application/json", b'{"error":"invalid_grant"}'), 502, "provider-error"),
    ("tokens with 500", "token", lambda handler, document: handler.json(document, 500), 502, "provider-error"),
    ("no access token", "token", with_(access_token=None), 502, "reply-misread"),
    ("an empty access token", "token", with_(access_token=""), 502, "reply-misread"),
    ("an access token that is a number", "token", with_(access_token=12), 502, "reply-misread"),
    ("an access token with a newline", "token", with_(access_token="a\r\nX-Evil: 1"), 502, "reply-misread"),
    ("an odd token type", "token", with_(token_type="mac"), 502, "reply-misread"),
    ("a token type that is none", "token", with_(token_type=["Bearer"]), 502, "reply-misread"),
    ("10 MB with its length", "token", body(200, "application/json", b" " * 10485760), 502, "provider-unreachable"),
    ("10 MB without", "token", endless_body, 502, "provider-unreachable"),
    ("a connection that is reset", "token", lambda handler, document: handler.reset(), 502, "provider-unreachable"),
    ("a reply that breaks off", "token", cut_off, 502, "provider-unreachable"),
    ("something that is no HTTP", "token", garbage, 502, "provider-unreachable"),
    ("a megabyte of headers", "token", endless_headers, 502, "provider-unreachable"),
    ("user info with 401", "userinfo", body(401, "application/json", b'{"error":"invalid_token"}'), 502, "provider-error"),
    ("user info that is HTML", "userinfo", body(200, "text/html", HTML), 502, "reply-not-oauth"),
    ("user info that is empty", "userinfo", body(200, "application/json", b""), 502, "reply-not-oauth"),
    ("user info without a subject", "userinfo", with_(sub=None), 502, "reply-misread"),
    ("an empty subject", "userinfo", with_(sub=""), 502, "reply-misread"),
    ("a subject that is a number", "userinfo", with_(sub=[1]), 502, "reply-misread"),
    ("a subject of 10,000 characters", "userinfo", with_(sub="s" * 10000), 502, "reply-misread"),
    ("user info of 10 MB", "userinfo", body(200, "application/json", b" " * 10485760), 502, "provider-unreachable"),
    ("user info that is reset", "userinfo", lambda handler, document: handler.reset(), 502, "provider-unreachable"),
    ("user info that redirects", "userinfo", body(302, "text/plain", b"", Location="/elsewhere"), 502, "provider-error"),
)

BEARABLE = (
    ("expires_in as text", with_(expires_in="3600")), ("expires_in that is no number", with_(expires_in="soon")), ("a negative expires_in", with_(expires_in=-5)),
    ("an enormous expires_in", with_(expires_in=1 << 62)), ("a fraction of expires_in", with_(expires_in=3599.5)), ("no expires_in", with_(expires_in=None)),
    ("no token_type", with_(token_type=None)), ("token_type in capitals", with_(token_type="BEARER")), ("no refresh token", with_(refresh_token=None)), ("a null refresh token", with_(refresh_token=None, scope=None)),
    ("201", lambda handler, document: handler.json(document, 201)), ("text/plain", lambda handler, document: handler.reply(200, "text/plain", json.dumps(document).encode())),
    ("a hundred fields more", with_(**{f"field{n}": n for n in range(100)})),
)


def misbehave(what, endpoint, how, status, fault, login="one", person="ada"):
    browser = Browser(gateway)
    path = provider.approve(browser.start(login), person, **{endpoint: how})
    reply = browser.get(path)
    is_refused(gateway, reply, status, fault, "C-29 " + what)
    equal((provider.asked("token", parameters(path)["code"]), browser.signed_in()), (1, None), f"C-18 {what}: one token request, and nobody is signed in")
    if endpoint == "userinfo":
        check(wait_for(lambda: [provider.asked("revoke", token) for token in provider.tokens_of(path)] == [1, 1]), f"{what}: the tokens are given back", gateway.log()[-500:])
    check("<script" not in reply.text and "<b>" not in reply.text, f"{what}: nothing of it is markup on the page", reply.text)
    again = browser.get(path)
    is_refused(gateway, again, 400, "code-reused", f"{what}, and a reload")
    equal(provider.asked("token", parameters(path)["code"]), 1, f"{what}: a reload asks nothing")


def each_way():
    at_once(*[lambda row=row: misbehave(*row) for row in MISBEHAVIOUR])
    equal(gateway.rows("grants WHERE subject = 'sub-ada'"), 0, "no grant was stored")
    equal(provider.asked("elsewhere"), 0, "no redirect was followed")


def somebody_else():
    misbehave("user info of somebody else", "userinfo", with_(sub="sub-grace"), 502, "subject-mismatch", login="named")
    is_sent_back(gateway, Browser(gateway).sign_in(provider, "named"), "and of the same person")


def bearable():
    for what, how in BEARABLE:
        is_sent_back(gateway, Browser(gateway).sign_in(provider, token=how), "C-17 C-25 C-26 " + what)


def hanging():
    """20 seconds are all that a provider gets. Everybody else goes on meanwhile."""
    released = threading.Event()
    browsers = [Browser(gateway) for _ in range(10)]
    paths = [provider.approve(browser.start(), **{("token", "userinfo")[n % 2]: lambda handler, document: released.wait(60)}) for n, browser in enumerate(browsers)]
    begun = time.monotonic()
    results = []
    threads = [threading.Thread(target=lambda b=b, p=p: results.append((b.get(p), time.monotonic() - begun))) for b, p in zip(browsers, paths)]
    for thread in threads:
        thread.start()
    slowest = 0
    for _ in range(20):
        since = time.monotonic()
        is_sent_back(gateway, Browser(gateway).sign_in(provider, person="grace"), "a login while ten others wait for the provider")
        slowest = max(slowest, time.monotonic() - since)
        equal([ask(gateway.port, "GET", path).status for path in ("/healthz", "/readyz", "/check/nginx")], [200, 200, 401], "and the rest")
    check(slowest < 5 and not results, "none of them is held up", slowest)
    for thread in threads:
        thread.join()
    released.set()
    for reply, took in results:
        is_refused(gateway, reply, 502, "provider-unreachable", "a provider that hangs")
        check(18 < took < 30, "is given up after 20 seconds", took)
    equal([provider.asked("token", parameters(path)["code"]) for path in paths], [1] * 10, "and asked once each")


def away():
    """Nobody listens where the provider should be."""
    nowhere = Provider()
    with Gateway(nowhere) as alone:
        browser = Browser(alone)
        path = nowhere.approve(browser.start())
        nowhere.__exit__()
        is_refused(alone, browser.get(path), 502, "provider-unreachable", "a provider that is not there")


with gateway:
    waiting = threading.Thread(target=run, args=(hanging,))
    waiting.start()
    run(each_way, somebody_else, bearable, away)
    waiting.join()
finish()
