#!/usr/bin/env python3
"""The store goes away while the provider answers. The new tokens are nowhere else, so they are kept until they can be stored, and nobody
sends the refresh token a second time, neither here nor at another replica whose users cannot wait."""
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
from broker import is_refusal
from refreshing import Postgres, Redis, Sandbox, expire, replicas
from harness import at_once, check, equal, finish, run, wait_for

LEASE = 10  # seconds


def falls_silent(server):
    server.signal(signal.SIGSTOP)
    return lambda: server.signal(signal.SIGCONT)


def is_killed(server):
    server.kill()
    return server.start


def soon(gateway, subject):
    """What it says when its store is back."""
    return wait_for(lambda: (reply := gateway.token(subject)).status != 503 and reply, 60)


def goes_away(kind, how, seconds):
    with Sandbox() as sandbox, replicas(kind, sandbox, 2) as (gateways, subject, store):
        what = f"{store.name} {how.__name__.replace('_', ' ')} for {seconds} seconds"
        old = gateways[0].token(subject, query="?min_ttl=0").json["access_token"]
        expire(store)
        sandbox.refreshes()
        sandbox.arm("reply-slow", seconds=3)
        replies = []
        asking = threading.Thread(target=lambda: replies.append(gateways[0].token(subject)))
        asking.start()
        check(wait_for(lambda: store.row("sent_at")[0]), f"{what}: a refresh is under way", store.row("sent_at"))
        come_back = how(store.server)
        try:
            asking.join()
            check(is_refusal(replies[0], 503, "try_later") and replies[0].json["fault"] == "store-unavailable", f"{what}: who waits is told", replies[0])
            end = time.monotonic() + seconds
            # The other replica has somebody who asks all the time, also when the store has just come back.
            while time.monotonic() < end:
                wait_for(lambda: gateways[1].token(subject).status == 200, 0.2)
        finally:
            come_back()
        reply = soon(gateways[1], subject)
        check(reply and reply.status == 200 and reply.json["access_token"] != old, f"{what}: the new token is given when it is back", reply)
        equal(soon(gateways[0], subject).json.get("access_token"), reply and reply.json.get("access_token"), f"{what}: by both replicas")
        equal((sandbox.refreshes(), store.row("state", "failures", "sent_at")), (1, (0, 0, None)), f"{what}: the provider was asked once")
        check(gateways[0].log_lines("event=keeper.store", "new tokens are not stored yet"), f"{what}: the log says so", gateways[0].log_lines("keeper.store"))


def on(kind):
    return lambda: run(lambda: goes_away(kind, falls_silent, LEASE + 5), lambda: goes_away(kind, is_killed, 3))


at_once(on(Postgres), on(Redis))
finish()
