#!/usr/bin/env python3
"""What the standards ask of codes, pages and refusals and no other test looks at, at the dialect that does as they say."""
import base64
import hashlib
import html
import re
import sys
import urllib.parse

sys.dont_write_bytecode = True
from harness import Login, Sandbox, check, equal, finish
from openid import STRICT

TEXT = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")  # RFC 6749 4.1.2.1 and 5.2: what an error_description may hold
HOSTILE = ("é", "“no”", "\x7f", "\t", "\U0001f600", 'a"b', "a\\b", "<b>", "\r\nX: y")


def challenges_in_codes(sandbox):
    """S-16: who sees a code learns nothing of the challenge, and codes of one challenge have nothing in common."""
    login = Login(STRICT)
    challenge = login.challenge()
    told = [challenge.encode(), hashlib.sha256(login.verifier.encode()).digest(), hashlib.sha256(login.verifier.encode()).hexdigest().encode(), login.verifier.encode()]
    codes = [sandbox.code(login) for _ in range(50)]
    raw = [base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)) for code in codes]
    check(not [text for text in told for code, data in zip(codes, raw) if text in data or text in code.encode()], "S-16 the challenge is not in the code")
    alike = max(sum(a == b for a, b in zip(code, other)) for n, code in enumerate(codes) for other in codes[:n])
    check(alike < len(codes[0]) / 3, "S-16 codes of one challenge have nothing in common", alike)
    other = Login(STRICT)
    ours, theirs = sandbox.code(login), sandbox.code(other)
    for code, who in ((ours, other), (theirs, login)):
        reply = sandbox.token(who, code)
        equal((reply.status, reply.json["error"]), (400, "invalid_grant"), "S-16 S-17 the verifier of another code's challenge")
    equal([sandbox.token(who, code).status for code, who in ((ours, login), (theirs, other))], [200, 200], "S-16 the verifier of its own")


def issuers(sandbox):
    """S-27: the same issuer wherever it is named."""
    named = sandbox.ask("GET", f"/{STRICT.name}/.well-known/openid-configuration").json
    equal((named["issuer"], named["authorization_response_iss_parameter_supported"]), (f"http://127.0.0.1:{sandbox.port}/{STRICT.name}", True), "S-27 the metadata name the issuer, and that it comes")
    for what, changes in (("a code", {}), ("no response type", {"response_type": None}), ("an unknown scope", {"scope": "unknown"}), ("no challenge", {"code_challenge": None, "code_challenge_method": None}),
                          ("an unknown method", {"code_challenge_method": "S512"}), ("a prompt that contradicts itself", {"prompt": "none login"})):
        query = sandbox.authorize(Login(STRICT), **changes).query
        check(("code" in query) != ("error" in query) and query.get("iss") == named["issuer"], f"S-27 the answer with {what} has it too", query)


def refusals(sandbox):
    """S-34: an error's code is a registered one, and its text is of the characters that RFC 6749 allows, whatever was sent."""
    login = Login(STRICT)
    known = {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
    wrong = []
    for text in HOSTILE:
        for name in ("grant_type", "code", "redirect_uri", "code_verifier", "scope"):
            reply = sandbox.send(login, "token_url", {**login.redeem("x" * 43), name: text})
            found = reply.json
            if not (reply.status in (400, 401) and found["error"] in known and TEXT.fullmatch(found.get("error_description", ""))):
                wrong.append((name, text, reply.text))
    equal(wrong, [], "S-34 at the token endpoint")
    for text in HOSTILE:
        for name in ("response_type", "scope", "code_challenge", "code_challenge_method", "prompt"):
            query = sandbox.authorize(login, **{name: text}).query
            if "error" in query and not TEXT.fullmatch(query.get("error_description", "")):
                wrong.append((name, text, query))
    equal(wrong, [], "S-34 at the authorize endpoint")


def parameters(sandbox):
    """S-06, at the token endpoint."""
    login = Login(STRICT)
    equal(sandbox.token(login, sandbox.code(login), extra="x", audience="y").status, 200, "S-06 unknown parameters of a token request are ignored")
    equal(sandbox.token(login, sandbox.code(login), scope="", resource="").status, 200, "S-06 empty ones too")
    reply = sandbox.token(login, sandbox.code(login), code_verifier="")
    check("code_verifier" in reply.text and reply.status == 400, "S-06 an empty verifier is one that was not sent", reply.text)


def lifetimes():
    check(0 < STRICT["code_lifetime"] <= 600, "S-24 a code lives for ten minutes at most", STRICT["code_lifetime"])


def pages(sandbox):
    """S-37: what a page loads is the sandbox's own; it sends no referrer."""
    for what, path in (("the page that asks", Login(STRICT).url()), ("the page that refuses", Login(STRICT).url(redirect_uri="https://evil.example/cb"))):
        page = sandbox.ask("GET", path)
        loaded = [html.unescape(url) for tag in re.findall(r"<(?:link|script|img|iframe|source|object|embed|video|audio)\b[^>]*>", page.text) for url in re.findall(r'(?:href|src|data)="([^"]*)"', tag)]
        strangers = [url for url in loaded if urllib.parse.urlsplit(url).netloc not in ("", f"127.0.0.1:{sandbox.port}") or url.startswith("//")]
        check(loaded and not strangers and "@import" not in page.text, f"S-37 {what} loads nothing from elsewhere", loaded)
        equal(page.headers.get("referrer-policy"), "no-referrer", f"S-37 {what} sends no referrer")


def main():
    with Sandbox("--auto-approve") as sandbox:
        challenges_in_codes(sandbox)
        issuers(sandbox)
        refusals(sandbox)
        parameters(sandbox)
    lifetimes()
    with Sandbox() as sandbox:
        pages(sandbox)
    finish()


if __name__ == "__main__":
    main()
