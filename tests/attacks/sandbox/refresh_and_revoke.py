#!/usr/bin/env python3
"""Refresh tokens rotate and die as families; revocation; who may read the user info."""
import sys
import time

sys.dont_write_bytecode = True
from harness import DIALECTS, Dialect, Login, Sandbox, at, check, equal, finish, is_refusal, logins


def works(sandbox, login, tokens, subject=None):
    """Whether the access token opens the user info; where there is none, nobody knows."""
    if not login.dialect["userinfo_url"]:
        return True
    reply = sandbox.userinfo(login, tokens["access_token"], subject)
    wanted = (200, None) if reply.status == 200 else login.dialect.refusal("bearer-valid", 401, "invalid_token")
    return reply.status == wanted[0] and at(reply.json, login.dialect["userinfo_subject"]) is not None


def refreshing(sandbox, login):
    name, d = f"{login.dialect.name} {login.id}", login.dialect
    first = sandbox.login(login)[0]
    second = sandbox.refresh(login, first["refresh_token"])
    equal(second.status, 200, f"{name}: a refresh")
    subject = at(second.members, d["token_subject"]) if d["token_subject"] else None
    second = second.tokens(d)
    check(second["access_token"] != first["access_token"] and works(sandbox, login, second, subject), f"{name}: a new access token that works")
    equal(second.get("scope"), first.get("scope"), f"{name}: the same scopes")
    rotates = d["refresh_rotates"] or login.public
    equal("refresh_token" in second and second["refresh_token"] != first["refresh_token"], rotates, f"{name}: rotation")
    is_refusal(sandbox.refresh(login, None), d.refusal("refresh-token-present", 400, "invalid_request"), f"{name}: no refresh token")
    is_refusal(sandbox.refresh(login, "x" * 43), d.refusal("refresh-token-known", 400, "invalid_grant"), f"{name}: a refresh token of nobody")
    is_refusal(sandbox.refresh(login, first["access_token"]), d.refusal("refresh-token-known", 400, "invalid_grant"), f"{name}: an access token as refresh token")
    if not rotates:
        return
    current = second["refresh_token"]
    for scope in [d.scope(d["scopes"])] * (len(d["scopes"]) > len(d.asked_scopes())) + ["unknown"]:
        is_refusal(sandbox.refresh(login, current, **{d["scope_parameter"]: scope}), d.refusal("scope-within-grant", 400, "invalid_scope"), f"S-41 {name}: a wider scope {scope}")
    if d.has(not login.public):
        is_refusal(sandbox.refresh(Login(d, not login.public), current), d.refusal("refresh-token-client", 400, "invalid_grant"), f"{name}: another client")
    least = d.asked_scopes()[:1]
    third = sandbox.refresh(login, current, **{d["scope_parameter"]: d.scope(least)})
    equal((third.status, third.tokens(d).get("scope")), (200, {"text": "".join(least), "array": least, "absent": None}[d["reply_scope"]]),
          f"{name}: a narrower scope, and nothing above burnt the token")
    is_refusal(sandbox.refresh(login, first["refresh_token"]), d.refusal("refresh-token-unused", 400, "invalid_grant"), f"{name}: an old refresh token")
    is_refusal(sandbox.refresh(login, third.tokens(d)["refresh_token"]), d.refusal("refresh-token-known", 400, "invalid_grant"), f"{name}: ends the newest too")
    for token in (first, second, third.tokens(d)):
        check(not d["userinfo_url"] or not works(sandbox, login, token, subject), f"{name}: and every access token of the family")


def revoking(sandbox, login):
    name, d = f"{login.dialect.name} {login.id}", login.dialect
    path, key = d.path("revoke_url"), d["revoke_token_parameter"]

    by_itself = d["revoke_auth"] == "bearer"

    def revoke(token, who=login, **changes):
        if by_itself:
            return sandbox.ask("POST", path, headers={"Authorization": "Bearer " + token})
        return sandbox.ask("POST", path, {**who.proof(), key: token, **changes}, who.auth())

    given, info = sandbox.login(login)
    subject = at(info.json, d["userinfo_subject"]) if d["userinfo_subject_parameter"] else None
    stranger = ("client-authenticated", 401, "invalid_client")
    if not by_itself and d.has(not login.public):
        reply = revoke(given["access_token"], Login(d, not login.public))
        is_refusal(reply, d.refusal("token-client", 400, "unauthorized_client"), f"S-51 {name}: another client's token")
    is_refusal(sandbox.ask("POST", path, {key: given["access_token"]}), d.refusal(*stranger), f"S-51 {name}: revoking as nobody")
    is_refusal(revoke(""), d.refusal(*stranger) if by_itself else d.refusal("token-present", 400, "invalid_request"), f"{name}: revoking nothing")
    is_refusal(sandbox.ask("GET", path), d.refusal("method-post", 405, "invalid_request"), f"S-51 {name}: revoking by GET")
    check(works(sandbox, login, given, subject), f"{name}: still alive")
    equal(revoke(given["access_token"]).status, 200, f"{name}: an access token revoked")
    check(not works(sandbox, login, given, subject) or not d["userinfo_url"], f"{name}: is dead")
    if by_itself:
        is_refusal(revoke(given["access_token"]), d.refusal(*stranger), f"{name}: and proves nothing any more")
        if "refresh_token" in given:
            is_refusal(sandbox.refresh(login, given["refresh_token"]), d.refusal("refresh-token-known", 400, "invalid_grant"), f"{name}: and takes its refresh token along")
        return
    equal(revoke(given["access_token"]).status, 200, f"{name}: twice does no harm")
    equal(revoke("x" * 43).status, 200, f"S-51 {name}: nor an unknown one")
    if "refresh_token" in given:
        given = sandbox.login(login)[0]
        equal(revoke(given["refresh_token"], token_type_hint="access_token").status, 200, f"{name}: a refresh token revoked")
        check(not works(sandbox, login, given, subject) or not d["userinfo_url"], f"{name}: takes its access tokens along")
        is_refusal(sandbox.refresh(login, given["refresh_token"]), d.refusal("refresh-token-known", 400, "invalid_grant"), f"{name}: and itself")


