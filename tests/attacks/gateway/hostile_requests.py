#!/usr/bin/env python3
"""Requests that no browser sends: headers that lie, sizes that nobody needs, shapes that two readers cut up differently."""
import http.client
import sys

sys.dont_write_bytecode = True
from fake_provider import Provider
from harness import SANITIZED, Browser, Gateway, ask, check, equal, finish, is_alive, raw, run, wait_for

provider = Provider()
gateway = Gateway(provider, fronts=1)
trusting = Gateway(provider, trusted_proxies='{"127.0.0.1"}', return_to_origins='{"https://app.example.com"}')

PAGE = {"Accept": "text/html"}
CHECKS = ("/check/nginx", "/check/traefik", "/check/caddy", "/check/envoy", "/check/envoy/some/path")
ALLOWED = {"/": "GET HEAD", "/login": "GET HEAD", "/me": "GET HEAD", "/login/one": "GET", "/callback/one": "GET POST", "/logout": "POST", "/logout/backchannel/one": "POST", "/logged-out": "GET HEAD", "/healthz": "GET HEAD", "/readyz": "GET HEAD",
           "/check/nginx": "GET HEAD", "/assets/proofkey.css": "GET HEAD"}


def answers(what):
    reply = ask(gateway.port, "GET", "/healthz")
    equal((reply.status, reply.text), (200, "ok\n"), what + ": and it answers the next")


def names_from_the_provider():
    """What a person may call themselves at the provider stands in headers for the app behind."""
    names = ("Eve\r\nX-Auth-Email: root@example.com", "Eve\nX-Auth-Subject: root", "Eve\r\n\r\n<script>", "\u2028X-Auth-Subject: root", "Zoë 😀", "e" * 5000, "<b>&\"'", " ", "\x7f\x1b[2J")
    for number, name in enumerate(names):
        provider.people[f"eve{number}"] = {"sub": f"sub-eve{number}", "name": name, "email": "eve@evil.example"}
        browser = Browser(gateway)
        back = browser.sign_in(provider, person=f"eve{number}")
        check(back.status == 303 and back.headers["set-cookie"].count("proofkey=") == 1, f"named {name[:20]!r}: signed in", back)
        for path in CHECKS:
            reply = browser.get(path)
            auth = sorted((key, value) for key, value in reply.pairs if key.startswith("x-"))
            check(reply.status == 200 and [value for key, value in auth if key in ("x-auth-email", "x-auth-subject")] == ["eve@evil.example", f"sub-eve{number}"]
                  and len(auth) <= 4 and reply.body == b"", f"{path}: four headers, hers, and no more", reply)
        page = browser.get("/")
        check(page.status == 200 and "<script>" not in page.text and "<b>" not in page.text, "and her page has no markup of hers", page.text)
        equal(browser.get("/me").json["subject"], f"sub-eve{number}", "and /me is JSON")


def identities_with_control_characters():
    """A header drops them: `ada<newline>@example.com` must not be shown to the app as ada@example.com."""
    for number, (subject, email) in enumerate((("sub-ada\n", "eve@evil.example"), ("\tsub-ada", "eve@evil.example"), ("sub\x7f-ada", "eve@evil.example"),
                                               ("sub-eve", "ada\n@example.com"), ("sub-eve", "ada@example.com\r\n"), ("sub-eve", "\x01ada@example.com"))):
        provider.people[f"odd{number}"] = {"sub": subject, "name": "Eve", "email": email}
        browser = Browser(gateway)
        browser.sign_in(provider, person=f"odd{number}")
        reply = browser.get("/check/nginx")
        check(reply.headers.get("x-auth-subject") != "sub-ada" and reply.headers.get("x-auth-email") != "ada@example.com",
              f"{subject!r} {email!r} is not taken for ada", reply)


def headers_of_the_client():
    mine = {"X-Auth-Subject": "root", "X-Auth-Email": "root@example.com", "X-Auth-Name": "Root", "X-Auth-Provider": "one", "X-Forwarded-User": "root", "Remote-User": "root",
            "Authorization": "Bearer root"}
    browser = Browser(gateway)
    browser.sign_in(provider)
    for path in CHECKS + ("/me", "/"):
        reply = ask(gateway.port, "GET", path, mine)
        check("root" not in repr(reply.pairs).lower() and "root" not in reply.text.lower() and (path == "/" or reply.status == 401), f"G-21 {path}: identity headers of a stranger count for nothing", reply)
        reply = browser.get(path, mine)
        check(reply.status == 200 and "root" not in repr(reply.pairs).lower() and "root@" not in reply.text, f"{path}: nor those of somebody signed in", reply)


