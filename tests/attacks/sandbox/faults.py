#!/usr/bin/env python3
"""Faults on demand: each takes effect as it is known in the wild, once, for whom it is armed, and leaves nothing behind."""
import base64
import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse

from harness import DIALECTS, REDIRECT, ROOT, Login, Sandbox, at, check, edit, equal, finish

STANDARD = next(d for d in DIALECTS if d.name == "rfc7636")
OTHER = next(d for d in DIALECTS if d.name == "tiktok")
JSON = {"Content-Type": "application/json"}
NONCE = "a-nonce-of-this-login"


def arm(sandbox, fault, **more):
    reply = sandbox.ask("POST", "/_sandbox/faults", json.dumps({"fault": fault, **more}), JSON)
    if reply.status != 200:
        check(False, f"{fault} can be armed", reply.text)
    return reply


def armed(sandbox):
    return {f["fault"]: "always" if f["always"] else f["armed"] for f in sandbox.ask("GET", "/_sandbox/faults").json if f["armed"] or f["always"]}


def verdict(sandbox, back=1):
    last = sandbox.ask("GET", f"/_sandbox/attempts?limit={back}").json[0]
    return last["produced"], sandbox.ask("GET", f"/_sandbox/attempts/{last['id']}/explain").json["verdict"]


def claims(token, part=1):
    text = token.split(".")[part]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


class Flow:
    """A whole login, refresh and user info as far as it goes: what came back at each place."""

    def __init__(self, sandbox, dialect=STANDARD, public=None, refreshes=True, **changes):
        self.sandbox, self.login = sandbox, Login(dialect, public)
        if dialect is STANDARD:
            changes.setdefault("nonce", NONCE)
            self.metadata = sandbox.ask("GET", f"/{dialect.name}/.well-known/openid-configuration").json
        self.authorized = sandbox.authorize(self.login, **changes)
        self.token = self.userinfo = self.refreshed = None
        self.code = self.authorized.query.get("code")
        if self.code:
            self.token = self.guard(lambda: sandbox.token(self.login, self.code, {"Origin": "http://127.0.0.1:8123"}))
        tokens = self.token.json if getattr(self.token, "status", 0) == 200 else {}
        self.tokens = tokens
        if "access_token" in tokens:
            self.userinfo = self.guard(lambda: sandbox.userinfo(self.login, tokens["access_token"]))
        if refreshes and "refresh_token" in tokens:
            self.refreshed = self.guard(lambda: sandbox.refresh(self.login, tokens["refresh_token"]))

    @staticmethod
    def guard(ask):
        try:
            return ask()
        except (http.client.HTTPException, OSError) as error:
            return error

    def is_right(self):
        return (self.authorized.status == 303 and self.authorized.query.get("state") == self.login.state and self.token.status == 200
                and self.userinfo.status == 200 and self.refreshed.status == 200 and type(self.tokens["expires_in"]) is int)


def refused(reply, status, error):
    return reply is not None and reply.status == status and reply.json.get("error") == error


def is_dropped(reply):
    return isinstance(reply, http.client.RemoteDisconnected)


def html(reply):
    return reply.status == 403 and reply.headers["content-type"].startswith("text/html") and "<html" in reply.text


def goes_back(flow, error):
    return flow.authorized.status == 303 and flow.authorized.query.get("error") == error


def twice(flow):
    links = [l.replace("&amp;", "&") for l in re.findall(r'<a href="(http://127[^"]*)"', flow.authorized.text)]
    codes = [dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(l).query)) for l in links]
    replies = [flow.sandbox.token(flow.login, c["code"]).status for c in codes]
    return len(links) == 2 and codes[0]["code"] != codes[1]["code"] and {c["state"] for c in codes} == {flow.login.state} and replies == [200, 200]


def id_token(flow):
    return claims(flow.tokens["id_token"])


