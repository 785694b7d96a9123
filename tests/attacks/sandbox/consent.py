#!/usr/bin/env python3
"""The consent page: denied, switched-off scopes, altered forms, forms sent twice."""
import html
import re
import sys

sys.dont_write_bytecode = True
from happy_path import decide
from harness import DIALECTS, REDIRECT, Dialect, Login, Sandbox, check, equal, finish, logins


def denied(sandbox, login):
    name, d = f"{login.dialect.name} {login.id}", login.dialect
    for decision in ("deny", "", "Allow"):
        _, reply = decide(sandbox, login, decision=decision)
        _, code, text = d.refusal("user-consents", 0, "access_denied")
        check(reply.goes_to(REDIRECT) and reply.query["error"] == code and text in (None, reply.query.get(d["callback_error_text_parameter"], ""))
              and reply.query["state"] == login.state and "code" not in reply.query, f"{name}: decision {decision!r} is a no", reply.location)


def scopes(sandbox, login):
    name, d = f"{login.dialect.name} {login.id}", login.dialect
    parameter, fixed = d["callback_scope_parameter"], d["scopes_fixed"] + d["scopes_required"]
    asked = (d["scopes_required"] + [s for s in d["scopes"] if s not in d["scopes_required"]])[:3]
    if not asked:
        return

    def granted_to(reply):
        scope = sandbox.token(login, reply.query["code"]).tokens(d).get("scope")
        return scope if d["reply_scope"] != "text" else scope.split(d["reply_scope_separator"] or d["scope_separator"])

    for kept in (asked[:1], asked[1:2], asked[:2], []):
        page, reply = decide(sandbox, login, scopes=kept, scope=d.scope(asked))
        granted = [s for s in asked if s in kept or s in fixed]
        if not granted:
            equal(reply.query.get("error"), "access_denied", f"{name}: no scope left is a no")
            continue
        if parameter:
            equal(reply.query[parameter], d.scope(granted), f"{name}: the callback says what was left on")
        equal(granted_to(reply), granted if d["reply_scope"] != "absent" else None, f"S-33 {name}: {kept} left on")
        for scope in asked:
            box = re.search(r'<input[^>]*value="' + re.escape(html.escape(scope)) + r'"[^>]*>', page.text)[0]
            check("checked" in box and ("disabled" in box) == (scope in fixed), f"{name}: {scope} can be switched off unless it is fixed", box)
    least = d["scopes_required"] or asked[:1]
    _, reply = decide(sandbox, login, scopes=d["scopes"] + ["admin"], scope=d.scope(least))
    equal(granted_to(reply), least if d["reply_scope"] != "absent" else None, f"{name}: a form cannot grant what was not asked for")


def forms(sandbox, login):
    name, d = f"{login.dialect.name} {login.id}", login.dialect
    page = sandbox.authorize(login)
    action = html.unescape(re.search(r'action="([^"]*)"', page.text)[1])
    request = html.unescape(re.search(r'name="request" value="([^"]*)"', page.text)[1])
    body = [("request", request), ("user", "ada"), ("decision", "allow")] + [("scope", s) for s in d["scopes"]]
    for wrong in (body[1:], [("request", "x" * 43)] + body[1:], [("request", request[:-1] + ("a" if request[-1] != "a" else "b"))] + body[1:], [("request", "")] + body[1:]):
        reply = sandbox.ask("POST", action, wrong)
        check(reply.status == 400 and not reply.query, f"{name}: request {wrong[0]}", reply.location)
    for method in ("GET", "PUT"):
        equal(sandbox.ask(method, action + "?request=" + request).status, 405, f"{name}: a decision by {method}")
    reply = sandbox.ask("POST", action, "{}", {"Content-Type": "application/json"})
    check(reply.status == 400 and not reply.location, f"{name}: a decision as JSON")
    for other in DIALECTS:
        if other.name != d.name:
            reply = sandbox.ask("POST", f"/{other.name}/_sandbox/decide", body)
            check(reply.status == 400 and not reply.location, f"{name}: the form at {other.name}")
    reply = sandbox.ask("POST", action, body + [("redirect_uri", "https://evil.example"), ("state", "evil"), (d["client_id_parameter"], "evil"), ("code_challenge", "evil")])
    check(reply.goes_to(REDIRECT) and reply.query["state"] == login.state, f"{name}: what else the form says changes nothing", reply.location)
    equal(sandbox.token(login, reply.query["code"]).status, 200, f"{name}: and the first form was good")
    again = sandbox.ask("POST", action, body)
    check(again.status == 400 and not again.location, f"{name}: a form works once")
    _, reply = decide(sandbox, login, user="mallory")
    check("code" not in reply.query, f"{name}: a user of nobody", reply.location)


def escaping(sandbox):
    login = Login(Dialect("rfc7636"))
    page = sandbox.authorize(login, state='"><script>alert(1)</script>', login_hint='"><script>')
    check("<script" not in page.text and "style=" not in page.text and "onclick" not in page.text, "no script in the page")
    reply = sandbox.ask("GET", "/" + login.dialect.name + "/_sandbox/callback?code=%3Cscript%3E&state=%22%3E%3Cimg%20src=x%3E")
    check(reply.status == 200 and "<script>" not in reply.text and "<img" not in reply.text and "&lt;script&gt;" in reply.text, "the landing page escapes", reply.text[-400:])
    front = sandbox.ask("GET", "/")
    check(front.status == 200 and all("/" + d.name in front.text for d in DIALECTS) and "<script" not in front.text, "the front page lists the providers")
    for link in re.findall(r'class="button" href="([^"]*)"', front.text):
        path = re.sub(r"^http://[^/]*", "", html.unescape(link))
        equal(sandbox.ask("GET", path).status, 200, "a link to try works: " + path.split("?")[0])
    listed = sandbox.ask("GET", "/", headers={"Accept": "application/json"}).json["providers"]
    equal([p["name"] for p in listed], [d.name for d in DIALECTS], "and as JSON")
    equal(sandbox.ask("GET", "/assets/proofkey.css").headers.get("content-type"), "text/css; charset=utf-8", "the style sheet")


def main():
    with Sandbox() as sandbox:
        for login in logins():
            denied(sandbox, login)
            scopes(sandbox, login)
            forms(sandbox, login)
        escaping(sandbox)
        login = Login(Dialect("rfc7636"))
        pages = [sandbox.authorize(login, state="x" * 3000) for _ in range(1100)]
        requests = [re.search(r'name="request" value="([^"]*)"', p.text)[1] for p in pages]
        equal(len(set(requests)), 1100, "each waiting request has an id of its own")
        answer = [("user", "ada"), ("decision", "deny")]
        path = f"/{login.dialect.name}/_sandbox/decide"
        equal(sandbox.ask("POST", path, [("request", requests[0])] + answer).status, 400, "the oldest have made room")
        equal(sandbox.ask("POST", path, [("request", requests[-1])] + answer).status, 303, "the newest wait")
    finish()


if __name__ == "__main__":
    main()