def forwarded():
    original = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example.com", "X-Forwarded-Uri": "/videos?a=b", "X-Forwarded-For": "127.0.0.1", **PAGE}
    for path in ("/check/traefik", "/check/caddy"):
        reply = ask(gateway.port, "GET", path, original)
        equal((reply.status, reply.location), (302, gateway.url + "/login"), f"{path}: an untrusted peer's X-Forwarded-* are not read")
        reply = ask(trusting.port, "GET", path, original)
        equal((reply.status, reply.location), (302, trusting.url + "/login?return_to=https%3A%2F%2Fapp.example.com%2Fvideos%3Fa%3Db"), f"{path}: a trusted one's are")
        for change in ({"X-Forwarded-Host": "evil.example"}, {"X-Forwarded-Proto": "http"}, {"X-Forwarded-Proto": "javascript"}, {"X-Forwarded-Host": "app.example.com@evil.example"},
                       {"X-Forwarded-Host": "app.example.com:8443"}, {"X-Forwarded-Uri": "@evil.example/"}, {"X-Forwarded-Uri": ".evil.example/"}, {"X-Forwarded-Host": "app.example.com, evil.example"},
                       {"X-Forwarded-Uri": "/" + "a" * 6000}, {"X-Forwarded-Host": ""}, {"X-Forwarded-Proto": ""}, {"X-Forwarded-Host": "app.example.com/\\evil.example"}):
            reply = ask(trusting.port, "GET", path, {**original, **change})
            equal((reply.status, reply.location), (302, trusting.url + "/login"), f"{path}: but leads to no other origin ({str(change)[:60]})")
    for host, wanted in (("app.example.com", "/login?return_to=https%3A%2F%2Fapp.example.com%2Fvideos%3Fa%3Db"), ("evil.example", "/login")):
        reply = ask(trusting.port, "GET", "/check/envoy/videos?a=b", {"Host": host, "X-Forwarded-Proto": "https", **PAGE})
        equal((reply.status, reply.location), (302, trusting.url + wanted), f"/check/envoy behind {host}")
    for host in ("evil.example", "evil.example:1", "", "a" * 5000):
        reply = ask(gateway.port, "GET", "/login/one", {"Host": host})
        check(reply.status == 303 and "evil" not in reply.location, f"the Host header ({host[:12]}) is not where the provider sends people", reply)


def too_large():
    """Refused or hung up on, at once, and nobody else notices."""
    big = "a" * 1000
    cookie = "; ".join(f"c{n}=1" for n in range(5000))
    shapes = {
        "a URL of 100 KB": f"GET /{'a' * 100000} HTTP/1.1\r\nHost: x\r\n\r\n",
        "a query of 100 KB": f"GET /login/one?return_to=/{'a' * 100000} HTTP/1.1\r\nHost: x\r\n\r\n",
        "headers of 64 KB": "GET /me HTTP/1.1\r\nHost: x\r\n" + "".join(f"X-{n}: {big}\r\n" for n in range(64)) + "\r\n",
        "a header of 64 KB": f"GET /me HTTP/1.1\r\nHost: x\r\nX-Big: {'a' * 65536}\r\n\r\n",
        "ten thousand headers": "GET /me HTTP/1.1\r\nHost: x\r\n" + "".join(f"X-{n}: 1\r\n" for n in range(10000)) + "\r\n",
        "5,000 cookies": f"GET /me HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n",
        "a cookie of 100 KB": f"GET /me HTTP/1.1\r\nHost: x\r\nCookie: proofkey={'a' * 100000}\r\n\r\n",
        "a session cookie of 20 KB": f"GET /me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: proofkey={'a' * 20000}\r\n\r\n",
        "a body of 10 MB": "POST /callback/one HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10485760\r\n\r\n" + "a" * 10485760,
        "a chunked body of 10 MB": "POST /callback/one HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + ("10000\r\n" + "a" * 65536 + "\r\n") * 160 + "0\r\n\r\n",
        "a chunk size of 2^63": "POST /callback/one HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\naaaa",
        "a method of 10 KB": "A" * 10000 + " / HTTP/1.1\r\nHost: x\r\n\r\n",
        "a megabyte of newlines": "\r\n" * 500000,
        "a megabyte without a newline": "a" * 1000000,
    }
    for what, text in shapes.items():
        got = raw(gateway.port, text.encode())
        check(got == b"" or got[9:10] == b"4" or got[9:12] == b"501", f"{what} is refused or hung up on", got[:200])
        answers(what)
    few = "; ".join(f"proofkey-browser-{n}={'v' * 22}" for n in range(500))
    reply = Browser(gateway, {"x": few}).get("/login/one")
    check(reply.status == 303, "500 cookies of earlier logins keep nobody out", reply)


