#!/usr/bin/env python3
"""DPoP (RFC 9449): each rule of a proof broken once, and what is bound to a key used without it."""
import base64
import json
import sys
import time

sys.dont_write_bytecode = True
from harness import DIALECTS, REDIRECT, Login, Sandbox, check, equal, finish
from openid import STRICT, Key, encode, jwk

TOKEN, INFO, PAR = STRICT.path("token_url"), STRICT.path("userinfo_url"), STRICT.path("par_url")


class Client:
    """An honest client with a key."""

    def __init__(self, sandbox, public=False, alg="ES256"):
        self.sandbox, self.login, self.key = sandbox, Login(STRICT, public), Key(alg)
        self.base = f"http://127.0.0.1:{sandbox.port}"

    def proof(self, path=TOKEN, method="POST", **changes):
        return self.key.proof(method, self.base + path, **changes)

    def redeem(self, proof=None, code=None, **changes):
        headers = {"DPoP": proof} if proof else {}
        return self.sandbox.token(self.login, code or self.sandbox.code(self.login, **changes), headers)

    def refresh(self, token, proof=None):
        pairs = {"grant_type": "refresh_token", "refresh_token": token, **self.login.proof()}
        return self.sandbox.ask("POST", TOKEN, pairs, {**self.login.auth(), **({"DPoP": proof} if proof else {})})

    def userinfo(self, token, proof=None, scheme="DPoP", method="GET"):
        return self.sandbox.ask(method, INFO, {} if method == "POST" else None, {"Authorization": f"{scheme} {token}", **({"DPoP": proof} if proof else {})})

    def introspect(self, token):
        asker = Login(STRICT)
        return self.sandbox.ask("POST", STRICT.path("introspect_url"), {"token": token, **asker.proof()}, asker.auth()).json


def refused(reply, what, status=400, code="invalid_dpop_proof"):
    check(reply.status == status and reply.json.get("error") == code and "access_token" not in reply.text, what, f"{reply.status} {reply.text[:300]} {reply.headers}")


def works(sandbox):
    for alg in ("ES256", "RS256", "PS256"):
        client = Client(sandbox, alg=alg)
        reply = client.redeem(client.proof())
        tokens = reply.json
        equal((reply.status, tokens["token_type"]), (200, "DPoP"), f"S-54 {alg}: token_type is DPoP")
        equal(client.introspect(tokens["access_token"])["cnf"], {"jkt": client.key.thumbprint}, f"S-54 {alg}: cnf.jkt is the key's thumbprint")
        equal(client.introspect(tokens["access_token"])["token_type"], "DPoP", f"S-54 {alg}: introspection says DPoP")
        for method in ("GET", "POST"):
            reply = client.userinfo(tokens["access_token"], client.proof(INFO, method, token=tokens["access_token"]), method=method)
            check(reply.status == 200 and reply.json["sub"], f"S-54 {alg}: user info by {method} with a proof", reply.text)
    client = Client(sandbox)
    tokens = client.redeem().json
    equal(tokens["token_type"], "Bearer", "a client that sends no proof gets a Bearer token")
    check("cnf" not in client.introspect(tokens["access_token"]), "which is bound to nothing")
    without = next(d for d in DIALECTS if not d["dpop"] and d["token_type"] == "Bearer" and d["token_reply_at"] == "")
    login = Login(without)
    reply = sandbox.token(login, sandbox.code(login), {"DPoP": "nonsense"})
    check(reply.status == 200 and reply.members["token_type"] == "Bearer", f"{without.name}: where there is no DPoP the header is not read", reply.text)


