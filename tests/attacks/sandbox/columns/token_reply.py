#!/usr/bin/env python3
"""The shapes of a token reply: where the tokens stand, under which content type, what is text and what is not; who gets a refresh token."""
import os
import sys
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from happy_path import decide
from harness import Login, Sandbox, check, equal, finish, made

ME = 'userinfo_url = "https://{host}/o/me"\nscopes = {"one", "two", "offline"}\npkce = "sent"\nclient_auth = {"post"}\n'

TEXTS = {
    "accept": ME + 'token_reply = "accept"\nreply_scope_separator = ","\nerror_status = 200\n',
    "typed": ME + 'token_reply_type = "text/plain; charset=utf-8"\n',
    "listed": ME + 'token_reply_at = "/data/0"\ntoken_subject = "/data/0/user_id"\ntoken_reply_more = "/data/0/permissions=all&/count=1&/ok=true&/zip=0123&/a~1b/c%20d=e%26f"\nsubject_type = "number"\n',
    "inside": ME + 'token_reply_at = "/authed_user"\ntoken_subject = "/authed_user/id"\nok_at = "/ok"\n',
    "bare": ME + 'token_type = ""\nreply_scope = "absent"\nexpires_in = "absent"\n',
    "odd": ME + 'token_type = "bearer"\nreply_scope = "array"\nexpires_in = "text"\naccess_lifetime = 7200\n',
    "lasting": ME + 'access_lifetime = 0\n',
    "by-scope": ME + 'refresh_lifetime = 60\nrefresh_asked_by = "scope=offline"\n',
    "by-parameter": ME + 'refresh_lifetime = 60\nrefresh_asked_by = "access_type=offline"\n',
    "form": ME + 'token_reply = "form"\nsubject_type = "number"\ntoken_subject = "/uid"\ntoken_reply_more = "/extra=1%262"\n',
}


def accept(sandbox, login):
    def redeem(header, code=None):
        return sandbox.token(login, code or sandbox.code(login), {"Accept": header})

    for header in (None, "*/*", "text/html, application/xhtml+xml;q=0.9", "application/jsonp", "application/x-www-form-urlencoded"):
        reply = redeem(header)
        check(reply.headers["content-type"] == "application/x-www-form-urlencoded" and reply.members["scope"] == "one,two" and reply.members["access_token"],
              f"accept: a form for {header!r}", (reply.headers, reply.text))
        reply = redeem(header, "x" * 43)
        equal((reply.status, reply.headers["content-type"], reply.members["error"]), (200, "application/x-www-form-urlencoded", "invalid_grant"), f"accept: an error for {header!r}")
    for header in ("application/json", "text/html, Application/JSON;q=0.5"):
        reply = redeem(header)
        equal((reply.headers["content-type"], reply.json["scope"], reply.json["expires_in"]), ("application/json", "one,two", 3600), f"accept: JSON for {header!r}")
        equal(redeem(header, "x" * 43).json["error"], "invalid_grant", f"accept: an error for {header!r}")


def shapes(sandbox, dialects):
    def tokens(name):
        login = Login(dialects[name])
        return sandbox.token(login, sandbox.code(login))

    got = tokens("typed")
    equal((got.headers["content-type"], got.json["token_type"]), ("text/plain; charset=utf-8", "Bearer"), "typed: JSON under another name")
    got = tokens("listed").json
    inner = got["data"][0]
    check(set(got) == {"data", "count", "ok", "zip", "a/b"} and len(got["data"]) == 1 and inner["access_token"] and inner["permissions"] == "all", "listed: the tokens in an array", got)
    equal((got["count"], got["ok"], got["zip"], got["a/b"]), (1, True, "0123", {"c d": "e&f"}), "listed: numbers, words and escapes of what is there in addition")
    check(isinstance(inner["user_id"], int) and inner["user_id"] > 10 ** 12, "listed: a subject that is a number", inner)
    got = tokens("inside").json
    check(set(got) == {"ok", "authed_user"} and got["ok"] is True and got["authed_user"]["token_type"] == "Bearer" and len(got["authed_user"]["id"]) == 32, "inside: the tokens in an object", got)
    equal(set(tokens("bare").json), {"access_token"}, "bare: nothing but the token")
    got = tokens("odd").json
    equal((got["token_type"], got["scope"], got["expires_in"]), ("bearer", ["one", "two"], "7200"), "odd: a list of scopes, a lifetime in text")
    check("expires_in" not in tokens("lasting").json, "lasting: no expires_in")
    got = tokens("form")
    fields = urllib.parse.parse_qs(got.text)
    check(fields["extra"] == ["1&2"] and fields["uid"][0].isdigit() and fields["expires_in"] == ["3600"], "form: all of it in a form", got.text)


def asked_for(sandbox, dialects):
    login = Login(dialects["by-scope"])
    for scope, given in (("one", False), ("one two", False), ("one offline", True), ("offline", True), ("offlin", None)):
        reply = sandbox.authorize(login, scope=scope)
        if given is not None:
            equal("refresh_token" in sandbox.token(login, reply.query["code"]).json, given, f"by-scope: {scope}")
    login = Login(dialects["by-parameter"])
    for value, given in ((None, False), ("online", False), ("Offline", False), ("offline", True)):
        reply = sandbox.authorize(login, access_type=value)
        equal("refresh_token" in sandbox.token(login, reply.query["code"]).json, given, f"by-parameter: {value}")


def with_consent(options, dialects):
    with Sandbox(*options) as sandbox:
        login = Login(dialects["by-scope"])
        for kept, given in ((["one", "offline"], True), (["one"], False)):
            _, reply = decide(sandbox, login, scopes=kept, scope="one offline")
            equal("refresh_token" in sandbox.token(login, reply.query["code"]).json, given, f"by-scope: the person leaves {kept}")


def lifetimes(options, dialects):
    with Sandbox("--auto-approve", "--access-ttl", "1", *options) as sandbox:
        for name in ("lasting", "odd", "bare"):
            login = Login(dialects[name])
            equal(sandbox.token(login, sandbox.code(login)).json.get("expires_in"), {"lasting": 1, "odd": "1", "bare": None}[name], f"{name}: --access-ttl is what it says")


def main():
    with made(TEXTS) as (sandbox, dialects):
        accept(sandbox, Login(dialects["accept"]))
        shapes(sandbox, dialects)
        asked_for(sandbox, dialects)
        for name in ("lasting", "bare"):
            login = Login(dialects[name])
            equal(sandbox.login(login)[1].status, 200, f"{name}: the token works")
        with_consent(sandbox.options[1:3], dialects)
        lifetimes(sandbox.options[1:3], dialects)
    finish()


if __name__ == "__main__":
    main()