def methods():
    for path, allowed in ALLOWED.items():
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            if method in allowed.split():
                continue
            reply = ask(gateway.port, method, path)
            equal((reply.status, reply.headers.get("allow"), "set-cookie" in reply.headers), (405, allowed, False), f"{method} {path}")
    for method in ("CONNECT", "PROPFIND", "get", "G\u00c4T", "GET\t"):
        got = raw(gateway.port, f"{method} /me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        check(got == b"" or got[9:10] in b"45" and b"sub-" not in got, f"the method {method!r}", got[:100])
    answers("methods")


def smuggled():
    """Each shape is followed by a request that must not be answered: nobody may hide one in another (RFC 9112 11.2)."""
    hidden = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    size = len(hidden)
    heads = {
        "length and chunked": f"POST /logout HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "chunked and length": "POST /logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "two lengths": f"POST /logout HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: {size}\r\n\r\n",
        "two equal lengths": "POST /logout HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "a list of lengths": f"POST /logout HTTP/1.1\r\nHost: x\r\nContent-Length: 0, {size}\r\n\r\n",
        "a length with a sign": "POST /logout HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n",
        "a negative length": "POST /logout HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "a hexadecimal length": "POST /logout HTTP/1.1\r\nHost: x\r\nContent-Length: 0x0\r\n\r\n",
        "an empty length": "POST /logout HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n",
        "a length beyond 64 bits": f"POST /logout HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 64}\r\n\r\n",
        "an unknown coding": "POST /logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "chunked twice": "POST /logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "identity and chunked": "POST /logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "a space before the colon": "POST /logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "a vertical tab in the coding": "POST /logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        "a chunk size with rubbish": "POST /logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        "a negative chunk": "POST /logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        "chunked in HTTP/1.0": "POST /logout HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "a body behind HEAD": f"HEAD /me HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n",
        "two hosts": "GET /me HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "no host": "GET /me HTTP/1.1\r\n\r\n",
        "HTTP/2 in the clear": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/0.9": "GET /me\r\n\r\n",
        "HTTP/9.9": "GET /me HTTP/9.9\r\nHost: x\r\n\r\n",
        "a target with a space": "GET /me /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "a target with a fragment": "GET /me#x HTTP/1.1\r\nHost: x\r\n\r\n",
        "no target": "GET  HTTP/1.1\r\nHost: x\r\n\r\n",
        "a header without a name": "GET /me HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n",
        "a header without a colon": "GET /me HTTP/1.1\r\nHost: x\r\nrubbish\r\n\r\n",
        "a NUL in a header": "GET /me HTTP/1.1\r\nHost: x\r\nX\x00Y: x\r\n\r\n",
    }
    for what, head in heads.items():
        got = raw(gateway.port, (head + hidden).encode("latin-1"))
        check(b"HTTP/1.1 200" not in got and (got == b"" or got[9:12] in (b"400", b"501", b"505", b"413")) and got.count(b"HTTP/1.") <= 1, f"{what}: 400 or closed, and nothing behind it is answered", got[:300])
    answers("smuggled requests")
    honest = hidden * 2 + hidden.replace("Host: x", "Host: x\r\nConnection: close")
    got = [raw(gateway.port, honest.encode(), end=False).count(b"HTTP/1.1 200") for _ in range(20)]
    equal(got, [3] * 20, "three honest requests in one packet are answered")


def nothing_grows():
    """What a refused request took is given back."""
    def resident():
        return sum(int(line.split()[1]) for line in open(f"/proc/{gateway.children('front')[0]}/status") if line.startswith("RssAnon"))

    def storm(rounds):
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
        for number in range(rounds):
            connection.request("GET", ("/login/one?return_to=/x", "/callback/one?state=x&code=y", "/me", "/", "/check/traefik", "/%zz")[number % 6], headers=PAGE)
            connection.getresponse().read()
        connection.close()

    storm(1200)
    before = resident()
    storm(3000)
    check(resident() - before < (8192 if SANITIZED else 256), "three thousand requests leave a front as large as it was (kB)", (before, resident()))


with gateway, trusting:
    pids = gateway.children("front")
    run(names_from_the_provider, identities_with_control_characters, headers_of_the_client, forwarded, too_large, methods, smuggled, nothing_grows)
    check(pids == gateway.children("front") and wait_for(lambda: all(map(is_alive, pids))), "the front is the same process all the time", pids)
finish()
