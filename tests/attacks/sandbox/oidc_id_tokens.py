#!/usr/bin/env python3
"""ID tokens of every provider that has them, verified by a library that is not the program's; and the user info beside them."""
import re
import sys
import time

sys.dont_write_bytecode = True
from harness import REDIRECT, Login, Sandbox, at, check, equal, finish, logins
from openid import OPENID, STRICT, Browser, half_hash, has_openid, issuer, parts, scope, verify


def claims_of(sandbox, login, tokens):
    try:
        return verify(sandbox, login.dialect, tokens["id_token"])
    except Exception as error:  # whatever the other library says
        check(False, f"S-46 {login.dialect.name} {login.id}: the ID token is signed with the published key", error)
        return parts(tokens["id_token"])[1]


def first(sandbox, login):
    """One login with a nonce: the claims of its ID token."""
    d, name = login.dialect, f"{login.dialect.name} {login.id}"
    asked = scope(d, *[s for s in ("openid", "profile", "email") if s in d["scopes"]])
    before = int(time.time())
    tokens = sandbox.token(login, sandbox.code(login, nonce="n-0S6_WzA2Mj ü", scope=asked)).tokens(d)
    check("id_token" in tokens, f"S-46 {name}: the token reply has an ID token", tokens)
    header, _ = parts(tokens["id_token"])
    claims = claims_of(sandbox, login, tokens)
    equal(header["alg"], d["id_token_alg"], f"S-46 {name}: the algorithm is the dialect's")
    equal((claims["iss"], claims["aud"]), (issuer(sandbox, d), login.id), f"S-46 {name}: iss and aud")
    check(re.fullmatch(r"[\x21-\x7e]{1,255}", claims["sub"]), f"S-46 {name}: sub is 1 to 255 characters of ASCII", claims)
    check(before <= claims["iat"] <= time.time() and claims["exp"] > time.time() and before - 2 <= claims["auth_time"] <= claims["iat"], f"S-46 {name}: iat, exp and auth_time", claims)
    equal(claims.get("nonce"), "n-0S6_WzA2Mj ü", f"S-46 {name}: the nonce is echoed")
    equal(claims["at_hash"], half_hash(tokens["access_token"]), f"S-46 {name}: at_hash is the left half of the access token's hash")
    check(claims["sid"], f"S-46 {name}: sid is there", claims)
    for wanted, members in (("profile", ("name", "picture")), ("email", ("email", "email_verified"))):
        if wanted in d["scopes"]:
            check(all(m in claims for m in members), f"{name}: the scope {wanted} gives {members}", claims)
    if d["userinfo_url"]:
        subject = at(tokens, d["token_subject"]) if d["token_subject"] else None
        info = sandbox.userinfo(login, tokens["access_token"], subject).json
        equal(str(at(info, d["userinfo_subject"])), claims["sub"], f"S-49 {name}: the user info names the same subject")
    return tokens, claims


def without(sandbox, login):
    d, name = login.dialect, f"{login.dialect.name} {login.id}"
    tokens = sandbox.token(login, sandbox.code(login, scope=scope(d, "openid"))).tokens(d)
    claims = claims_of(sandbox, login, tokens)
    check("nonce" not in claims, f"S-46 {name}: there is no nonce where none was sent", claims)
    if "profile" in d["scopes"] and "profile" not in d["scopes_required"]:
        check("name" not in claims and "picture" not in claims, f"{name}: no name without the scope", claims)
    if "email" in d["scopes"] and "email" not in d["scopes_required"]:
        check("email" not in claims, f"{name}: no address without the scope", claims)
    other = [s for s in d["scopes"] if s != "openid"]
    if other and "openid" not in d["scopes_required"] + d["scopes_fixed"]:
        tokens = sandbox.token(login, sandbox.code(login, scope=scope(d, other[0]))).tokens(d)
        check("id_token" not in tokens, f"{name}: no ID token without the scope openid", tokens)


def refreshed(sandbox, login, tokens, claims):
    d, name = login.dialect, f"{login.dialect.name} {login.id}"
    if "refresh_token" not in tokens:
        return
    again = sandbox.refresh(login, tokens["refresh_token"]).tokens(d)
    new = claims_of(sandbox, login, again)
    equal([new[c] for c in ("iss", "sub", "aud", "auth_time", "sid")], [claims[c] for c in ("iss", "sub", "aud", "auth_time", "sid")],
          f"S-46 {name}: after a refresh iss, sub, aud, auth_time and sid are the same")
    check("nonce" not in new and new["iat"] >= claims["iat"], f"S-46 {name}: and there is no nonce", new)
    equal(new["at_hash"], half_hash(again["access_token"]), f"S-46 {name}: and at_hash is that of the new access token")


