#!/usr/bin/env python3
"""What the sandbox keeps of each login: all of it, under the right attempt, in bounds, for the developer alone."""
import base64
import json
import os
import subprocess
import sys
import urllib.parse

from harness import DIALECTS, REDIRECT, Login, Sandbox, check, edit, equal, finish, logins

ANY = next(d for d in DIALECTS if d.name == "rfc7636")


def attempts(sandbox, query=""):
    return sandbox.ask("GET", "/_sandbox/attempts" + query).json


def explain(sandbox, attempt):
    return sandbox.ask("GET", f"/_sandbox/attempts/{attempt['id']}/explain").json


def kinds(attempt):
    return [event["kind"] for event in attempt["capture"]["events"]]


def clear(sandbox):
    equal(sandbox.ask("DELETE", "/_sandbox/attempts").status, 204, "the attempts can be forgotten")


with Sandbox("--auto-approve") as sandbox:
    # Every client of every dialect: its login is one attempt, in which nothing is wrong.
    for login in logins():
        dialect, what = login.dialect, f"{login.dialect.name} {'public' if login.public else 'confidential'}"
        clear_before = len(attempts(sandbox))
        tokens, _ = sandbox.login(login)
        found = attempts(sandbox, "?provider=" + dialect.name)[-1]
        equal(len(attempts(sandbox)) - clear_before, 1, f"{what}: a login is one attempt")
        equal(kinds(found)[:3], ["authorize", "callback", "token"], f"{what}: with its requests in their order")
        authorize, callback, token = found["capture"]["events"][:3]
        check(login.state in authorize["url"] and authorize["response"]["status"] in (200, 303), f"{what}: the authorize request", authorize)
        sent = callback["url"] + callback.get("body", "")
        check(callback["url"].startswith(REDIRECT) and login.state in sent and "#" not in callback["url"], f"{what}: the callback as the app gets it", callback)
        check(login.verifier in json.dumps(token["request"]) or not dialect.takes_challenges(), f"{what}: the verifier", token)
        check(tokens["access_token"] in token["response"]["body"] and token["response"]["status"] == 200, f"{what}: the tokens", token)
        check(authorize["at"] <= callback["at"] <= token["at"] <= authorize["at"] + 60, f"{what}: in the order of time", found)
        report = explain(sandbox, found)
        equal((report["verdict"], report["provider"]), (None, dialect.name), f"{what}: and explain has nothing to say against it")

    # The same by other ways: as capture and as HAR, proofkey explain says the same.
    clear(sandbox)
    login = Login(ANY)
    code = sandbox.code(login)
    login.verifier = "y" * 50
    sandbox.token(login, code)
    (found,) = attempts(sandbox)
    report = explain(sandbox, found)
    equal((report["verdict"], report["confidence"]), ("verifier-mismatch", "proved"), "a mistake is proved")
    check("y" * 50 not in json.dumps(report), "and its secrets are shortened", report)
    for path, what in ((f"/_sandbox/attempts/{found['id']}/har", "HAR"), (f"/_sandbox/attempts/{found['id']}", "capture")):
        reply = sandbox.ask("GET", path)
        text = reply.text if what == "HAR" else json.dumps(reply.json["capture"])
        done = subprocess.run([os.path.abspath(sys.argv[1]), "explain", "--json", "-"], input=text, capture_output=True, text=True, timeout=60)
        again = json.loads(done.stdout)
        equal((done.returncode, again["verdict"], again["findings"]), (1, report["verdict"], report["findings"]), f"the {what} explains itself in the same way")
    check("attachment" in sandbox.ask("GET", f"/_sandbox/attempts/{found['id']}/har").headers.get("content-disposition", ""), "the HAR is a download")

    # Requests that are damaged find their attempt all the same.
    for change, what, verdict in (
            (lambda l, c: dict(code=c[:-2]), "a code that was cut", None),
            (lambda l, c: dict(code=c + "#_=_"), "a code with a fragment", "code-fragment-kept"),
            (lambda l, c: dict(code_verifier=None), "a token request without verifier", "verifier-missing"),
            (lambda l, c: dict(client_id="sandbox-public"), "another client", None),
            (lambda l, c: dict(grant_type=None), "a token request without grant_type", "grant-type-wrong"),
            (lambda l, c: dict(redirect_uri=REDIRECT + "/"), "another redirect URI", "redirect-uri-differs")):
        clear(sandbox)
        first, second = Login(ANY), Login(ANY)
        code = sandbox.code(first)
        sandbox.code(second)
        reply = sandbox.send(first, "token_url", edit(first.redeem(code), change(first, code)))
        check(reply.status >= 400, f"{what} is refused", reply.text)
        equal([kinds(a) for a in attempts(sandbox)], [["authorize", "callback", "token"], ["authorize", "callback"]], f"{what} belongs to its attempt")
        if verdict:
            equal(explain(sandbox, attempts(sandbox)[0])["verdict"], verdict, f"{what} is what explain says")

    # In a body that is not read at all, in the URL, at the wrong path.
    def as_json(login, code):
        return sandbox.ask("POST", ANY.path("token_url"), json.dumps(login.redeem(code)), {**login.auth(), "Content-Type": "application/json"})

    def as_query(login, code):
        return sandbox.ask("GET", ANY.path("token_url") + "?" + urllib.parse.urlencode(login.redeem(code)), headers=login.auth())

    def elsewhere(login, code):
        return sandbox.ask("POST", ANY.path("token_url") + "/", login.redeem(code), login.auth())

    for send, what, verdict in ((as_json, "a JSON body", "body-json-not-form"), (as_query, "a GET", None), (elsewhere, "a slash too many", "token-endpoint-wrong")):
        clear(sandbox)
        login = Login(ANY)
        code = sandbox.code(login)
        sandbox.code(Login(ANY))
        check(send(login, code).status >= 400, f"{what} is refused")
        equal([kinds(a) for a in attempts(sandbox)], [["authorize", "callback", "token"], ["authorize", "callback"]], f"{what} is kept, in its attempt")
        if verdict:
            equal(explain(sandbox, attempts(sandbox)[0])["verdict"], verdict, f"{what} is what explain says")
    clear(sandbox)
    sandbox.ask("GET", "/rfc7636/nothing/of/a/login")
    equal(attempts(sandbox), [], "what looks like nothing is not kept")

    # What follows a login belongs to it.
    clear(sandbox)
    login = Login(ANY)
    tokens, _ = sandbox.login(login)
    refreshed = sandbox.refresh(login, tokens["refresh_token"])
    sandbox.code(Login(ANY))
    sandbox.ask("POST", ANY.path("revoke_url"), {"token": tokens["access_token"], **login.proof()}, login.auth())
    equal(kinds(attempts(sandbox)[0]), ["authorize", "callback", "token", "other", "token", "token"], "user info, refresh and revocation belong to the login they came from")

    # A pushed request is where its login begins.
    clear(sandbox)
    login = Login(ANY)
    pushed = sandbox.ask("POST", ANY.path("par_url"), {**login.asked(), **login.proof()}, login.auth()).json["request_uri"]
    sandbox.code(Login(ANY))
    back = sandbox.ask("GET", ANY.path("authorize_url") + "?" + urllib.parse.urlencode({"client_id": login.id, "request_uri": pushed}))
    sandbox.token(login, back.query["code"])
    equal([kinds(a) for a in attempts(sandbox)], [["other", "authorize", "callback", "token"], ["authorize", "callback"]], "a pushed request and its login are one attempt")
    equal(explain(sandbox, attempts(sandbox)[0])["verdict"], None, "in which nothing is wrong")

    # A preflight is kept with the login that it is about.
    clear(sandbox)
    sandbox.code(Login(ANY))
    sandbox.ask("OPTIONS", ANY.path("token_url"), headers={"Origin": "http://127.0.0.1:8123", "Access-Control-Request-Method": "POST"})
    equal(kinds(attempts(sandbox)[0]), ["authorize", "callback", "other"], "a preflight is kept")

    # Hostile bytes: nothing is lost, nothing breaks the JSON.
    clear(sandbox)
    sandbox.connection.putrequest("POST", ANY.path("token_url"))
    body = b'grant_type=authorization_code&code=\xff\xfe"</script>\x00\x01&client_id=sandbox-client'
    sandbox.connection.putheader("Content-Type", "application/x-www-form-urlencoded")
    sandbox.connection.putheader("X-Odd", b"\xff\xfe")
    sandbox.connection.putheader("Cookie", "session=secret-of-a-browser")
    sandbox.connection.putheader("Content-Length", str(len(body)))
    sandbox.connection.endheaders(body)
    sandbox.connection.getresponse().read()
    (found,) = attempts(sandbox)
    request = found["capture"]["events"][0]["request"]
    check('code=��"</script>\x00\x01&' in request["body"], "bytes that are no text are marked, and the rest is kept", request)
    check(request["headers"].get("X-Odd") == "��", "in headers too", request)
    check("secret-of-a-browser" not in json.dumps(found), "cookies are not kept", found)
    check(explain(sandbox, found)["version"] == 1, "explain reads it")

    # limit and provider.
    clear(sandbox)
    for _ in range(3):
        sandbox.code(Login(ANY))
    sandbox.code(Login(DIALECTS[0]))
    ids = [a["id"] for a in attempts(sandbox)]
    equal([a["id"] for a in attempts(sandbox, "?limit=2")], ids[-2:], "limit is for the newest, oldest first")
    equal([a["id"] for a in attempts(sandbox, "?provider=rfc7636&limit=2")], ids[1:3], "with provider, of its own")
    equal(attempts(sandbox, "?limit=0"), [], "none is none")
    for query in ("?limit=-1", "?limit=x", "?limit=99999999999999999999", "?provider=%zz"):
        equal(sandbox.ask("GET", "/_sandbox/attempts" + query).status, 400, f"{query} is refused")
    equal(sandbox.ask("GET", "/_sandbox/attempts?provider=nobody").status, 404, "a provider that is none is none")
    for path in ("x", "-1", "00000000-1", ids[0].split("-")[0] + "-0", ids[0] + "/", ids[0] + "/nothing", ids[0].split("-")[0] + "-01"):
        expected = 200 if path == ids[0] + "/" else 404
        equal(sandbox.ask("GET", "/_sandbox/attempts/" + path).status, expected, f"{path.replace(ids[0], 'ID')} is {expected}")
    equal((sandbox.ask("PUT", "/_sandbox/attempts").status, sandbox.ask("PUT", "/_sandbox/attempts").headers.get("allow")), (405, "GET, DELETE"), "other methods are refused")

    # A page of somebody else's in the developer's browser.
    for headers, what in (({"Origin": "https://attacker.example"}, "another origin"), ({"Sec-Fetch-Site": "cross-site"}, "another site"),
                          ({"Sec-Fetch-Site": "same-site"}, "another port of this machine"), ({"Origin": "null"}, "a sandboxed frame"),
                          ({"Host": "attacker.example"}, "a name that was bound to this machine"), ({"Host": "127.0.0.1.attacker.example"}, "a name that begins like an address"),
                          ({"Host": ""}, "no name")):
        for method, path in (("GET", "/_sandbox/attempts"), ("DELETE", "/_sandbox/attempts"), ("GET", f"/_sandbox/attempts/{ids[0]}/har")):
            reply = sandbox.ask(method, path, headers=headers)
            check(reply.status == 403 and ids[0] not in reply.text and "access-control-allow-origin" not in reply.headers, f"{what} cannot {method} {path.split('/')[-1]}", reply.text)
    for headers, what in (({"Origin": f"http://127.0.0.1:{sandbox.port}", "Sec-Fetch-Site": "same-origin"}, "its own page"), ({"Host": f"localhost:{sandbox.port}"}, "localhost"),
                          ({"Host": "[::1]:9400"}, "a loopback address"), ({"Host": "sandbox:9400"}, "a container's name"), ({"Sec-Fetch-Site": "none"}, "the address bar")):
        equal(sandbox.ask("GET", "/_sandbox/attempts", headers=headers).status, 200, f"{what} can")
    equal(len(attempts(sandbox)), 4, "and nothing was forgotten")

    # A consent page: the decision is part of its attempt.
