#!/usr/bin/env python3
"""What dialects ask of a token request: everything in the URL, another address for refreshes, an Origin, a secret that is a JWT;
which codes a failure burns."""
import base64
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Login, check, equal, finish, made

ME = 'userinfo_url = "https://{host}/o/me"\nscopes = {"one", "two"}\npkce = "sent"\n'

TEXTS = {
    "url": ME + 'client_auth = {"post"}\ntoken_request = "query"\nclient_id_parameter = "appid"\nclient_secret_parameter = "secret"\n'
                'refresh_url = "https://{host}/o/refresh"\nrefresh_lifetime = 60\n',
    "elsewhere": ME + 'client_auth = {"post"}\nrefresh_url = "https://{host}/o/refresh"\nrefresh_lifetime = 60\nrefresh_rotates = true\n',
    "burning": ME + 'client_auth = {"post", "none"}\nfailed_check_burns_code = true\n',
    "unchecked": ME + 'client_auth = {"post"}\nverifier_shape = "unchecked"\n',
    "origin": ME + 'client_auth = {"post", "none"}\norigin_from_public_clients = true\nrefresh_lifetime = 60\nerror.origin = "400 invalid_request/9002327 Tokens are for browsers."\nerror_number_at = "/codes/0"\n',
    "signed": ME + 'client_auth = {"post", "basic"}\nclient_secret_audience = "https://login.example"\nrevoke_url = "https://{host}/o/revoke"\n',
}


def refused(sandbox, reply, status, code, fault, what):
    check(reply.status == status and reply.json.get("error") == code and "access_token" not in reply.text, what, (reply.status, reply.text))
    check(f" refused: {fault} " in sandbox.last_line(), f"{what}: the log says {fault}", sandbox.last_line())


def in_url(sandbox, login):
    path, code = login.dialect.path("token_url"), sandbox.code(login)
    refused(sandbox, sandbox.ask("GET", path), 401, "invalid_client", "client-id-missing", "url: nothing in it")
    refused(sandbox, sandbox.ask("POST", path, login.redeem(code)), 401, "invalid_client", "client-id-missing", "url: a body is not read")
    refused(sandbox, sandbox.token(login, "x" * 43), 400, "invalid_grant", "code-altered", "url: a code of nobody")
    equal(sandbox.ask("HEAD", path).status, 405, "url: HEAD would redeem and show nobody")
    equal(sandbox.ask("PUT", path).headers.get("allow"), "GET, POST", "url: another method is told which there are")
    reply = sandbox.token(login, code)
    equal((reply.status, reply.headers.get("cache-control")), (200, "no-store"), "url: redeemed by GET")
    refreshed = sandbox.refresh(login, reply.json["refresh_token"])
    equal(refreshed.status, 200, "url: a refresh by GET, at its own address")


def elsewhere(sandbox, login):
    d = login.dialect
    token = sandbox.login(login)[0]["refresh_token"]
    reply = sandbox.token(login, None, grant_type="refresh_token", refresh_token=token, redirect_uri=None, code_verifier=None)
    refused(sandbox, reply, 400, "unsupported_grant_type", "refresh-endpoint-wrong", "elsewhere: a refresh at the token URL")
    code = sandbox.code(login)
    refused(sandbox, sandbox.ask("POST", d.path("refresh_url"), login.redeem(code)), 400, "unsupported_grant_type", "grant-type-wrong", "elsewhere: a code at the refresh URL")
    equal(sandbox.token(login, code).status, 200, "elsewhere: which did not hurt it")
    reply = sandbox.refresh(login, token)
    equal((reply.status, reply.json["refresh_token"] != token), (200, True), "elsewhere: a refresh at its own URL, and nothing burnt the token")


def burning(sandbox, login):
    def fresh():
        return sandbox.code(login)

    for what, changes in (("verifier", {"code_verifier": "a" * 43}), ("redirect_uri", {"redirect_uri": "http://127.0.0.1/x"}), ("no verifier", {"code_verifier": None})):
        code = fresh()
        sandbox.token(login, code, **changes)
        refused(sandbox, sandbox.token(login, code), 400, "invalid_grant", "code-reused", f"burning: {what}: the code is gone")
    other = Login(login.dialect, True)
    other.verifier = login.verifier
    code = fresh()
    sandbox.token(other, code)
    refused(sandbox, sandbox.token(login, code), 400, "invalid_grant", "code-reused", "burning: another client: gone too")
    code = fresh()
    sandbox.token(login, code, client_secret="wrong")
    sandbox.token(login, code, grant_type=None)
    equal(sandbox.token(login, code).status, 200, "burning: who is not let in does not get as far")


