#!/usr/bin/env python3
"""What dialects ask of an authorize request beyond the standard: names, scopes that must be there, a state, a form of the challenge."""
import os
import sys
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import REDIRECT, Login, check, equal, finish, made

ME = 'userinfo_url = "https://{host}/o/me"\nscopes = {"one", "two", "three"}\nclient_auth = {"post", "none"}\n'

TEXTS = {
    "renamed": ME + 'pkce = "sent"\nscope_parameter = "user_scope"\nrefresh_lifetime = 60\n',
    "plus": ME + 'pkce = "sent"\nplus_is_space = false\n',
    "required": ME + 'pkce = "sent"\nscopes_required = {"two"}\nerror.scope-required = "400 no_scope/17 Ask for two."\n',
    "state": ME + 'pkce = "sent"\nstate_min = 8\nerror.state-present = "400 invalid_state The state is too short."\n',
    "refused": ME + 'pkce = "refused"\n',
    "characters": ME + 'pkce = "required"\nchallenge_shape = "characters"\n',
    "moded": ME + 'pkce = "sent"\nissuer = "https://issuer.example"\n',
    "posting": ME + 'pkce = "sent"\nresponse_mode = "form_post"\n',
    "unmoded": ME + 'pkce = "sent"\n',
    "tenant": 'authorize_url = "https://{host}/{tenant}/authorize"\ntoken_url = "https://{host}/{tenant}/token"\nuserinfo_url = "https://{host}/{tenant}/me"\nclient_auth = {"post"}\npkce = "sent"\nissuer = "https://{host}/{tenant}/"\ntenant = "main"\ncallback_issuer = true\nrefresh_lifetime = 60\n',
}


def refused(sandbox, reply, code, fault, what, text=None):
    check(reply.query.get("error") == code and "code" not in reply.query and text in (None, reply.query.get("error_description")) and reply.goes_to(REDIRECT),
          what, (reply.status, reply.location, reply.query))
    check(f" refused: {fault} " in sandbox.last_line(), f"{what}: the log says {fault}", sandbox.last_line())


def renamed(sandbox, login):
    reply = sandbox.token(login, sandbox.code(login))
    equal(reply.json["scope"], "one two", "renamed: the scopes are read in the dialect's parameter")
    pairs = login.asked(user_scope=None)
    ask = sandbox.ask("GET", login.dialect.path("authorize_url") + "?" + urllib.parse.urlencode({**pairs, "scope": "unknown"}))
    equal(sandbox.token(login, ask.query["code"]).json["scope"], "one", "renamed: and nowhere else: the default is given")
    refused(sandbox, sandbox.authorize(login, user_scope="unknown"), "invalid_scope", "scope-not-granted", "renamed: an unknown scope in it")
    narrowed = sandbox.refresh(login, reply.json["refresh_token"], user_scope="two")
    equal((narrowed.status, narrowed.json.get("scope")), (200, "two"), "renamed: a refresh narrows in it too")


def plus(sandbox, login):
    query = urllib.parse.urlencode(login.asked())
    check("scope=one+two" in query, "plus: this encoder writes a plus", query)
    refused(sandbox, sandbox.ask("GET", login.dialect.path("authorize_url") + "?" + query), "invalid_scope", "scope-separator", "plus: a plus is none of its spaces")
    equal(sandbox.token(login, sandbox.authorize(login).query["code"]).json["scope"], "one two", "plus: %20 is one")
    reply = sandbox.ask("GET", login.dialect.path("authorize_url") + "?" + query.replace("one+two", "one") + "&extra=a+b")
    equal(reply.query.get("state"), login.state, "plus: the rest of such a URL is read")
    state = sandbox.ask("GET", login.dialect.path("authorize_url") + "?" + urllib.parse.urlencode(login.asked(scope="one", state=None)) + "&state=a+b%2Bc%20d")
    equal(state.query.get("state"), "a+b+c d", "plus: a plus in the state comes back as one")
    equal(sandbox.ask("POST", login.dialect.path("authorize_url"), login.asked()).query.get("error"), None, "plus: in a posted form it is a space")


def required(sandbox, login):
    for scope in ("one", "one three", None, ""):
        refused(sandbox, sandbox.authorize(login, scope=scope), "no_scope", "scope-not-granted", f"required: scope {scope!r}", "Ask for two.")
    for scope in ("two", "one two"):
        check("code" in sandbox.authorize(login, scope=scope).query, f"required: scope {scope!r} is enough")


def state(sandbox, login):
    for value, fault in ((None, "state-missing"), ("", "state-missing"), ("1234567", "state-too-weak")):
        refused(sandbox, sandbox.authorize(login, state=value), "invalid_state", fault, f"state: {value!r}", "The state is too short.")
    check("code" in sandbox.authorize(login, state="12345678").query, "state: eight characters are enough")


