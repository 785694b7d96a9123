#!/usr/bin/env python3
"""A code works once, for one client, for a short time; nobody but its owner can spend it."""
import sys
import threading
import time

sys.dont_write_bytecode = True
from harness import DIALECTS, Dialect, Login, Sandbox, at, check, equal, finish, is_refusal, logins


def reuse(sandbox, login):
    name, d = f"{login.dialect.name} {login.id}", login.dialect
    code = sandbox.code(login)
    reply = sandbox.token(login, code)
    first = reply.tokens(d)
    subject = at(reply.members, d["token_subject"]) if d["token_subject"] else None
    if d["userinfo_url"]:
        equal(sandbox.userinfo(login, first["access_token"], subject).status, 200, f"{name}: the token works")
    is_refusal(sandbox.token(login, code), d.refusal("code-unused", 400, "invalid_grant"), f"S-23 {name}: a code twice")
    if d["userinfo_url"]:
        equal(sandbox.userinfo(login, first["access_token"], subject).status, d.refusal("bearer-valid", 401, "")[0], f"S-23 {name}: and what it gave is revoked")
    if "refresh_token" in first:
        is_refusal(sandbox.refresh(login, first["refresh_token"]), d.refusal("refresh-token-known", 400, "invalid_grant"), f"S-23 {name}: the refresh token too")


def strangers(sandbox, login):
    """RFC 9700: a failed check by somebody who could prove nothing leaves the code as it was."""
    name, d = f"{login.dialect.name} {login.id}", login.dialect
    code = sandbox.code(login)
    if d["failed_check_burns_code"]:
        sandbox.token(login, code, redirect_uri="http://127.0.0.1/other")
        is_refusal(sandbox.token(login, code), d.refusal("code-unused", 400, "invalid_grant"), f"{name}: a failed check burns the code")
        return
    if d.takes_challenges():
        sandbox.token(login, code, code_verifier="a" * 43)
        sandbox.token(login, code, code_verifier=None)
    sandbox.token(login, code, redirect_uri="http://127.0.0.1/other")
    if d.has(not login.public):
        other = Login(d, not login.public)
        other.verifier = login.verifier
        is_refusal(sandbox.token(other, code), d.refusal("code-client", 400, "invalid_grant"), f"S-25 {name}: another client with everything else right")
    equal(sandbox.token(login, code).status, 200, f"S-26 {name}: the owner still can")
    if d["userinfo_url"]:
        equal(sandbox.login(login)[1].status, 200, f"{name}: a new login is not touched")


def race(login):
    """Forty requests with one code: one answer."""
    with Sandbox("--auto-approve") as sandbox:
        code = sandbox.code(login)
        replies = []

        def redeem():
            import http.client
            import urllib.parse
            connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=30)
            connection.request("POST", login.dialect.path("token_url"), urllib.parse.urlencode(login.redeem(code)),
                               {**login.auth(), "Content-Type": "application/x-www-form-urlencoded"})
            replies.append(connection.getresponse().status)
            connection.close()

        threads = [threading.Thread(target=redeem) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal((len(replies), replies.count(200)), (40, 1), f"S-23 {login.dialect.name}: forty at once, one wins")


def main():
    with Sandbox("--auto-approve") as sandbox:
        for login in logins():
            reuse(sandbox, login)
            strangers(sandbox, login)
        texts = set()
        login = Login(DIALECTS[0])
        for _ in range(500):
            texts.add(sandbox.code(login))
        equal(len(texts), 500, "five hundred codes are five hundred")
        check(all(len(set(t)) > 15 for t in texts), "and none looks simple")
    with Sandbox("--auto-approve", "--code-ttl", "1", "--access-ttl", "1") as sandbox:
        late = [(login, sandbox.code(login)) for login in logins()]
        prompt = [(login, sandbox.token(login, sandbox.code(login))) for login in logins()]
        for login, reply in prompt:
            equal(reply.tokens(login.dialect).get("expires_in"), {"number": 1, "text": "1", "absent": None}[login.dialect["expires_in"]],
                  f"{login.dialect.name} {login.id}: --access-ttl is what expires_in says")
        time.sleep(1.2)
        for login, code in late:
            name = f"{login.dialect.name} {login.id}"
            is_refusal(sandbox.token(login, code), login.dialect.refusal("code-unexpired", 400, "invalid_grant"), f"S-24 {name}: a code too late")
        check("code-expired" in sandbox.log(), "the log says code-expired")
        for login, reply in prompt:
            d = login.dialect
            if d["userinfo_url"]:
                subject = at(reply.members, d["token_subject"]) if d["token_subject"] else None
                equal(sandbox.userinfo(login, reply.tokens(d)["access_token"], subject).status, d.refusal("bearer-valid", 401, "")[0], f"{d.name} {login.id}: a token too late")
    race(Login(Dialect("rfc7636")))
    finish()


if __name__ == "__main__":
    main()
