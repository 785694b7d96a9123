#!/usr/bin/env python3
"""One refresh per grant, however many ask: three replicas on each store and a thousand programs that ask at one moment for a token that
has ended; a provider that takes half a minute; a replica that is killed while it refreshes. The sandbox is the provider, and counts.

PROOFKEY_SOAK=1: each of them on each store. Without it, the long ones run on one."""
import contextlib
import os
import resource
import selectors
import signal
import socket
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
from broker import Brokered
from fake_provider import Handler
from harness import Browser, Reply, at_once, check, equal, finish, run, sensitive, wait_for
from refreshing import KEEPING, ROTATING, Postgres, Redis, Sandbox, Sqlite, expire, replicas
from refreshing_provider import Refreshing

SOAK = bool(os.environ.get("PROOFKEY_SOAK"))
REPLICAS = 3
MANY, FEW = 1000, 90
PATIENCE = 180  # seconds; only what hangs takes so long


class Answer:
    """What came over a connection, as it is read."""

    def __init__(self, gateway, path):
        self.request = (f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                        f"Authorization: Bearer {gateway.secrets['poster']}\r\n\r\n").encode()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(gateway.socket)
        self.got = b""

    def send(self):
        self.socket.sendall(self.request)
        self.socket.setblocking(False)

    def read(self):
        """Whether that was all."""
        more = self.socket.recv(65536)
        self.got += more
        return not more

    @property
    def reply(self):
        """As of a connection that gives what was read."""
        import http.client
        import io

        class Given:
            def __init__(self, got):
                self.got = got

            def makefile(self, *_):
                return io.BytesIO(self.got)

        if not self.got:
            return None
        response = http.client.HTTPResponse(Given(self.got))
        response.begin()
        return Reply(response, response.read())


class Crowd:
    """So many programs, each with a connection to one of the gateways; they ask at one moment."""

    def __init__(self, gateways, subject, count):
        path = f"/v1/grants/one/{urllib.parse.quote(subject, safe='')}/token"
        self.answers = [Answer(gateways[n % len(gateways)], path) for n in range(count)]
        self.waiting = selectors.DefaultSelector()
        for answer in self.answers:
            answer.send()
            self.waiting.register(answer.socket, selectors.EVENT_READ, answer)

    def replies(self):
        """All of them; None for who was told nothing."""
        end = time.monotonic() + PATIENCE
        while self.waiting.get_map() and time.monotonic() < end:
            for key, _ in self.waiting.select(1):
                try:
                    ended = key.data.read()
                except OSError:
                    ended = True
                if ended:
                    self.waiting.unregister(key.fileobj)
        for answer in self.answers:
            answer.socket.close()
        self.waiting.close()
        replies = [answer.reply for answer in self.answers]
        sensitive.update(reply.json["access_token"] for reply in replies if reply and reply.status == 200)
        return replies


def tally(replies):
    """How often each status and fault came."""
    kinds = [(reply.status, reply.json.get("fault")) if reply else None for reply in replies]
    return {kind: kinds.count(kind) for kind in set(kinds)}


def all_get_one(replies, count, what):
    equal(tally(replies), {(200, None): count}, what)
    return equal(len({reply.json["access_token"] for reply in replies if reply and reply.status == 200}), 1, "it is the same one")


def a_thousand(kind):
    with Sandbox() as sandbox, replicas(kind, sandbox, REPLICAS) as (gateways, subject, store):
        old = gateways[0].token(subject, query="?min_ttl=0").json["access_token"]
        expire(store)
        sandbox.refreshes()
        replies = Crowd(gateways, subject, MANY).replies()
        all_get_one(replies, MANY, f"{store.name}: {MANY} programs at {REPLICAS} replicas get a token in place of one that has ended")
        check(replies[0].json["access_token"] != old, "a new one")
        equal(sandbox.refreshes(), 1, f"{store.name}: the provider was asked for it once")
        equal(store.row("state", "failures", "sent_at"), (0, 0, None), "and the store says so")
        all_get_one(Crowd(gateways[:1], subject, MANY).replies(), MANY, f"{store.name}: {MANY} at one replica are given it again")
        equal(sandbox.refreshes(), 0, "without the provider")


