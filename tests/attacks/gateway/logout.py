#!/usr/bin/env python3
"""Signing out: it goes on at the provider and comes back here, whoever asks for the way back; all of a person's sessions at once; and
what becomes of the tokens."""
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from fake_provider import Provider, sign
from forge import Ring
from harness import PROGRAM, Browser, Gateway, at_once, check, equal, finish, is_sent_back, parameters, run, sensitive, wait_for

provider = Provider()
LOGINS = {"one": "rfc7636", "two": "rfc7636", "bare": {"provider": '"rfc7636"', "host": f'"127.0.0.1:{provider.port}"', "scopes": "{}"},
          "stays": {"provider": '"rfc7636"', "host": f'"127.0.0.1:{provider.port}"', "logout": '"here"'}}
gateway = Gateway(provider, logins=LOGINS)
here = Gateway(provider, logins={"one": "rfc7636", "goes": {**LOGINS["stays"], "logout": '"provider"'}}, logout='"here"', logout_revokes="false")


def signed_in(person="ada", at=gateway, login="one", **script):
    browser = Browser(at)
    browser.id_tokens = []
    make = script.pop("id_token", lambda claims: sign(claims, provider.keys[0]))

    def keep(claims):
        browser.id_tokens.append(make(claims))
        return browser.id_tokens[-1]

    path = provider.approve(browser.start(login), person, id_token=keep, **script)
    browser.tokens = lambda: provider.tokens_of(path)
    is_sent_back(at, browser.get(path), f"{person} signs in")
    return browser


def with_sid(sid):
    return lambda claims: sign({**claims, "sid": sid}, provider.keys[0])


def log_out(browser, query=""):
    reply = browser.ask("POST", "/logout" + query, {"Origin": browser.gateway.url})
    sensitive.add(parameters(reply.location).get("state", "-"))
    return reply


def stays(reply, at=gateway):
    return reply.status == 303 and reply.location == at.url + "/"


def goes_on():
    browser = signed_in()
    reply = log_out(browser)
    asked = parameters(reply.location)
    state = asked.pop("state")
    equal((reply.status, reply.location.split("?")[0]), (303, provider.url + "/rfc7636/end_session"), "G-25 signing out goes on at the provider")
    equal(asked, {"id_token_hint": browser.id_tokens[0], "client_id": "test-client", "post_logout_redirect_uri": gateway.url + "/logged-out"},
          "G-25 with the ID token of this login, and the way back")
    check(len(state) >= 43 and reply.headers["cache-control"] == "no-store" and reply.headers["referrer-policy"] == "no-referrer", "G-25 and a state", reply)
    equal(browser.session, None, "the session has ended before")
    back = browser.get("/logged-out?state=" + state)
    check(back.status == 200 and "You are signed out" in back.text and 'href="/login"' in back.text and back.headers["cache-control"] == "no-store"
          and "default-src 'none'" in back.headers["content-security-policy"] and state not in back.text, "G-26 back here: a page, and a way back in", back)
    check(wait_for(lambda: gateway.log_lines("event=logout.returned")), "G-26 the log knows the state")
    equal(len(parameters(log_out(signed_in()).location)["state"]), len(state), "states are of one length")
    check(parameters(log_out(signed_in()).location)["state"] != state, "and each is another")


def ways_back():
    """Whatever comes, it is the same page and nothing happens; the log tells the states apart."""
    browser, stranger, ring = signed_in(), Browser(gateway), Ring(gateway.ring)
    state = parameters(log_out(browser).location)["state"]
    page = browser.get("/logged-out?state=" + state).text
    stranger.start()
    plain = ring.open("attempt", state)

    def made(version=1, age=0):
        return ring.seal("attempt", struct.pack("<qq", version, int(time.time()) - age) + plain[16:], "logout")

    wrong = [state[:-1], state + "A", state.swapcase(), state[:40] + ("B" if state[40] == "A" else "A") + state[41:], "", "x", "A" * 300, "A" * 8000, "%00", "%zz", "%ff",
             parameters(browser.start())["state"], signed_in().session, made(version=2), made(age=3700), ring.seal("attempt", plain), ring.seal("session", plain, "logout"),
             ring.seal("attempt", plain + b"x", "logout"), ring.seal("attempt", b"", "logout")]
    for value in wrong:
        sensitive.add(value if len(value) > 60 and "A" * 60 not in value else "-" * 20)
        before = len(gateway.log_lines("event=logout.state"))
        reply = browser.get("/logged-out?state=" + value)
        check(reply.status == 200 and reply.text == page and "set-cookie" not in reply.headers, f"G-26 state {value[:8]!r} ({len(value)}): the same page", reply)
        check(wait_for(lambda: len(gateway.log_lines("event=logout.state")) == before + 1), "G-26 and the log says that it is none")
    before = len(gateway.log_lines("event=logout.state"))
    for query in ("", "?", "?x=1", "?error=server_error"):
        equal((browser.get("/logged-out" + query).text, browser.ask("HEAD", "/logged-out" + query).status), (page, 200), f"no state ({query!r}): the same page")
    equal(browser.get("/logged-out?state=" + made(age=3500)).text, page, "one of most of an hour ago")
    equal(len(gateway.log_lines("event=logout.state")), before, "these are none that the log minds")
    reply = stranger.get("/logged-out?state=" + state)
    check(reply.text == page and wait_for(lambda: gateway.log_lines("event=logout.state", "another browser")), "G-26 the state of another browser", reply)
    ada = signed_in()
    for query in ("", "?state=" + state, "?state=x"):
        check(stays(ada.get("/logged-out" + query)) and ada.signed_in() == "sub-ada", "whoever is signed in is sent to who they are, and stays so")


