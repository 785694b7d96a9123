#!/usr/bin/env python3
"""What the authorize endpoint refuses, and how: on a page while nobody is known, by redirect from then on."""
import base64
import hashlib
import sys
import urllib.parse

sys.dont_write_bytecode = True
from harness import DIALECTS, REDIRECT, Login, Sandbox, check, equal, finish, logins


def is_page(reply, what, status=400):
    check(reply.status == status and "location" not in reply.headers and "text/html" in reply.headers.get("content-type", "")
          and "default-src 'none'" in reply.headers.get("content-security-policy", ""), what + ": a page and no redirect", (reply.status, reply.location))


def is_redirect(reply, login, wanted, what, state=True):
    _, code, text = wanted
    query, d = reply.query, login.dialect
    number = query.get(d["callback_error_number_parameter"]) if wanted.number else None
    check(reply.goes_to(REDIRECT) and query.get("error") == code and text in (None, query.get(d["callback_error_text_parameter"], ""))
          and (number or "") == (wanted.number if d["callback_error_number_parameter"] else "") and "code" not in query
          and query.get("state") == (login.state if state else None)
          and bool(d["log_id_parameter"]) == (d["log_id_parameter"] in query)
          and d["callback_issuer"] == ("iss" in query),
          what + ": sent back with the dialect's words", (reply.status, reply.location, query, wanted))


def pages(sandbox, login):
    name, d = login.dialect.name, login.dialect
    for value in (None, "", "unknown", "SANDBOX-CLIENT", "sandbox-client "):
        is_page(sandbox.authorize(login, **{d["client_id_parameter"]: value}), f"S-02 S-39 {name}: client {value!r}")
    for public in (False, True):
        if not d.has(public):
            is_page(sandbox.authorize(Login(d, public)), f"{name}: a client of a kind that is not there")
    for uri in (None, "", "http://example.com/cb", "https://example.com", "//127.0.0.1/cb", "javascript:alert(1)", "http://127.0.0.1@example.com/",
                "http://127.0.0.1.example.com/", "http://127.0.0.1:80.example.com/", "http://127.0.0.1\\@example.com/", "http://localhost.example.com/",
                REDIRECT + "#fragment", "http://[::1].example.com/", "http://127.0.0.1:99999/", "ftp://127.0.0.1/", "http://127.0.0.1/" + "a" * 4000,
                "http://127.0.0.1/\r\nSet-Cookie: a=b", "https://app.example.com/other", "https://app.example.com/cb/", "https://APP.example.com/cb",
                "https://app.example.com/cb?a=1", "https://app.example.com/%63b", "https://app.example.com/cb/below", "https://ada@app.example.com/cb"):
        is_page(sandbox.authorize(login, redirect_uri=uri), f"S-01 S-02 S-04 S-05 {name}: redirect URI {str(uri)[:50]!r}")
    twice = login.url().partition("?")[2]
    for key in (d["client_id_parameter"], "redirect_uri"):
        is_page(sandbox.ask("GET", f"{d.path('authorize_url')}?{twice}&{key}=x"), f"S-07 {name}: {key} twice")
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        reply = sandbox.ask(method, f"{d.path('authorize_url')}?{twice}")
        check(reply.status == 405 and "access-control-allow-origin" not in reply.headers, f"{name}: {method}, and no CORS", reply.status)
    is_page(sandbox.ask("GET", d.path("authorize_url") + "?a=%zz"), f"{name}: a percent sign that is none")
    is_page(sandbox.ask("GET", d.path("authorize_url") + "?a=%00"), f"{name}: a NUL")
    is_page(sandbox.ask("GET", d.path("authorize_url") + "?" + "&".join(f"a{i}=1" for i in range(100))), f"{name}: a hundred parameters")
    is_page(sandbox.ask("GET", f"{d.path('authorize_url')}?{twice}&x=" + "a" * 20000), f"{name}: 20 KB")


