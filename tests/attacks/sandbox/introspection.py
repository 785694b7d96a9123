#!/usr/bin/env python3
"""Introspection (RFC 7662): who may ask, what is said of a token that works, and that of any other nothing is said."""
import sys
import time

sys.dont_write_bytecode = True
from harness import DIALECTS, Login, Sandbox, check, equal, finish, logins
from openid import STRICT, issuer

INACTIVE = '{"active":false}'


def ask(sandbox, login, token, headers=None, **more):
    return sandbox.ask("POST", login.dialect.path("introspect_url"), {"token": token, **login.proof(), **more}, {**login.auth(), **(headers or {})})


def gone(reply, what):
    check(reply.status == 200 and reply.text == INACTIVE and reply.headers["cache-control"] == "no-store", what, f"{reply.status} {reply.text}")


def alive(sandbox):
    for login in logins():
        d = login.dialect
        if not d["introspect_url"]:
            continue
        asker, name = Login(d), f"{d.name} {login.id}"
        tokens = sandbox.token(login, sandbox.code(login, login_hint="grace")).tokens(d)
        found = ask(sandbox, asker, tokens["access_token"]).json
        check(found["active"] is True and found["client_id"] == login.id and found["username"] == "grace" and found["sub"], f"S-52 {name}: an access token", found)
        equal(found.get("exp") and abs(found["exp"] - time.time() - d["access_lifetime"]) < 5, True if d["access_lifetime"] else None, f"S-52 {name}: and until when")
        equal((found["token_type"], found.get("iss")), ("Bearer", issuer(sandbox, d) if d["issuer"] else None), f"S-52 {name}: its type and issuer")
        equal(sorted(found["scope"].split(d["scope_separator"])), sorted(d.asked_scopes()), f"S-52 {name}: its scopes")
        if "refresh_token" in tokens:
            check(ask(sandbox, asker, tokens["refresh_token"]).json["active"] is True, f"S-52 {name}: a refresh token")
            again = sandbox.refresh(login, tokens["refresh_token"]).tokens(d)
            if "refresh_token" in again:
                gone(ask(sandbox, asker, tokens["refresh_token"]), f"S-52 {name}: a refresh token that was used")


def dead(sandbox):
    login = Login(STRICT)
    for token in ("x", "x" * 43, "x" * 5000, "ü", "a b", "eyJhbGciOiJub25lIn0.e30."):
        gone(ask(sandbox, login, token), f"S-52 {token[:10]!r} is no token")
    code = sandbox.code(login)
    gone(ask(sandbox, login, code), "S-52 a code is none")
    tokens = sandbox.token(login, code).json
    sandbox.ask("POST", STRICT.path("revoke_url"), {"token": tokens["access_token"]}, login.auth())
    gone(ask(sandbox, login, tokens["access_token"]), "S-52 a revoked access token")
    check(ask(sandbox, login, tokens["refresh_token"]).json["active"], "S-51 revoking the access token leaves the refresh token")
    sandbox.ask("POST", STRICT.path("revoke_url"), {"token": tokens["refresh_token"]}, login.auth())
    gone(ask(sandbox, login, tokens["refresh_token"]), "S-52 a revoked refresh token")
    tokens = sandbox.token(login, sandbox.code(login)).json
    sandbox.ask("POST", STRICT.path("revoke_url"), {"token": tokens["refresh_token"]}, login.auth())
    gone(ask(sandbox, login, tokens["access_token"]), "S-51 revoking a refresh token ends its access tokens")
    equal(sandbox.ask("POST", STRICT.path("revoke_url"), {"token": "x" * 43}, login.auth()).status, 200, "S-51 revoking an unknown token is a success")
    code = sandbox.code(login)
    tokens = sandbox.token(login, code).json
    sandbox.token(login, code)
    gone(ask(sandbox, login, tokens["access_token"]), "S-52 a token whose code was used twice")
    elsewhere = next(d for d in DIALECTS if d.name != "rfc7636" and d["introspect_url"])
    other = Login(elsewhere)
    tokens = sandbox.token(other, sandbox.code(other)).tokens(elsewhere)
    gone(ask(sandbox, login, tokens["access_token"]), "S-52 a token of another provider")
    check(ask(sandbox, other, tokens["access_token"]).json["active"], "which is one there")


def who(sandbox):
    login = Login(STRICT)
    token = sandbox.token(login, sandbox.code(login)).json["access_token"]
    path = STRICT.path("introspect_url")
    for body, headers, what in (({"token": token}, {}, "nobody"), ({"token": token, "client_id": "sandbox-public"}, {}, "a public client"),
                                ({"token": token}, {"Authorization": "Basic c2FuZGJveC1jbGllbnQ6d3Jvbmc="}, "a wrong secret"),
                                ({"token": token}, {"Authorization": "Bearer " + token}, "the token itself")):
        reply = sandbox.ask("POST", path, body, headers)
        check(reply.status == 401 and reply.json["error"] == "invalid_client" and "active" not in reply.text, f"S-52 {what} learns nothing", reply.text)
    reply = ask(sandbox, login, "")
    equal((reply.status, reply.json["error"]), (400, "invalid_request"), "S-52 no token: invalid_request")
    reply = sandbox.ask("GET", path + "?token=" + token, headers=login.auth())
    equal((reply.status, reply.headers.get("allow")), (405, "POST"), "S-52 a token is not asked about in a URL")
    reply = sandbox.ask("POST", path + "?token=" + token, {}, login.auth())
    check(reply.status == 400, "S-52 nor in the query of a POST", reply.text)
    reply = sandbox.ask("POST", path, [("token", token), ("token", "x")], login.auth())
    equal(reply.status, 400, "S-52 nor twice")
    check(ask(sandbox, login, token, token_type_hint="refresh_token").json["active"], "a wrong hint changes nothing")
    check(token not in sandbox.log(), "the token is not logged")


def late(sandbox):
    login = Login(STRICT)
    token = sandbox.token(login, sandbox.code(login)).json["access_token"]
    check(ask(sandbox, login, token).json["active"], "S-52 a token of four seconds")
    time.sleep(4.2)
    gone(ask(sandbox, login, token), "S-52 is gone after it")


def main():
    with Sandbox("--auto-approve") as sandbox:
        for test in (alive, dead, who):
            test(sandbox)
    with Sandbox("--auto-approve", "--access-ttl", "4") as sandbox:
        late(sandbox)
    finish()


if __name__ == "__main__":
    main()
