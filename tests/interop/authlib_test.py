#!/usr/bin/env python3
"""Authlib, as Debian has it: its client for Flask at the providers of OpenID Connect, found by their metadata, and its session for requests
at all others. It makes the challenge itself, from the verifier or with it.

The Flask client is a whole app: what it keeps between the requests is in a cookie, and the ID token is checked with the keys of jwks_uri."""
import hashlib
import sys

sys.dont_write_bytecode = True
from clients import BY_NAME, CLIENT, REDIRECT, SECRET, Judge, check, equal, finish

import flask
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.requests_client import OAuth2Session

# Those that announce an algorithm with public keys, and the nonce.
BY_DISCOVERY = ["auth0", "authentik", "dex", "gitlab", "google", "keycloak", "okta", "rfc7636", "spring", "zitadel"]
BY_ADDRESS = ["auth0", "discord", "genesys", "github", "keycloak", "reddit", "spotify", "tiktok", "tiktok-desktop", "x"]
MISTAKEN = ["auth0", "discord", "rfc7636", "spotify", "tiktok-desktop", "x"]


def flask_app(judge, name):
    app = flask.Flask(__name__)
    app.secret_key = "a secret of this test"
    dialect = BY_NAME[name]
    client = OAuth(app).register(
        "provider", client_id=CLIENT, client_secret=SECRET, server_metadata_url=judge.at(dialect, "discovery_url"),
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256" if dialect.takes_challenges() else None,
                       "token_endpoint_auth_method": "client_secret_basic" if "basic" in dialect["client_auth"] else "client_secret_post"})

    @app.get("/login")
    def login():
        return client.authorize_redirect(REDIRECT)

    @app.errorhandler(AuthlibBaseError)
    def failed(error):
        return {"error": error.error}, 400

    @app.get("/callback")
    def callback():
        token = client.authorize_access_token()
        return {"told": token["userinfo"], "asked": client.userinfo(token=token)}

    return app


def discovers(judge, name):
    browser = flask_app(judge, name).test_client()
    back = judge.browse(browser.get("/login").location)
    reply = browser.get(back[len("http://127.0.0.1:8123"):])
    check(reply.status_code == 200 and reply.json["told"]["sub"] == reply.json["asked"]["sub"],
          f"Authlib at {name}: found by discovery, ID token checked, user info of the same person", reply.text[:300])
    judge.saw(name, "login", "id token", "user info")
    judge.is_content(name, "nothing is wrong with that")

    browser = flask_app(judge, name).test_client()
    back = judge.browse(browser.get("/login").location)
    reply = flask_app(judge, name).test_client().get(back[len("http://127.0.0.1:8123"):])
    equal((reply.status_code, reply.json["error"]), (400, "mismatching_state"), f"Authlib at {name}: a callback in another browser goes no further")


class App:
    def __init__(self, judge, name, secret=SECRET):
        self.judge, self.name, self.dialect = judge, name, BY_NAME[name]
        d = self.dialect
        method = "client_secret_basic" if "basic" in d["client_auth"] else "client_secret_post"
        if d["client_id_parameter"] != "client_id":
            method = self.by_its_own_name
        self.secret = secret
        self.session = OAuth2Session(CLIENT, secret, scope=d.scope(), redirect_uri=REDIRECT, token_endpoint_auth_method=method,
                                     revocation_endpoint_auth_method=method,
                                     code_challenge_method="S256" if d.takes_challenges() else None)
        self.verifier = hashlib.sha512(str(id(self)).encode()).hexdigest()

    def by_its_own_name(self, client, method, uri, headers, body):
        """Authlib's way to add a way of authenticating."""
        name, secret = self.dialect["client_id_parameter"], self.dialect["client_secret_parameter"]
        return uri, headers, f"{body}&{name}={client.client_id}&{secret}={client.client_secret}"

    def callback(self, **changes):
        asked = {}
        name, _, value = self.dialect["refresh_asked_by"].partition("=")
        if name and name != "scope":
            asked[name] = value
        if self.dialect["client_id_parameter"] != "client_id":
            asked[self.dialect["client_id_parameter"]] = CLIENT
        if self.dialect["challenge"] == "hex":
            asked.update(code_challenge=hashlib.sha256(self.verifier.encode()).hexdigest(), code_challenge_method="S256")
        elif self.dialect.takes_challenges():
            asked["code_verifier"] = self.verifier
        asked = {k: v for k, v in {**asked, **changes}.items() if v is not None}
        url, self.state = self.session.create_authorization_url(self.judge.at(self.dialect, "authorize_url"), **asked)
        return self.judge.browse(url)

    def redeem(self, callback, **changes):
        # The session reads a callback without a code as one of another grant, so this is asked first; the client for Flask does so itself.
        if "error=" in callback:
            raise AuthlibBaseError("refused")
        pair = {"code_verifier": self.verifier} if self.dialect.takes_challenges() else {}
        words = {k: v for k, v in {**pair, **changes}.items() if v is not None}
        return self.session.fetch_token(self.judge.at(self.dialect, "token_url"), authorization_response=callback, state=self.state, **words)

    def is_refused(self, does, fault, what, together=None):
        try:
            does()
            check(False, f"Authlib at {self.name}: {what}: an error is raised")
        except AuthlibBaseError:
            self.judge.named(self.name, fault, what, together)


