#!/usr/bin/env python3
"""The sandbox's own sign-in: prompt, max_age, hints, the cookie, and who gets nothing without a page."""
import base64
import json
import sys
import time

sys.dont_write_bytecode = True
from harness import DIALECTS, REDIRECT, Login, Sandbox, check, equal, finish
from openid import OPENID, STRICT, Browser, chosen, encode, has_openid, is_page, parts


def error(reply, wanted, what):
    check(reply.status == 303 and reply.goes_to(REDIRECT) and reply.query.get("error") == wanted and "code" not in reply.query
          and reply.query.get("state"), what, f"{reply.status} {reply.location} {reply.text[:200]}")


def none(sandbox):
    browser, login = Browser(sandbox), Login(STRICT)
    error(browser.authorize(login, prompt="none"), "login_required", "S-47 prompt=none without a session: login_required")
    first = browser.login(login, "grace")
    reply = browser.authorize(Login(STRICT), prompt="none")
    check("code" in reply.query, "S-47 prompt=none after a login: a code, and no page", reply.location)
    login = Login(STRICT)
    tokens = sandbox.token(login, browser.authorize(login, prompt="none").query["code"]).json
    equal(parts(tokens["id_token"])[1]["sub"], parts(first["id_token"])[1]["sub"], "S-47 and it is who signed in")
    equal(parts(tokens["id_token"])[1]["auth_time"], parts(first["id_token"])[1]["auth_time"], "S-48 auth_time stays")
    error(browser.authorize(login, prompt="none", scope="openid profile email"), "consent_required", "S-47 more scopes than were agreed to: consent_required")
    error(browser.authorize(login, prompt="none", max_age="0"), "login_required", "S-47 prompt=none and max_age=0: login_required")
    error(browser.authorize(login, prompt="none", login_hint="ada"), "login_required", "S-47 prompt=none for somebody else: login_required")
    error(browser.authorize(login, prompt="none", id_token_hint="nonsense"), "invalid_request", "an id_token_hint that is none")
    for wrong in ("none login", "login none", "none consent"):
        error(browser.authorize(login, prompt=wrong), "invalid_request", f"S-47 prompt={wrong!r} contradicts itself")
    for wrong in ("-1", "soon", "1.5", "99999999999999999999"):
        error(browser.authorize(login, max_age=wrong), "invalid_request", f"max_age={wrong} is no number of seconds")
    check(is_page(browser.authorize(login, prompt="consent")) and is_page(browser.authorize(login, prompt="select_account")), "S-47 other prompts show the page")
    reply = browser.authorize(login, prompt="none", redirect_uri="https://evil.example/")
    check(reply.status == 400 and not reply.location, "S-39 prompt=none redirects to nobody else")


def hints(sandbox):
    browser, login = Browser(sandbox), Login(STRICT)
    token = browser.login(login, "linus")["id_token"]
    other = Browser(sandbox).login(Login(STRICT), "ada")["id_token"]
    check("code" in browser.authorize(login, prompt="none", id_token_hint=token).query, "S-47 an id_token_hint of who is signed in")
    error(browser.authorize(login, prompt="none", id_token_hint=other), "login_required", "S-47 an id_token_hint of somebody else: login_required")
    header, claims, signature = token.split(".")
    bare = encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()) + "." + claims + "."
    forged = header + "." + encode(json.dumps({**parts(token)[1], "sub": "x"}).encode()) + "." + signature
    elsewhere = next((d for d in OPENID if d.name != "rfc7636" and has_openid(Login(d))), None)
    foreign = Browser(sandbox).login(Login(elsewhere), "linus")["id_token"]
    for wrong, what in ((bare, "unsigned"), (forged, "forged"), (foreign, "another provider's"), (token[:-8], "cut"), (token + "x", "longer"), ("a.b.c", "none at all")):
        error(browser.authorize(login, id_token_hint=wrong), "invalid_request", f"an id_token_hint that is {what}")
    equal(chosen(Browser(sandbox).authorize(login, id_token_hint=other)), "ada", "an id_token_hint chooses the person")
    equal(chosen(Browser(sandbox).authorize(login, login_hint="grace@example.com")), "grace", "a login_hint chooses the person")
    equal(chosen(Browser(sandbox).authorize(login)), "ada", "without any the first is chosen")
    equal(chosen(browser.authorize(login)), "linus", "who is signed in is chosen")


def again(sandbox):
    browser, login = Browser(sandbox), Login(STRICT)
    first = parts(browser.login(login, "ada")["id_token"])[1]
    time.sleep(2.1)
    same = parts(browser.login(Login(STRICT), "ada")["id_token"])[1]
    equal((same["auth_time"], same["sid"]), (first["auth_time"], first["sid"]), "S-48 a second login under the session keeps auth_time")
    wide = parts(browser.login(Login(STRICT), "ada", max_age="10000")["id_token"])[1]
    equal(wide["auth_time"], first["auth_time"], "S-48 max_age=10000 is content with it")
    check(is_page(browser.authorize(Login(STRICT), max_age="1")), "S-48 max_age=1 shows the page after two seconds")
    new = parts(browser.login(Login(STRICT), "ada", max_age="1")["id_token"])[1]
    check(new["auth_time"] >= first["auth_time"] + 2 and time.time() - new["auth_time"] <= 2, "S-48 max_age=1 makes auth_time new", new)
    time.sleep(1.1)
    check(is_page(browser.authorize(Login(STRICT), prompt="login")), "S-48 prompt=login shows the page")
    newer = parts(browser.login(Login(STRICT), "ada", prompt="login")["id_token"])[1]
    check(newer["auth_time"] > new["auth_time"] and newer["sid"] != new["sid"], "S-48 prompt=login makes auth_time new", newer)
    other = parts(browser.login(Login(STRICT), "grace")["id_token"])[1]
    check(other["sid"] != newer["sid"] and other["sub"] != newer["sub"], "another person is another session")


