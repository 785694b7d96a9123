#!/usr/bin/env python3
"""Whose tokens a refresh brings (OpenID Connect Core 12.2): those of another person end the grant and go back; an ID token that cannot be
verified is left out, and the access token is used all the same."""
import sys

sys.dont_write_bytecode = True
from broker import Brokered, is_refusal
from fake_provider import new_key, sign
from harness import Browser, check, equal, finish, run, wait_for
from refreshing import Sqlite, expire
from refreshing_provider import Refreshing

STRANGER = new_key("first")  # the kid of the right key


provider = Refreshing()


def claiming(**changes):
    """The honest token with these claims changed; None leaves one out."""
    return lambda claims: sign({name: value for name, value in {**claims, **changes}.items() if value is not None}, provider.keys[0])


def refreshed(what, login="one", person="ada", **script):
    """What the broker says when a token has ended; the tokens that the provider gave for it."""
    with Brokered(provider, {"poster": ["one", "named"]}) as gateway:
        browser = Browser(gateway)
        path = provider.approve(browser.start(login), person, **script)
        if browser.get(path).status != 303:
            raise AssertionError(what)
        store, before = Sqlite(gateway), provider.tokens_of(path)
        expire(store)
        reply = gateway.token("sub-" + person, login)
        yield gateway, reply, [token for token in provider.tokens_of(path) if token not in before], store
        if reply.status == 200:
            expire(store)
            equal(gateway.token("sub-" + person, login).status, 200, f"{what}: and again, the next time")


def kept():
    for what, script in (("an honest ID token", {}), ("one without a nonce", {"refresh_id_token": claiming(nonce=None)}),
                         ("no ID token", {"refresh_id_token": lambda claims: None})):
        for gateway, reply, tokens, store in refreshed(what, **script):
            check(reply.status == 200 and reply.json["access_token"] in tokens, f"{what}: the new token is given", reply)
            check(not gateway.log_lines("event=token.id_token_left_out"), f"{what}: nothing is left out", gateway.log_lines("event=token"))
    for gateway, reply, tokens, store in refreshed("the refresh token stays", keep=True):
        equal((reply.status, len(tokens)), (200, 1), "a reply without a refresh token: the one that there is stays")


def of_another():
    for what, login, script, fault in (
            ("an ID token of another person", "one", {"refresh_id_token": claiming(sub="sub-linus")}, "subject-mismatch"),
            ("one of another issuer", "one", {"refresh_id_token": claiming(iss="https://evil.example")}, "id-token-issuer"),
            ("one for another client", "one", {"refresh_id_token": claiming(aud="another")}, "id-token-audience"),
            ("a reply for another person", "named", {"refresh": lambda handler, document: handler.json(document | {"sub": "sub-linus"})}, "subject-mismatch")):
        for gateway, reply, tokens, store in refreshed(what, login, **script):
            check(is_refusal(reply, 410, "grant_ended") and reply.json["fault"] == fault, f"C-44 {what} ends the grant", reply)
            equal(store.row("state", "fault"), (2, fault), f"{what}: and the store says why")
            check(wait_for(lambda: any(provider.asked("revoke", token) for token in tokens)), f"{what}: the tokens are given back", provider.requests)
            equal((gateway.token("sub-ada", login).status, provider.asked("refresh", tokens[-1])), (410, 0), f"{what}: nobody uses them")


def not_verified():
    for what, made in (("an ID token of a stranger's key", lambda claims: sign(claims, STRANGER)), ("one that is none", lambda claims: "a.b"),
                       ("one that has expired", claiming(exp=1))):
        for gateway, reply, tokens, store in refreshed(what, refresh_id_token=made):
            check(reply.status == 200 and reply.json["access_token"] in tokens, f"{what}: the access token is given", reply)
            equal((len(gateway.log_lines("event=token.id_token_left_out", "level=warn")), store.row("id_token IS NULL")), (1, (0,)),
                  f"{what}: that of the login stays, and the log says so")


def by_a_new_key():
    before = provider.keys

    def rotated(claims):
        if provider.keys == before:
            provider.rotate("second")
        return sign(claims, provider.keys[0])
    for gateway, reply, tokens, store in refreshed("a new key", refresh_id_token=rotated):
        check(reply.status == 200 and not gateway.log_lines("event=token.id_token_left_out") and store.row("id_token IS NULL") == (0,),
              "an ID token by a key that the provider has not shown before: its keys are fetched once more", (reply, gateway.log_lines("event=token")))


run(kept, of_another, not_verified, by_a_new_key)
finish()
