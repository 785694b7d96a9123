#!/usr/bin/env python3
"""The session's cookie: what is none, when it ends, and that it stays ended on all fronts and over restarts."""
import http.client
import sys
import threading
import time

sys.dont_write_bytecode = True
from fake_provider import Provider
from forge import Ring
from harness import Browser, Gateway, ask, check, equal, finish, is_sent_back, run, sensitive, state_of, wait_for

provider = Provider()
gateway = Gateway(provider)
other = Gateway(provider)
secure = Gateway(provider, public_url='"https://app.example.com"')


def signed_in(person="ada", at=gateway, **script):
    browser = Browser(at)
    reply = browser.sign_in(provider, person=person, **script)
    if reply.status != 303 or not browser.session:
        raise AssertionError(reply)
    return browser


def forged():
    browser = signed_in()
    cookie = browser.session
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)

    def status(value, path="/me"):
        connection.request("GET", path, headers={"Cookie": "proofkey=" + value})
        response = connection.getresponse()
        response.read()
        return response.status

    equal(status(cookie), 200, "the cookie is a session")
    for what, replacement in (("changed", lambda c: "A" if c != "A" else "B"), ("in the other case", str.swapcase), ("no base64url", lambda c: "+"), ("left out", lambda c: "")):
        wrong = [at for at in range(len(cookie)) if (new := cookie[:at] + replacement(cookie[at]) + cookie[at + 1:]) != cookie and status(new) != 401]
        equal(wrong, [], f"G-08 each of its {len(cookie)} characters {what}: no session")
    for value in ("", cookie[:-1], cookie + "A", cookie + "=", cookie + cookie, '"' + cookie + '"', "%41" + cookie[1:], cookie[::-1], "x" * 22, "null"):
        equal((status(value), status(value, "/check/nginx")), (401, 401), f"{value[:8]}... ({len(value)} characters) is no session")
    connection.close()
    equal(Browser(gateway, {"Proofkey": cookie}).signed_in(), None, "a cookie of nearly the name is no session")
    equal(Browser(gateway, {"proofkey": state_of(browser.start())}).signed_in(), None, "a state is no session")
    equal(Browser(other, {"proofkey": cookie}).signed_in(), None, "a session of another installation is none")
    equal(Browser(gateway, {"proofkey": signed_in(at=other).session}).signed_in(), None, "nor the other way round")


def expired():
    browser, ring, now = signed_in(), Ring(gateway.ring), int(time.time())
    for issued, expires, wanted, what in ((now, now + 60, "sub-ada", "made by hand, with a minute left"), (now - 60, now, None, "that ends now"), (now - 7200, now - 3600, None, "that ended an hour ago"),
                                          (now, 0, None, "that ended in 1970"), (now, -1, None, "that ended before"), (now - 43300, now + 60, None, "that began longer ago than session_lifetime"),
                                          (now - 3, now + 2, "sub-ada", "with two seconds left")):
        cookie = ring.session_at(browser.session, issued, expires)
        sensitive.add(cookie)
        equal(Browser(gateway, {"proofkey": cookie}).signed_in(), wanted, f"a session {what}")
    last = Browser(gateway, {"proofkey": cookie})
    check(wait_for(lambda: last.signed_in() is None, 5), "and a moment later it has ended")