def nonces(sandbox):
    for length in (1, 384, 1024):
        login = Login(STRICT)
        tokens = sandbox.token(login, sandbox.code(login, nonce="n" * length)).json
        equal(parts(tokens["id_token"])[1]["nonce"], "n" * length, f"S-46 a nonce of {length} characters comes back whole")
    reply = sandbox.authorize(Login(STRICT), nonce="n" * 1025)
    equal(reply.query.get("error"), "invalid_request", "a nonce of 1025 is refused")
    login = Login(STRICT)
    tokens = sandbox.token(login, sandbox.code(login, nonce="")).json
    check("nonce" not in parts(tokens["id_token"])[1], "S-46 an empty nonce is none")


def public_secret(sandbox):
    for dialect in OPENID:
        if dialect["id_token_alg"] == "HS256" and "none" in dialect["client_auth"] and "openid" in dialect["scopes"]:
            login = Login(dialect, True)
            tokens = sandbox.token(login, sandbox.code(login)).tokens(dialect)
            check("id_token" not in tokens, f"{dialect.name}: a client without a secret gets no token that is signed with it", tokens)


def userinfo(sandbox):
    """S-49, S-50: at the dialect that does as the standards say."""
    login = Login(STRICT)
    path = STRICT.path("userinfo_url")
    tokens = sandbox.token(login, sandbox.code(login, scope="openid profile email")).json
    bearer = {"Authorization": "Bearer " + tokens["access_token"]}
    sub = parts(tokens["id_token"])[1]["sub"]
    for method, body in (("GET", None), ("POST", {})):
        reply = sandbox.ask(method, path, body, bearer)
        equal((reply.status, reply.json["sub"]), (200, sub), f"S-49 user info by {method}")
    reply = sandbox.ask("GET", path)
    check(reply.status == 401 and reply.headers["www-authenticate"].startswith("Bearer") and "error" not in reply.headers["www-authenticate"],
          "S-50 no token: 401 and a bare challenge", reply.headers)
    reply = sandbox.ask("GET", path, headers={"Authorization": "Bearer nonsense"})
    check(reply.status == 401 and 'error="invalid_token"' in reply.headers["www-authenticate"], "S-50 a token that is none: invalid_token", reply.headers)
    reply = sandbox.ask("GET", path + "?access_token=" + tokens["access_token"])
    check(reply.status in (400, 401), "S-50 a token in the query is not taken", reply.status)
    equal(sandbox.ask("PUT", path, {}, bearer).status, 405, "S-49 and by no other method")


def rounds(sandbox):
    """The same person has the same subject at one provider, and another at another."""
    subjects = {}
    for dialect in OPENID:
        login = Login(dialect)
        if has_openid(login):
            token = sandbox.token(login, sandbox.code(login, login_hint="grace")).tokens(dialect)["id_token"]
            subjects[dialect.name] = parts(token)[1]["sub"]
    check(len(set(subjects.values())) == len(subjects) > 1, "a person's subject differs from provider to provider", subjects)


def browser(sandbox):
    chosen = Browser(sandbox).login(Login(STRICT), "linus", nonce="abc")
    claims = parts(chosen["id_token"])[1]
    ada = parts(Browser(sandbox).login(Login(STRICT), "ada")["id_token"])[1]
    check(claims["nonce"] == "abc" and claims["sub"] != ada["sub"] and claims["sid"] != ada["sid"], "S-46 the person who was chosen on the page is in the token", claims)
    check(REDIRECT not in str(claims), "and nothing of the request but the nonce")


def main():
    with Sandbox("--auto-approve") as sandbox:
        for login in logins():
            if has_openid(login):
                without(sandbox, login)
                refreshed(sandbox, login, *first(sandbox, login))
        nonces(sandbox)
        public_secret(sandbox)
        userinfo(sandbox)
        rounds(sandbox)
    with Sandbox() as sandbox:
        browser(sandbox)
    finish()


if __name__ == "__main__":
    main()
