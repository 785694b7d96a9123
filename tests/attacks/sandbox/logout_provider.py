#!/usr/bin/env python3
"""Logout: started by the app (RP-Initiated Logout), told to it (Back-Channel Logout), asked for over HTTP."""
import html
import http.server
import json
import re
import subprocess
import os
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
from harness import Login, Sandbox, check, equal, finish
from openid import OPENID, STRICT, Browser, encode, has_openid, issuer, parts, verify

END, BACK = STRICT.path("end_session_url"), "http://127.0.0.1:8123/bye"


def end(browser, method="GET", **pairs):
    if method == "POST":
        return browser.ask("POST", END, pairs)
    return browser.ask("GET", END + "?" + urllib.parse.urlencode(pairs))


def is_in(browser):
    return "code" in browser.authorize(Login(STRICT), prompt="none").query


def confirm(browser, page):
    request = html.unescape(re.search(r'name="request" value="([^"]*)"', page.text)[1])
    return browser.ask("POST", html.unescape(re.search(r'action="([^"]*)"', page.text)[1]), {"request": request})


def asks(reply):
    return reply.status == 200 and "Sign out?" in reply.text and not reply.location


def signed_in(sandbox, user="ada"):
    browser = Browser(sandbox)
    return browser, browser.login(Login(STRICT), user)


def ends(sandbox):
    for method in ("GET", "POST"):
        browser, tokens = signed_in(sandbox)
        reply = end(browser, method, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BACK, state="a&b=ü")
        equal((reply.status, reply.location), (303, BACK + "?state=a%26b%3D%C3%BC"), f"S-56 {method}: back to the registered URI, with state")
        check("sandbox_session" not in browser.cookies and not is_in(browser), f"S-56 {method}: the session has ended")
        equal(sandbox.userinfo(Login(STRICT), tokens["access_token"]).status, 401, f"S-56 {method}: and the tokens with it")
        equal(sandbox.refresh(Login(STRICT), tokens["refresh_token"]).json["error"], "invalid_grant", f"S-56 {method}: the refresh token, too")
        reply = end(browser, method, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BACK)
        equal((reply.status, reply.location), (303, BACK), f"S-56 {method}: a second time, without state, is no mistake")
    browser, tokens = signed_in(sandbox)
    reply = end(browser, id_token_hint=tokens["id_token"])
    check(reply.status == 200 and "You are signed out" in reply.text and not is_in(browser), "S-56 without a URI there is a page", reply.text)
    check("frame-ancestors 'none'" in reply.headers["content-security-policy"], "which stands in no frame")
    browser, tokens = signed_in(sandbox)
    reply = end(browser, id_token_hint=tokens["id_token"], client_id="sandbox-client", post_logout_redirect_uri=BACK + "?x=y", state="s")
    equal(reply.location, BACK + "?x=y&state=s", "S-56 the URI's query is kept")


def others(sandbox):
    """A logout ends the session that it names, and no other."""
    ada, tokens = signed_in(sandbox)
    grace, kept = signed_in(sandbox, "grace")
    again, second = signed_in(sandbox)
    end(Browser(sandbox), id_token_hint=tokens["id_token"])
    check(not is_in(ada), "a hint ends its session from any browser")
    check(is_in(grace) and is_in(again), "and leaves other people's, and the person's other browser's")
    equal([sandbox.userinfo(Login(STRICT), t["access_token"]).status for t in (tokens, kept, second)], [401, 200, 200], "and their tokens")
    end(grace, id_token_hint=tokens["id_token"])
    check(is_in(grace), "a hint for somebody else does not end the browser's own")


def asking(sandbox):
    """S-56: anybody can send a browser here; without a hint the person is asked."""
    for pairs in ({}, {"post_logout_redirect_uri": BACK, "client_id": "sandbox-client", "state": "xyz"}, {"client_id": "sandbox-client"}, {"state": "xyz"}):
        browser, tokens = signed_in(sandbox)
        page = end(browser, **pairs)
        check(asks(page) and "Ada Lovelace" in page.text and is_in(browser), f"S-56 {sorted(pairs)}: the person is asked", page.text[:300])
        reply = confirm(browser, page)
        if "post_logout_redirect_uri" in pairs:
            equal((reply.status, reply.location), (303, BACK + "?state=xyz"), f"S-56 {sorted(pairs)}: and sent back then")
        else:
            check("You are signed out" in reply.text and not reply.location, f"S-56 {sorted(pairs)}: and stays here then", reply.location)
        check(not is_in(browser), "and is signed out")
        reply = confirm(browser, page)
        check(reply.status == 400 and not reply.location, "the page works once", reply.location)
    browser, _ = signed_in(sandbox)
    page = end(browser)
    reply = confirm(Browser(sandbox), page)
    check(is_in(browser), "the page signs out the browser that answers it, and no other", reply.text[:200])
    check(asks(end(Browser(sandbox), post_logout_redirect_uri=BACK, client_id="sandbox-client")), "S-56 no redirect without a hint, not even for nobody")
    check("You are signed out" in end(Browser(sandbox)).text, "who is not signed in is told so")