def public(sandbox):
    """S-58: nobody is signed in silently to a client that could be anybody."""
    browser, login = Browser(sandbox), Login(STRICT, True)
    browser.login(login, "grace")
    page = browser.authorize(Login(STRICT, True))
    check(is_page(page), "S-58 a second login of a public client shows the page")
    equal(chosen(page), "grace", "S-58 and who is signed in is chosen there")
    error(browser.authorize(Login(STRICT, True), prompt="none"), "interaction_required", "S-58 prompt=none of a public client: interaction_required")
    check(is_page(browser.authorize(Login(STRICT))), "a confidential client shows it too, so that it can be seen")


def cookie(sandbox):
    browser, login = Browser(sandbox), Login(STRICT)
    page = browser.authorize(login)
    check("set-cookie" not in page.headers, "nobody is signed in before they say yes", page.headers)
    reply = browser.allow(page, "ada")
    value = reply.headers["set-cookie"]
    check("; Path=/rfc7636/; HttpOnly; SameSite=Lax" in value and "Domain" not in value, "the cookie reaches its provider alone, and no script", value)
    secret = browser.cookies["sandbox_session"]
    check(len(secret) >= 43 and "ada" not in base64.urlsafe_b64decode(secret + "==").decode("latin-1"), "it is random", secret)
    for wrong in ("", "x", secret[:-1], secret + "A", secret[:-2] + ("AA" if secret[-2:] != "AA" else "BA"), "A" * len(secret), "\xff" * 20, secret[:4] + "B" * (len(secret) - 4), "=" * 5000):
        fresh = Browser(sandbox)
        fresh.cookies["sandbox_session"] = wrong
        error(fresh.authorize(Login(STRICT), prompt="none"), "login_required", f"S-47 a cookie of {wrong[:12]!r}... is no session")
    elsewhere = next(d for d in OPENID if d.name != "rfc7636" and has_openid(Login(d)) and d["response_mode"] == "query")
    fresh = Browser(sandbox)
    fresh.cookies = dict(browser.cookies)
    error(fresh.authorize(Login(elsewhere), prompt="none"), "login_required", "S-47 a session at one provider is none at another")
    denied = Browser(sandbox)
    page = denied.authorize(login)
    import html
    import re
    request = html.unescape(re.search(r'name="request" value="([^"]*)"', page.text)[1])
    reply = denied.ask("POST", "/rfc7636/_sandbox/decide", [("request", request), ("user", "ada"), ("decision", "deny")])
    check(reply.query["error"] == "access_denied" and "set-cookie" not in reply.headers, "who says no is not signed in", reply.headers)


def many(sandbox):
    """More sessions than are kept: the oldest is forgotten, the newest lives, and nothing is confused."""
    old, login = Browser(sandbox), Login(STRICT)
    old.authorize(login)
    for _ in range(4100):
        reply = sandbox.authorize(login)
    newest = Browser(sandbox)
    newest.cookies["sandbox_session"] = reply.headers["set-cookie"].split(";")[0].partition("=")[2]
    same = newest.authorize(login)
    check("set-cookie" not in same.headers and "code" in same.query, "the newest session goes on", same.headers)
    check("set-cookie" in old.authorize(login).headers, "the oldest has made room")


def automatic(sandbox):
    browser = Browser(sandbox)
    check("code" in browser.authorize(Login(STRICT), prompt="none").query, "--auto-approve: prompt=none succeeds")
    login = Login(STRICT)
    tokens = sandbox.token(login, browser.authorize(login, prompt="none", login_hint="grace").query["code"]).json
    equal(tokens["id_token"] and sandbox.userinfo(login, tokens["access_token"]).json["sub"], parts(tokens["id_token"])[1]["sub"], "for the person that is hinted")
    check("code" in Browser(sandbox).authorize(Login(STRICT, True), prompt="none").query, "and for a public client")
    other = next(d for d in DIALECTS if not d["issuer"])
    for prompt in ("none", "none login", "consent"):
        check("code" in sandbox.authorize(Login(other), prompt=prompt, max_age="x").query, f"{other.name}: prompt={prompt!r} means nothing where there is no OpenID Connect")


def main():
    with Sandbox() as sandbox:
        for test in (none, hints, again, public, cookie):
            test(sandbox)
    with Sandbox("--auto-approve") as sandbox:
        automatic(sandbox)
        many(sandbox)
    finish()


if __name__ == "__main__":
    main()
