#!/usr/bin/env python3
"""Dialects that no built-in one is: JSON requests, form replies, errors with status 200, no PKCE, plain, a default of S256.

The files are made here; the sandbox reads them with --providers, or says what is wrong with them."""
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.dont_write_bytecode = True
from harness import Login, Dialect, Sandbox, check, equal, finish

HEAD = """title = "Odd"
source = "made for a test"
checked = "2026-11-21"
authorize_url = "https://{host}/o/authorize"
token_url = "https://{host}/o/token"
userinfo_url = "https://{host}/o/me"
redirect_rules = {"absolute"}
scopes = {"one", "two"}
"""

DIALECTS = {
    "json-in": HEAD + 'client_auth = {"basic", "none"}\npkce = "required"\ntoken_request = "json"\nuserinfo_subject = "/a/b~1c/d"\nuserinfo_name = "/a/n"\n',
    "form-out": HEAD + 'client_auth = {"post"}\npkce = "sent"\ntoken_reply = "form"\nrefresh_lifetime = 60\ntoken_subject = "/uid"\n'
                       'error.code-known = "200 bad_code The code is incorrect or expired."\n',
    "no-pkce": HEAD + 'client_auth = {"post", "none"}\npkce = "off"\n',
    "plain": HEAD + 'client_auth = {"post", "none"}\npkce = "required"\nplain = true\n',
    "silent": HEAD + 'client_auth = {"post"}\npkce = "required"\nmethod_missing = "S256"\nchallenge = "hex"\n',
    "issuer": HEAD + 'client_auth = {"post"}\npkce = "sent"\nissuer = "https://issuer.example/x/{tenant}"\ntenant = "t"\ncallback_issuer = true\n',
    "issuer-unsaid": HEAD + 'client_auth = {"post"}\npkce = "sent"\nissuer = "https://issuer.example"\n',
    "short": HEAD + 'client_auth = {"post"}\npkce = "sent"\nrefresh_lifetime = 1\nrefresh_rotates = true\n',
    "public": HEAD + 'client_auth = {"none"}\npkce = "required"\nrefresh_lifetime = 60\nrefresh_rotates = false\n',
}


def json_in(sandbox, login):
    def post(body, kind="application/json"):
        return sandbox.ask("POST", login.dialect.path("token_url"), body, {**login.auth(), "Content-Type": kind})

    code = sandbox.code(login)
    good = login.redeem(code)
    for body in ("", "[]", "{", '"x"', '{"code": "a", "code": "b"}', "[" * 10000, json.dumps({f"a{i}": "b" for i in range(65)}), '{"\\u0000": "x"}'):
        reply = post(body)
        check(reply.status == 400 and reply.json["error"] == "invalid_request", f"json-in: {body[:20]}", reply.text)
    equal(post(urllib.parse.urlencode(good), "application/x-www-form-urlencoded").json["error"], "invalid_request", "json-in: a form")
    for value in (None, 1, ["x"], {"a": 1}, True):
        check(post(json.dumps({**good, "code_verifier": value})).status == 400, f"json-in: verifier {value}")
    reply = post(json.dumps(good))
    equal(reply.status, 200, "json-in: a JSON request")
    me = sandbox.userinfo(login, reply.json["access_token"]).json
    equal((me["a"]["n"], len(me["a"]["b/c"]["d"])), ("Ada Lovelace", 32), "json-in: user info at deep pointers, escapes read")


def form_out(sandbox, login):
    code = sandbox.code(login)
    reply = sandbox.token(login, "x" * 43)
    equal((reply.status, reply.headers["content-type"], reply.text), (200, "application/x-www-form-urlencoded",
          "error=bad_code&error_description=The%20code%20is%20incorrect%20or%20expired."), "form-out: an error with status 200")
    reply = sandbox.token(login, code)
    got = dict(urllib.parse.parse_qsl(reply.text))
    equal(sorted(got), sorted(["access_token", "token_type", "expires_in", "refresh_token", "scope", "uid"]), "form-out: tokens in a form")
    refreshed = sandbox.refresh(login, got["refresh_token"])
    check("access_token=" in refreshed.text and "refresh_token=" not in refreshed.text, "form-out: a refresh token that stays is not sent again", refreshed.text)