with Sandbox() as sandbox:
    login = Login(ANY)
    page = sandbox.authorize(login)
    request = page.text.split('name="request" value="')[1].split('"')[0]
    sandbox.authorize(Login(ANY))
    sandbox.ask("POST", "/rfc7636/_sandbox/decide", {"request": request, "decision": "deny", "user": "ada"})
    first, second = attempts(sandbox)
    equal((kinds(first), kinds(second)), (["authorize", "other", "callback"], ["authorize"]), "a decision belongs to its attempt")
    equal(explain(sandbox, first)["verdict"], "user-denied", "a denial is what explain says")
    check(len(first["capture"]["events"][0]["response"]["body"]) <= 1024, "of pages the beginning is kept")

# Bounds: in number, in bytes, of one attempt that goes on for ever.
with Sandbox("--auto-approve") as sandbox:
    big = "&x=" + "z" * 60000
    for i in range(600):
        login = Login(ANY)
        code = sandbox.code(login)
        sandbox.ask("POST", ANY.path("token_url"), f"grant_type=authorization_code&code={code}" + big, {**login.auth(), "Content-Type": "application/x-www-form-urlencoded"})
    kept = attempts(sandbox)
    check(200 < len(kept) < 300 and sum(len(json.dumps(a)) for a in kept) < 18 << 20, "the memory of events is bounded", len(kept))
    check(login.state in kept[-1]["capture"]["events"][0]["url"] and big in kept[-1]["capture"]["events"][2]["request"]["body"], "the newest is whole")
    for i in range(600):
        sandbox.code(Login(ANY))
    kept = attempts(sandbox)
    equal(len(kept), 512, "512 attempts are kept")
    resident = int(next(line.split()[1] for line in open(f"/proc/{sandbox.process.pid}/status") if line.startswith("VmRSS")))
    asan = b"asan" in open(sys.argv[1], "rb").read()
    check(asan or resident < 120000, "in little memory", resident)

    login = Login(ANY)
    tokens, _ = sandbox.login(login)
    for _ in range(100):
        sandbox.userinfo(login, tokens["access_token"])
    last = attempts(sandbox, "?limit=1")[0]
    equal((kinds(last)[:3], len(kinds(last))), (["authorize", "callback", "token"], 48), "of an attempt without end, the beginning and the end are kept")
    # The attempt of a grant that is still used was forgotten: what is done with it is kept in a new one.
    for _ in range(520):
        sandbox.code(Login(ANY))
    sandbox.userinfo(login, tokens["access_token"])
    sandbox.refresh(login, tokens["refresh_token"])
    equal(kinds(attempts(sandbox, "?limit=1")[0]), ["other", "token"], "what is done with a forgotten login is kept in a new attempt")
finish()
