#!/usr/bin/env python3
"""Replicas on one store: a session that ends at one ends at all of them, and so do all of a person's.
The long form (PROOFKEY_SOAK=1) has two hundred logouts: replica_logouts.py."""
import sqlite3
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
from fake_provider import Provider
from harness import Browser, Gateway, at_once, check, equal, finish, is_refused, is_sent_back, parameters, wait_for
from replica_logouts import logouts, three

provider = Provider()


def pair():
    """Two gateways as a balancer has them behind it: one address, one key ring, one store."""
    one = Gateway(provider)
    store = f'"sqlite:{one.directory}/state/vault.db"'
    return one, Gateway(provider, ring=one.ring, public_url=f'"{one.url}"', store=store)


def everywhere(browser, *gateways):
    return {Browser(gateway, browser.jar).signed_in() for gateway in gateways}


def logout_is_seen_by_all():
    one, two = pair()
    with one, two:
        ada, grace = Browser(one), Browser(one)
        is_sent_back(one, ada.sign_in(provider), "ada signs in at one replica")
        grace.sign_in(provider, person="grace")
        equal((everywhere(ada, one, two), everywhere(grace, one, two)), ({"sub-ada"}, {"sub-grace"}), "both know ada, and grace")
        stolen = Browser(two, dict(ada.jar))
        equal(ada.log_out().status, 303, "ada signs out at the first")
        equal(Browser(one, dict(stolen.jar)).signed_in(), None, "her cookie is none there")
        check(wait_for(lambda: stolen.signed_in() is None, 30), "nor at the other, a moment later")
        equal(everywhere(grace, one, two), {"sub-grace"}, "grace stays signed in")
        check(wait_for(lambda: one.rows("grants") == 1), "ada's grant is gone")


def everybody_of_one_subject():
    one, two = pair()
    with one, two:
        phone, laptop, grace = Browser(one), Browser(two), Browser(one)
        for browser, person in ((phone, "ada"), (laptop, "ada"), (grace, "grace")):
            browser.sign_in(provider, person=person)
        equal(everywhere(phone, one, two) | everywhere(laptop, one, two), {"sub-ada"}, "ada is signed in twice")
        time.sleep(1.1)  # sessions begin in whole seconds
        now = int(time.time())
        with sqlite3.connect(one.directory / "state" / "vault.db", timeout=10) as store:
            store.execute("INSERT INTO revocations (login, subject, until, expires_at) VALUES ('one', 'sub-ada', ?, ?)", (now, now + 3600))
        check(wait_for(lambda: everywhere(phone, one, two) | everywhere(laptop, one, two) == {None}, 30), "what was revoked in the store is seen by all")
        equal(everywhere(grace, one, two), {"sub-grace"}, "grace stays signed in")
        phone.sign_in(provider)
        equal(everywhere(phone, one, two), {"sub-ada"}, "a session that begins later counts")
        equal({Browser(two, laptop.jar).signed_in() for _ in range(5)}, {None}, "the old one does not")


def replaced_session_lives_a_moment():
    """Other tabs are under way with the old cookie: hearing of it from the store must not end it sooner."""
    with Gateway(provider) as gateway:
        browser = Browser(gateway)
        browser.sign_in(provider)
        old = Browser(gateway, dict(browser.jar))
        browser.sign_in(provider)
        check(browser.session != old.session, "a second login: another session")
        equal({old.signed_in() for _ in range(25) if not time.sleep(0.1)}, {"sub-ada"}, "two seconds later the first one still counts")
        check(wait_for(lambda: old.signed_in() is None, 10), "and then it ends")
        equal(browser.signed_in(), "sub-ada", "the second one goes on")


def callback_at_both():
    """One code, two replicas: it is redeemed once. Who had no answer from the one is sent to begin anew by the other."""
    one, two = pair()
    with one, two:
        browser = Browser(one)
        path = provider.approve(browser.start(return_to="/there?a=1&b=%26"))
        again = Browser(two, dict(browser.jar))  # whoever is signed in would be sent on
        is_sent_back(one, browser.get(path), "the callback at one replica", "/there?a=1&b=%26")
        reply = again.get(path)
        equal((reply.status, reply.location), (303, one.url + "/login/one?return_to=" + urllib.parse.quote(one.url + "/there?a=1&b=%26", safe="")),
              "the same at the other, which had no answer: the login begins anew")
        equal((provider.asked("token", parameters(path)["code"]), one.rows("spent_attempts")), (1, 1), "the code was sent once, and one attempt is spent")
        path = provider.approve(again.get(reply.location.removeprefix(one.url)).location)
        is_sent_back(one, again.get(path), "and ends well", "/there?a=1&b=%26")
        equal(len(two.log_lines("event=login.again")), 1, "the log says so once")
        again.jar.pop("proofkey")
        is_refused(two, again.get(path), 400, "code-reused", "who had an answer and comes again, signed out, is told")
        again.jar["proofkey-answered"] = "x" * 4000
        equal(again.get(path).status, 303, "an altered note of that begins another login, and no more")

def three_on_sqlite():
    gateways = three(provider)
    with gateways[0], gateways[1], gateways[2]:
        logouts(provider, "SQLite", gateways)


at_once(three_on_sqlite, logout_is_seen_by_all, everybody_of_one_subject, callback_at_both, replaced_session_lives_a_moment)
finish()
