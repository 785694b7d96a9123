#!/usr/bin/env python3
"""The callback's other parameters: injected codes, markup, duplicates, issuers, forms, prefetchers, HEAD."""
import html
import sys
import urllib.parse

sys.dont_write_bytecode = True
from fake_provider import Provider
from harness import Browser, Gateway, callback, check, equal, finish, is_refused, is_sent_back, parameters, run, state_of

provider = Provider()
gateway = Gateway(provider)
silent = Gateway(provider, explain_to_users="false")
issuing = Gateway(provider, logins={"one": "issuing"}, sandbox=None)
provider.issuers[""] = "https://issuer.example"

MARKUP = ("<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'><svg/onload=alert(1)>", "</code></dd><h1>Owned</h1>", "&lt;script&gt;", "{{fault}}{{{fault}}}",
          "javascript:alert(1)", "<!--", "]]>", "\x00\x1b[31m<b>", "\u202e<b>", "é<b>€")


def login_under_way(at=gateway):
    browser = Browser(at)
    location = browser.start()
    return browser, state_of(location), parameters(provider.approve(location))["code"]


def code_injected():
    """RFC 9700 4.5: the attacker's own code in the victim's browser, with the victim's own state."""
    victim, state, _ = login_under_way()
    _, _, stolen = login_under_way()
    reply = victim.get(callback("one", code=stolen, state=state))
    is_refused(gateway, reply, 502, "provider-error", "G-01 a code injected into another login: PKCE keeps it out")
    check("Code verifier or code challenge is invalid." in reply.text, "and the page has the provider's words", reply.text)
    equal((provider.asked("token", stolen), victim.signed_in()), (1, None), "it was sent once, and nobody is signed in")


def login_of_the_attacker():
    """RFC 9700 4.7: the attacker's whole callback, state and code, opened in the victim's browser."""
    _, state, code = login_under_way()
    victim = Browser(gateway)
    is_sent_back(gateway, victim.sign_in(provider, person="grace"), "the victim")
    is_refused(gateway, victim.get(callback("one", code=code, state=state)), 400, "state-mismatch", "the attacker's login in the victim's browser")
    equal((provider.asked("token", code), victim.signed_in()), (0, "sub-grace"), "no token request, and the victim stays who it is")


def markup():
    for text in MARKUP:
        for error, status, fault in (("access_denied", 403, "user-denied"), (text, 502, "provider-error")):
            browser, state, _ = login_under_way()
            reply = browser.get(callback("one", error=error, error_description=text, error_uri=text, state=state))
            if "\x00" in text:
                check(reply.status == 400 and "<b>" not in reply.text, "an error with NUL is refused", reply)
                continue
            is_refused(gateway, reply, status, fault, f"error_description={text[:14]!r}")
            check(not ("<" in text and text in reply.text) and "<script" not in reply.text and "<b>" not in reply.text, "and nothing of it is markup", reply.text)
            check(not text.isascii() or text.replace("\"", "?") in html.unescape(reply.text), "and a person can read it, a quote as ? perhaps", reply.text)
    browser, state, _ = login_under_way()
    reply = browser.get(callback("one", error="server_error", error_description="quiet <words> & more", state=state))
    check(html.escape("quiet <words> & more") in reply.text, "a person can read what the provider said", reply.text)
    browser, state, _ = login_under_way()
    reply = browser.get(callback("one", error="server_error", error_description="w" * 7000, state=state))
    is_refused(gateway, reply, 502, "provider-error", "7,000 characters of error_description")
    check(len(reply.text) < 6000, "are cut", len(reply.text))
    browser, state, _ = login_under_way(silent)
    reply = browser.get(callback("one", error="server_error", error_description="inner matters", state=state))
    is_refused(silent, reply, 502, "provider-error", "explain_to_users = false")
    check("inner matters" not in reply.text and "server_error" not in reply.text and silent.log_lines("inner matters"), "has the words in the log alone", reply.text)


def log_injection():
    browser, state, _ = login_under_way()
    browser.get(callback("one", error="x\nlevel=info event=login.finished subject=root", error_description="\r\nevent=forged\x1b[2J\u2028", state=state))
    lines = gateway.log_lines("forged")
    check(len(lines) == 1 and lines[0].startswith("time=") and "event=login.failed" in lines[0] and "\x1b" not in lines[0], "an error cannot write a line of its own into the log", lines)
    check(all(line.startswith("time=") for line in gateway.log().splitlines()), "every line of the log is one of ours")


def duplicates():
    browser, state, code = login_under_way()
    pairs = {"code": code, "state": state, "error": "x", "error_description": "x", "error_uri": "x", "iss": "x"}
    for name, value in pairs.items():
        for second in (value, "", "other"):
            path = callback("one", code=code, state=state) + "&" + urllib.parse.urlencode({name: second})
            path += "&" + urllib.parse.urlencode({name: second}) if name not in ("code", "state") else ""
            is_refused(gateway, browser.get(path), 400, "parameter-duplicated", f"C-16 {name} twice ({second[:5]!r})")
    for name in ("c%6fde", "%63ode"):
        is_refused(gateway, browser.get(callback("one", code=code, state=state) + f"&{name}=x"), 400, "parameter-duplicated", f"code twice, once spelt {name}")
    equal(provider.asked("token", code), 0, "duplicates: no token request")
    is_sent_back(gateway, browser.get(callback("one", code=code, state=state, unknown="1") + "&unknown=2"), "C-17 unknown parameters are ignored, even twice")


