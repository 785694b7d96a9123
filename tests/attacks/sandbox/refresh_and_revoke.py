#!/usr/bin/env python3
"""Refresh tokens rotate and die as families; revocation; who may read the user info."""
import sys

sys.dont_write_bytecode = True
from harness import DIALECTS, Login, Sandbox, check, equal, finish, is_refusal, logins


def refresh(sandbox, login, token, **changes):
    return sandbox.token(login, None, **{"grant_type": "refresh_token", "refresh_token": token, "redirect_uri": None, "code_verifier": None, **changes})


def tokens(sandbox, login, **changes):
    return sandbox.token(login, sandbox.code(login, **changes)).json


def refreshing(sandbox, login):
    name, d = f"{login.dialect.name} {login.id}", login.dialect
    first = tokens(sandbox, login)
    second = refresh(sandbox, login, first["refresh_token"])
    equal(second.status, 200, f"{name}: a refresh")
    second = second.json
    check(second["access_token"] != first["access_token"] and sandbox.userinfo(login, second["access_token"]).status == 200, f"{name}: a new access token that works")
    equal(second["scope"], first["scope"], f"{name}: the same scopes")
    rotates = d["refresh_rotates"] or login.public
    equal("refresh_token" in second and second["refresh_token"] != first["refresh_token"], rotates, f"{name}: rotation")
    is_refusal(refresh(sandbox, login, None), d.refusal("refresh-token-present", 400, "invalid_request"), f"{name}: no refresh token")
    is_refusal(refresh(sandbox, login, "x" * 43), d.refusal("refresh-token-known", 400, "invalid_grant"), f"{name}: a refresh token of nobody")
    is_refusal(refresh(sandbox, login, first["access_token"]), d.refusal("refresh-token-known", 400, "invalid_grant"), f"{name}: an access token as refresh token")
    if not rotates:
        return
    current = second["refresh_token"]
    for scope in (d["scope_separator"].join(d["scopes"]), "unknown"):
        is_refusal(refresh(sandbox, login, current, scope=scope), d.refusal("scope-within-grant", 400, "invalid_scope"), f"{name}: a wider scope {scope}")
    if "none" in d["client_auth"]:
        is_refusal(refresh(sandbox, Login(d, not login.public), current), d.refusal("refresh-token-client", 400, "invalid_grant"), f"{name}: another client")
    third = refresh(sandbox, login, current, scope=d["scopes"][0])
    equal((third.status, third.json.get("scope")), (200, d["scopes"][0]), f"{name}: a narrower scope, and nothing above burnt the token")
    is_refusal(refresh(sandbox, login, first["refresh_token"]), d.refusal("refresh-token-unused", 400, "invalid_grant"), f"{name}: an old refresh token")
    is_refusal(refresh(sandbox, login, third.json["refresh_token"]), d.refusal("refresh-token-known", 400, "invalid_grant"), f"{name}: ends the newest too")
    for token in (first, second, third.json):
        equal(sandbox.userinfo(login, token["access_token"]).status, 401, f"{name}: and every access token of the family")


