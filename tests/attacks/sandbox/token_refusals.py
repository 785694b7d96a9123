#!/usr/bin/env python3
"""What the token endpoint refuses, with exactly the dialect's status, code and words, and the true fault in the log."""
import base64
import json
import sys
import urllib.parse

sys.dont_write_bytecode = True
from harness import REDIRECT, Dialect, Login, Sandbox, check, equal, finish, is_refusal, logins


def basic(text):
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


class Anybody(Login):
    """Who sends nothing by itself."""

    def auth(self):
        return {}


class Case:
    """A fresh code, one wrong request, the refusal, then the fault in the log."""

    def __init__(self, sandbox, login):
        self.sandbox, self.login = sandbox, login
        self.name = f"{login.dialect.name} {login.id}"

    def refused(self, what, check_name, status, code, fault, reply):
        is_refusal(reply, self.login.dialect.refusal(check_name, status, code), f"{self.name}: {what}")
        line = self.sandbox.last_line()
        check(f" {check_name} refused: {fault} " in line, f"{self.name}: {what}: the log says {fault}", line)
        return reply

    def token(self, what, check_name, status, error, fault, headers=None, asked=None, **changes):
        grant = self.sandbox.code(self.login, **(asked or {}))
        return self.refused(what, check_name, status, error, fault, self.sandbox.token(self.login, changes.pop("code", grant), headers, **changes))

    def raw(self, what, check_name, status, code, fault, method="POST", body=None, headers=None, path=""):
        reply = self.sandbox.ask(method, self.login.dialect.path("token_url") + path, body,
                                 {"Accept": "application/json", **self.login.auth(), **self.login.origin(), **(headers or {})})
        return self.refused(what, check_name, status, code, fault, reply)


def transport(case):
    login = case.login
    good = login.redeem(case.sandbox.code(login))
    if login.dialect["token_request"] == "form":
        form_transport(case, good)
    case.token("S-31 no grant_type", "grant-type-present", 400, "invalid_request", "grant-type-wrong", grant_type=None)
    for value in ("password", "client_credentials", "code", "Authorization_code"):
        case.token(f"S-31 grant_type={value}", "grant-type-known", 400, "unsupported_grant_type", "grant-type-wrong", grant_type=value)
    if login.dialect["refresh_url"]:
        case.token("a refresh at the token URL", "grant-type-known", 400, "unsupported_grant_type", "refresh-endpoint-wrong", grant_type="refresh_token", refresh_token="x")
    if login.dialect["origin_from_public_clients"]:
        headers = {"Origin": None} if login.public else {"Origin": "http://127.0.0.1:8123"}
        case.token("the Origin of the other kind", "origin", 400, "invalid_request", "origin-header", headers=headers)
    headers = {"Content-Type": "application/X-WWW-form-urlencoded; charset=UTF-8"} if login.dialect["token_request"] == "form" else None
    equal(case.sandbox.token(login, good["code"], headers).status, 200, f"{case.name}: a charset does no harm, and the code outlived all that")


def form_transport(case, good):
    login = case.login
    for method in ("GET", "PUT", "DELETE"):
        reply = case.raw("S-31 " + method, "method-post", 405, "invalid_request", "post-became-get", method)
        check(reply.status != 405 or "POST" in reply.headers.get("allow", ""), f"{case.name}: {method}: says what is allowed")
    case.raw("a JSON body", "body-form", 400, "invalid_request", "body-json-not-form", body=json.dumps(good), headers={"Content-Type": "application/json"})
    case.raw("no content type", "body-form", 400, "invalid_request", "content-type-missing", body=urllib.parse.urlencode(good))
    case.raw("a body that is not encoded", "parameters-readable", 400, "invalid_request", "body-not-encoded", body="code=%zz",
             headers={"Content-Type": "application/x-www-form-urlencoded"})
    case.raw("a NUL", "parameters-readable", 400, "invalid_request", "body-not-encoded", body="code=%00", headers={"Content-Type": "application/x-www-form-urlencoded"})
    case.raw("65 parameters", "parameters-readable", 400, "invalid_request", "body-not-encoded", body={f"a{i}": "1" for i in range(65)})
    for key in ("code", "code_verifier", login.dialect["client_secret_parameter"], login.dialect["client_id_parameter"]):
        case.raw(f"{key} in the URL", "parameters-in-body", 400, "invalid_request", "parameter-in-query", body=good, path=f"?{key}=x")
    for key in good:
        case.raw(f"S-07 {key} twice", "parameters-once", 400, "invalid_request", "parameter-duplicated", body=list(good.items()) + [(key, "x")])