def incomplete():
    browser, state, code = login_under_way()
    is_refused(gateway, browser.get(callback("one", state=state)), 502, "provider-error", "neither code nor error")
    is_refused(gateway, browser.get(callback("one", state=state, code="")), 502, "provider-error", "an empty code")
    is_refused(gateway, browser.get(callback("one", state=state, code=code, error="access_denied")), 403, "user-denied", "code and error: the error counts")
    equal(provider.asked("token", code), 0, "incomplete: no token request")
    for path in ("/callback/nobody", "/callback/", "/callback/one/", "/callback/One", "/callback/one%2f", "/callback/../one"):
        equal(browser.get(f"{path}?code={code}&state={state}").status, 404, f"{path} is no callback")
    for text in ("%", "%zz", "%0", "code=%00", "&".join(f"a{n}=1" for n in range(200))):
        equal(browser.get(f"/callback/one?{text}&state={state}").status, 400, f"a query that is none: {text[:12]}")
    is_sent_back(gateway, browser.get(callback("one", code=code, state=state)), "the right callback, after all of these")


def method_refused():
    """C-06: a provider that does not take S256 is not asked with plain."""
    browser, state, _ = login_under_way()
    words = "Transform algorithm not supported: S256. Use plain."
    is_refused(gateway, browser.get(callback("one", error="invalid_request", error_description=words, state=state)), 502, "provider-error", "C-06 a provider that does not take S256 is not asked again")
    asked = parameters(browser.start())
    equal((asked["code_challenge_method"], len(asked["code_challenge"])), ("S256", 43), "C-06 and the next login sends S256 again")


def odd_codes():
    for code in ("a b", "a\r\nX: y", "a&state=b", "../../x", "é", "+", "x" * 4000):
        browser, state, _ = login_under_way()
        is_refused(gateway, browser.get(callback("one", code=code, state=state)), 502, "provider-error", f"the code {code[:8]!r} reaches the provider as it came")
        equal(provider.asked("token", code), 1, "once")


def issuers():
    for value, what in (("https://issuer.example/", "with a slash"), ("https://ISSUER.example", "in capitals"), ("https://evil.example", "of another provider"),
                        ("", "empty"), (None, "missing"), ("https://issuer.example#", "with an empty fragment")):
        browser, state, code = login_under_way(issuing)
        is_refused(issuing, browser.get(callback("one", code=code, state=state, iss=value)), 400, "issuer-mismatch", f"C-12 C-13 G-30 iss {what}")
        equal(provider.asked("token", code), 0, f"iss {what}: no token request")
    browser, state, code = login_under_way(issuing)
    is_sent_back(issuing, browser.get(callback("one", code=code, state=state, iss="https://issuer.example")), "the right iss")


def posted():
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    browser, state, code = login_under_way()
    body = urllib.parse.urlencode({"code": code, "state": state})
    for kind, what in (({"Content-Type": "application/json"}, "JSON"), ({"Content-Type": "text/plain"}, "plain text"), ({}, "of no type")):
        equal(browser.ask("POST", "/callback/one", kind, body).status, 415, f"a callback by POST that is {what}")
    is_refused(gateway, browser.ask("POST", "/callback/one?" + body, form, ""), 400, "state-missing", "the query of a POST does not count")
    is_refused(gateway, browser.ask("POST", "/callback/one", form, body + "&state=x"), 400, "parameter-duplicated", "the state twice by POST")
    equal(provider.asked("token", code), 0, "none of them redeems")
    is_sent_back(gateway, browser.ask("POST", "/callback/one", form, body), "form_post")


def prefetched():
    browser, state, code = login_under_way()
    path = callback("one", code=code, state=state)
    for header in ({"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}, {"Sec-Purpose": "prefetch;anonymous-client-ip"}):
        reply = browser.get(path, header)
        check(reply.status == 204 and reply.headers.get("cache-control") == "no-store" and "set-cookie" not in reply.headers, f"a prefetcher ({header}) gets nothing", reply)
        reply = browser.get("/login/one", header)
        check(reply.status == 204 and "location" not in reply.headers, "and starts nothing", reply)
    for method in ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        reply = browser.ask(method, path)
        check(reply.status == 405 and reply.headers.get("allow") == "GET POST" and "set-cookie" not in reply.headers, f"{method} redeems nothing", reply)
    equal(provider.asked("token", code), 0, "prefetchers and others: no token request")
    is_sent_back(gateway, browser.get(path), "the person")


with gateway, silent, issuing:
    run(code_injected, login_of_the_attacker, markup, log_injection, duplicates, incomplete, method_refused, odd_codes, issuers, posted, prefetched)
finish()