def revoking(sandbox, login):
    name, d = f"{login.dialect.name} {login.id}", login.dialect
    path, key = d.path("revoke_url"), d["revoke_token_parameter"]

    def revoke(token, who=login, **changes):
        return sandbox.ask("POST", path, {**who.proof(), key: token, **changes}, who.auth())

    given = tokens(sandbox, login)
    if "none" in d["client_auth"]:
        reply = revoke(given["access_token"], Login(d, not login.public))
        is_refusal(reply, d.refusal("token-client", 400, "unauthorized_client"), f"{name}: another client's token")
    is_refusal(sandbox.ask("POST", path, {key: given["access_token"]}), d.refusal("client-authenticated", 401, "invalid_client"), f"{name}: revoking as nobody")
    is_refusal(revoke(""), d.refusal("token-present", 400, "invalid_request"), f"{name}: revoking nothing")
    equal(sandbox.ask("GET", path).status, 405, f"{name}: revoking by GET")
    equal(sandbox.userinfo(login, given["access_token"]).status, 200, f"{name}: still alive")
    equal(revoke(given["access_token"]).status, 200, f"{name}: an access token revoked")
    equal(sandbox.userinfo(login, given["access_token"]).status, 401, f"{name}: is dead")
    equal(revoke(given["access_token"]).status, 200, f"{name}: twice does no harm")
    equal(revoke("x" * 43).status, 200, f"{name}: nor an unknown one")
    if "refresh_token" in given:
        given = tokens(sandbox, login)
        equal(revoke(given["refresh_token"], token_type_hint="access_token").status, 200, f"{name}: a refresh token revoked")
        equal(sandbox.userinfo(login, given["access_token"]).status, 401, f"{name}: takes its access tokens along")
        is_refusal(refresh(sandbox, login, given["refresh_token"]), d.refusal("refresh-token-known", 400, "invalid_grant"), f"{name}: and itself")


def bearer(sandbox, login):
    name, d = f"{login.dialect.name} {login.id}", login.dialect
    path, token = d.path("userinfo_url"), tokens(sandbox, login)["access_token"]
    reply = sandbox.ask("GET", path)
    check(reply.status == 401 and reply.headers.get("www-authenticate", "").startswith("Bearer") and "error" not in reply.headers["www-authenticate"],
          f"{name}: no token: a bare challenge", reply.headers)
    for header in ("Bearer wrong", "Bearer " + token[:-1], "Bearer " + token + "x", "Bearer " + "x" * 9000):
        reply = sandbox.ask("GET", path, headers={"Authorization": header})
        check(reply.status == 401 and 'error="invalid_token"' in reply.headers.get("www-authenticate", ""), f"{name}: {header[:12]!r}", reply.headers)
    for header in ("Basic " + token, token, "Bearer", "Bearer "):
        equal(sandbox.ask("GET", path, headers={"Authorization": header}).status, 401, f"{name}: header {header[:8]!r}")
    reply = sandbox.ask("GET", path + "?access_token=" + token)
    equal(reply.status, 400, f"{name}: a token in the URL")
    equal(sandbox.ask("GET", path, headers={"Authorization": "bearer " + token}).status, 200, f"{name}: the scheme in lower case")
    reply = sandbox.ask("POST", path, "", {"Authorization": "Bearer " + token})
    equal(reply.status, 200, f"{name}: by POST")
    for other in DIALECTS:
        if other.name != d.name:
            equal(sandbox.ask("GET", other.path("userinfo_url"), headers={"Authorization": "Bearer " + token}).status, 401, f"{name}: the token at {other.name}")


def cors(sandbox, dialect):
    for key in ("token_url", "userinfo_url") + (("revoke_url",) if dialect["revoke_url"] else ()):
        reply = sandbox.ask("OPTIONS", dialect.path(key), headers={"Origin": "https://spa.example", "Access-Control-Request-Method": "POST"})
        check(reply.status == 204 and reply.headers.get("access-control-allow-origin") == "*" and "Authorization" in reply.headers.get("access-control-allow-headers", "")
              and "access-control-allow-credentials" not in reply.headers, f"{dialect.name}: CORS at {key}", reply.headers)
    equal(sandbox.ask("OPTIONS", dialect.path("authorize_url")).headers.get("access-control-allow-origin"), None, f"{dialect.name}: none at authorize")


def main():
    with Sandbox("--auto-approve") as sandbox:
        for login in logins():
            if login.dialect["refresh_lifetime"]:
                refreshing(sandbox, login)
            if login.dialect["revoke_url"]:
                revoking(sandbox, login)
            bearer(sandbox, login)
        for dialect in DIALECTS:
            cors(sandbox, dialect)
    finish()


if __name__ == "__main__":
    main()
