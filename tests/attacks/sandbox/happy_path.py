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
          and "unsafe" not in policy and "script-src" not in policy, f"S-36 {name}: the page's policy", policy)
    equal([page.headers.get(h) for h in ("x-frame-options", "referrer-policy", "x-content-type-options", "cache-control")],
          ["DENY", "no-referrer", "nosniff", "no-store"], f"S-36 S-37 {name}: the page's headers")


def check_callback(reply, login, name):
    d = login.dialect
    equal(reply.status, 200 if d["response_mode"] == "form_post" else 303, f"S-35 {name}: the way back is a 303, or a page that posts")
    check(reply.goes_to(REDIRECT) and reply.query.get("state") == login.state, f"S-10 {name}: it goes to the redirect URI with state", reply.location)
    code = reply.query.get("code", "")
    check(len(code) >= 43 and code.startswith(d["code_prefix"]) and code.endswith(d["code_suffix"]), f"{name}: the code has 256 bits, the dialect's beginning and its end", code)
    if reply.location:
        check(urllib.parse.quote(code, safe="") in reply.location, f"{name}: percent-encoded once", reply.location)
        equal(urllib.parse.urlsplit(reply.location).fragment, d["callback_fragment"], f"{name}: and the dialect's fragment")
    if d["callback_scope_parameter"]:
        equal(reply.query.get(d["callback_scope_parameter"]), d.scope(), f"{name}: the granted scopes come along")
    check(set(urllib.parse.parse_qsl(d["callback_more"])) <= set(reply.query.items()), f"{name}: and what else the dialect has", reply.query)
    equal("iss" in reply.query, d["callback_issuer"], f"{name}: iss where the dialect has it")
    return code


def wanted_scope(d):
    """As it stands in the token reply, or None."""
    if d["reply_scope"] == "array":
        return d.asked_scopes()
    return (d["reply_scope_separator"] or d["scope_separator"]).join(d.asked_scopes()) if d["reply_scope"] == "text" else None


def wanted_expiry(d):
    if not d["access_lifetime"] or d["expires_in"] == "absent":
        return None
    return str(d["access_lifetime"]) if d["expires_in"] == "text" else d["access_lifetime"]


def check_tokens(reply, login, name):
    d = login.dialect
    equal(reply.status, 200, f"{name}: the code is redeemed")
    got = reply.tokens(d)
    equal([got.get("token_type"), got.get("expires_in"), got.get("scope")], [d["token_type"] or None, wanted_expiry(d), wanted_scope(d)], f"S-33 {name}: the token reply")
    equal([reply.headers.get(h) for h in ("cache-control", "pragma", "access-control-allow-origin")], ["no-store", "no-cache", "*"], f"S-32 {name}: its headers")
    equal("refresh_token" in got, d["refresh_lifetime"] > 0, f"{name}: a refresh token where the dialect has them")
    if d["refresh_lifetime_parameter"]:
        equal(got.get(d["refresh_lifetime_parameter"]), d["refresh_lifetime"], f"{name}: and its lifetime")
    check(not d["ok_at"] or at(reply.members, d["ok_at"]) is True, f"{name}: and that all is well", reply.text)
    return got


def is_subject(d, subject, person):
    if d["subject_type"] == "number":
        return isinstance(subject, int) and 10 ** 12 < subject < 2 ** 53
    return isinstance(subject, str) and len(subject) > 20 and person not in subject


def check_person(sandbox, reply, login, person, name):
    """The token reply's subject and the user info, whichever of them the dialect has."""
    d = login.dialect
    subject = at(reply.members, d["token_subject"]) if d["token_subject"] else None
    check(not d["token_subject"] or is_subject(d, subject, person), f"{name}: a subject in the token reply", subject)
    if not d["userinfo_url"]:
        return subject
    info = sandbox.userinfo(login, reply.tokens(d)["access_token"], subject)
    equal(info.status, 200, f"{name}: user info")
    subject, known = at(info.json, d["userinfo_subject"]), subject
    check(is_subject(d, subject, person), f"{name}: an opaque subject", subject)
    check(known in (None, subject), f"{name}: the same in the token reply", (known, subject))
    withheld = d["issuer"] and "email" in d["scopes"] and "email" not in d.asked_scopes()
    if d["userinfo_email"]:
        equal(at(info.json, d["userinfo_email"]), None if withheld else person + "@example.com", f"{name}: the e-mail address, unless its scope was not granted")
    if d["userinfo_error"]:
        equal(at(info.json, d["userinfo_error"]), "ok", f"{name}: and no error")
    return subject


def main():
    subjects = {}
    with Sandbox() as sandbox:
        for login in logins():
            for person in ("ada", "grace"):
                name = f"{login.dialect.name} {login.id} {person}"
                page, reply = decide(sandbox, login, person)
                check_page(page, name)
                code = check_callback(reply, login, name)
                reply = sandbox.token(login, code)
                check_tokens(reply, login, name)
                subjects[login.dialect.name, person] = check_person(sandbox, reply, login, person, name)
        known = [s for s in subjects.values() if s is not None]
        equal(len(known), len(set(known)), "subjects differ by person and provider")

    with Sandbox("--auto-approve") as sandbox:
        for login in logins():
            name = f"{login.dialect.name} {login.id} auto"
            for hint, person in ((None, "ada"), ("grace", "grace"), ("linus@example.com", "linus"), ("nobody", "ada")):
                code = check_callback(sandbox.authorize(login, login_hint=hint), login, name)
                reply = sandbox.token(login, code)
                check_tokens(reply, login, name)
                subject = check_person(sandbox, reply, login, person, name)
                check(person == "linus" or subject == subjects[login.dialect.name, person], f"{name}: the same subject in another run")
            posted = sandbox.ask("POST", login.dialect.path("authorize_url"), login.asked())
            check_callback(posted, login, f"S-08 {name} by POST")
    finish()


if __name__ == "__main__":
    main()