def slow_provider(kind, seconds=30):
    with Sandbox() as sandbox, replicas(kind, sandbox, REPLICAS) as (gateways, subject, store):
        expire(store)
        sandbox.refreshes()
        sandbox.arm("reply-slow", seconds=seconds)
        crowd = Crowd(gateways, subject, FEW)
        wait_for(lambda: store.row("sent_at")[0], PATIENCE)
        # Who hangs up takes nothing with it.
        for answer in crowd.answers[:3]:
            crowd.waiting.unregister(answer.socket)
            answer.socket.close()
        crowd.answers = crowd.answers[3:]
        all_get_one(crowd.replies(), FEW - 3, f"{store.name}: a provider that takes {seconds} seconds is waited for by all who ask")
        equal(sandbox.refreshes(), 1, f"{store.name}: and asked once")


def busy_broker():
    """A thousand answers in one moment, of long tokens, while the broker does not read: more than a socket holds."""
    provider, go = Refreshing(), threading.Event()

    def reply(handler, document):
        go.wait(PATIENCE)
        Handler.json(handler, document | {"access_token": document["access_token"] + "x" * 4000})
    with provider, Brokered(provider, {"poster": ["one"]}, fronts=1) as gateway:
        equal(Browser(gateway).sign_in(provider, refresh=reply).status, 303, "ada signs in")
        store = Sqlite(gateway)
        expire(store)
        crowd = Crowd([gateway], "sub-ada", MANY)
        wait_for(lambda: provider.asked("refresh"), PATIENCE)
        time.sleep(2)  # so that most of them are heard
        (broker,) = gateway.children("broker")
        os.kill(broker, signal.SIGSTOP)
        go.set()
        wait_for(lambda: store.row("refreshed_at")[0], PATIENCE)
        os.kill(broker, signal.SIGCONT)
        all_get_one(crowd.replies(), MANY, f"{MANY} answers wait for a broker that is busy")
        equal(provider.asked("refresh"), 1, "the provider was asked once")


def impatient():
    """Connections do not live for ever: who waits is told in time, and the refresh goes on for whoever asks next."""
    with Sandbox() as sandbox, replicas(Sqlite, sandbox, 1) as (gateways, subject, store):
        expire(store)
        sandbox.refreshes()
        sandbox.arm("reply-slow", seconds=55)
        replies = Crowd(gateways, subject, 3).replies()
        equal(tally(replies), {(503, "token-not-fresh"): 3}, "a provider that takes 55 seconds: who waits is told before")
        check(all(reply.headers.get("retry-after") == "5" for reply in replies), "and when to come again", replies)
        equal(gateways[0].token(subject).status, 200, "who does gets the token")
        equal(sandbox.refreshes(), 1, "for which the provider was asked once")


def killed(kind, dialect):
    """The one that refreshes dies with its lease. A provider that keeps the refresh token gives the next one a new access token; what one
    that replaced it has answered is lost, which no gateway can mend, and is named."""
    with Sandbox() as sandbox, replicas(kind, sandbox, REPLICAS, dialect) as (gateways, subject, store):
        first, *others = gateways
        expire(store)
        sandbox.refreshes()
        sandbox.arm("reply-slow", seconds=20)
        asking = Crowd([first], subject, 1)
        check(wait_for(lambda: store.row("sent_at")[0], PATIENCE), f"{store.name}: a replica refreshes", store.row("sent_at"))
        crowd = Crowd(others, subject, FEW)
        first.quiet = False
        for pid in [*first.children("keeper"), first.process.pid, *first.children("broker"), *first.children("front")]:
            with contextlib.suppress(ProcessLookupError):  # it has seen that the others are gone
                os.kill(pid, signal.SIGKILL)
        first.process.wait()
        told = tally(asking.replies())
        check(told in ({None: 1}, {(503, "keeper-unavailable"): 1}), "and is killed", told)
        replies = crowd.replies()
        if dialect == KEEPING:
            all_get_one(replies, FEW, f"{store.name}: another one does it, when the lease has ended")
        else:
            equal(tally(replies), {(410, "refresh-reply-lost"): FEW}, f"{store.name}: what the provider had answered is lost, and all are told so")
        equal(sandbox.refreshes(), 2, f"{store.name}: the provider was asked once more, not by each")


def on(kind):
    def tests():
        run(lambda: a_thousand(kind))
        if SOAK or kind is Postgres:
            run(lambda: slow_provider(kind))
        if SOAK or kind is Sqlite:
            run(lambda: killed(kind, KEEPING))
        if SOAK or kind is Redis:
            run(lambda: killed(kind, ROTATING))
    return tests


resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
at_once(on(Sqlite), on(Postgres), on(Redis), impatient, busy_broker)
finish()