def attributes():
    browser = Browser(gateway)
    for reply, name in ((browser.get("/login/one"), "proofkey-browser-"), (browser.sign_in(provider), "proofkey=")):
        cookie = reply.headers["set-cookie"]
        check(cookie.startswith(name) and all(word in cookie.split("; ") for word in ("Path=/", "HttpOnly", "SameSite=Lax")) and "Domain" not in cookie and len(cookie) < 4096, f"G-04 G-06 {name} for this host and for no script", cookie)
    cookie = ask(secure.port, "GET", "/login/one").headers["set-cookie"]
    check(cookie.startswith("__Host-proofkey-browser-") and cookie.endswith("; Secure") and "Domain" not in cookie, "G-03 G-07 over https no subdomain can set it: __Host- and Secure", cookie)
    value = cookie.split(";")[0].split("=")[1]
    reply = ask(secure.port, "GET", "/login/one", {"Cookie": "proofkey-browser-x=" + value})
    check("__Host-" in reply.headers["set-cookie"], "G-07 and one without the prefix is not taken", reply)
    provider.people["long"] = {"sub": "s" * 255, "name": "é" * 2000, "email": "e" * 242 + "@example.com"}
    reply = Browser(gateway).sign_in(provider, person="long")
    check(reply.status == 303 and len(reply.headers["set-cookie"]) < 4096, "the longest identity still fits into a cookie", len(reply.headers.get("set-cookie", "")))


def logged_out():
    browser = signed_in()
    cookie, grants = browser.session, gateway.rows("grants WHERE state <> 3")
    old = Browser(gateway, {"proofkey": cookie})
    reply = browser.log_out()
    equal((reply.status, reply.location.split("?")[0], browser.session), (303, provider.url + "/rfc7636/end_session", None), "logout takes the cookie away, and goes on at the provider")
    check("Max-Age=0" in reply.headers["set-cookie"] and reply.headers.get("cache-control") == "no-store", "by name", reply)
    statuses = {ask(gateway.port, "GET", path, {"Cookie": "proofkey=" + cookie}).status for _ in range(50) for path in ("/me", "/check/nginx")}
    equal(statuses, {401}, "the old cookie is no session, at no front, over 100 new connections")
    equal(gateway.rows("grants WHERE state <> 3"), grants - 1, "its grant is deleted")
    equal(old.log_out().status, 303, "logging out once more does no harm")
    return cookie


def revoked_at_the_provider():
    browser = Browser(gateway)
    path = provider.approve(browser.start(), "grace")
    is_sent_back(gateway, browser.get(path), "grace")
    tokens = provider.tokens_of(path)
    browser.log_out()
    check(wait_for(lambda: [provider.asked("revoke", token) for token in tokens] == [1, 1]), "C-50 logout revokes the refresh token and the access token, once each", tokens)
    equal(wait_for(lambda: len(gateway.log_lines("event=token.revoked")) >= 2), True, "and the log says so")
    for status in (400, 503):
        browser = Browser(gateway)
        path = provider.approve(browser.start(), "grace", revoke=lambda handler, document: handler.json({"error": "no"}, status))
        browser.get(path)
        equal(browser.log_out().status, 303, f"a provider that answers {status} does not keep anybody signed in")
        check(wait_for(lambda: all(provider.asked("revoke", token) for token in provider.tokens_of(path))) and wait_for(lambda: gateway.log_lines("event=token.not_revoked")), "C-50 and the log says that too")


def from_elsewhere():
    browser = signed_in()
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": gateway.url + ".evil.example"}, {"Origin": gateway.url + "/"}, {"Origin": gateway.url.replace("http:", "https:")},
                    {"Origin": "http://127.0.0.1"}, {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                    {"Sec-Fetch-Site": "none"}, {"Referer": gateway.url + "/"}, {"X-Requested-With": "XMLHttpRequest"}):
        reply = browser.log_out(**headers)
        check(reply.status == 403 and "set-cookie" not in reply.headers, f"G-10 a logout with {headers} is refused", reply)
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
        reply = browser.ask(method, "/logout", {"Origin": gateway.url})
        check(reply.status == 405 and "set-cookie" not in reply.headers, f"G-10 {method} /logout ends nothing", reply)
    equal(browser.signed_in(), "sub-ada", "still signed in")
    equal((browser.log_out(**{"Sec-Fetch-Site": "same-origin"}).status, browser.signed_in()), (303, None), "a page of this site signs out")


