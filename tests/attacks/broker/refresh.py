#!/usr/bin/env python3
"""Tokens are refreshed before they end, once however many ask, and a grant ends only when its provider says so. The sandbox is the provider, and counts."""
import sys
import threading
import time

sys.dont_write_bytecode = True
from broker import is_refusal
from harness import check, equal, finish, run, wait_for
from refreshing import Sandbox, Sqlite, expire, gateway_at, try_again

SUBJECT = None  # ada's, as the sandbox says


def at_once(gateways, count):
    """The answers to so many requests at the same moment."""
    replies, start = [], threading.Barrier(count)

    def one(gateway):
        start.wait()
        replies.append(gateway.token(SUBJECT, timeout=60))

    threads = [threading.Thread(target=one, args=(gateways[n % len(gateways)],)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


def before_expiry():
    with Sandbox("--access-ttl", "20") as sandbox, gateway_at(sandbox) as gateway:
        sandbox.sign_in(gateway)
        began = time.monotonic()
        first = gateway.token(SUBJECT, query="?min_ttl=0").json["access_token"]
        equal(gateway.token(SUBJECT, query="?min_ttl=0").json["access_token"], first, "a token that lasts is given again")
        newer = wait_for(lambda: (token := gateway.token(SUBJECT, query="?min_ttl=0").json.get("access_token")) != first and token, 40)
        check(newer and 9 <= time.monotonic() - began < 20, "before it ends there is another one, that nobody asked for", time.monotonic() - began)
        equal(sandbox.refreshes(), 1, "one refresh made it")
        check(Sqlite(gateway).row("state", "failures", "sent_at") == (0, 0, None), "the grant is active", Sqlite(gateway).row("state", "failures", "sent_at"))
        newest = wait_for(lambda: (token := gateway.token(SUBJECT, query="?min_ttl=0").json.get("access_token")) not in (first, newer) and token, 40)
        check(newest, "and so it goes on, with the refresh token that was replaced")


def provider_fails():
    with Sandbox("--access-ttl", "20") as sandbox, gateway_at(sandbox) as gateway:
        sandbox.sign_in(gateway)
        first = gateway.token(SUBJECT, query="?min_ttl=0").json["access_token"]
        sandbox.arm("server-error", times=0)
        check(wait_for(lambda: Sqlite(gateway).row("state", "fault", "failures") == (1, "server-error", 1), 30), "a provider that fails ends no grant",
              Sqlite(gateway).row("state", "fault", "failures"))
        equal(gateway.token(SUBJECT, query="?min_ttl=0").json.get("access_token"), first, "the token that lasts is given meanwhile")
        reply = wait_for(lambda: (reply := gateway.token(SUBJECT)).status != 200 and reply, 30)
        check(is_refusal(reply, 503, "try_later") and reply.json["fault"] == "server-error" and 1 <= int(reply.headers["retry-after"]) <= 30,
              "who needs another one is told why, and when to come again", reply)
        check(wait_for(lambda: Sqlite(gateway).row("failures")[0] >= 2, 30), "it is tried again", Sqlite(gateway).row("failures"))
        sandbox.disarm()
        try_again(Sqlite(gateway))
        check(gateway.token(SUBJECT).json.get("access_token") not in (first, None) and Sqlite(gateway).row("state", "failures", "sent_at") == (0, 0, None),
              "and the next try does better", Sqlite(gateway).row("state", "fault", "failures"))


def provider_is_away():
    """It comes back and knows nobody: no answer was lost for that, since no request had left."""
    with Sandbox() as sandbox, gateway_at(sandbox) as gateway:
        sandbox.sign_in(gateway)
        expire(Sqlite(gateway))
        sandbox.__exit__()
        waits = []
        for failures, wait in ((1, 5), (2, 10), (3, 20)):
            before = int(time.time())
            reply = gateway.token(SUBJECT)
            check(is_refusal(reply, 503, "try_later") and reply.json["fault"] == "provider-unreachable" and Sqlite(gateway).row("failures") == (failures,),
                  "a provider that is away ends no grant", (reply, Sqlite(gateway).row("failures")))
            waits.append(before + wait <= Sqlite(gateway).row("refresh_at")[0] <= time.time() + 1.25 * wait + 1)
            try_again(Sqlite(gateway))
        equal(waits, [True] * 3, "and is left alone for longer each time")
        with Sandbox(port=sandbox.port):
            reply = gateway.token(SUBJECT)
            check(reply.status == 410 and reply.json["fault"] == "provider-session-gone", "one that has forgotten the person ends it", reply)


def provider_is_busy():
    with Sandbox() as sandbox, gateway_at(sandbox) as gateway:
        sandbox.sign_in(gateway)
        expire(Sqlite(gateway))
        sandbox.arm("rate-limited", seconds=400)
        replies = [gateway.token(SUBJECT) for _ in range(5)]
        check({reply.status for reply in replies} == {503} and {reply.json["fault"] for reply in replies} == {"rate-limited"}
              and all(300 <= int(reply.headers["retry-after"]) <= 440 for reply in replies), "a provider that names a time is left alone for so long", replies)
        equal(sandbox.refreshes(), 1, "by all who ask")


def grants_end():
    with Sandbox() as sandbox, gateway_at(sandbox) as gateway:
        sandbox.sign_in(gateway)
        expire(Sqlite(gateway))
        sandbox.arm("provider-session-gone")
        reply = gateway.token(SUBJECT)
        check(is_refusal(reply, 410, "grant_ended") and reply.json["fault"] == "provider-session-gone", "invalid_grant ends it", reply)
        equal((Sqlite(gateway).row("state")[0], gateway.token(SUBJECT).status, sandbox.refreshes()), (2, 410, 1), "for good: nobody asks again")
        sandbox.sign_in(gateway)
        equal(gateway.token(SUBJECT).status, 200, "a new login begins again")

        expire(Sqlite(gateway))
        sandbox.arm("refresh-reply-lost")
        reply = gateway.token(SUBJECT)
        check(is_refusal(reply, 503, "try_later") and reply.json["fault"] == "provider-unreachable", "an answer that is lost on the way may come yet", reply)
        sandbox.arm("server-error")
        try_again(Sqlite(gateway))
        equal(gateway.token(SUBJECT).json["fault"], "server-error", "the next try fails for another reason")
        check(wait_for(lambda: gateway.token(SUBJECT).status == 410, 30), "the one after that, in its time, is refused")
        equal(gateway.token(SUBJECT).json["fault"], "refresh-reply-lost", "because the provider had answered, and nobody heard")

        sandbox.sign_in(gateway)
        expire(Sqlite(gateway))
        sandbox.arm("reply-misread")
        equal(gateway.token(SUBJECT).json["fault"], "reply-misread", "an answer that cannot be read may be read yet")
        try_again(Sqlite(gateway))
        equal(gateway.token(SUBJECT).json["fault"], "refresh-reply-lost", "or it was lost like one that did not come")

        sandbox.sign_in(gateway)
        expire(Sqlite(gateway))
        sandbox.arm("secret-rejected")
        reply = gateway.token(SUBJECT)
        check(reply.status == 503 and reply.json["fault"] == "secret-rejected" and gateway.log_lines("level=error", "event=token.not_refreshed"),
              "a secret that is wrong is the operator's, and ends nothing", reply)


def one_for_all():
    with Sandbox() as sandbox, gateway_at(sandbox) as gateway:
        sandbox.sign_in(gateway)
        expire(Sqlite(gateway))
        sandbox.refreshes()
        sandbox.arm("reply-slow", seconds=4)
        replies = at_once([gateway], 50)
        equal({reply.status for reply in replies}, {200}, "50 at once get a token")
        equal((len({reply.json["access_token"] for reply in replies}), sandbox.refreshes()), (1, 1), "the same one, by one refresh, though the provider is slow")


def two_gateways():
    with Sandbox() as sandbox:
        one = gateway_at(sandbox)
        two = gateway_at(sandbox, ring=one.ring, public_url=f'"{one.url}"', store=f'"sqlite:{one.directory}/state/vault.db"')
        with one, two:
            sandbox.sign_in(one)
            for seconds in (0, 12):
                expire(Sqlite(one))
                sandbox.refreshes()
                if seconds:
                    sandbox.arm("reply-slow", seconds=seconds)
                replies = at_once([one, two], 50)
                equal({reply.status for reply in replies}, {200}, f"50 at two gateways get a token of a provider that takes {seconds} seconds")
                equal((len({reply.json["access_token"] for reply in replies}), sandbox.refreshes()), (1, 1), "the same one, by one refresh")


def revoked_meanwhile():
    with Sandbox() as sandbox, gateway_at(sandbox) as gateway:
        sandbox.sign_in(gateway)
        expire(Sqlite(gateway))
        sandbox.arm("reply-slow", seconds=2)
        replies = []
        asking = threading.Thread(target=lambda: replies.append(gateway.token(SUBJECT)))
        asking.start()
        check(wait_for(lambda: Sqlite(gateway).row("sent_at")[0]), "it is in the store that a refresh was sent, before its answer")
        equal(gateway.broker(f"/v1/grants/one/{SUBJECT}", "DELETE").status, 204, "the grant is revoked during it")
        asking.join()
        check(is_refusal(replies[0], 404, "no_grant"), "the new tokens are for nobody", replies[0])
        check(Sqlite(gateway).row("*") is None and wait_for(lambda: len(gateway.log_lines("event=token.revoked")) >= 4), "and are given back",
              gateway.log_lines("event=token"))


def subject_of_ada():
    global SUBJECT
    with Sandbox() as sandbox, gateway_at(sandbox) as gateway:
        sandbox.sign_in(gateway)
        SUBJECT = Sqlite(gateway).row("subject")[0]
        equal(gateway.token(SUBJECT).status, 200, "ada has a token")


def short_lived():
    with Sandbox("--access-ttl", "20") as sandbox, gateway_at(sandbox) as gateway:
        sandbox.sign_in(gateway)
        replies = [gateway.token(SUBJECT, query=query) for query in ("", "?min_ttl=86400")]
        check([reply.status for reply in replies] == [200, 200] and all(10 <= reply.json["expires_in"] <= 20 for reply in replies),
              "tokens that live for less than is asked for are given in the first half of their lives", replies)
        equal(sandbox.refreshes(), 0, "and none is made anew for that")


run(subject_of_ada, short_lived, before_expiry, provider_fails, provider_is_away, provider_is_busy, grants_end, one_for_all, two_gateways, revoked_meanwhile)
finish()