def whose_id_token():
    """The grant holds the last login's; the first browser's session at the provider is another one."""
    first = signed_in("gina", id_token=with_sid("g-1"))
    second = signed_in("gina", id_token=with_sid("g-2"))
    check("id_token_hint" not in parameters(log_out(first).location), "no ID token of another session of the same person")
    check("id_token_hint" not in parameters(log_out(second).location), "nor where the grant is gone")
    third = signed_in("gina", id_token=with_sid("g-3"))
    equal(parameters(log_out(third).location)["id_token_hint"], third.id_tokens[0], "its own it is")
    long = signed_in("gina", id_token=lambda claims: sign({**claims, "pad": "p" * 9000}, provider.keys[0]))
    reply = log_out(long)
    check("id_token_hint" not in parameters(reply.location) and "state" in parameters(reply.location), "one that no URL could hold is left out", reply)


def stays_here():
    for login in ("bare", "stays"):
        check(stays(log_out(signed_in(login=login))), f"login {login}: signing out ends here")
    check(stays(log_out(signed_in(at=here)), here), 'logout = "here": signing out ends here')
    check(log_out(signed_in(at=here, login="goes")).location.startswith(provider.url), 'but for the login with logout = "provider"')
    check(stays(log_out(Browser(gateway))), "nobody is signed in: nothing to end")
    policy = signed_in(login="stays").get("/").headers["content-security-policy"]
    check(policy.endswith("form-action 'self'"), "its page has forms for this site alone", policy)
    policy = signed_in("linus").get("/").headers["content-security-policy"]
    check(policy.endswith("form-action 'self' " + provider.url), "where signing out goes on at the provider, its forms may lead there", policy)


def everywhere():
    phone, laptop, other, grace = signed_in(), signed_in(), signed_in(login="two"), signed_in("grace")
    page = phone.get("/").text
    check('formaction="/logout?everywhere=1"' in page, "the page has a button for it", page)
    for query in ("?everywhere=0", "?everywhere=2", "?everywhere=", "?everywhere=true", "?everywhere=1&everywhere=1", "?everywhere=%"):
        equal((phone.ask("POST", "/logout" + query, {"Origin": gateway.url}).status, phone.signed_in()), (400, "sub-ada"), f"/logout{query} ends nothing")
    reply = phone.ask("POST", "/logout?everywhere=1", {"Origin": "https://evil.example"})
    equal((reply.status, phone.signed_in(), laptop.signed_in()), (403, "sub-ada", "sub-ada"), "G-10 nor does another site")
    tokens = laptop.tokens()
    equal(log_out(phone, "?everywhere=1").status, 303, "ada signs out everywhere")
    equal({browser.signed_in() for browser in (phone, laptop) for _ in range(20)}, {None}, "at no front is she signed in, with neither browser")
    equal((grace.signed_in(), other.signed_in()), ("sub-grace", "sub-ada"), "grace is, and so is ada at the other login")
    check(wait_for(lambda: [provider.asked("revoke", token) for token in tokens] == [1, 1]), "her tokens are revoked")
    check(wait_for(lambda: gateway.rows("grants WHERE subject = 'sub-ada' AND login = 'one'") == 0), "and the grant is gone")
    time.sleep(1.1)  # sessions begin in whole seconds
    again = signed_in()
    equal((again.signed_in(), laptop.signed_in()), ("sub-ada", None), "she can sign in again, and the old session stays ended")


def tokens_stay():
    browser, other = signed_in("linus", at=here), signed_in("linus", at=here)
    log_out(browser)
    equal((browser.signed_in(), other.signed_in(), here.rows("grants WHERE subject = 'sub-linus'")), (None, "sub-linus", 1), "logout_revokes = false: the session ends, the grant stays")
    equal([provider.asked("revoke", token) for token in other.tokens()], [0, 0], "and nothing is revoked")
    log_out(other, "?everywhere=1")
    check(wait_for(lambda: [provider.asked("revoke", token) for token in other.tokens()] == [1, 1]) and wait_for(lambda: here.rows("grants WHERE subject = 'sub-linus'") == 0),
          "signing out everywhere takes it back all the same")


