#!/usr/bin/env python3
"""A gateway that was stopped for long finds many tokens due. It renews all of them, each once, a few of each login at a time, and a login
whose provider is slow is in nobody else's way."""
import sys
import threading
import time

sys.dont_write_bytecode = True
from broker import Brokered
from fake_provider import Handler
from harness import Browser, check, equal, finish, run, wait_for
from refreshing import Sqlite
from refreshing_provider import Refreshing

AT_ONCE = 8  # of one login
MANY = 40

provider = Refreshing()


class Pace:
    """How many replies are under way, at most. They wait for `go`."""

    def __init__(self):
        self.lock = threading.Lock()
        self.now = self.most = self.all = 0
        self.go = threading.Event()

    def reply(self, handler, document):
        with self.lock:
            self.now += 1
            self.all += 1
            self.most = max(self.most, self.now)
        self.go.wait(60)
        time.sleep(0.02)
        with self.lock:
            self.now -= 1
        Handler.json(handler, document)


def sign_in(gateway, login, count, pace):
    for n in range(count):
        browser = Browser(gateway)
        reply = browser.get(provider.approve(browser.start(login), f"{login}-{n}", refresh=pace.reply))
        if reply.status != 303:
            raise AssertionError(reply)


def after_a_long_stop():
    slow, quick = Pace(), Pace()
    with Brokered(provider, {"poster": ["one", "two"]}) as gateway:
        sign_in(gateway, "one", MANY, slow)
        sign_in(gateway, "two", 3, quick)
        gateway.stop()
        now = int(time.time())
        Sqlite(gateway).change(access_expires_at=now - 5000, refresh_at=now - 6000, created_at=now - 10000)
        quick.go.set()
        gateway.start()
        check(wait_for(lambda: slow.now == AT_ONCE, 60), f"{AT_ONCE} refreshes of one login begin", slow.now)
        check(wait_for(lambda: quick.all == 3, 60), "those of another do not wait for them", quick.all)
        equal(slow.all, AT_ONCE, "no more of the first begin before one ends")
        reply = gateway.token("sub-two-0", "two")
        equal(reply.status, 200, "who asks for a token of the other login gets it")
        slow.go.set()
        check(wait_for(lambda: slow.all == MANY and not slow.now, 60), "all of them are done", slow.all)
        check(slow.most == AT_ONCE, f"never more than {AT_ONCE} at a time", slow.most)
        left = wait_for(lambda: (left := Sqlite(gateway).row("count(*)", "sum(refreshed_at IS NULL)", "sum(refresh_at <= unixepoch())")) == (MANY + 3, 0, 0) and left, 60)
        equal(left, (MANY + 3, 0, 0), "and nothing is due")
        equal((slow.all, quick.all), (MANY, 3), "each was refreshed once")


def locked_ones():
    """A key is missing, or somebody wrote to the store: what cannot be opened is due for ever, and must not be looked at for ever."""
    pace = Pace()
    pace.go.set()
    with Brokered(provider, {"poster": ["one"]}) as gateway:
        sign_in(gateway, "one", 4, pace)
        gateway.stop()
        store, now = Sqlite(gateway), int(time.time())
        store.change(access_expires_at=now - 5000, refresh_at=now - 6000, created_at=now - 10000)
        store.run("UPDATE grants SET access_token = refresh_token, refresh_at = ? WHERE subject <> 'sub-one-3'", now - 7000)
        gateway.start()
        check(wait_for(lambda: store.row("sum(refreshed_at IS NOT NULL)") == (1,), 60), "the one that opens is refreshed", store.row("sum(refreshed_at IS NOT NULL)"))
        left = wait_for(lambda: store.row("sum(lease_until > 1000 * (unixepoch() + 60))") == (3,), 60)
        check(left, "those that do not are left alone for minutes", store.row("group_concat(lease_until / 1000 - unixepoch())"))
        reply = gateway.token("sub-one-0", "one")
        check(reply.status == 503 and reply.json["fault"] == "grant-locked", "who asks for one of them is told at once", reply)


run(after_a_long_stop, locked_ones)
finish()