def refusals(sandbox):
    browser, tokens = signed_in(sandbox)
    token = tokens["id_token"]
    header, claims, signature = token.split(".")
    none = encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()) + "." + claims + "."
    forged = header + "." + encode(json.dumps({**parts(token)[1], "iat": 1}).encode()) + "." + signature
    elsewhere = Login(next(d for d in OPENID if d.name != "rfc7636" and has_openid(Login(d))))
    foreign = Browser(sandbox).login(elsewhere)["id_token"]
    for what, pairs in (("alg none", {"id_token_hint": none}), ("a forged hint", {"id_token_hint": forged}), ("a cut hint", {"id_token_hint": token[:-5]}),
                        ("another provider's hint", {"id_token_hint": foreign}), ("an access token as hint", {"id_token_hint": tokens["access_token"]}),
                        ("another client's name", {"id_token_hint": token, "client_id": "sandbox-public"}), ("an unknown client", {"client_id": "nobody"}),
                        ("a URI that is not registered", {"id_token_hint": token, "post_logout_redirect_uri": "https://evil.example/"}),
                        ("a URI with more behind it", {"id_token_hint": token, "post_logout_redirect_uri": "https://app.example/bye?x=1"}),
                        ("a URI with a slash", {"id_token_hint": token, "post_logout_redirect_uri": "https://app.example/bye/"}),
                        ("a URI in other letters", {"id_token_hint": token, "post_logout_redirect_uri": "https://APP.example/bye"}),
                        ("a fragment", {"id_token_hint": token, "post_logout_redirect_uri": BACK + "#x"}),
                        ("a script", {"id_token_hint": token, "post_logout_redirect_uri": "javascript:alert(1)"}),
                        ("a URI of nobody", {"post_logout_redirect_uri": BACK})):
        for method in ("GET", "POST"):
            reply = end(browser, method, **{"post_logout_redirect_uri": BACK, **pairs})
            check(reply.status == 400 and not reply.location and "evil.example/</a" not in reply.text, f"S-56 {what} by {method}: a page, and no redirect", f"{reply.status} {reply.location}")
    check(is_in(browser), "S-56 none of them has signed anybody out")
    reply = browser.ask("GET", END + "?" + urllib.parse.urlencode([("id_token_hint", token), ("state", "a"), ("state", "b")]))
    check(reply.status == 400 and is_in(browser), "a parameter twice")
    equal(browser.ask("PUT", END, {}).status, 405, "PUT")
    equal(end(browser, id_token_hint=token, post_logout_redirect_uri="https://app.example/bye").location, "https://app.example/bye", "S-56 a URI of the command line")


class Receiver:
    """A client's back-channel endpoint."""

    def __init__(self, statuses=(200,)):
        receiver = self
        self.got, self.statuses, self.delay = [], list(statuses), 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.got.append((self.path, self.headers["Content-Type"], dict(urllib.parse.parse_qsl(body, keep_blank_values=True))))
                time.sleep(receiver.delay)
                self.send_response(receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self.server.server_address[1]}/backchannel"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count, seconds=10):
        deadline = time.monotonic() + seconds
        while len(self.got) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.got


def logout_token(sandbox, dialect, receiver, claims, client):
    name = f"{dialect.name} {client}"
    path, kind, form = receiver.got[-1]
    equal((path, kind, list(form)), ("/backchannel", "application/x-www-form-urlencoded", ["logout_token"]), f"S-57 {name}: one parameter, as a form, to the URI")
    header, _ = parts(form["logout_token"])
    equal(header["typ"], "logout+jwt", f"S-57 {name}: typ is logout+jwt")
    try:
        got = verify(sandbox, dialect, form["logout_token"])
    except Exception as error:
        check(False, f"S-57 {name}: it is signed as ID tokens are", error)
        return
    equal([got.get(c) for c in ("iss", "aud", "sub", "sid")], [issuer(sandbox, dialect), client, claims["sub"], claims["sid"]], f"S-57 {name}: iss, aud, sub and sid")
    equal(got["events"], {"http://schemas.openid.net/event/backchannel-logout": {}}, f"S-57 {name}: events")
    check(abs(got["iat"] - time.time()) < 5 and 0 < got["exp"] - got["iat"] <= 120 and len(got["jti"]) >= 22, f"S-57 {name}: iat, exp and jti", got)
    check("nonce" not in got, f"S-57 {name}: and no nonce", got)
    return got["jti"]


def channel(sandbox, receiver):
    browser, tokens = signed_in(sandbox)
    end(browser, id_token_hint=tokens["id_token"])
    receiver.wait(1)
    equal(len(receiver.got), 1, "S-57 a logout posts one logout token")
    first = logout_token(sandbox, STRICT, receiver, parts(tokens["id_token"])[1], "sandbox-client")
    browser, tokens = signed_in(sandbox, "grace")
    public = browser.login(Login(STRICT, True), "grace")
    end(browser, id_token_hint=tokens["id_token"])
    receiver.wait(3)
    equal(sorted(parts(form["logout_token"])[1]["aud"] for _, _, form in receiver.got[1:]), ["sandbox-client", "sandbox-public"], "S-57 each client of the session is told")
    check(first not in [parts(form["logout_token"])[1]["jti"] for _, _, form in receiver.got[1:]], "S-57 each token has a jti of its own")
    check(parts(public["id_token"])[1]["sid"] == parts(tokens["id_token"])[1]["sid"], "both had the same sid")


