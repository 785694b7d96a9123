#!/usr/bin/env python3
"""Every way in which the state of a callback can be wrong: each has its own fault, and none asks the provider for a token."""
import sys
import time

sys.dont_write_bytecode = True
from fake_provider import Provider
from forge import Ring
from harness import Browser, Gateway, callback, check, equal, finish, is_refused, is_sent_back, parameters, run, sensitive, state_of

provider = Provider()
gateway = Gateway(provider, attempt_lifetime=30)
other = Gateway(provider)


def attack(what, fault, victim, path, status=400, **request):
    """Sends a callback; it must be refused so, and the provider must not hear of it. C-10"""
    before = provider.asked("token")
    is_refused(gateway, victim.get(path, **request), status, fault, what)
    equal(provider.asked("token"), before, what + ": no token request")


def login_under_way():
    browser = Browser(gateway)
    location = browser.start()
    return browser, state_of(location), parameters(provider.approve(location))["code"]


def missing_and_malformed():
    browser, state, code = login_under_way()
    attack("no state", "state-missing", browser, callback("one", code=code))
    attack("an empty state", "state-missing", browser, callback("one", code=code, state=""))
    attack("no parameters at all", "state-missing", browser, "/callback/one")
    attack("the state twice", "parameter-duplicated", browser, callback("one", code=code, state=state) + "&state=" + state)
    attack("a state and an empty one", "parameter-duplicated", browser, callback("one", code=code, state=state) + "&state=")
    for text in ("undefined", "null", "x" * 22, "x" * 301, "x" * 3000, state + "=", state + " ", " " + state, state + "\n", state.upper() + "!", "%00", "é" * 60, '{"a":1}'):
        attack(f"a state that is none ({text[:12]!r}, {len(text)} characters)", "login-unknown", browser, callback("one", code=code, state=text))
    is_sent_back(gateway, browser.get(callback("one", code=code, state=state)), "the right one, after all of these")


def altered():
    browser, state, code = login_under_way()
    before = provider.asked("token")
    wrong = []
    for at in [*range(0, len(state), 7), len(state) - 1]:
        changed = state[:at] + ("A" if state[at] != "A" else "B") + state[at + 1:]
        reply = browser.get(callback("one", code=code, state=changed))
        # The first six characters name the key; the last one may carry bits that no encoder sets.
        wanted = {"login-cookie-unreadable"} if at < 5 else {"state-altered", "login-unknown"} if at == len(state) - 1 else {"state-altered"}
        line = gateway.log_lines(f"correlation={reply.correlation}")
        if reply.status != 400 or reply.fault not in wanted or not line or f"fault={reply.fault} " not in line[0]:
            wrong.append((at, reply))
    check(not wrong, "every seventh character flipped: state-altered, or a key that nobody has", wrong)
    for text in (state[:-4], state[:-1], state + "AAAA", state[4:], state[::-1], state.swapcase()):
        reply = browser.get(callback("one", code=code, state=text))
        check(reply.status == 400 and reply.fault in ("state-altered", "login-unknown", "login-cookie-unreadable"),
              f"the state cut, lengthened or turned round ({len(text) - len(state)})", reply)
    equal(provider.asked("token"), before, "altered states: no token request")
    is_sent_back(gateway, browser.get(callback("one", code=code, state=state)), "unaltered")


