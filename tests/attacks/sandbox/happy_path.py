#!/usr/bin/env python3
"""An honest client logs in at every dialect, with the consent page and without it."""
import html
import re
import sys
import urllib.parse

sys.dont_write_bytecode = True
from harness import REDIRECT, Login, Sandbox, at, check, equal, finish, logins


def decide(sandbox, login, user="ada", scopes=None, decision="allow", **changes):
    """Opens the consent page and answers it as a browser would."""
    page = sandbox.authorize(login, **changes)
    action = html.unescape(re.search(r'action="([^"]*)"', page.text)[1])
    request = html.unescape(re.search(r'name="request" value="([^"]*)"', page.text)[1])
    offered = [html.unescape(s) for s, rest in re.findall(r'name="scope" value="([^"]*)"([^>]*)>', page.text) if "disabled" not in rest]
    body = [("request", request), ("user", user), ("decision", decision)]
    return page, sandbox.ask("POST", action, body + [("scope", s) for s in (offered if scopes is None else scopes)])


def check_page(page, name):
    check(page.status == 200 and all(u in page.text for u in ("ada", "grace", "linus")), f"{name}: the page offers three people", page.text[:200])
    policy = page.headers.get("content-security-policy", "")
    check("default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy and "form-action" not in policy
          and "unsafe" not in policy and "script-src" not in policy, f"{name}: the page's policy", policy)
    equal([page.headers.get(h) for h in ("x-frame-options", "referrer-policy", "x-content-type-options", "cache-control")],
          ["DENY", "no-referrer", "nosniff", "no-store"], f"{name}: the page's headers")


def check_callback(reply, login, name):
    equal(reply.status, 303, f"{name}: the way back is a 303")
    check(reply.location.startswith(REDIRECT + "?") and reply.query.get("state") == login.state, f"{name}: it goes to the redirect URI with state", reply.location)
    code = reply.query.get("code", "")
    check(len(code) >= 43 and code.endswith(login.dialect["code_suffix"]), f"{name}: the code has 256 bits and the dialect's end")
    check(not urllib.parse.quote(login.dialect["code_suffix"]) or urllib.parse.quote(login.dialect["code_suffix"], safe="") in reply.location, f"{name}: percent-encoded once")
    if login.dialect["callback_scope_parameter"]:
        equal(reply.query.get(login.dialect["callback_scope_parameter"]), login.dialect["scope_separator"].join(login.dialect["scopes"][:2]), f"{name}: the granted scopes come along")
    return code


def check_tokens(reply, login, name):
    d = login.dialect
    equal(reply.status, 200, f"{name}: the code is redeemed")
    got = reply.json
    equal([got.get("token_type"), got.get("expires_in"), got.get("scope")], ["Bearer", d["access_lifetime"], d["scope_separator"].join(d["scopes"][:2])], f"{name}: the token reply")
    equal([reply.headers.get(h) for h in ("cache-control", "pragma", "access-control-allow-origin")], ["no-store", "no-cache", "*"], f"{name}: its headers")
    equal("refresh_token" in got, d["refresh_lifetime"] > 0, f"{name}: a refresh token where the dialect has them")
    if d["refresh_lifetime_parameter"]:
        equal(got.get(d["refresh_lifetime_parameter"]), d["refresh_lifetime"], f"{name}: and its lifetime")
    return got


def check_userinfo(reply, tokens, login, person, name):
    d = login.dialect
    equal(reply.status, 200, f"{name}: user info")
    subject = at(reply.json, d["userinfo_subject"])
    check(len(subject) > 20 and person not in subject, f"{name}: an opaque subject", subject)
    if d["token_subject"]:
        equal(at(tokens, d["token_subject"]), subject, f"{name}: the same in the token reply")
    if d["userinfo_email"]:
        equal(at(reply.json, d["userinfo_email"]), person + "@example.com", f"{name}: the e-mail address")
    if d["userinfo_error"]:
        equal(at(reply.json, d["userinfo_error"]), "ok", f"{name}: and no error")
    return subject


def main():
    subjects = set()
    with Sandbox() as sandbox:
        for login in logins():
            for person in ("ada", "grace"):
                name = f"{login.dialect.name} {login.id} {person}"
                page, reply = decide(sandbox, login, person)
                check_page(page, name)
                code = check_callback(reply, login, name)
                tokens = check_tokens(sandbox.token(login, code), login, name)
                subjects.add(check_userinfo(sandbox.userinfo(login, tokens["access_token"]), tokens, login, person, name))
    equal(len(subjects), 2 * len({l.dialect.name for l in logins()}), "subjects differ by person and provider, not by client")

    with Sandbox("--auto-approve") as sandbox:
        for login in logins():
            name = f"{login.dialect.name} {login.id} auto"
            for hint, person in ((None, "ada"), ("grace", "grace"), ("linus@example.com", "linus"), ("nobody", "ada")):
                code = check_callback(sandbox.authorize(login, login_hint=hint), login, name)
                tokens = check_tokens(sandbox.token(login, code), login, name)
                subject = check_userinfo(sandbox.userinfo(login, tokens["access_token"]), tokens, login, person, name)
                check(subject in subjects or person == "linus", f"{name}: the same subject in another run")
            posted = sandbox.ask("POST", login.dialect.path("authorize_url"), login.asked())
            check_callback(posted, login, f"{name} by POST")
    finish()


if __name__ == "__main__":
    main()