def redirects(sandbox, login):
    name, d = login.dialect.name, login.dialect
    is_redirect(sandbox.authorize(login, response_type=None), login, d.refusal("response-type-present", 0, "invalid_request"), f"S-09 {name}: no response_type")
    for value in ("token", "code token", "Code"):
        is_redirect(sandbox.authorize(login, response_type=value), login, d.refusal("response-type-code", 0, "unsupported_response_type"), f"S-09 {name}: response_type={value}")
    wanted = d.refusal("scope-known", 0, "invalid_scope")
    malformed = ['"', "é", d.scope() + '"']
    unknown = ["unknown", d.scope(d["scopes"][:1] + ["unknown"])] + [(" " if d["scope_separator"] == "," else ",").join(d["scopes"][:2])] * (len(d["scopes"]) > 1)
    for value in malformed + (unknown if d["scopes"] else []):
        is_redirect(sandbox.authorize(login, scope=value), login, wanted, f"{name}: scope {value!r}")
    for scope in d["scopes_required"]:
        left = d.scope([s for s in d["scopes"] if s != scope])
        for value in [None] + [left] * bool(left):
            is_redirect(sandbox.authorize(login, scope=value), login, d.refusal("scope-required", 0, "invalid_scope"), f"{name}: without the scope {scope}: {value!r}")
    query = login.url().partition("?")[2]
    for key in (d["scope_parameter"], "response_type") + ("code_challenge", "code_challenge_method") * d.takes_challenges():
        is_redirect(sandbox.ask("GET", f"{d.path('authorize_url')}?{query}&{key}=x"), login, d.refusal("parameters-once", 0, "invalid_request"), f"S-07 {name}: {key} twice")
    is_redirect(sandbox.ask("GET", f"{d.path('authorize_url')}?{query}&state=x"), login, d.refusal("parameters-once", 0, "invalid_request"), f"S-07 {name}: state twice", state=False)


def pkce(sandbox, login):
    name, d = f"{login.dialect.name} {login.id}", login.dialect
    if not d.takes_challenges():
        for asked in ({"code_challenge": login.challenge()}, {"code_challenge_method": "S256"}, {"code_challenge": "x", "code_challenge_method": "nonsense"}):
            reply = sandbox.authorize(login, **asked)
            if d["pkce"] == "refused":
                is_redirect(reply, login, d.refusal("challenge-unexpected", 0, "invalid_request"), f"{name}: {asked} is not taken")
            else:
                check("code" in reply.query, f"{name}: {asked} is not looked at", reply.location)
        return
    missing = d.refusal("challenge-present", 0, "invalid_request")
    for value in (None, ""):
        reply = sandbox.authorize(login, code_challenge=value, code_challenge_method=None)
        if d["pkce"] == "required" or login.public:
            is_redirect(reply, login, missing, f"S-06 S-12 {name}: challenge {value!r}")
            check(missing[2] is not None or "code_challenge" in reply.query[d["callback_error_text_parameter"]], f"S-12 {name}: and says so")
        else:
            check("code" in reply.query, f"{name}: a challenge is optional", reply.location)
    is_redirect(sandbox.authorize(login, code_challenge=None), login, missing, f"{name}: a method without a challenge")
    method = d.refusal("challenge-method", 0, "invalid_request")
    wrong = ["s256", "S257", "SHA-256", "SHA256", "S256 ", " S256", "S256\0x"[:4] + "x", "Plain"]
    if not d["plain"]:
        wrong.append("plain")
    if d["method_missing"] == "refused" or (d["method_missing"] == "plain" and not d["plain"]):
        wrong.append(None)
    for value in wrong:
        is_redirect(sandbox.authorize(login, code_challenge_method=value), login, method, f"{'S-14' if value is None else 'S-13'} {name}: method {value!r}")
    digest = hashlib.sha256(login.verifier.encode())
    odd = [login.challenge("base64url") + "=", login.challenge("base64url")[:-1], "a" * 43 + "+", "+/" + "a" * 41,
           base64.urlsafe_b64encode(digest.hexdigest().encode()).decode().rstrip("="), digest.hexdigest().upper(), "a" * 300,
           login.challenge("base64url" if d["challenge"] == "hex" else "hex")]
    for value in odd:
        reply = sandbox.authorize(login, code_challenge=value)
        of_verifier = 43 <= len(value) <= 128 and not set(value) & set("=+/")
        if d["challenge_shape"] == "checked" or d["challenge_shape"] == "characters" and not of_verifier:
            is_redirect(reply, login, d.refusal("challenge-shape", 0, "invalid_request"), f"S-15 {name}: challenge {value[:20]}...")
        else:
            check("code" in reply.query, f"{name}: does not look at the challenge {value[:20]}...", reply.location)