# What shows that the fault took effect, and what explain says of it ("": what it says is not looked at here).
EXPECTED = {
    "server-error": (lambda f: refused(f.token, 500, "server_error"), "server-error"),
    "rate-limited": (lambda f: f.token.status == 429 and f.token.headers.get("retry-after") == "30", "rate-limited"),
    "reply-not-oauth": (lambda f: html(f.token), "reply-not-oauth"),
    "reply-slow": (lambda f: f.token.status == 200 and f.took > 1, ""),
    "connection-dropped": (lambda f: is_dropped(f.token), "connection-dropped"),
    "refresh-reply-lost": (lambda f: f.token.status == 200 and is_dropped(f.refreshed), ""),
    "redirect-uri-unregistered": (lambda f: f.authorized.status == 400 and not f.authorized.location, "redirect-uri-unregistered"),
    "app-not-approved": (lambda f: f.authorized.status == 400, ""),
    "user-denied": (lambda f: goes_back(f, "access_denied"), "user-denied"),
    "secret-rejected": (lambda f: refused(f.token, 401, "invalid_client"), "secret-rejected"),
    "code-altered": (lambda f: refused(f.token, 400, "invalid_grant"), ""),
    "code-reused": (lambda f: refused(f.token, 400, "invalid_grant"), "code-reused"),
    "code-expired": (lambda f: refused(f.token, 400, "invalid_grant"), "code-expired"),
    "redirect-uri-differs": (lambda f: refused(f.token, 400, "invalid_grant"), ""),
    "verifier-mismatch": (lambda f: refused(f.token, 400, "invalid_grant"), ""),
    "refresh-token-not-replaced": (lambda f: refused(f.refreshed, 400, "invalid_grant"), "refresh-token-not-replaced"),
    "provider-session-gone": (lambda f: f.userinfo.status == 401, ""),
    "refresh-asks-verifier": (lambda f: f.refreshed.status == 400, "refresh-asks-verifier"),
    "state-missing": (lambda f: "state" not in f.authorized.query, "state-missing"),
    "state-altered": (lambda f: f.authorized.query["state"] == f.login.state + "x", "state-altered"),
    "issuer-mismatch": (lambda f: f.authorized.query["iss"].endswith("/of-another"), "issuer-mismatch"),
    "code-two-for-one-state": (twice, "code-two-for-one-state"),
    "scope-not-granted": (lambda f: len(f.tokens["scope"].split()) == len(STANDARD.scope().split()) - 1, "scope-not-granted"),
    "expires-in-text": (lambda f: f.tokens["expires_in"] == str(STANDARD["access_lifetime"]), "expires-in-text"),
    "reply-misread": (lambda f: "access_token" in f.tokens["data"], "reply-misread"),
    "refresh-token-absent": (lambda f: "refresh_token" not in f.tokens and "access_token" in f.tokens, ""),
    "id-token-missing": (lambda f: "id_token" not in f.tokens, "id-token-missing"),
    "id-token-malformed": (lambda f: f.tokens["id_token"].count(".") < 2, "id-token-malformed"),
    "id-token-alg": (lambda f: claims(f.tokens["id_token"], 0)["alg"] == "none" and f.tokens["id_token"].endswith("."), "id-token-alg"),
    "id-token-signature": (lambda f: id_token(f)["nonce"] == NONCE and not f.kids_differ, ""),
    "id-token-key-unknown": (lambda f: f.kids_differ, ""),
    "id-token-issuer": (lambda f: id_token(f)["iss"] != f.metadata["issuer"], "id-token-issuer"),
    "id-token-audience": (lambda f: id_token(f)["aud"] != f.login.id, "id-token-audience"),
    "id-token-expired": (lambda f: id_token(f)["exp"] < time.time() - 3000, "id-token-expired"),
    "id-token-hash": (lambda f: id_token(f)["at_hash"] == "A" * 22, "id-token-hash"),
    "id-token-age": (lambda f: id_token(f)["auth_time"] < time.time() - 86400, ""),
    "clock-skew": (lambda f: id_token(f)["iat"] > time.time() + 3000, "clock-skew"),
    "nonce-mismatch": (lambda f: id_token(f)["nonce"] != NONCE, "nonce-mismatch"),
    "subject-mismatch": (lambda f: f.userinfo.json["sub"] != id_token(f)["sub"], "subject-mismatch"),
    "metadata-issuer": (lambda f: not f.metadata["issuer"].startswith("http://127.0.0.1"), ""),
    "metadata-incomplete": (lambda f: "token_endpoint" not in f.metadata, ""),
    "metadata-pkce": (lambda f: f.metadata["code_challenge_methods_supported"] == ["plain"], ""),
    "cors-blocked": (lambda f: f.token.status == 200 and "access-control-allow-origin" not in f.token.headers, ""),
}


