#!/usr/bin/env python3
"""Pushed authorization requests (RFC 9126): who may push, what, and how often it can be used."""
import sys

sys.dont_write_bytecode = True
from harness import DIALECTS, REDIRECT, Login, Sandbox, check, equal, finish
from openid import STRICT, Browser, is_page, parts


def pushed(sandbox, login, headers=None, **changes):
    pairs = {**login.asked(**changes), **login.proof()}
    return sandbox.ask("POST", login.dialect.path("par_url"), pairs, {**login.auth(), **(headers or {})})


def visit(sandbox, login, uri, **changes):
    client = {login.dialect["client_id_parameter"]: login.id, "request_uri": uri, **changes}
    return sandbox.ask("GET", login.dialect.path("authorize_url") + "?" + "&".join(f"{k}={v}" for k, v in client.items()))


def refused(reply, code, what, status=400):
    try:
        got = reply.json.get("error")
    except ValueError:
        got = reply.text
    check(reply.status == status and got == code and "request_uri" not in reply.text.split("error_description")[0], what, f"{reply.status} {reply.text[:300]}")


def stopped(reply, what):
    check(reply.status == 400 and not reply.location and ("request-uri-invalid" in reply.text or "client-differs" in reply.text), what, f"{reply.status} {reply.location} {reply.text[:300]}")


def works(sandbox):
    for dialect in DIALECTS:
        if not dialect["par_url"]:
            continue
        for public in (False, True):
            if not dialect.has(public):
                continue
            login, name = Login(dialect, public), f"{dialect.name} {'public' if public else 'confidential'}"
            reply = pushed(sandbox, login)
            equal((reply.status, reply.headers["content-type"], reply.headers["cache-control"]), (201, "application/json", "no-store"), f"S-53 {name}: 201, as JSON, for nobody's cache")
            uri, seconds = reply.json["request_uri"], reply.json["expires_in"]
            check(uri.startswith("urn:ietf:params:oauth:request_uri:") and len(uri) >= 34 + 43 and seconds == 60, f"S-53 {name}: an unguessable request_uri, for a minute", reply.text)
            reply = visit(sandbox, login, uri)
            check(reply.goes_to(REDIRECT) and reply.query.get("state") == login.state and "code" in reply.query, f"S-53 {name}: client_id and request_uri are enough", f"{reply.status} {reply.location}")
            tokens = sandbox.token(login, reply.query["code"])
            check("access_token" in tokens.tokens(dialect), f"S-53 {name}: and the code can be redeemed", tokens.text)


def once(sandbox):
    login = Login(STRICT)
    uri = pushed(sandbox, login).json["request_uri"]
    check("code" in visit(sandbox, login, uri).query, "S-53 the first visit gives a code")
    stopped(visit(sandbox, login, uri), "S-53 the second does not: a request_uri is good once")
    uri = pushed(sandbox, login).json["request_uri"]
    stopped(visit(sandbox, Login(STRICT, True), uri), "S-53 another client cannot use it")
    for wrong in ("urn:ietf:params:oauth:request_uri:" + "x" * 43, "urn:ietf:params:oauth:request_uri:", uri + "x", uri[:-1], "https://evil.example/request", "x"):
        stopped(visit(sandbox, login, wrong), f"S-53 {wrong[:50]} is none")
    elsewhere = next(d for d in DIALECTS if d["par_url"] and d.name != "rfc7636")
    uri = pushed(sandbox, login).json["request_uri"]
    stopped(visit(sandbox, Login(elsewhere), uri), "S-53 nor is it any at another provider")
    login = Login(STRICT)
    uri = pushed(sandbox, login).json["request_uri"]
    reply = visit(sandbox, login, uri, scope="admin", state="evil", redirect_uri="https%3A%2F%2Fevil.example")
    check(reply.query.get("state") == login.state and reply.goes_to(REDIRECT) and "code" in reply.query, "S-53 what the browser adds changes nothing", reply.location)
    without = next(d for d in DIALECTS if not d["par_url"])
    reply = visit(sandbox, Login(without), "urn:ietf:params:oauth:request_uri:" + "x" * 43)
    stopped(reply, f"{without.name}: no request_uri where there is no PAR")


