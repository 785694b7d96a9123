#!/usr/bin/env python3
"""Metadata: complete, exact, of endpoints that are there, at every path that a client may look at."""
import re
import sys

sys.dont_write_bytecode = True
from harness import DIALECTS, REDIRECT, Login, Sandbox, check, equal, finish
from openid import OPENID, STRICT, issuer, parts

ENDPOINTS = {"authorize_url": "authorization_endpoint", "token_url": "token_endpoint", "userinfo_url": "userinfo_endpoint", "jwks_url": "jwks_uri",
             "revoke_url": "revocation_endpoint", "introspect_url": "introspection_endpoint", "end_session_url": "end_session_endpoint",
             "par_url": "pushed_authorization_request_endpoint"}
AUTH = {"basic": "client_secret_basic", "post": "client_secret_post", "none": "none"}


def fetch(sandbox, dialect):
    return sandbox.ask("GET", dialect.path("discovery_url"))


def document(sandbox, dialect):
    reply, base, name = fetch(sandbox, dialect), f"http://127.0.0.1:{sandbox.port}", dialect.name
    equal((reply.status, reply.headers["content-type"]), (200, "application/json"), f"S-44 {name}: the metadata are JSON with status 200")
    found = reply.json
    equal(found["issuer"], issuer(sandbox, dialect), f"S-44 {name}: the issuer is the one that was asked")
    check("?" not in found["issuer"] and "#" not in found["issuer"], f"S-44 {name}: and has no query and no fragment")
    for key, member in ENDPOINTS.items():
        own = key == "userinfo_url" and dialect["userinfo_subject"] != "/sub" or key == "revoke_url" and dialect["revoke_auth"] != "client"
        equal(found.get(member), base + dialect.path(key) if dialect[key] and not own else None,
              f"{name}: {member} is there if the provider has it, and it is the standard's")
    methods = {AUTH[a] for a in dialect["client_auth"]}
    equal(set(found["token_endpoint_auth_methods_supported"]), methods, f"{name}: the ways in which clients prove themselves")
    pkce = (["S256", "plain"] if dialect["plain"] else ["S256"]) if dialect.takes_challenges() else None
    equal(found.get("code_challenge_methods_supported"), pkce, f"S-22 {name}: code_challenge_methods_supported")
    equal(found["authorization_response_iss_parameter_supported"], dialect["callback_issuer"], f"S-27 {name}: whether iss is in the callback")
    equal("dpop_signing_alg_values_supported" in found, dialect["dpop"], f"{name}: whether it takes DPoP proofs")
    return found


def openid(sandbox, dialect, found):
    name = dialect.name
    for member in ("issuer", "authorization_endpoint", "token_endpoint", "response_types_supported", "subject_types_supported",
                   "id_token_signing_alg_values_supported"):
        check(found.get(member), f"S-45 {name}: {member} is there", found)
    check(found.get("jwks_uri") or dialect["id_token_alg"] == "HS256", f"S-45 {name}: jwks_uri is there", found)
    equal(found["id_token_signing_alg_values_supported"], [dialect["id_token_alg"]], f"S-45 {name}: the algorithm is the one that it signs with")
    equal((found["response_types_supported"], found["subject_types_supported"]), (["code"], ["public"]), f"S-45 {name}: response and subject types")
    equal((found["request_uri_parameter_supported"], found["request_parameter_supported"]), (False, False), f"{name}: request objects are not read, and it says so")
    check(found["backchannel_logout_supported"] is True and found["backchannel_logout_session_supported"] is True, f"{name}: back-channel logout")


def paths(sandbox, dialect, found):
    name, base = dialect.name, f"http://127.0.0.1:{sandbox.port}"
    short = sandbox.ask("GET", f"/{name}/.well-known/openid-configuration")
    equal(short.json, found, f"S-44 {name}: the same below the provider's name")
    where = "/.well-known/oauth-authorization-server" + found["issuer"].removeprefix(base).rstrip("/")
    equal(sandbox.ask("GET", where).json, found, f"S-44 {name}: the same where RFC 8414 puts it")
    for wrong in (where + "/", where + "/x", where.replace(name, name + "x"), "/.well-known/oauth-authorization-server/", "/.well-known/oauth-authorization-server"):
        equal(sandbox.ask("GET", wrong).status, 404, f"S-44 {name}: nothing at {wrong}")
    for method in ("POST", "PUT", "DELETE"):
        reply = sandbox.ask(method, dialect.path("discovery_url"))
        equal((reply.status, reply.headers.get("allow")), (405, "GET, HEAD"), f"{name}: metadata by {method}")


def callback_issuer(sandbox, dialect, found):
    """S-27: iss in every answer, good or bad, of a provider that says so; in none of another."""
    wanted = found["issuer"] if dialect["callback_issuer"] else None
    for changes in ({}, {"response_type": "x"}, {"scope": "\x01"}):
        reply = sandbox.authorize(Login(dialect), **changes)
        check(reply.goes_to(REDIRECT) and reply.query.get("iss") == wanted, f"S-27 {dialect.name}: iss in the callback {changes or ''}", reply.query)