def state_and_uri(sandbox, login):
    name = login.dialect.name
    for state in ("a b&c=d+e%20f#g?h/\\\"'<>", "é€😀" * 50, "x" * 4000, "%0d%0aSet-Cookie: a=b", "\r\nSet-Cookie: a=b\r\n\r\n<script>"):
        for change, key in (({}, "code"), ({"response_type": None}, "error")):
            reply = sandbox.authorize(login, state=state, **change)
            check(key in reply.query and reply.query.get("state") == state and "a=b" not in reply.headers.get("set-cookie", "") and (reply.body == b"" or reply.posted[0]),
                  f"S-10 {name}: state {state[:12]!r} comes back unchanged with {key}", reply.location[:200])
    reply = sandbox.authorize(login, state=None)
    check("state" not in reply.query, f"{name}: no state, none back")
    if login.dialect["state_min"]:
        wanted = login.dialect.refusal("state-present", 0, "invalid_request")
        is_redirect(reply, login, wanted, f"{name}: and no login", state=False)
        login.state = "x" * (login.dialect["state_min"] - 1)
        is_redirect(sandbox.authorize(login), login, wanted, f"{name}: nor with a short one")
        login.state += "x"
        check("code" in sandbox.authorize(login).query, f"{name}: but with one that is just long enough")
    for uri in ("http://127.0.0.1:1", "http://127.0.0.1:65535/x", "http://[::1]:7/x", "http://localhost/x", "http://127.9.9.9/x", "http://127.0.0.1/x?a=1&b=%20",
                "https://app.example.com/cb"):
        reply = sandbox.authorize(login, redirect_uri=uri)
        check(reply.goes_to(uri) and "code" in reply.query, f"S-03 S-05 {name}: redirect URI {uri}", reply.location)
    reply = sandbox.authorize(login, extra="x")
    check("code" in reply.query, f"S-06 {name}: unknown parameters are ignored")
    check("access-control-allow-origin" not in sandbox.ask("GET", login.dialect.path("authorize_url"), headers={"Origin": "https://evil.example"}).headers, f"S-38 {name}: no CORS")


def main():
    with Sandbox("--auto-approve", "--redirect-uri", "https://app.example.com/cb") as sandbox:
        for dialect in DIALECTS:
            pages(sandbox, Login(dialect))
            redirects(sandbox, Login(dialect))
            state_and_uri(sandbox, Login(dialect))
            for path in ("/nothing", dialect.path("authorize_url").replace("/" + dialect.name, "") + "x", "/api/v2/oauth/token"):
                reply = sandbox.ask("GET", "/" + dialect.name + path)
                check(reply.status == 404 and dialect.path("token_url") in reply.text.replace("{tenant}", dialect["tenant"]), f"{dialect.name}: {path} is not there, and says what is", reply.text)
        for login in logins():
            pkce(sandbox, login)
        equal(sandbox.ask("GET", "/nobody/authorize").status, 404, "no such provider")
        equal(sandbox.ask("GET", "//").status, 404, "an odd path")
        log = sandbox.log()
        check("challenge-missing" in log and "method-misspelt" in log and "redirect-uri-unregistered" in log, "the log names the faults")
    finish()


if __name__ == "__main__":
    main()