def replaced():
    browser = signed_in("ada")
    first = browser.session
    is_sent_back(gateway, browser.sign_in(provider, person="grace"), "grace after ada in one browser")
    old = Browser(gateway, {"proofkey": first})
    equal((browser.signed_in(), old.signed_in()), ("sub-grace", "sub-ada"), "a new login leaves other tabs a moment to arrive")
    deadline = time.monotonic() + 15
    while old.signed_in() and time.monotonic() < deadline:
        time.sleep(0.2)
    equal((browser.signed_in(), old.signed_in()), ("sub-grace", None), "G-09 and then ends the session that was there")
    reply = browser.sign_in(provider, token=lambda handler, document: handler.json({"error": "invalid_grant"}, 400))
    equal((reply.status, browser.signed_in()), (502, "sub-grace"), "a login that fails ends none")
    here, there = signed_in("linus"), signed_in("linus")
    here.log_out()
    equal((here.signed_in(), there.signed_in()), (None, "sub-linus"), "logging out in one browser leaves the other signed in")


def nothing_is_kept():
    browser = signed_in()
    away = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
    for path, headers in (("/", {}), ("/?choose=1", {}), ("/login", {}), ("/me", {}), ("/login/one", {}), ("/callback/one?state=x&code=y", {}), ("/nothing", {}), ("/readyz", {}),
                          ("/check/nginx", {}), ("/check/traefik", {}), ("/check/caddy", {}), ("/check/envoy", {})):
        for who in (browser, Browser(gateway)):
            reply = who.get(path, headers)
            check(reply.headers.get("cache-control") == "no-store", f"{path} {'signed in' if who is browser else 'signed out'}: no-store, G-13", reply)
    for path in ("/check/traefik", "/check/caddy", "/check/envoy"):
        check(ask(gateway.port, "GET", path, away).headers.get("cache-control") == "no-store", f"{path} redirects: no-store")
    for reply, what in ((browser.sign_in(provider), "the callback"), (browser.log_out(Origin="https://evil.example"), "a logout refused"), (browser.log_out(), "a logout")):
        check(reply.headers.get("cache-control") == "no-store", f"{what}: no-store", reply)


def no_foreign_origins():
    browser = signed_in()
    foreign = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x"}
    for path in ("/", "/me", "/login/one", "/callback/one", "/check/nginx", "/check/traefik", "/healthz", "/logout", "/assets/proofkey.css"):
        for method in ("GET", "OPTIONS", "POST"):
            reply = browser.ask(method, path, foreign)
            check(not [name for name, _ in reply.pairs if name.startswith("access-control-")], f"G-12 {method} {path}: no CORS", reply)
    page = browser.get("/")
    equal([page.headers.get(name) for name in ("x-frame-options", "x-content-type-options", "referrer-policy")], ["DENY", "nosniff", "no-referrer"], "G-19 and no frames")


def many_at_once():
    """Thirty people log in and out at the same time, and nobody becomes another."""
    wrong = []

    def person(number):
        browser = signed_in(f"p{number}")
        for _ in range(3):
            if browser.signed_in() != f"sub-p{number}":
                wrong.append(number)
        if browser.log_out().status != 303 or browser.signed_in():
            wrong.append(number)

    threads = [threading.Thread(target=run, args=(lambda n=n: person(n),)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(wrong, [], "thirty people at once, each is who they are")


def still_ended(cookie):
    keeps = signed_in("keeps")
    equal(gateway.restart(), 0, "the whole gateway ends and starts")
    equal(Browser(gateway, {"proofkey": cookie}).signed_in(), None, "a session that was ended stays so")
    equal(keeps.signed_in(), "sub-keeps", "a session that was not goes on")


with gateway, other, secure:
    run(forged, expired, attributes, revoked_at_the_provider, from_elsewhere, replaced, nothing_is_kept, no_foreign_origins, many_at_once)
    run(lambda: still_ended(logged_out()))
finish()