def client(case):
    login, d = case.login, case.login.dialect
    key, secret = d["client_id_parameter"], d["client_secret_parameter"]
    wanted = ("client-authenticated", 401, "invalid_client")
    code = case.sandbox.code(login)
    body = login.redeem(code)
    bare = {k: v for k, v in body.items() if k not in (key, secret)}

    def post(what, check_name, status, error, fault, pairs, headers=None):
        reply = case.sandbox.send(Anybody(d), "token_url", pairs, headers)
        case.refused(what, check_name, status, error, fault, reply)
        status = d.refusal(check_name, status, error)[0]
        equal("www-authenticate" in reply.headers, bool(headers) and status == 401, f"S-29 {case.name}: {what}: a Basic challenge only to who tried the header")

    post("no client at all", *wanted, "client-id-missing", bare)
    if key != "client_id":
        post("client_id under the usual name", *wanted, "client-id-parameter", {**bare, "client_id": login.id, secret: "sandbox-secret"})
    post("S-30 no secret", *wanted, "secret-missing", {**bare, key: "sandbox-client"})
    post("S-30 an empty secret", *wanted, "secret-missing", {**bare, key: "sandbox-client", secret: ""})
    if "post" in d["client_auth"]:
        for value in ("wrong", "sandbox-secre", "sandbox-secret ", "Sandbox-secret"):
            post(f"S-30 secret {value!r}", *wanted, "secret-rejected", {**bare, key: "sandbox-client", secret: value})
        post("an unknown client", *wanted, "secret-rejected", {**bare, key: "nobody", secret: "sandbox-secret"})
    else:
        post("the secret in the body", "client-auth-method", 401, "invalid_client", "client-auth-method", {**bare, key: "sandbox-client", secret: "sandbox-secret"})
    if "basic" in d["client_auth"]:
        post("S-29 S-30 a wrong secret by Basic", *wanted, "secret-rejected", bare, basic("sandbox-client:wrong"))
        post("Basic and another client in the body", *wanted, "client-differs", {**bare, key: "sandbox-public"}, basic("sandbox-client:sandbox-secret"))
    else:
        post("Basic", "client-auth-method", 401, "invalid_client", "client-auth-method", bare, basic("sandbox-client:sandbox-secret"))
    post("S-28 Basic and a secret in the body", "client-auth-once", 400, "invalid_request", "client-auth-twice", {**bare, key: "sandbox-client", secret: "sandbox-secret"},
         basic("sandbox-client:sandbox-secret"))
    for header in ("Basic", "Basic ", "Basic !!!", "Basic " + base64.b64encode(b"no-colon").decode(), "Bearer x", "sandbox-client:sandbox-secret",
                   "Basic " + base64.b64encode(b"a%zz:b").decode(), "Basic " + base64.b64encode(b"a" * 3000).decode(), "Basic " + base64.b64encode(b"a\0:b").decode()):
        post(f"header {header[:20]!r}", "client-auth-readable", 401, "invalid_client", "basic-malformed", bare, {"Authorization": header})
    if d.has(True):
        post("a public client with a secret", "client-auth-method", 401, "invalid_client", "secret-from-public-client", {**bare, key: "sandbox-public", secret: "sandbox-secret"})
    else:
        post("a public client where there are none", *wanted, "secret-missing", {**bare, key: "sandbox-public"})
    equal(case.sandbox.token(login, code).status, 200, f"{case.name}: strangers burnt no code")


def binding(case):
    login, d = case.login, case.login.dialect
    grant = ("invalid_grant",)
    case.token("no code", "code-present", 400, "invalid_request", "code-altered", code=None)
    case.token("an empty code", "code-present", 400, "invalid_request", "code-altered", code="")
    code = case.sandbox.code(login)
    known = ("code-known", 400, *grant)
    case.token("a code of nobody", *known, "code-altered", code="x" * 43)
    case.token("a huge code", *known, "code-altered", code="x" * 9000)
    case.token("another case", *known, "code-altered", code=code.swapcase())
    case.token("a fragment", *known, "code-fragment-kept", code=code + "#_=_")
    if urllib.parse.quote(code, safe="") != code:
        case.token("still encoded", *known, "code-still-encoded", code=urllib.parse.quote(code, safe=""))
    if d["code_suffix"]:
        case.token("without its end", *known, "code-truncated", code=code[:-len(d["code_suffix"])])
    for other in (Dialect("rfc7636"), Dialect("tiktok")):
        if other.name != d.name:
            case.token(f"a code of {other.name}", *known, "code-altered", code=case.sandbox.code(Login(other)))
    same = ("redirect-uri-same", 400, *grant)
    for value, fault in ((None, "redirect-uri-missing"), ("", "redirect-uri-empty"), (REDIRECT + "/", "redirect-uri-differs"),
                         (REDIRECT.replace("http:", "https:"), "redirect-uri-differs"), (REDIRECT.replace("8123", "8124"), "redirect-uri-differs"),
                         (urllib.parse.quote(REDIRECT, safe=""), "redirect-uri-double-encoded"), (REDIRECT + "x" * 9000, "redirect-uri-differs")):
        if value == "" and d["token_request"] == "json":
            fault = "redirect-uri-missing"  # in JSON an empty text is not given
        case.token(f"S-25 redirect_uri {str(value)[:60]!r}", *same, fault, redirect_uri=value)