with Sandbox("--auto-approve") as sandbox:
    listed = sandbox.ask("GET", "/_sandbox/faults").json
    known = {line for line in open(os.path.join(ROOT, "tests/rules/faults.txt"), encoding="utf-8").read().split("\n")}
    equal([f["fault"] for f in listed if f["fault"] not in known or not f["title"]], [], "what can be produced is in the fault list")
    equal(sorted(f["fault"] for f in listed), sorted(EXPECTED), "all of it is tested here")
    equal(armed(sandbox), {}, "nothing is armed at the start")
    jwks = lambda: {k["kid"] for k in sandbox.ask("GET", STANDARD.path("jwks_url")).json["keys"]}

    for fault, (shows, said) in EXPECTED.items():
        before = jwks()
        arm(sandbox, fault, **({"seconds": 2} if fault == "reply-slow" else {}))
        equal(armed(sandbox), {fault: 1}, f"{fault} is armed")
        started = time.monotonic()
        flow = Flow(sandbox, refreshes="refresh" in fault)
        flow.took = time.monotonic() - started
        flow.kids_differ = "id_token" in flow.tokens and flow.tokens["id_token"].count(".") == 2 and claims(flow.tokens["id_token"], 0).get("kid") not in before
        produced, verdict_is = verdict(sandbox, 2 if fault.startswith("metadata-") else 1)
        check(shows(flow), f"{fault} takes effect", (flow.authorized.status, flow.authorized.location, flow.token and getattr(flow.token, "text", flow.token)))
        equal(produced, [fault], f"{fault} is named in the attempt")
        if said:
            equal(verdict_is, said, f"{fault} is what explain finds")
        equal(armed(sandbox), {}, f"{fault} is used up")
        again = Flow(sandbox)
        check(again.is_right(), f"the next login after {fault} is right", (again.authorized.location, again.token and getattr(again.token, "text", again.token)))
        equal(verdict(sandbox), ([], None), f"and nothing is found in it")

    # A preflight, too, and only for who asks from a browser.
    arm(sandbox, "cors-blocked")
    sandbox.login(Login(STANDARD))
    equal(armed(sandbox), {"cors-blocked": 1}, "who is no browser does not use cors-blocked up")
    reply = sandbox.ask("OPTIONS", STANDARD.path("token_url"), headers={"Origin": "http://127.0.0.1:1", "Access-Control-Request-Method": "POST"})
    check("access-control-allow-origin" not in reply.headers, "a preflight is not answered", reply.headers)
    equal(armed(sandbox), {}, "and that uses it up")

    # The words are the dialect's.
    status, code, text = (OTHER.refusals[c] if (c := "code-unexpired") in OTHER.refusals else (400, "invalid_grant", None))[:3]
    arm(sandbox, "code-expired")
    flow = Flow(sandbox, OTHER)
    check(flow.token.status == status and flow.token.json["error"] == code and text in (None, flow.token.json.get("error_description")), "a fault speaks the dialect", flow.token.text)

    # How often, and for whom.
    def expired(login):
        return sandbox.token(login, sandbox.code(login)).status != 200

    arm(sandbox, "code-expired", times=3)
    equal([expired(Login(STANDARD)) for _ in range(5)], [True, True, True, False, False], "three times is three times")
    for always in ({"times": 0}, {"always": True}, {"times": 2, "always": True}):
        arm(sandbox, "code-expired", **always)
        equal((armed(sandbox), [expired(Login(STANDARD)) for _ in range(4)]), ({"code-expired": "always"}, [True] * 4), f"{always} is for ever")
        equal(sandbox.ask("DELETE", "/_sandbox/faults").status, 204, "until it is disarmed")
        equal((armed(sandbox), expired(Login(STANDARD))), ({}, False), "and then no more")
    arm(sandbox, "code-expired", provider="tiktok")
    equal((expired(Login(STANDARD)), expired(Login(OTHER)), expired(Login(OTHER))), (False, True, False), "one provider alone")
    arm(sandbox, "code-expired", client="sandbox-public", times=2)
    equal((expired(Login(STANDARD, False)), expired(Login(STANDARD, True))), (False, True), "one client alone")
    sandbox.ask("DELETE", "/_sandbox/faults")
    arm(sandbox, "server-error", client="sandbox-public")
    equal((expired(Login(STANDARD, False)), expired(Login(STANDARD, True))), (False, True), "before anything is read of the request, too")
    arm(sandbox, "server-error", endpoint="userinfo")
    flow = Flow(sandbox)
    equal((flow.token.status, flow.userinfo.status), (200, 500), "at the endpoint that is named")
    arm(sandbox, "reply-not-oauth", endpoint="authorize")
    check(html(sandbox.authorize(Login(STANDARD))), "at the authorize endpoint, too")
    arm(sandbox, "code-expired")
    arm(sandbox, "code-expired", times=2)
    equal(armed(sandbox), {"code-expired": 2}, "arming again replaces")
    arm(sandbox, "server-error")
    sandbox.ask("DELETE", "/_sandbox/faults?fault=code-expired")
    equal(armed(sandbox), {"server-error": 1}, "one alone can be disarmed")
    equal(sandbox.ask("DELETE", "/_sandbox/faults?fault=nothing").status, 404, "not one that is none")
    sandbox.ask("DELETE", "/_sandbox/faults")

    # A dropped connection costs no code; a lost refresh has happened.
    login = Login(STANDARD)
    code = sandbox.code(login)
    arm(sandbox, "connection-dropped")
    check(is_dropped(Flow.guard(lambda: sandbox.token(login, code))), "the connection is dropped")
    tokens = sandbox.token(login, code)
    equal(tokens.status, 200, "before the code was looked at")
    arm(sandbox, "refresh-reply-lost")
    check(is_dropped(Flow.guard(lambda: sandbox.refresh(login, tokens.json["refresh_token"]))), "the refresh's reply is lost")
    equal(sandbox.refresh(login, tokens.json["refresh_token"]).status, 200 if not STANDARD["refresh_rotates"] else 400, "and the refresh has happened")

    # One that waits makes nobody else wait, also where the client hangs up.
    arm(sandbox, "reply-slow", seconds=3)
    slow = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    slow.request("POST", STANDARD.path("token_url"), "grant_type=x", {"Content-Type": "application/x-www-form-urlencoded"})
    time.sleep(0.1)
    started = time.monotonic()
    check(Flow(sandbox).is_right() and time.monotonic() - started < 2, "nobody else waits")
    slow.close()
    arm(sandbox, "reply-slow", seconds=600)
    slow = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    login = Login(STANDARD, True)
    slow.request("POST", STANDARD.path("token_url"), urllib.parse.urlencode(login.redeem(sandbox.code(login))), {"Content-Type": "application/x-www-form-urlencoded"})
    time.sleep(0.1)
    equal(verdict(sandbox), (["reply-slow"], "reply-slow"), "what takes ten minutes is found slow at once")
    time.sleep(3.2)
    equal(sandbox.ask("GET", "/healthz").status, 200, "who hung up is not missed")

    # What is not understood is refused.
    for body, what in (("", "nothing"), ("[]", "an array"), ('{"fault": "code-expired"', "half of it"), ("{}", "no fault"), ('{"fault": "no-fault"}', "a fault that is none"),
                       ('{"fault": 5}', "a number"), ('{"fault": "code-expired", "fault": "code-reused"}', "two faults"), ('{"fault": "code-expired", "provider": "nobody"}', "a provider that is none"),
                       ('{"fault": "code-expired", "times": -1}', "a negative number"), ('{"fault": "code-expired", "times": 1.5}', "half a time"), ('{"fault": "code-expired", "times": "1"}', "a number as text"),
                       ('{"fault": "code-expired", "times": 1000001}', "too often"), ('{"fault": "code-expired", "times": 99999999999999999999}', "a number too large"),
                       ('{"fault": "code-expired", "always": 1}', "a number for yes"), ('{"fault": "code-expired", "client": ""}', "a client without a name"),
                       (json.dumps({"fault": "code-expired", "client": "x" * 129}), "a client's name too long"), ('{"fault": "reply-slow", "seconds": 601}', "ten minutes and more"),
                       ('{"fault": "code-expired", "time": 1}', "a member misspelt"), ('{"fault": "code-expired", "endpoint": "userinfo"}', "a code at the user info"),
                       ('{"fault": "server-error", "endpoint": "nowhere"}', "an endpoint that is none"), ("[" * 5000, "depth"), ('{"fault": "\xff"}'.encode("latin-1"), "no text")):
        equal(sandbox.ask("POST", "/_sandbox/faults", body, JSON).status, 400, f"{what} is refused")
    for headers, status, what in (({"Content-Type": "text/plain"}, 415, "what a form can send"), ({}, 415, "no media type"),
                                  ({**JSON, "Origin": "https://attacker.example"}, 403, "another origin"), ({**JSON, "Sec-Fetch-Site": "cross-site"}, 403, "another site"),
                                  ({**JSON, "Host": "attacker.example"}, 403, "another name")):
        equal(sandbox.ask("POST", "/_sandbox/faults", '{"fault": "server-error", "times": 0}', headers).status, status, f"{what} is refused")
    equal(armed(sandbox), {}, "and nothing is armed")
    for i in range(64):
        arm(sandbox, "code-expired", client=f"client-{i}")
    equal(sandbox.ask("POST", "/_sandbox/faults", '{"fault": "code-expired"}', JSON).status, 409, "not more than 64 at a time")
    check(Flow(sandbox).is_right(), "none of which is for somebody else")

# A person who decides.
with Sandbox("--fault", "code-expired", "--fault", "user-denied") as sandbox:
    equal(armed(sandbox), {"code-expired": "always", "user-denied": "always"}, "flags arm for ever")
    page = sandbox.authorize(Login(STANDARD))
    request = page.text.split('name="request" value="')[1].split('"')[0]
    reply = sandbox.ask("POST", "/rfc7636/_sandbox/decide", {"request": request, "decision": "allow", "user": "ada"})
    equal(reply.query.get("error"), "access_denied", "a person who says yes is taken for one who says no")

for options, what in ((["--fault", "no-fault"], "a fault that is none"), (["--fault"], "a flag without its fault"), (["--fault", "code-expired"] * 33, "too many")):
    done = subprocess.run([os.path.abspath(sys.argv[1]), "sandbox", "--listen", "127.0.0.1:0", *options], capture_output=True, timeout=20)
    check(done.returncode == 2 and done.stderr and not done.stdout, what + " is refused", done)
finish()