def asked_for(sandbox, receiver):
    """POST /_sandbox/logout, as an administrator would."""
    def post(document, **headers):
        return sandbox.ask("POST", "/_sandbox/logout", json.dumps(document), {"Content-Type": "application/json", **headers})
    for dialect in OPENID:
        login = Login(dialect)
        if not has_openid(login):
            continue
        receiver.got.clear()
        browser = Browser(sandbox)
        tokens = browser.login(login, "linus")
        reply = post({"provider": dialect.name, "user": "linus"})
        equal((reply.status, reply.json), (200, {"sessions": 1, "logout_tokens": 1}), f"S-57 {dialect.name}: /_sandbox/logout ends the session")
        if receiver.wait(1):
            logout_token(sandbox, dialect, receiver, parts(tokens["id_token"])[1], login.id)
    receiver.got.clear()
    browsers = [signed_in(sandbox, user)[0] for user in ("ada", "ada", "grace")]
    equal(post({"provider": "rfc7636", "user": "ada"}).json["sessions"], 2, "all sessions of a person end")
    equal([is_in(b) for b in browsers], [False, False, True], "and nobody else's")
    equal(post({"provider": "rfc7636"}).json["sessions"] >= 1 and is_in(browsers[2]), False, "without a person it is everybody's")
    equal(post({"provider": "rfc7636", "user": "ada"}).json, {"sessions": 0, "logout_tokens": 0}, "and then there is none")
    for wrong in ({}, {"provider": "nobody"}, {"provider": "rfc7636", "user": "nobody"}, {"provider": 1}, [], "x", None):
        equal(post(wrong).status, 400, f"{wrong!r} is refused")
    equal(post({"provider": "rfc7636"}, Origin="https://evil.example").status, 403, "a page elsewhere signs nobody out")
    equal(sandbox.ask("POST", "/_sandbox/logout", {"provider": "rfc7636"}).status, 415, "nor a form")


def failing():
    """S-57: a client that does not answer keeps nobody waiting."""
    receiver = Receiver([500])
    with Sandbox("--backchannel-logout-uri", receiver.uri) as sandbox:
        browser, tokens = signed_in(sandbox)
        end(browser, id_token_hint=tokens["id_token"])
        equal(len(receiver.wait(2)), 2, "S-57 after a failure there is one more try")
        time.sleep(0.3)
        equal(len(receiver.got), 2, "S-57 and no third")
        equal(receiver.got[0], receiver.got[1], "S-57 with the same token")
        receiver.got.clear()
        receiver.statuses = [400]
        browser, tokens = signed_in(sandbox)
        end(browser, id_token_hint=tokens["id_token"])
        receiver.wait(1)
        time.sleep(0.3)
        equal(len(receiver.got), 1, "S-57 a client that says no is not asked again")
        receiver.got.clear()
        receiver.delay, receiver.statuses = 7, [200]
        browser, tokens = signed_in(sandbox)
        started = time.monotonic()
        end(browser, id_token_hint=tokens["id_token"])
        check(time.monotonic() - started < 1, "S-57 the person does not wait for a slow client")
        time.sleep(5.5)
        equal(len(receiver.got), 2, "S-57 after five seconds the first try is given up")
    receiver.server.shutdown()
    with Sandbox("--backchannel-logout-uri", "http://127.0.0.1:1/none") as sandbox:
        for _ in range(3):
            browser, tokens = signed_in(sandbox)
            equal(end(browser, id_token_hint=tokens["id_token"]).status, 200, "S-57 a client that is not there changes nothing")
        time.sleep(0.3)
        check("not delivered" in sandbox.log() and tokens["id_token"] not in sandbox.log(), "S-57 and the log says so")
    for wrong in ("http://app.example/x", "x", "ftp://127.0.0.1/", "https://app.example/#x"):
        done = subprocess.run([os.path.abspath(sys.argv[1]), "sandbox", "--listen", "127.0.0.1:0", "--backchannel-logout-uri", wrong], capture_output=True, timeout=20)
        check(done.returncode == 2 and done.stderr, f"S-57 {wrong} is no place for logout tokens", done)


def main():
    with Sandbox("--redirect-uri", "https://app.example/bye") as sandbox:
        for test in (ends, others, asking, refusals):
            test(sandbox)
    receiver = Receiver()
    with Sandbox("--backchannel-logout-uri", receiver.uri) as sandbox:
        channel(sandbox, receiver)
        asked_for(sandbox, receiver)
    failing()
    finish()


if __name__ == "__main__":
    main()