def keys(sandbox, dialect):
    name, kinds = dialect.name, {"RS256": "RSA", "ES256": "EC"}
    reply = sandbox.ask("GET", dialect.path("jwks_url"))
    alg = dialect["id_token_alg"]
    found = reply.json["keys"]
    equal((reply.status, [(k["kty"], k["alg"], k["use"]) for k in found]), (200, [(kinds[alg], alg, "sig")] if alg in kinds else []), f"{name}: the published keys")
    private = {"d", "p", "q", "dp", "dq", "qi", "k"}
    check(not any(private & set(k) for k in found), f"{name}: and none of their private parts", found)
    equal(reply.headers.get("access-control-allow-origin"), "*", f"S-38 {name}: keys may be read by scripts of other origins")


def tenant(sandbox):
    for dialect in OPENID:
        if "{tenant}" not in dialect["discovery_url"]:
            continue
        if "{tenant}" not in dialect["token_url"]:
            equal(sandbox.ask("GET", dialect.path("discovery_url").replace("/" + dialect["tenant"] + "/", "/other-one/", 1)).status, 404,
                  f"S-44 {dialect.name}: no metadata of a tenant that its token endpoint cannot know")
            continue
        found = sandbox.ask("GET", dialect.path("discovery_url").replace("/" + dialect["tenant"] + "/", "/other-one/", 1)).json
        check("/other-one" in found["issuer"] and all("/other-one/" in found[m] for m in ("authorization_endpoint", "token_endpoint", "jwks_uri")),
              f"S-44 {dialect.name}: another tenant is another issuer, with endpoints of its own", found)
        login = Login(dialect)
        url = login.url().replace("/" + dialect["tenant"] + "/", "/other-one/", 1)
        code = sandbox.ask("GET", url).query["code"]
        path = dialect.path("token_url").replace("/" + dialect["tenant"] + "/", "/other-one/", 1)
        token = sandbox.ask("POST", path, login.redeem(code), login.auth()).tokens(dialect).get("id_token")
        if token:
            equal(parts(token)[1]["iss"], found["issuer"], f"S-44 {dialect.name}: and signs as that")


def cors(sandbox):
    """S-38: a page elsewhere may redeem and read, and must not be let in at the authorize endpoint."""
    for key, allowed in (("authorize_url", False), ("end_session_url", False), ("token_url", True), ("userinfo_url", True), ("revoke_url", True),
                         ("discovery_url", True), ("jwks_url", True), ("par_url", True)):
        reply = sandbox.ask("OPTIONS", STRICT.path(key), headers={"Origin": "https://app.example", "Access-Control-Request-Method": "POST"})
        equal("access-control-allow-origin" in reply.headers, allowed, f"S-38 a preflight at {key}")
    reply = sandbox.ask("GET", Login(STRICT).url(), headers={"Origin": "https://app.example"})
    check("access-control-allow-origin" not in reply.headers, "S-38 nor an authorize request from another origin")
    reply = sandbox.ask("OPTIONS", STRICT.path("token_url"), headers={"Origin": "https://app.example", "Access-Control-Request-Headers": "dpop"})
    check("dpop" in reply.headers["access-control-allow-headers"].lower(), "S-38 a DPoP proof may be sent across origins", reply.headers)


def redirector(sandbox):
    """S-39: nobody is sent to a URI that is not the client's, whatever prompt says."""
    for changes in ({"redirect_uri": "https://evil.example/"}, {"client_id": "nobody"}, {"redirect_uri": "https://evil.example/", "prompt": "none"},
                    {"client_id": "nobody", "prompt": "none"}, {"redirect_uri": None, "prompt": "none"}, {"redirect_uri": "http://127.0.0.1:8123@evil.example/", "prompt": "none"},
                    {"redirect_uri": "https://evil.example/", "request_uri": "https://evil.example/r"}):
        reply = sandbox.authorize(Login(STRICT), **changes)
        check(reply.status == 400 and not reply.location, f"S-39 no redirect for {changes}", f"{reply.status} {reply.location}")


def main():
    with Sandbox("--auto-approve") as sandbox:
        for dialect in DIALECTS:
            if not dialect["discovery_url"]:
                equal(sandbox.ask("GET", f"/{dialect.name}/.well-known/openid-configuration").status, 404, f"{dialect.name}: no metadata where the provider has none")
                continue
            found = document(sandbox, dialect)
            if dialect in OPENID:
                openid(sandbox, dialect, found)
            paths(sandbox, dialect, found)
            callback_issuer(sandbox, dialect, found)
            if dialect["jwks_url"]:
                keys(sandbox, dialect)
        tenant(sandbox)
        cors(sandbox)
        redirector(sandbox)
        found = fetch(sandbox, STRICT).json
        equal(found["id_token_signing_alg_values_supported"], ["RS256"], "S-45 RS256 is listed")
        check(re.match(r"http://127\.0\.0\.1:\d+/rfc7636$", found["issuer"]), "S-44 the issuer is the sandbox's address and the provider's name", found["issuer"])
        equal(found["require_pushed_authorization_requests"], False, "S-53 pushed requests are not required, and the metadata say so")
    finish()


if __name__ == "__main__":
    main()