def pkce_refused(sandbox, login):
    for asked in ({"code_challenge": login.challenge(), "code_challenge_method": "S256"}, {"code_challenge": "x"}, {"code_challenge_method": "S256"}):
        refused(sandbox, sandbox.authorize(login, **asked), "invalid_request", "pkce-not-supported", f"refused: {sorted(asked)}")
    for who in (login, Login(login.dialect, True)):
        code = sandbox.code(who)
        reply = sandbox.token(who, code, code_verifier=who.verifier)
        equal((reply.status, reply.json["error"]), (400, "invalid_grant"), f"refused: {who.id}: a verifier")
        check(" pkce-not-supported " in sandbox.last_line(), "refused: and the log says why", sandbox.last_line())
        equal(sandbox.token(who, code).status, 200, f"refused: {who.id}: without it")


def characters(sandbox, login):
    for challenge in ("a" * 42, "a" * 129, "a" * 43 + "=", "a" * 43 + "+", "é" * 43):
        check("error" in sandbox.authorize(login, code_challenge=challenge).query, f"characters: {challenge[:3]} of {len(challenge)}")
    for challenge in ("a" * 43, "a" * 128, login.challenge("hex"), "-._~" * 11):
        code = sandbox.authorize(login, code_challenge=challenge).query.get("code")
        check(code, f"characters: {challenge[:4]} of {len(challenge)} is not looked at further")
        equal(sandbox.token(login, code).json.get("error"), "invalid_grant", "characters: and fails when it is compared")
    equal(sandbox.token(login, sandbox.code(login)).status, 200, "characters: a right one")


def response_modes(sandbox, moded, posting, unmoded):
    for login in (moded, posting):
        name = login.dialect.name
        reply = sandbox.authorize(login, response_mode="form_post")
        check(reply.posted[0] == REDIRECT and "code" in reply.posted[1], f"{name}: form_post is a page", reply.text)
        for mode in ("fragment", "jwt", "Form_Post", "query.jwt"):
            refused(sandbox, sandbox.authorize(login, response_mode=mode), "invalid_request", "provider-error", f"{name}: mode {mode}")
    for mode in (None, "", "query"):
        check("code=" in sandbox.authorize(moded, response_mode=mode).location, f"moded: mode {mode!r} is a redirect")
        refused(sandbox, sandbox.authorize(posting, response_mode=mode), "invalid_request", "provider-error", f"posting: mode {mode!r} with scopes")
        check("code=" in sandbox.authorize(posting, response_mode=mode, scope=None).location, f"posting: mode {mode!r} without scopes")
    for mode in ("form_post", "nonsense"):
        check("code=" in sandbox.authorize(unmoded, response_mode=mode).location, f"unmoded: {mode} is a parameter that nobody knows")


def tenants(sandbox, dialect):
    for tenant in ("main", "other-1"):
        dialect.keys["tenant"] = tenant
        login = Login(dialect)
        reply = sandbox.authorize(login)
        equal(reply.query.get("iss"), f"http://127.0.0.1:{sandbox.port}/tenant/{tenant}/", f"tenant: the issuer of {tenant}")
        reply = sandbox.userinfo(login, sandbox.token(login, reply.query["code"]).json["access_token"])
        equal(reply.status, 200, f"tenant: user info of {tenant}")
    dialect.keys["tenant"] = "main"
    login = Login(dialect)
    code, token = sandbox.code(login), sandbox.login(login)[0]["refresh_token"]
    dialect.keys["tenant"] = "other-1"
    reply = sandbox.token(login, code)
    equal((reply.status, reply.json["error"]), (400, "invalid_grant"), "tenant: a code at another tenant's token endpoint")
    check(" refused: token-endpoint-wrong " in sandbox.last_line(), "tenant: and the log says where it should have gone", sandbox.last_line())
    equal(sandbox.refresh(login, token).json.get("error"), "invalid_grant", "tenant: a refresh token likewise")
    dialect.keys["tenant"] = "main"
    equal((sandbox.token(login, code).status, sandbox.refresh(login, token).status), (200, 200), "tenant: both at their own")
    for path in ("/tenant//me", "/tenant/a/b/me", "/tenant/me"):
        equal(sandbox.ask("GET", path).status, 404, f"tenant: {path} is no endpoint")


def main():
    with made(TEXTS) as (sandbox, dialects):
        for name, test in (("renamed", renamed), ("plus", plus), ("required", required), ("state", state), ("refused", pkce_refused), ("characters", characters)):
            test(sandbox, Login(dialects[name]))
        response_modes(sandbox, *(Login(dialects[name]) for name in ("moded", "posting", "unmoded")))
        tenants(sandbox, dialects["tenant"])
    finish()


if __name__ == "__main__":
    main()