def asked_again():
    """RFC 7009 2.2.1: with 503 the token must be assumed to exist, and the client may try again."""
    left = {}

    def away_once(handler, document):
        with provider.lock:
            token = len(left) < 2
            left[len(left)] = 1
        handler.reply(503, "application/json", b"{}", **{"Retry-After": "1"}) if token else handler.json({})

    browser = signed_in("linus", revoke=away_once)
    log_out(browser)
    check(wait_for(lambda: [provider.asked("revoke", token) for token in browser.tokens()] == [2, 2], 60), "C-50 a provider that was away is asked again for each token",
          [provider.asked("revoke", token) for token in browser.tokens()])
    browser = signed_in("linus", revoke=lambda handler, document: handler.json({"error": "invalid_request"}))
    before = len(gateway.log_lines("event=token.not_revoked"))
    log_out(browser)
    check(wait_for(lambda: len(gateway.log_lines("event=token.not_revoked")) == before + 2), "C-50 a no with status 200 is a no, and is not asked again")
    equal([provider.asked("revoke", token) for token in browser.tokens()], [1, 1], "once each")


def asked_by_the_next():
    """What a gateway that ends has not told the provider is not forgotten."""
    away = [True]
    browser = signed_in("linus", revoke=lambda handler, document: handler.reset() if away else handler.json({}))
    log_out(browser)
    leaving = "grants WHERE subject = 'sub-linus' AND state = 3"
    check(wait_for(lambda: all(provider.asked("revoke", token) for token in browser.tokens())), "a provider hangs up, at the end")
    gateway.stop()
    equal(gateway.rows(leaving), 1, "what was still to be revoked is in the store")
    asked = [provider.asked("revoke", token) for token in browser.tokens()]
    away.clear()
    gateway.start()
    check(wait_for(lambda: gateway.rows(leaving) == 0, 120), "the next gateway sees to it")
    equal([provider.asked("revoke", token) for token in browser.tokens()], [times + 1 for times in asked], "C-50 and has the provider forget each token")
    equal(gateway.log_lines("event=token.not_revoked", "before the provider could be asked again"), [], "nobody has to")


def discovered():
    """The address is in the provider's metadata; without them nobody has to stay."""
    metadata = "/office/.well-known/openid-configuration"
    elsewhere = "http://127.0.0.1:1/sign-out?of=office"
    provider.scripts[metadata] = lambda handler, document: handler.json({**document, "end_session_endpoint": elsewhere})
    with Gateway(provider, sandbox=None, fronts=1, logins={"office": {"provider": '"oidc"', "issuer": f'"{provider.url}/office"'}}) as found:
        browsers = [signed_in(at=found, login="office") for _ in range(2)]
        policy = browsers[0].get("/").headers["content-security-policy"]
        check(policy.endswith(" http://127.0.0.1:1"), "a form may lead where the metadata say", policy)
        reply = log_out(browsers[0])
        check(reply.location.startswith(elsewhere + "&id_token_hint=") and "state" in parameters(reply.location), "G-25 and so does signing out", reply)
        provider.scripts[metadata] = lambda handler, document: handler.json({}, 500)
        found.restart()
        page = browsers[1].get("/")
        check(page.status == 200 and "sub-ada" in page.text and page.headers["content-security-policy"].endswith("form-action 'self'"), "metadata that are away: the page is there", page)
        check(stays(log_out(browsers[1]), found) and browsers[1].signed_in() is None, "and signing out ends here")
        check(found.log_lines("event=logout.not_at_provider"), "the log says why")


def refused_settings():
    for settings, logins, wanted in (({"logout": '"there"'}, None, "logout: it is"), ({}, {"one": {**LOGINS["stays"], "logout": '"no"'}}, "logout: it is"),
                                     ({}, {"one": {"provider": '"tiktok"', "logout": '"provider"', "scopes": '{"user.info.basic"}'}}, "no address to sign out at")):
        wrong = Gateway(provider, logins=logins, **settings)
        done = subprocess.run([PROGRAM, "serve", "--check-config", "--config", wrong.config], env={"TEST_CLIENT_SECRET": "secret"}, capture_output=True, text=True)
        check(done.returncode == 1 and wanted in done.stderr and "proofkey.conf:" in done.stderr, f"a configuration is refused: {wanted}", done)
        wrong.discard()


with gateway, here:
    run(goes_on, ways_back)
    at_once(whose_id_token, stays_here, everywhere, tokens_stay)
    run(asked_again)
    run(asked_by_the_next)
run(discovered, refused_settings)
finish()
