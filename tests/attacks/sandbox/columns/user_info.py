#!/usr/bin/env python3
"""How dialects ask for the user info and revoke: by POST, with the token in the URL, with headers of their own; what the scopes withhold."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Login, at, check, equal, finish, made

ME = 'userinfo_url = "https://{host}/o/me"\npkce = "sent"\nclient_auth = {"post", "none"}\nuserinfo_name = "/name"\nuserinfo_email = "/email"\nuserinfo_email_verified = "/verified"\nuserinfo_picture = "/picture"\n'
TWO = 'scopes = {"one", "two"}\n'

TEXTS = {
    "posted": ME + TWO + 'userinfo_method = "POST"\n',
    "got": ME + TWO,
    "standard": ME + 'issuer = "https://issuer.example"\nscopes = {"openid", "profile", "email"}\n',
    "own-scopes": ME + 'issuer = "https://issuer.example"\nscopes = {"openid", "account"}\n',
    "url": ME + TWO + 'userinfo_token = "query"\nuserinfo_subject_parameter = "openid"\nuserinfo_subject = "/openid"\ntoken_subject = "/openid"\n',
    "header": ME + TWO + 'userinfo_header = "Api-Version: 2022-06-28"\nerror.userinfo-header = "400 missing_version Say which version."\n',
    "client": ME + TWO + 'userinfo_client_header = "Client-Id"\n',
    "number": ME + TWO + 'subject_type = "number"\nuserinfo_subject = "/data/0/id"\n',
    "bearer": ME + TWO + 'revoke_url = "https://{host}/o/revoke"\nrevoke_auth = "bearer"\nrefresh_lifetime = 60\n',
}


def methods(sandbox, dialects):
    for name, allowed in (("posted", "POST"), ("got", "GET"), ("standard", "GET POST")):
        login = Login(dialects[name])
        token = {"Authorization": "Bearer " + sandbox.login(login)[0]["access_token"]}
        for method in ("GET", "POST"):
            reply = sandbox.ask(method, login.dialect.path("userinfo_url"), {} if method == "POST" else None, token)
            equal(reply.status, 200 if method in allowed else 405, f"{name}: by {method}")
            check(method in allowed or reply.headers.get("allow") == allowed, f"{name}: says what is allowed", reply.headers)


def scopes(sandbox, dialects):
    login = Login(dialects["standard"])
    for scope, wanted in (("openid", []), ("openid email", ["email", "verified"]), ("openid profile", ["name", "picture"]), ("openid profile email", ["email", "name", "picture", "verified"])):
        info = sandbox.login(login, scope=scope)[1].json
        equal(sorted(set(info) - {"sub"}), wanted, f"standard: {scope}")
    for name in ("own-scopes", "got"):
        info = sandbox.login(Login(dialects[name]))[1].json
        equal(sorted(set(info) - {"sub"}), ["email", "name", "picture", "verified"], f"{name}: no scope stands for what is shown")


def in_url(sandbox, login):
    reply = sandbox.token(login, sandbox.code(login))
    token, subject = reply.json["access_token"], reply.json["openid"]
    path = login.dialect.path("userinfo_url")
    equal(sandbox.userinfo(login, token, subject).json["openid"], subject, "url: token and subject in the URL")
    for query, status in ((f"access_token={token}", 400), (f"access_token={token}&openid=x", 400), (f"access_token={token}&openid=", 400), (f"openid={subject}", 401),
                          (f"access_token=x&openid={subject}", 401), ("access_token=%zz", 401)):
        equal(sandbox.ask("GET", path + "?" + query).status, status, f"url: {query.split('=')[0]} ... {status}")
    equal(sandbox.ask("GET", f"{path}?openid={subject}", headers={"Authorization": "Bearer " + token}).status, 401, "url: a token in the header is not looked for")


def headers(sandbox, dialects):
    for name, header, good, bad in (("header", "Api-Version", ["2022-06-28", "anything"], [None, ""]), ("client", "Client-Id", ["sandbox-client"], [None, "", "sandbox-public", "x"])):
        login = Login(dialects[name])
        bearer = {"Authorization": "Bearer " + sandbox.login(login)[0]["access_token"]}
        for value in good:
            equal(sandbox.ask("GET", login.dialect.path("userinfo_url"), headers={**bearer, header: value}).status, 200, f"{name}: {value}")
        for value in bad:
            reply = sandbox.ask("GET", login.dialect.path("userinfo_url"), headers={**bearer, **({} if value is None else {header: value})})
            check(reply.status in (400, 401) and "sub" not in reply.json, f"{name}: {value!r} is refused", (reply.status, reply.text))
            if name == "header":
                equal(reply.json, {"error": "missing_version", "error_description": "Say which version."}, "header: in the dialect's words")


def numbers(sandbox, login):
    seen = {person: at(sandbox.login(login, login_hint=person)[1].json, "/data/0/id") for person in ("ada", "grace", "linus")}
    check(all(isinstance(n, int) and 10 ** 12 < n < 2 ** 53 for n in seen.values()) and len(set(seen.values())) == 3, "number: a number for each person", seen)
    equal(at(sandbox.login(login)[1].json, "/data/0/id"), seen["ada"], "number: the same each time")


def revoking(sandbox, dialect):
    login, path = Login(dialect), dialect.path("revoke_url")
    given = sandbox.login(login)[0]
    token = given["access_token"]
    for header, body in ((None, None), (None, {**login.proof(), "token": token}), ("Bearer x", None), ("Bearer " + given["refresh_token"], None), ("Basic eDp5", None)):
        reply = sandbox.ask("POST", path, body, {"Authorization": header} if header else {})
        equal((reply.status, reply.json["error"]), (401, "invalid_client"), f"bearer: {header and header[:8]!r} proves nothing")
    equal(sandbox.userinfo(login, token).status, 200, "bearer: it lives")
    equal(sandbox.ask("POST", path, headers={"Authorization": "Bearer " + token}).status, 200, "bearer: the token ends itself, without a body")
    equal(sandbox.userinfo(login, token).status, 401, "bearer: it is dead")
    equal(sandbox.refresh(login, given["refresh_token"]).json["error"], "invalid_grant", "bearer: and so is its grant")
    equal(sandbox.ask("POST", path, headers={"Authorization": "Bearer " + token}).status, 401, "bearer: a dead token proves nothing")


def main():
    with made(TEXTS) as (sandbox, dialects):
        methods(sandbox, dialects)
        scopes(sandbox, dialects)
        in_url(sandbox, Login(dialects["url"]))
        headers(sandbox, dialects)
        numbers(sandbox, Login(dialects["number"]))
        revoking(sandbox, dialects["bearer"])
    finish()


if __name__ == "__main__":
    main()