def other_browsers():
    browser, state, code = login_under_way()
    stranger = Browser(gateway)
    stranger.start()
    attack("G-15 the state of another browser", "state-mismatch", stranger, callback("one", code=code, state=state))
    attack("G-15 G-17 no cookie at all", "login-cookie-lost", Browser(gateway), callback("one", code=code, state=state))
    attack("an empty cookie", "state-mismatch", Browser(gateway, {"proofkey-browser-": ""}), callback("one", code=code, state=state))
    attack("a hundred other cookies", "state-mismatch", Browser(gateway, {f"proofkey-browser-{n}": f"value{n}" for n in range(100)}),
           callback("one", code=code, state=state))
    name, value = next(iter(browser.jar.items()))
    attack("the cookie under another name", "login-cookie-lost", Browser(gateway, {"proofkey-browse-": value}), callback("one", code=code, state=state))
    attack("the cookie with a character more", "state-mismatch", Browser(gateway, {name: value + "A"}), callback("one", code=code, state=state))
    error = callback("one", error="access_denied", error_description="Call-0800-EVIL", state=state)
    reply = stranger.get(error)
    check(reply.fault == "state-mismatch" and "EVIL" not in reply.text, "the error of a stranger is not believed: the state decides first", reply)
    is_sent_back(gateway, browser.get(callback("one", code=code, state=state)), "its own browser")


def replayed():
    browser = Browser(gateway)
    path = provider.approve(browser.start(return_to="/there"))
    is_sent_back(gateway, browser.get(path), "the first time", "/there")
    reply = browser.get(path)
    check(reply.status == 303 and reply.location == gateway.url + "/there" and "set-cookie" not in reply.headers,
          "the same callback again, signed in: sent where it wanted to go, and no new session", reply)
    without = Browser(gateway, {name: value for name, value in browser.jar.items() if name != "proofkey"})
    attack("C-11 C-18 G-18 the same callback again, not signed in", "code-reused", without, path)
    query = parameters(path)
    attack("C-11 G-18 another code for a state that was used", "code-two-for-one-state", browser, callback("one", code=query["code"] + "x", state=query["state"]))
    equal(provider.asked("token", query["code"]), 1, "the code was redeemed once")


def two_codes_at_once():
    browser = Browser(gateway)
    location = browser.start()
    first, second = (parameters(provider.approve(location)) for _ in range(2))
    is_sent_back(gateway, browser.get(callback("one", **first)), "the first of two codes for one state")
    attack("the second of two codes for one state", "code-two-for-one-state", browser, callback("one", **second))


def too_old():
    ring = Ring(gateway.ring)
    now = int(time.time())
    for age, fault in ((31, "login-took-too-long"), (86400, "login-took-too-long"), (-3600, "login-took-too-long"), (10, None)):
        browser, state, code = login_under_way()
        forged = ring.attempt_at(state, now - age)
        sensitive.add(forged)
        if fault:
            attack(f"G-18 a state {age} seconds old, of 30 allowed", fault, browser, callback("one", code=code, state=forged))
        else:
            is_sent_back(gateway, browser.get(callback("one", code=code, state=forged)), "the same hand makes one 10 seconds old: it is good")


def other_installations():
    browser = Browser(other)
    location = browser.start()
    code = parameters(provider.approve(location))["code"]
    attack("a state sealed by another installation", "login-cookie-unreadable", Browser(gateway, browser.jar), callback("one", code=code, state=state_of(location)))


def other_logins():
    browser = Browser(gateway)
    at_one, at_two = browser.start("one"), browser.start("two")
    for login, location in (("two", at_one), ("one", at_two)):
        code = parameters(provider.approve(location))["code"]
        attack(f"C-15 G-30 the state of another login at the callback of {login}", "issuer-mismatch", browser, callback(login, code=code, state=state_of(location)))


def other_seals():
    browser = Browser(gateway)
    is_sent_back(gateway, browser.sign_in(provider), "signed in")
    code = parameters(provider.approve(browser.start()))["code"]
    attack("the session's cookie as state", "state-altered", browser, callback("one", code=code, state=browser.session))
    state = state_of(browser.start())
    reply = Browser(gateway, {"proofkey": state}).get("/me")
    equal(reply.status, 401, "a state as the session's cookie is no session")


with gateway, other:
    run(missing_and_malformed, altered, other_browsers, replayed, two_codes_at_once, too_old, other_installations, other_logins, other_seals)
finish()
