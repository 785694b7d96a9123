#!/usr/bin/env python3
"""What the standards ask of tokens, one by one, at the dialect that does as they say."""
import math
import sys
import time

sys.dont_write_bytecode = True
from harness import Login, Sandbox, check, equal, finish
from openid import STRICT


def refused(reply, code, what, status=400):
    check(reply.status == status and reply.json.get("error") == code and "access_token" not in reply.text, what, f"{reply.status} {reply.text[:200]}")


def works(sandbox, login, token):
    return sandbox.userinfo(login, token).status == 200


def families(sandbox):
    """S-40: a refresh token is its client's; one that was replaced takes its whole family along."""
    confidential, public = Login(STRICT), Login(STRICT, True)
    first = sandbox.token(public, sandbox.code(public)).json
    refused(sandbox.refresh(confidential, first["refresh_token"]), "invalid_grant", "S-40 another client cannot use a refresh token")
    second = sandbox.refresh(public, first["refresh_token"]).json
    check(second["refresh_token"] != first["refresh_token"], "S-40 a public client's refresh token is replaced")
    third = sandbox.refresh(public, second["refresh_token"]).json
    check(works(sandbox, public, third["access_token"]), "S-40 and the new ones work")
    refused(sandbox.refresh(public, first["refresh_token"]), "invalid_grant", "S-40 the one that was replaced does not")
    refused(sandbox.refresh(public, third["refresh_token"]), "invalid_grant", "S-40 and its use has ended the newest, too")
    check(not any(works(sandbox, public, t["access_token"]) for t in (first, second, third)), "S-40 and every access token of the family")


def scopes(sandbox):
    login = Login(STRICT)
    token = sandbox.token(login, sandbox.code(login, scope="openid profile email offline_access")).json["refresh_token"]
    narrow = sandbox.refresh(login, token, scope="openid profile").json
    equal(narrow["scope"], "openid profile", "S-41 a refresh may ask for less")
    token = sandbox.token(login, sandbox.code(login, scope="openid offline_access")).json["refresh_token"]
    for wider in ("openid profile", "openid offline_access email", "profile", "admin"):
        refused(sandbox.refresh(login, token, scope=wider), "invalid_scope", f"S-41 and not for {wider}")
    equal(sandbox.refresh(login, token).json["scope"], "openid offline_access", "S-41 without a scope it is the one that was granted")


def idle():
    """S-42, in a dialect whose refresh tokens live for five seconds."""
    import os
    import re
    import tempfile
    from harness import ROOT, Dialect
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(ROOT, "providers", "rfc7636.conf"), encoding="utf-8") as file:
            text = re.sub(r"(?m)^refresh_lifetime\s*=.*\n?", "", file.read()) + "\nrefresh_lifetime = 5\n"
        with open(os.path.join(directory, "short.conf"), "w", encoding="utf-8") as file:
            file.write(text)
        login = Login(Dialect("short", directory), True)
        with Sandbox("--auto-approve", "--providers", directory) as sandbox:
            first = sandbox.token(login, sandbox.code(login)).json
            time.sleep(3)
            second = sandbox.refresh(login, first["refresh_token"]).json
            check("refresh_token" in second, "S-42 a refresh token within its time", second)
            time.sleep(3)
            third = sandbox.refresh(login, second["refresh_token"])
            equal(third.status, 200, "S-42 a refresh token that is used goes on")
            time.sleep(5.5)
            refused(sandbox.refresh(login, third.json["refresh_token"]), "invalid_grant", "S-42 one that is not has expired")


def entropy(sandbox):
    """S-43: 2^-160. Distinct, of equal length, each place with all its characters, none like the one before."""
    login, texts = Login(STRICT, True), {"code": [], "access_token": [], "refresh_token": []}
    for _ in range(1000):
        code = sandbox.code(login)
        texts["code"].append(code)
        tokens = sandbox.token(login, code).json
        for name in ("access_token", "refresh_token"):
            texts[name].append(tokens[name])
    for name, made in texts.items():
        places = list(zip(*[t[:43] for t in made]))
        bits = sum(math.log2(len(set(place))) for place in places)
        check(len(set(made)) == len(made) and {len(t) for t in made} == {43} and bits > 240, f"S-43 a thousand of {name}: distinct, 43 characters, {bits:.0f} bits seen", made[:2])
        alike = max(sum(a == b for a, b in zip(one, two)) for one, two in zip(made, made[1:]))
        check(alike < 12, f"S-43 and no {name} resembles the one before it", alike)


def grants(sandbox):
    """S-55."""
    login = Login(STRICT)
    for grant in ("password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"):
        reply = sandbox.ask("POST", STRICT.path("token_url"), {"grant_type": grant, "username": "ada", "password": "ada", **login.proof()}, login.auth())
        refused(reply, "unsupported_grant_type", f"S-55 no {grant} grant")
    for kind in ("token", "id_token", "code token", "code id_token", "id_token token", "none"):
        reply = sandbox.authorize(login, response_type=kind)
        check(reply.query.get("error") == "unsupported_response_type" and "#" not in reply.location and "token=" not in reply.location, f"S-55 no response_type {kind}", reply.location)


def main():
    with Sandbox("--auto-approve") as sandbox:
        for test in (families, scopes, entropy, grants):
            test(sandbox)
    idle()
    finish()


if __name__ == "__main__":
    main()