def no_pkce(sandbox, login):
    for asked in ({}, {"code_challenge": None, "code_challenge_method": None}, {"code_challenge": "x", "code_challenge_method": "nonsense"}):
        for verifier in (login.verifier, None, "short"):
            code = sandbox.code(login, **asked)
            equal(sandbox.token(login, code, code_verifier=verifier).status, 200, f"no-pkce: {login.id} {asked} {verifier}: none of it is looked at")


def plain(sandbox, login):
    for method in ("plain", None):
        code = sandbox.code(login, code_challenge=login.verifier, code_challenge_method=method)
        equal(sandbox.token(login, code, code_verifier="a" * 43).json["error"], "invalid_grant", f"plain: method {method}, wrong verifier")
        equal(sandbox.token(login, code).status, 200, f"plain: method {method}, right verifier")
    code = sandbox.code(login, code_challenge=login.challenge(), code_challenge_method=None)
    equal(sandbox.token(login, code).json["error"], "invalid_grant", "plain: a hash without a method is compared as plain")
    equal(sandbox.authorize(login, code_challenge="short", code_challenge_method="plain").query["error"], "invalid_request", "plain: a challenge that is no verifier")


def silent(sandbox, login):
    code = sandbox.code(login, code_challenge_method=None)
    equal(sandbox.token(login, code).status, 200, "silent: S256 is assumed")
    for wrong in (login.challenge("base64url"), login.challenge().upper(), login.challenge() + "0", login.challenge()[1:]):
        equal(sandbox.authorize(login, code_challenge=wrong).query["error"], "invalid_request", f"silent: {wrong[:12]} is not hex of a SHA-256")
    check("challenge-not-hex" in sandbox.log(), "silent: the log knows base64url")


def issuer(sandbox, login):
    here = f"http://127.0.0.1:{sandbox.port}/issuer/x/t"
    equal(sandbox.authorize(login).query["iss"], here, "issuer: iss with a code is the issuer at the sandbox")
    equal(sandbox.authorize(login, response_type=None).query["iss"], here, "issuer: iss with an error")


def issuer_unsaid(sandbox, login):
    check("iss" not in sandbox.authorize(login).query, "issuer-unsaid: an issuer that does not say so in the callback")


def short(sandbox, login):
    token = sandbox.token(login, sandbox.code(login)).json["refresh_token"]
    for _ in range(3):
        time.sleep(0.6)
        reply = sandbox.refresh(login, token)
        equal(reply.status, 200, "short: who refreshes in time goes on beyond the first lifetime")
        token = reply.json["refresh_token"]
    time.sleep(1.1)
    reply = sandbox.refresh(login, token)
    equal((reply.status, reply.json["error"]), (400, "invalid_grant"), "short: a refresh token too late")
    check("refresh-token-unexpired refused" in sandbox.log(), "short: and the log says so")


def public(sandbox, login):
    first = sandbox.token(login, sandbox.code(login)).json
    second = sandbox.refresh(login, first["refresh_token"])
    check(second.json["refresh_token"] != first["refresh_token"], "public: refresh tokens of public clients rotate in every dialect", second.text)


def broken(directory):
    for name, text, what in (("mistake", HEAD + 'pkce = "perhaps"\n', "a value that is none"), ("mistake", "\0" * 100, "bytes"), ("mistake", "", "nothing")):
        path = os.path.join(directory, name + ".conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        done = subprocess.run([os.path.abspath(sys.argv[1]), "sandbox", "--listen", "127.0.0.1:0", "--providers", directory], capture_output=True, timeout=20)
        check(done.returncode == 1 and b"mistake.conf" in done.stderr and not done.stdout, f"a dialect file with {what} is refused by name", done)
        os.unlink(path)


def main():
    with tempfile.TemporaryDirectory() as directory:
        for name, text in DIALECTS.items():
            with open(os.path.join(directory, name + ".conf"), "w", encoding="ascii") as file:
                file.write(text)
        with Sandbox("--auto-approve", "--providers", directory) as sandbox:
            for name, test in (("json-in", json_in), ("form-out", form_out), ("no-pkce", no_pkce), ("plain", plain), ("silent", silent), ("issuer", issuer), ("issuer-unsaid", issuer_unsaid), ("short", short), ("public", public)):
                dialect = Dialect(name, directory)
                for is_public in {"none" in dialect["client_auth"], dialect["client_auth"] == ["none"]}:
                    test(sandbox, Login(dialect, is_public))
            check(sandbox.ask("GET", "/rfc7636/authorize").status == 400, "the built-in ones are still there")
        broken(directory)
    finish()


if __name__ == "__main__":
    main()