def pkce(case):
    login, d = case.login, case.login.dialect
    if not d.takes_challenges():
        if d["pkce"] == "refused":
            case.token("a verifier", "verifier-expected", 400, "invalid_grant", "pkce-not-supported", code_verifier=login.verifier)
        else:
            equal(case.sandbox.token(login, case.sandbox.code(login), code_verifier="short").status, 200, f"{case.name}: a verifier is not looked at")
        return
    for value in (None, ""):
        case.token(f"S-18 verifier {value!r}", "verifier-present", 400, "invalid_grant", "verifier-missing", code_verifier=value)
    if d["pkce"] == "sent" and not login.public:
        case.token("S-19 a verifier without a challenge", "verifier-expected", 400, "invalid_grant", "verifier-without-challenge",
                   asked={"code_challenge": None, "code_challenge_method": None})
        code = case.sandbox.code(login, code_challenge=None, code_challenge_method=None)
        equal(case.sandbox.token(login, code, code_verifier=None).status, 200, f"{case.name}: neither of them")
    shape = ("verifier-shape", 400, "invalid_request")
    for value, fault in (("a" * 42, "verifier-too-short"), ("a" * 129, "verifier-too-long"), ("a" * 43 + ",", "verifier-bad-characters"),
                         ("a" * 43 + "+", "verifier-bad-characters"), ("a" * 43 + "=", "verifier-bad-characters"), (login.verifier + "\n", "verifier-bad-characters"),
                         (" " + login.verifier, "verifier-bad-characters"), ("é" * 30, "verifier-bad-characters"), ("x" * 9000, "verifier-too-long")):
        if d["verifier_shape"] == "checked":
            case.token(f"S-20 verifier {value[:20]!r}", *shape, fault, code_verifier=value)
        else:
            case.token(f"verifier {value[:20]!r}", "verifier-matches", 400, "invalid_grant", "verifier-mismatch", code_verifier=value)
    match = ("verifier-matches", 400, "invalid_grant")
    for value in ("a" * 43, "a" * 128, login.verifier.swapcase(), login.verifier + "a"):
        case.token(f"S-17 verifier {value[:20]!r}", *match, "verifier-mismatch", code_verifier=value)
    if d["challenge_shape"] == "unchecked":
        other = "base64url" if d["challenge"] == "hex" else "hex"
        fault = "challenge-not-hex" if d["challenge"] == "hex" else "challenge-is-hex"
        reply = case.token(f"a challenge in {other}", *match, fault, asked={"code_challenge": login.challenge(other)})
        case.token("the verifier as challenge", *match, "challenge-is-verifier", asked={"code_challenge": login.verifier})
        case.token("a challenge of 300 characters", *match, "verifier-mismatch", asked={"code_challenge": "a" * 300})
        if d["log_id_parameter"]:
            words = reply.json
            log_id = words.pop(d["log_id_parameter"])
            check(len(log_id) >= 16 and words == {"error": "invalid_request", "error_description": "Code verifier or code challenge is invalid."}
                  and reply.text.startswith('{"error":"invalid_request","error_description":"Code verifier or code challenge is invalid.","log_id":"'),
                  f"{case.name}: the words that this program exists for", reply.text)


def appendix_b(case):
    """RFC 7636 Appendix B, and the hex of the same digest."""
    login = case.login
    if not login.dialect.takes_challenges():
        return
    login.verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    wanted = {"base64url": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
              "hex": "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3"}[login.dialect["challenge"]]
    code = case.sandbox.code(login, code_challenge=wanted)
    equal(case.sandbox.token(login, code).status, 200, f"S-11 {case.name}: Appendix B")


def main():
    with Sandbox("--auto-approve") as sandbox:
        for login in logins():
            case = Case(sandbox, login)
            transport(case)
            binding(case)
            pkce(case)
            appendix_b(case)
            if not login.public:
                client(case)
        log = sandbox.log()
        check("sandbox-secret" not in log and "verifier=" not in log and "dBjft" not in log, "no secret, code or verifier in the log")
    finish()


if __name__ == "__main__":
    main()
