#!/usr/bin/env python3
"""requests-oauthlib, as Debian has it: OAuth2Session with the pair that oauthlib makes; the app brings the addresses.

Its fetch_token reads JSON and forms, and takes what a provider wants beside the standard as keywords."""
import hashlib
import sys

sys.dont_write_bytecode = True
from clients import BY_NAME, CLIENT, REDIRECT, SECRET, Judge, check, finish

from oauthlib.oauth2 import OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

# The provider, and what of its own an app gives to the session.
PROVIDERS = ["auth0", "discord", "genesys", "gitlab", "google", "hydra", "keycloak", "linkedin", "okta", "reddit", "rfc7636", "salesforce", "spotify",
             "spring", "tiktok", "tiktok-desktop", "x", "zitadel"]
MISTAKEN = ["keycloak", "okta", "rfc7636", "spring", "tiktok-desktop", "x"]


class App:
    def __init__(self, judge, name, secret=SECRET, redirect=REDIRECT):
        self.judge, self.name, self.dialect, self.secret = judge, name, BY_NAME[name], secret
        d = self.dialect
        # A separator that is not a space has to be in the scope already.
        scope = d.asked_scopes() if d["scope_separator"] == " " else [d.scope()]
        self.session = OAuth2Session(CLIENT, redirect_uri=redirect, scope=scope)
        self.verifier = self.session._client.create_code_verifier(64)
        self.challenge = (hashlib.sha256(self.verifier.encode()).hexdigest() if d["challenge"] == "hex"
                          else self.session._client.create_code_challenge(self.verifier, "S256"))
        self.key = {d["client_id_parameter"]: CLIENT} if d["client_id_parameter"] != "client_id" else {}

    def callback(self, **changes):
        asked = dict(self.key)
        if self.dialect.takes_challenges():
            asked.update(code_challenge=self.challenge, code_challenge_method="S256")
        parameter, _, value = self.dialect["refresh_asked_by"].partition("=")
        if parameter and parameter != "scope":
            asked[parameter] = value
        asked = {k: v for k, v in {**asked, **changes}.items() if v is not None}
        url, self.state = self.session.authorization_url(self.judge.at(self.dialect, "authorize_url"), **asked)
        return self.judge.browse(url)

    def proof(self):
        """Basic where the provider takes it, as the library does by itself; else the secret in the body."""
        if "basic" in self.dialect["client_auth"]:
            return {"auth": HTTPBasicAuth(CLIENT, self.secret)}
        return {"include_client_id": True, "client_secret": self.secret, **self.key}

    def redeem(self, callback, **changes):
        pair = {"code_verifier": self.verifier} if self.dialect.takes_challenges() else {}
        words = {k: v for k, v in {**pair, **changes}.items() if v is not None}
        return self.session.fetch_token(self.judge.at(self.dialect, "token_url"), authorization_response=callback, **self.proof(), **words)

    def refresh(self, token):
        words = self.proof()
        if "auth" not in words:
            words = {"client_id": CLIENT, "client_secret": self.secret, **self.key}
        return self.session.refresh_token(self.judge.at(self.dialect, "token_url"), refresh_token=token, **words)

    def is_refused(self, does, fault, what, together=None):
        try:
            does()
            check(False, f"requests-oauthlib at {self.name}: {what}: an error is raised")
        except OAuth2Error:
            self.judge.named(self.name, fault, what, together)


def logs_in(judge, name):
    app = App(judge, name)
    tokens = app.redeem(app.callback())
    judge.saw(name, "login")
    if tokens.get("refresh_token"):
        fresh = app.refresh(tokens["refresh_token"])
        check(fresh["access_token"] != tokens["access_token"], f"requests-oauthlib at {name}: a refresh brings another token")
        judge.saw(name, "refresh")
    judge.is_content(name, "logs in, and refreshes where there is a refresh token")
    if app.dialect["revoke_url"] and "auth" in app.proof() and tokens.get("refresh_token"):
        url, headers, body = app.session._client.prepare_token_revocation_request(
            judge.at(app.dialect, "revoke_url").replace("http:", "https:"), fresh.get("refresh_token", tokens["refresh_token"]), "refresh_token")
        reply = app.session.post(url.replace("https:", "http:"), data=body, headers=headers, withhold_token=True, **app.proof())
        check(reply.status_code == 200, f"requests-oauthlib at {name}: revokes", reply.text)
        judge.saw(name, "revoke")


def mistakes(judge, name):
    if BY_NAME[name]["pkce"] == "required":
        app = App(judge, name)
        app.is_refused(lambda: app.redeem(app.callback(code_challenge=None, code_challenge_method=None)), "challenge-missing", "no PKCE")

    app = App(judge, name)
    hexes = BY_NAME[name]["challenge"] == "hex"
    app.challenge = app.session._client.create_code_challenge(app.verifier, "S256") if hexes else hashlib.sha256(app.verifier.encode()).hexdigest()
    app.is_refused(lambda: app.redeem(app.callback()), "challenge-not-hex" if hexes else "challenge-is-hex", "the challenge in the other encoding")

    app = App(judge, name)
    app.is_refused(lambda: app.redeem(app.callback(), code_verifier=None), "verifier-missing", "the verifier is lost")

    first, second = App(judge, name), App(judge, name)
    first.callback()
    second.is_refused(lambda: second.redeem(second.callback(), code_verifier=first.verifier), "verifier-mismatch", "the verifier of another login",
                      "verifier-of-another-login")

    app = App(judge, name)
    back = app.callback()
    app.session.redirect_uri = REDIRECT.replace("callback", "other")
    app.is_refused(lambda: app.redeem(back), "redirect-uri-differs", "another redirect URI at the token request")

    app = App(judge, name)
    back = app.callback()
    app.redeem(back)
    app.is_refused(lambda: app.redeem(back), "code-reused", "a code that was used before")

    app = App(judge, name, secret="wrong")
    app.is_refused(lambda: app.redeem(app.callback()), "secret-rejected", "a wrong secret")


with Judge("requests-oauthlib") as judge:
    for name in PROVIDERS:
        logs_in(judge, name)
    for name in MISTAKEN:
        mistakes(judge, name)
    judge.keep_record()
finish()