def rules(sandbox):
    """RFC 9449 4.3, in its order."""
    client = Client(sandbox)
    symmetric = jwk.JWK.generate(kty="oct", size=256)
    other = Key()
    private = {"jwk": json.loads(client.key.key.export_private())}
    right = client.proof()
    half = right.split(".")
    keys = [(alg, Key(alg).key.export_public(as_dict=True)) for alg in ("ES256", "RS256")]
    keys[1][1]["e"] = "AQABAQAB"

    def with_key(alg, key):
        return encode(json.dumps({"typ": "dpop+jwt", "alg": alg, "jwk": key}).encode()) + "." + half[1] + "." + half[2]

    bad = [("two proofs in one header", right + ", " + client.proof()), ("no JWT", "nonsense"), ("two parts", ".".join(half[:2])), ("four parts", right + ".x"),
           ("no JSON", "e30." + encode(b"x") + ".x"), ("an empty proof", " "), ("20000 bytes", right + "A" * 20000),
           ("no jti", client.proof(jti=None)), ("no htm", client.proof(htm=None)), ("no htu", client.proof(htu=None)), ("no iat", client.proof(iat=None)),
           ("a jti that is a number", client.proof(jti=1)), ("a long jti", client.proof(jti="x" * 300)),
           ("typ JWT", client.proof(header={"typ": "JWT"})), ("no typ", client.proof(header={"typ": None})),
           ("alg none", encode(json.dumps({"typ": "dpop+jwt", "alg": "none", "jwk": client.key.key.export_public(as_dict=True)}).encode()) + "." + half[1] + "."),
           ("a symmetric alg", client.key.proof("POST", client.base + TOKEN, key=symmetric, header={"alg": "HS256", "jwk": symmetric.export(as_dict=True)})),
           ("no jwk", client.proof(header={"jwk": None})), ("a jwk that is a text", encode(json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": "x"}).encode()) + "." + half[1] + "." + half[2]),
           ("another key's signature", client.proof(key=other)), ("a signature that is cut", right[:-4]), ("changed claims", half[0] + "." + encode(b'{"jti":"x"}') + "." + half[2]),
           ("no signature", half[0] + "." + half[1] + "."), ("a private key in jwk", client.proof(header=private)),
           # What is no base64url, where libraries that decode it do not expect that.
           ("padding inside the signature", ".".join(half[:2]) + "." + half[2][:5] + "=" + half[2][6:]),
           *((f"padding inside {x} of a key of {alg}", with_key(alg, {**key, x: key[x][:5] + "=" + key[x][6:]})) for alg, key in keys for x in key if x not in ("kty", "crv", "kid")),
           ("an extension that is critical", client.proof(header={"crit": ["x"], "x": 1})),
           ("another method", client.proof(htm="GET")), ("a method in small letters", client.proof(htm="post")),
           ("another host", client.proof(htu="http://evil.example" + TOKEN)), ("another port", client.proof(htu="http://127.0.0.1:1" + TOKEN)),
           ("https", client.proof(htu=f"https://127.0.0.1:{sandbox.port}" + TOKEN)), ("another path", client.proof(htu=client.base + INFO)),
           ("a longer path", client.proof(htu=client.base + TOKEN + "/")), ("a host that goes on", client.proof(htu=client.base + ".evil.example" + TOKEN)),
           ("a path alone", client.proof(htu=TOKEN)), ("an iat of two minutes ago", client.proof(iat=int(time.time()) - 120)),
           ("an iat in two minutes", client.proof(iat=int(time.time()) + 120)), ("an iat that is a text", client.proof(iat=str(int(time.time())))),
           ("an iat beyond all numbers", client.proof(iat=10 ** 300)), ("an expired one", client.proof(exp=int(time.time()) - 120)),
           ("one that is not valid yet", client.proof(nbf=int(time.time()) + 120))]
    code = sandbox.code(client.login)
    for what, proof in bad:
        reply = client.redeem(proof, code)
        refused(reply, f"S-54 refused: {what}")
        check(reply.json["error_description"] and "DPoP proof is not valid." not in reply.json["error_description"], f"and the answer says why: {what}", reply.text)
    equal(client.redeem(right, code).status, 200, "S-54 and the code is still good for a right one")
    for what, htu in (("a query", client.base + TOKEN + "?a=b"), ("a fragment", client.base + TOKEN + "#x"), ("another case of the scheme", client.base.replace("http", "HTTP") + TOKEN)):
        equal(client.redeem(client.proof(htu=htu)).status, 200, f"S-54 htu with {what} is the same URL")
    equal(client.redeem(client.proof(iat=time.time() - 1.5)).status, 200, "an iat with a fraction")


def replay(sandbox):
    client = Client(sandbox)
    proof = client.proof()
    equal(client.redeem(proof).status, 200, "S-54 a proof works")
    refused(client.redeem(proof), "S-54 and once")
    refused(client.redeem(client.proof(jti=json.loads(base64.urlsafe_b64decode(proof.split(".")[1] + "=="))["jti"])), "S-54 nor does another proof with its jti")
    other = Client(sandbox)
    jti = json.loads(base64.urlsafe_b64decode(proof.split(".")[1] + "=="))["jti"]
    equal(other.redeem(other.proof(jti=jti)).status, 200, "nobody can use up another's jti")


def bound(sandbox):
    client, thief = Client(sandbox), Client(sandbox)
    token = client.redeem(client.proof()).json["access_token"]
    for what, reply in (("as Bearer", client.userinfo(token, scheme="Bearer")), ("as Bearer with a proof", client.userinfo(token, client.proof(INFO, "GET", token=token), scheme="Bearer"))):
        refused(reply, f"S-54 a bound token {what}", 401, "invalid_token")
    for what, proof in (("without a proof", None), ("with a thief's proof", thief.proof(INFO, "GET", token=token)), ("without ath", client.proof(INFO, "GET")),
                        ("with the ath of another token", client.proof(INFO, "GET", token="x")), ("with a proof for POST", client.proof(INFO, "POST", token=token)),
                        ("with a proof for the token endpoint", client.proof(TOKEN, "GET", token=token))):
        reply = client.userinfo(token, proof)
        refused(reply, f"S-54 a bound token {what}", 401)
        check(reply.headers["www-authenticate"].startswith("DPoP ") and 'error="invalid_dpop_proof"' in reply.headers["www-authenticate"], "S-54 with a challenge for DPoP", reply.headers)
    plain = client.redeem().json["access_token"]
    refused(client.userinfo(plain, client.proof(INFO, "GET", token=plain)), "S-54 a Bearer token as DPoP", 401, "invalid_token")
    proof = client.proof(INFO, "GET", token=token)
    equal(client.userinfo(token, proof).status, 200, "S-54 and with the right proof it works")
    refused(client.userinfo(token, proof), "S-54 a proof works once there, too", 401)


def refreshing(sandbox):
    client, thief = Client(sandbox, True), Client(sandbox, True)
    tokens = client.redeem(client.proof()).json
    refused(client.refresh(tokens["refresh_token"]), "S-54 a public client's refresh token without a proof", code="invalid_grant")
    refused(thief.refresh(tokens["refresh_token"], thief.proof()), "S-54 or with another key", code="invalid_grant")
    again = client.refresh(tokens["refresh_token"], client.proof())
    check(again.status == 200 and again.json["token_type"] == "DPoP", "S-54 works with its own key", again.text)
    refused(client.refresh(again.json["refresh_token"]), "S-54 and so is the next one bound", code="invalid_grant")
    client, changed = Client(sandbox), Client(sandbox)
    tokens = client.redeem(client.proof()).json
    changed.login = client.login
    new = changed.refresh(tokens["refresh_token"], changed.proof())
    check(new.status == 200 and client.introspect(new.json["access_token"])["cnf"]["jkt"] == changed.key.thumbprint,
          "a confidential client may change its key: its secret binds the refresh token", new.text)


def codes(sandbox):
    """RFC 9449 10."""
    client, thief = Client(sandbox), Client(sandbox)
    code = sandbox.code(client.login, dpop_jkt=client.key.thumbprint)
    thief.login = client.login
    refused(client.redeem(None, code), "S-54 a code that is bound by dpop_jkt, without a proof")
    refused(client.redeem(thief.proof(), code), "S-54 or with another key")
    equal(client.redeem(client.proof(), code).json["token_type"], "DPoP", "S-54 is redeemed with its own key")
    for wrong in ("x", client.key.thumbprint[:-1], client.key.thumbprint + "A", client.key.thumbprint + "="):
        reply = sandbox.authorize(client.login, dpop_jkt=wrong)
        equal(reply.query.get("error"), "invalid_request", f"S-54 dpop_jkt={wrong[-6:]!r} is no thumbprint")

    def push(proof, **changes):
        return sandbox.ask("POST", PAR, {**client.login.asked(**changes), **client.login.proof()}, {**client.login.auth(), "DPoP": proof})
    uri = push(client.proof(PAR)).json["request_uri"]
    code = sandbox.ask("GET", f"/rfc7636/authorize?client_id=sandbox-client&request_uri={uri}").query["code"]
    refused(client.redeem(thief.proof(), code), "S-54 a proof at the push binds the code, too")
    equal(client.redeem(client.proof(), code).status, 200, "S-54 to that key")
    refused(push(client.proof(TOKEN)), "S-54 a push with a proof for another endpoint")
    equal(push(client.proof(PAR), dpop_jkt=thief.key.thumbprint).json.get("error"), "invalid_request", "S-54 a push with a proof of one key and dpop_jkt of another")


def nonces(sandbox):
    client = Client(sandbox)
    code = sandbox.code(client.login)
    reply = client.redeem(client.proof(), code)
    refused(reply, "S-54 --dpop-nonce: a proof without a nonce", code="use_dpop_nonce")
    nonce = reply.headers["dpop-nonce"]
    for wrong in ("", "x", nonce[:-1], nonce + "A"):
        refused(client.redeem(client.proof(nonce=wrong), code), f"S-54 or with {wrong[-4:]!r}", code="use_dpop_nonce")
    reply = client.redeem(client.proof(nonce=nonce), code)
    equal((reply.status, reply.headers.get("dpop-nonce")), (200, nonce), "S-54 with the nonce of the header it works")
    token = reply.json["access_token"]
    reply = client.userinfo(token, client.proof(INFO, "GET", token=token))
    refused(reply, "S-54 the user info asks for it with 401", 401, "use_dpop_nonce")
    check('error="use_dpop_nonce"' in reply.headers["www-authenticate"] and reply.headers["dpop-nonce"], "S-54 in the challenge", reply.headers)
    equal(client.userinfo(token, client.proof(INFO, "GET", token=token, nonce=nonce)).status, 200, "S-54 and takes it")
    equal(client.redeem().status, 200, "who sends no proof needs no nonce")


def many(sandbox):
    """Proofs that are refused for something else are remembered, too, and crowd nobody out."""
    client = Client(sandbox)
    proof = client.proof()
    for i in range(50):
        client.refresh("x", client.proof())
    client.redeem(proof)
    refused(client.redeem(proof), "S-54 a proof is remembered among others")
    check(REDIRECT and proof not in sandbox.log(), "and is not logged")


def main():
    with Sandbox("--auto-approve") as sandbox:
        for test in (works, rules, replay, bound, refreshing, codes, many):
            test(sandbox)
    with Sandbox("--auto-approve", "--dpop-nonce") as sandbox:
        nonces(sandbox)
    finish()


if __name__ == "__main__":
    main()