def logs_in(judge, name):
    app = App(judge, name)
    tokens = app.redeem(app.callback())
    judge.saw(name, "login")
    if tokens.get("refresh_token"):
        fresh = app.session.refresh_token(judge.at(app.dialect, "token_url"), refresh_token=tokens["refresh_token"])
        check(fresh["access_token"] != tokens["access_token"], f"Authlib at {name}: a refresh brings another token")
        tokens = {**tokens, **fresh}
        judge.saw(name, "refresh")
    judge.is_content(name, "logs in, and refreshes where there is a refresh token")
    if app.dialect["revoke_url"] and app.dialect["revoke_auth"] == "client":
        kind = "access_token" if callable(app.session.token_endpoint_auth_method) else "refresh_token"
        reply = app.session.revoke_token(judge.at(app.dialect, "revoke_url"), tokens[kind], kind)
        equal(reply.status_code, 200, f"Authlib at {name}: revokes")
        judge.saw(name, "revoke")


def mistakes(judge, name):
    dialect = BY_NAME[name]
    hexes = dialect["challenge"] == "hex"
    if dialect["pkce"] == "required":
        app = App(judge, name)
        app.is_refused(lambda: app.redeem(app.callback(code_verifier=None, code_challenge=None, code_challenge_method=None)), "challenge-missing", "no PKCE")

    app = App(judge, name)
    other = ({"code_challenge": None, "code_challenge_method": None, "code_verifier": app.verifier} if hexes else
             {"code_verifier": None, "code_challenge": hashlib.sha256(app.verifier.encode()).hexdigest(), "code_challenge_method": "S256"})
    app.is_refused(lambda: app.redeem(app.callback(**other)), "challenge-not-hex" if hexes else "challenge-is-hex", "the challenge in the other encoding")

    app = App(judge, name)
    app.is_refused(lambda: app.redeem(app.callback(), code_verifier=None), "verifier-missing", "the verifier is lost")

    first, second = App(judge, name), App(judge, name)
    first.callback()
    second.is_refused(lambda: second.redeem(second.callback(), code_verifier=first.verifier), "verifier-mismatch", "the verifier of another login",
                      "verifier-of-another-login")

    app = App(judge, name)
    app.is_refused(lambda: app.redeem(app.callback(), redirect_uri=REDIRECT.replace("callback", "other")), "redirect-uri-differs",
                   "another redirect URI at the token request")

    app = App(judge, name)
    back = app.callback()
    app.redeem(back)
    app.is_refused(lambda: app.redeem(back), "code-reused", "a code that was used before")

    app = App(judge, name, secret="wrong")
    app.is_refused(lambda: app.redeem(app.callback()), "secret-rejected", "a wrong secret")


with Judge("Authlib") as judge:
    for name in BY_DISCOVERY:
        discovers(judge, name)
    for name in BY_ADDRESS:
        logs_in(judge, name)
    for name in MISTAKEN:
        mistakes(judge, name)
    judge.keep_record()
finish()