def unchecked(sandbox, login):
    for verifier in ("a" * 8, "a" * 129, "b" * 42 + "!"):
        reply = sandbox.token(login, sandbox.code(login), code_verifier=verifier)
        refused(sandbox, reply, 400, "invalid_grant", "verifier-mismatch", f"unchecked: {len(verifier)} characters are compared and differ")
    login.verifier = "short,32"
    equal(sandbox.token(login, sandbox.code(login)).status, 200, "unchecked: a verifier of eight characters that is the right one")


def origin(sandbox, dialect):
    for public in (False, True):
        login = Login(dialect, public)
        code = sandbox.code(login)
        other = {"Origin": None} if public else {"Origin": "https://app.example"}
        reply = sandbox.token(login, code, other)
        equal((reply.status, reply.json["codes"]), (400, [9002327]), f"origin: {login.id}: the words, their number in an array")
        check(" refused: origin-header " in sandbox.last_line(), f"origin: {login.id}: the log", sandbox.last_line())
        reply = sandbox.token(login, code)
        equal(reply.status, 200, f"origin: {login.id}: as it must be")
        token = reply.json["refresh_token"]
        equal(sandbox.send(login, "token_url", {"grant_type": "refresh_token", "refresh_token": token, **login.proof()}, other).status, 400, f"origin: {login.id}: a refresh likewise")
        equal(sandbox.refresh(login, token).status, 200, f"origin: {login.id}: and as it must be")


def jwt(header=None, **claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    whole = {"iss": "TEAM", "sub": "sandbox-client", "aud": "https://login.example", "iat": int(time.time()), "exp": int(time.time()) + 600, **claims}
    return ".".join((part(header or {"alg": "ES256", "kid": "K"}), part({k: v for k, v in whole.items() if v is not None}), "c2lnbmF0dXJl"))


def signed(sandbox, login):
    good = jwt()
    key = login.dialect["client_secret_parameter"]
    wrong = {"no issuer": jwt(iss=None), "an empty issuer": jwt(iss=""), "another client": jwt(sub="sandbox-public"), "no subject": jwt(sub=None),
             "another audience": jwt(aud="https://other.example"), "no audience": jwt(aud=None), "expired": jwt(exp=int(time.time()) - 1),
             "no end": jwt(exp=None), "an end as text": jwt(exp="9999999999"), "not signed": jwt({"alg": "none"}), "signed with a secret": jwt({"alg": "HS256"}),
             "no algorithm": jwt({"kid": "K"}), "no signature": good.rpartition(".")[0] + ".", "two parts": good.rpartition(".")[0],
             "four parts": good + ".x", "no JSON": "a.b.c", "dots": "...", "long": "a." * 5000, "audiences of numbers": jwt(aud=[1, {}])}
    code = sandbox.code(login)
    for what, secret in wrong.items():
        refused(sandbox, sandbox.token(login, code, **{key: secret}), 401, "invalid_client", "assertion-invalid", f"signed: {what}")
    refused(sandbox, sandbox.token(login, code, **{key: "wrong"}), 401, "invalid_client", "secret-rejected", "signed: a text that is no JWT")
    for secret in (good, jwt(aud=["x", "https://login.example"]), "sandbox-secret"):
        equal(sandbox.token(login, sandbox.code(login), **{key: secret}).status, 200, f"signed: {secret[:20]}")
    token = sandbox.login(login)[0]["access_token"]
    for secret, status in ((jwt(sub="x"), 401), (good, 200)):
        equal(sandbox.ask("POST", login.dialect.path("revoke_url"), {"client_id": login.id, key: secret, "token": token}).status, status, f"signed: revoking: {status}")
    reply = sandbox.token(login, sandbox.code(login), {"Authorization": "Basic " + base64.b64encode(f"sandbox-client:{good}".encode()).decode()},
                          client_id=None, client_secret=None)
    equal(reply.status, 200, "signed: by Basic, too")
    check(good not in sandbox.log(), "signed: no secret in the log")


def main():
    with made(TEXTS) as (sandbox, dialects):
        in_url(sandbox, Login(dialects["url"]))
        elsewhere(sandbox, Login(dialects["elsewhere"]))
        burning(sandbox, Login(dialects["burning"]))
        unchecked(sandbox, Login(dialects["unchecked"]))
        origin(sandbox, dialects["origin"])
        signed(sandbox, Login(dialects["signed"]))
    finish()


if __name__ == "__main__":
    main()
