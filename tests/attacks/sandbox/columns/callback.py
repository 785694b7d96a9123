#!/usr/bin/env python3
"""How dialects send the browser back: more parameters, a fragment, an issuer, other names for errors, a form that posts itself."""
import base64
import hashlib
import os
import re
import sys
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from happy_path import decide
from harness import REDIRECT, Login, Sandbox, check, equal, finish, made

ME = 'userinfo_url = "https://{host}/o/me"\nscopes = {"one", "two"}\nclient_auth = {"post"}\npkce = "sent"\n'

TEXTS = {
    "more": ME + 'code_prefix = "4/0A"\ncode_suffix = "*1!"\ncallback_more = "shop=a.example&hmac=0%2B1%3D"\ncallback_fragment = "_=_"\n',
    "words": ME + 'callback_error_text_parameter = "error_type"\ncallback_error_number_parameter = "errCode"\n'
                  'error.challenge-method = "302 param_error/10007 code_challenge"\nerror.scope-known = "302 invalid_scope"\n',
    "issuer": 'authorize_url = "https://{host}/realms/{tenant}/authorize"\ntoken_url = "https://{host}/realms/{tenant}/token"\nuserinfo_url = "https://{host}/o/me"\nclient_auth = {"post"}\npkce = "sent"\nissuer = "https://{host}/realms/{tenant}"\ntenant = "demo"\ncallback_issuer = true\n',
    "posting": ME + 'response_mode = "form_post"\ncallback_more = "user=%7B%22a%22%3A1%7D"\ncallback_fragment = "x"\n',
}


def more(sandbox, login):
    reply = sandbox.authorize(login)
    query = reply.query
    check(re.fullmatch(r"4/0A[A-Za-z0-9_-]{43}\*1!", query["code"]), "more: a code between the dialect's beginning and end", query)
    check("code=4%2F0A" in reply.location and "%2A1%21" in reply.location, "more: encoded once", reply.location)
    equal((query.get("shop"), query.get("hmac")), ("a.example", "0+1="), "more: what the dialect has in addition")
    check(reply.location.endswith("#_=_"), "more: and its fragment last", reply.location)
    error = sandbox.authorize(login, response_type=None)
    check(error.location.endswith("#_=_") and "shop" not in error.query and error.query["state"] == login.state, "more: an error has the fragment alone", error.location)
    code = query["code"]
    for wrong, fault in ((code[:-3], "code-truncated"), (code[4:], "code-altered"), (urllib.parse.quote(code, safe=""), "code-still-encoded"), (code + "#_=_", "code-fragment-kept")):
        equal(sandbox.token(login, wrong).json["error"], "invalid_grant", f"more: code {wrong[:8]}")
        check(f" {fault} " in sandbox.last_line(), f"more: the log says {fault}", sandbox.last_line())
    equal(sandbox.token(login, code).status, 200, "more: the code as it came")


def words(sandbox, login):
    query = sandbox.authorize(login, code_challenge_method="s256").query
    equal([query.get(k) for k in ("error", "error_type", "errCode", "error_description")], ["param_error", "code_challenge", "10007", None], "words: an error in the dialect's parameters")
    query = sandbox.authorize(login, scope="unknown").query
    equal([query.get(k) for k in ("error", "error_type", "errCode")], ["invalid_scope", None, None], "words: one without a number and a text")


def posting(sandbox, login):
    login.state = "\"'><script>alert(1)</script>&amp; é"
    reply = sandbox.authorize(login)
    action, fields = reply.posted
    equal((reply.status, action, fields.get("state"), fields.get("user")), (200, REDIRECT, login.state, '{"a":1}'), "posting: the page has it all, escaped")
    check(re.fullmatch(r"[\w-]{43}", fields["code"]) and "<script>alert" not in reply.text and "#x" not in reply.text, "posting: a code, no script of the client's, no fragment")
    check('<button class="button primary" type="submit">' in reply.text, "posting: there is a button for who runs no script")
    script = re.findall(r"<script>(.*?)</script>", reply.text, re.S)
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    policy = reply.headers["content-security-policy"]
    check(len(script) == 1 and f"script-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy,
          "posting: the policy lets this script run and no other", (script, policy))
    equal([reply.headers.get(h) for h in ("cache-control", "referrer-policy", "x-frame-options", "location")], ["no-store", "no-referrer", "DENY", None], "posting: nobody keeps the page")
    equal(sandbox.token(login, fields["code"]).status, 200, "posting: the code is one")
    action, fields = sandbox.authorize(login, response_type=None).posted
    equal((action, fields.get("error"), fields.get("state")), (REDIRECT, "invalid_request", login.state), "posting: errors go the same way")
    uri = REDIRECT + "?a=1&b=%22"
    action, fields = sandbox.authorize(login, redirect_uri=uri).posted
    check(action == uri and set(fields) == {"code", "state", "user"}, "posting: the query of the redirect URI stays in it", (action, fields))
    page = sandbox.authorize(login, redirect_uri="https://evil.example/")
    check(page.status == 400 and page.posted[0] is None, "posting: a redirect URI of nobody is not posted to", page.text)
    landed = sandbox.ask("POST", "/posting/_sandbox/callback", {"code": "<b>x", "state": "y"})
    check(landed.status == 200 and "&lt;b&gt;x" in landed.text and "<b>x" not in landed.text, "posting: the landing page shows what was posted", landed.text[-300:])


def with_consent(directory_options, dialects):
    """A tenant and a response mode outlive the page that asks."""
    with Sandbox(*directory_options) as sandbox:
        dialects["issuer"].keys["tenant"] = "second"
        login = Login(dialects["issuer"])
        _, reply = decide(sandbox, login)
        equal(reply.query.get("iss"), f"http://127.0.0.1:{sandbox.port}/issuer/realms/second", "issuer: the tenant of the path is in iss after the consent page")
        for decision, key in (("allow", "code"), ("deny", "error")):
            _, reply = decide(sandbox, Login(dialects["posting"]), decision=decision)
            check(reply.posted[0] == REDIRECT and key in reply.posted[1], f"posting: {decision} is posted", reply.text[-400:])


def main():
    with made(TEXTS) as (sandbox, dialects):
        more(sandbox, Login(dialects["more"]))
        words(sandbox, Login(dialects["words"]))
        equal(sandbox.authorize(Login(dialects["issuer"])).query.get("iss"), f"http://127.0.0.1:{sandbox.port}/issuer/realms/demo", "issuer: its own, at the sandbox")
        posting(sandbox, Login(dialects["posting"]))
        with_consent(sandbox.options[1:3], dialects)
    finish()


if __name__ == "__main__":
    main()