def bearer(sandbox, login):
    name, d = f"{login.dialect.name} {login.id}", login.dialect
    tokens, info = sandbox.login(login)
    token, subject = tokens["access_token"], at(info.json, d["userinfo_subject"])
    method, path, body, headers = login.userinfo(token, subject)
    by_header = d["userinfo_token"] == "header"

    def ask(header=None, path=path, method=method):
        rest = {k: v for k, v in headers.items() if k != "Authorization"}
        return sandbox.ask(method, path, body if method == "POST" else None, {**rest, **({"Authorization": header} if header else {})})

    bare = path if by_header else path.replace("access_token=", "nothing=")
    invalid = d.refusal("bearer-valid", 401, "invalid_token")
    present = d.refusal("bearer-present", 401, "")
    reply = ask(path=bare)
    challenge = reply.headers.get("www-authenticate", "")
    check(reply.status == present[0] and (reply.status != 401 or challenge.startswith("Bearer") and ("error" not in challenge or present[1])),
          f"S-50 {name}: no token: a bare challenge", (reply.status, reply.headers))
    for wrong in ("wrong", token[:-1], token + "x", "x" * 9000):
        reply = ask("Bearer " + wrong) if by_header else ask(path=path.replace(token, wrong))
        challenge = reply.headers.get("www-authenticate", "")
        check(reply.status == invalid[0] and (reply.status != 401 or f'error="{invalid[1]}"' in challenge) and at(reply.json, d["userinfo_subject"]) is None,
              f"{name}: {wrong[:12]!r}", (reply.status, reply.headers))
    for header in ("Basic " + token, token, "Bearer", "Bearer "):
        equal(ask(header, bare).status, present[0], f"{name}: header {header[:8]!r}")
    if by_header:
        equal(ask(path=path + "?&"["?" in path] + "access_token=" + token).status, d.refusal("bearer-in-header", 400, "")[0], f"S-50 {name}: a token in the URL")
        equal(ask("bearer " + token).status, 200, f"{name}: the scheme in lower case")
    else:
        equal(ask("Bearer " + token, bare).status, present[0], f"{name}: a token in the header")
    for other_method in ("GET", "POST"):
        reply = sandbox.ask(other_method, path, {} if other_method == "POST" else None, headers)
        taken = bool(d["issuer"]) or other_method == d["userinfo_method"]
        equal(reply.status, 200 if taken else d.refusal("method-get-or-post", 405, "")[0], f"{name}: by {other_method}")
        check(taken or reply.headers.get("allow") == d["userinfo_method"], f"{name}: which says what is allowed", reply.headers)
    for other in DIALECTS:
        if other.name != d.name and other["userinfo_url"]:
            reply = sandbox.ask(*Login(other).userinfo(token, subject))
            equal(reply.status, other.refusal("bearer-valid", 401, "invalid_token")[0], f"{name}: the token at {other.name}")
            check(at(reply.json, other["userinfo_subject"]) is None, f"{name}: which opens nothing there", reply.text)


def cors(sandbox, dialect):
    for key in [k for k in ("token_url", "userinfo_url", "revoke_url") if dialect[k]]:
        reply = sandbox.ask("OPTIONS", dialect.path(key), headers={"Origin": "https://spa.example", "Access-Control-Request-Method": "POST"})
        check(reply.status == 204 and reply.headers.get("access-control-allow-origin") == "*" and "Authorization" in reply.headers.get("access-control-allow-headers", "")
              and "access-control-allow-credentials" not in reply.headers, f"{dialect.name}: CORS at {key}", reply.headers)
    equal(sandbox.ask("OPTIONS", dialect.path("authorize_url")).headers.get("access-control-allow-origin"), None, f"{dialect.name}: none at authorize")


def too_late():
    """--refresh-ttl, at a dialect that says when a refresh token ends and at one that does not."""
    with Sandbox("--auto-approve", "--refresh-ttl", "2") as sandbox:
        tiktok, strict = Login(Dialect("tiktok")), Login(Dialect("rfc7636"))
        given = [(login, sandbox.token(login, sandbox.code(login))) for login in (tiktok, strict)]
        equal(given[0][1].json["refresh_expires_in"], 2, "--refresh-ttl is what refresh_expires_in says")
        time.sleep(2.2)
        for login, reply in given:
            is_refusal(sandbox.refresh(login, reply.json["refresh_token"]), login.dialect.refusal("refresh-token-unexpired", 400, "invalid_grant"),
                       f"{login.dialect.name}: a refresh token too late")


def main():
    too_late()
    with Sandbox("--auto-approve") as sandbox:
        for login in logins():
            if login.dialect["refresh_lifetime"]:
                refreshing(sandbox, login)
            if login.dialect["revoke_url"]:
                revoking(sandbox, login)
            if login.dialect["userinfo_url"]:
                bearer(sandbox, login)
        for dialect in DIALECTS:
            cors(sandbox, dialect)
    finish()


if __name__ == "__main__":
    main()
