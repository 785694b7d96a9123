#!/usr/bin/env python3
"""Who is known to the provider and not let in: nothing of them is kept, here or there."""
import sys

sys.dont_write_bytecode = True
from fake_provider import Provider
from harness import Browser, Gateway, check, equal, finish, is_refused, is_sent_back, run, wait_for

provider = Provider()
gateway = Gateway(provider, allow='emails = {"*@example.com", "boss@other.example"} subjects = {"one/friend-*"}')

LET_IN = (("sub-1", "ada@example.com"), ("sub-2", "ADA@EXAMPLE.COM"), ("sub-3", "boss@other.example"), ("friend-1", ""), ("friend-", "eve@evil.example"))

KEPT_OUT = (("sub", "eve@evil.example"), ("sub", ""), ("sub", "@example.com"), ("sub", "example.com"), ("sub", "ada@example.com.evil.example"), ("sub", "ada@xexample.com"), ("sub", "ada@example.com@evil.example"),
            ("sub", "mallory@evil.example@example.com"), ("sub", "ada@example.com\n"), ("sub", "ada@example.com "), ("sub", "ada@example.com\x00"), ("sub", "ada@\u0435xample.com"), ("sub", "Boss2@other.example"),
            ("sub", "*@example.com@x"), ("friend", "eve@evil.example"), ("Friend-1", "eve@evil.example"), ("two/friend-1", "eve@evil.example"), ("xfriend-1", "eve@evil.example"), ("one/friend-1", "eve@evil.example"),
            ("sub", ["ada@example.com"]), ("sub", {"a": "ada@example.com"}), ("sub", "e" * 250 + "@example.com.evil.example"))


def sign_in(number, subject, email, login="one", verified=True):
    person = f"{login}-{number}"
    provider.people[person] = {"sub": subject, "name": "Somebody", "email": email, "email_verified": verified}
    browser = Browser(gateway)
    path = provider.approve(browser.start(login), person)
    return browser, path, browser.get(path)


def kept_out():
    for number, (subject, email) in enumerate(KEPT_OUT):
        what = f"{subject} {str(email)[:40]!r}"
        browser, path, reply = sign_in(f"out{number}", subject, email)
        if "\x00" in str(email):
            check(reply.status in (403, 502) and not browser.session, f"{what} is kept out", reply)
        else:
            is_refused(gateway, reply, 403, "not-allowed", f"{what} is kept out")
        equal((browser.signed_in(), gateway.rows("grants")), (None, 0), f"{what}: no session, no grant")
        if reply.status == 403:
            tokens = provider.tokens_of(path)
            check(wait_for(lambda: [provider.asked("revoke", token) for token in tokens] == [1, 1]), f"{what}: both tokens are revoked at the provider", tokens)
    for number, verified in enumerate((False, "false", None, 1)):
        browser, _, reply = sign_in(f"claim{number}", "claimant", "boss@other.example", verified=verified)
        is_refused(gateway, reply, 403, "not-allowed", f"an address of which the provider says email_verified {verified!r}")
    browser, _, reply = sign_in("two", "friend-1", "eve@evil.example", login="two")
    is_refused(gateway, reply, 403, "not-allowed", "a friend at one provider is nobody at another")


def let_in():
    for number, (subject, email) in enumerate(LET_IN):
        browser, path, reply = sign_in(f"in{number}", subject, email)
        is_sent_back(gateway, reply, f"{subject} {email!r}")
        equal((browser.signed_in(), gateway.rows("grants"), provider.asked("revoke", provider.tokens_of(path)[0])), (subject, number + 1, 0), f"{subject} is in, with a grant")


def stays_who_it_was():
    browser, _, _ = sign_in("stays", "sub-1", "ada@example.com")
    reply = browser.sign_in(provider, person="one-out0")
    is_refused(gateway, reply, 403, "not-allowed", "somebody else in a browser that is signed in")
    equal(browser.signed_in(), "sub-1", "leaves the session that was there")


with gateway:
    run(kept_out, let_in, stays_who_it_was)
finish()