def who(sandbox):
    login = Login(STRICT)
    refused(pushed(sandbox, login, {"Authorization": "Basic c2FuZGJveC1jbGllbnQ6d3Jvbmc="}), "invalid_client", "S-53 a wrong secret", 401)
    pairs = login.asked()
    refused(sandbox.ask("POST", STRICT.path("par_url"), pairs), "invalid_client", "S-53 no secret", 401)
    refused(sandbox.ask("POST", STRICT.path("par_url"), {**pairs, "client_id": "nobody"}), "invalid_client", "S-53 an unknown client", 401)
    refused(pushed(sandbox, login, client_id="sandbox-public"), "invalid_client", "S-53 another client's name in the body", 401)
    refused(pushed(sandbox, login, client_secret="sandbox-secret"), "invalid_request", "S-53 two proofs at once")
    reply = sandbox.ask("POST", STRICT.path("par_url"), login.asked(client_id=None), login.auth())
    equal(reply.status, 201, "S-53 the client may be named in the header alone")
    check("code" in visit(sandbox, login, reply.json["request_uri"]).query, "S-53 and the request works")
    for method in ("GET", "PUT", "DELETE"):
        reply = sandbox.ask(method, STRICT.path("par_url"))
        equal((reply.status, reply.headers.get("allow")), (405, "POST"), f"S-53 {method} is not POST")


def what(sandbox):
    """What would be refused at the authorize endpoint is refused here, and to the client."""
    for changes, code, name in (({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request", "a request_uri inside"),
                                ({"request_uri": ""}, "invalid_request", "an empty one"),
                                ({"request": "eyJ"}, "request_not_supported", "a request object"),
                                ({"redirect_uri": "https://evil.example/"}, "invalid_request", "a redirect URI that is not registered"),
                                ({"response_type": "token"}, "unsupported_response_type", "another response type"),
                                ({"response_type": None}, "invalid_request", "no response type"),
                                ({"code_challenge": None, "code_challenge_method": None}, "invalid_request", "no challenge"),
                                ({"code_challenge_method": "plain"}, "invalid_request", "plain"),
                                ({"code_challenge": "x" * 42}, "invalid_request", "a short challenge"),
                                ({"scope": "admin"}, "invalid_scope", "an unknown scope"),
                                ({"prompt": "none login"}, "invalid_request", "a prompt that contradicts itself"),
                                ({"nonce": "n" * 2000}, "invalid_request", "a long nonce")):
        refused(pushed(sandbox, Login(STRICT), **changes), code, f"S-53 {name}")
    login = Login(STRICT)
    pairs = list(login.asked().items())
    refused(sandbox.ask("POST", STRICT.path("par_url"), pairs + [("state", "two")], login.auth()), "invalid_request", "S-53 a parameter twice")
    refused(sandbox.ask("POST", STRICT.path("par_url"), "{}", {**login.auth(), "Content-Type": "application/json"}), "invalid_request", "S-53 JSON")
    reply = sandbox.ask("POST", STRICT.path("par_url"), {**login.asked(), "x": "y" * 60000}, login.auth())
    equal(reply.status, 413, "S-53 a request that is too long: 413")
    reply = sandbox.ask("POST", STRICT.path("par_url"), login.asked(state="s" * 5000), login.auth())
    equal(visit(sandbox, login, reply.json["request_uri"]).query["state"], "s" * 5000, "a long state comes back whole")


def page(sandbox):
    login, browser = Login(STRICT), Browser(sandbox)
    uri = pushed(sandbox, login, nonce="of the pushed one").json["request_uri"]
    shown = browser.ask("GET", f"/rfc7636/authorize?client_id=sandbox-client&request_uri={uri}")
    check(is_page(shown), "S-53 a pushed request shows the page")
    reply = browser.allow(shown, "grace")
    tokens = sandbox.token(login, reply.query["code"]).json
    equal(parts(tokens["id_token"])[1]["nonce"], "of the pushed one", "S-53 and its parameters are those that count")


def bounded(sandbox):
    login = Login(STRICT)
    oldest = pushed(sandbox, login).json["request_uri"]
    newest = [pushed(sandbox, login).json["request_uri"] for _ in range(1024)][-1]
    stopped(visit(sandbox, login, oldest), "after 1024 others the oldest is forgotten")
    check("code" in visit(sandbox, login, newest).query, "and the newest works")
    check("sandbox-secret" not in sandbox.log() and newest not in sandbox.log(), "neither secret nor request_uri is logged")


def main():
    with Sandbox("--auto-approve") as sandbox:
        for test in (works, once, who, what, bounded):
            test(sandbox)
    with Sandbox() as sandbox:
        page(sandbox)
    finish()


if __name__ == "__main__":
    main()
