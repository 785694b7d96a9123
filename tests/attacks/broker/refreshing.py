"""What the tests of refreshing share: the sandbox as a provider that counts, gateways that use it, and the rows of each store, so that a
token can have ended without anybody waiting for it."""
import contextlib
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "stores"))
from broker import Brokered
from harness import PROGRAM, Browser, ask

os.environ["SANDBOX_SECRET"] = "sandbox-secret"
ROTATING, KEEPING = "rfc7636", "google"  # whether a refresh replaces the refresh token


class Sandbox:
    def __init__(self, *options, port=0):
        environment = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0:quarantine_size_mb=8"}
        self.process = subprocess.Popen([PROGRAM, "sandbox", "--listen", f"127.0.0.1:{port}", "--auto-approve", *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=environment)
        self.port = int(re.search(rb"http://127\.0\.0\.1:(\d+)", self.process.stdout.readline())[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()

    def sign_in(self, gateway):
        """Ada signs in; her grant is the only one. Her subject. On a machine that has other things to do she may have to try again."""
        for _ in range(5):
            browser = Browser(gateway)
            location = browser.start()
            back = ask(self.port, "GET", location[len(self.url):]).location
            parts = urllib.parse.urlsplit(back)
            reply = browser.get(f"{parts.path}?{parts.query}")
            if reply.status == 303:
                return browser.signed_in()
        raise AssertionError(reply)

    def arm(self, fault, **more):
        reply = ask(self.port, "POST", "/_sandbox/faults", {"Content-Type": "application/json"}, json.dumps({"fault": fault, **more}))
        if reply.status not in (200, 201, 204):
            raise AssertionError(reply)

    def disarm(self):
        ask(self.port, "DELETE", "/_sandbox/faults")

    def refreshes(self):
        """How often a refresh token was used, since the last time that this was asked for."""
        events = [event for attempt in ask(self.port, "GET", "/_sandbox/attempts").json for event in attempt["capture"]["events"]]
        ask(self.port, "DELETE", "/_sandbox/attempts")
        return sum("grant_type=refresh_token" in json.dumps(event) for event in events if event["kind"] == "token")


def gateway_at(sandbox, dialect=ROTATING, **settings):
    login = {"provider": f'"{dialect}"', "client_id": '"sandbox-client"', "client_secret": '"${SANDBOX_SECRET}"', "scopes": '{"openid"}'}
    if dialect == ROTATING:
        login["host"] = f'"127.0.0.1:{sandbox.port}"'
    return Brokered(sandbox, logins={"one": login}, **settings)


class Sqlite:
    """A store that is a file: of the first gateway, unless it is named."""

    name = "SQLite"

    def __init__(self, gateway=None):
        self.gateway = gateway

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def begin(self, gateway):
        """The first gateway that uses it."""
        self.gateway = gateway
        return self.address

    @property
    def address(self):
        return f"sqlite:{self.gateway.directory}/state/vault.db" if self.gateway else None

    def run(self, statement, *values):
        with sqlite3.connect(self.gateway.directory / "state" / "vault.db", timeout=20) as rows:
            return rows.execute(statement, values).fetchone()

    def row(self, *columns):
        return self.run(f"SELECT {', '.join(columns)} FROM grants")

    def change(self, **values):
        self.run("UPDATE grants SET " + ", ".join(f"{name} = ?" for name in values), *values.values())


class Served:
    """A store with a server of its own."""

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def begin(self, _gateway):
        return self.address

    @property
    def address(self):
        return self.server.address


class Postgres(Served):
    name = "PostgreSQL"

    def __init__(self):
        import postgres
        self.server = postgres.Postgres()

    def row(self, *columns):
        line = self.server.sql(f"SELECT json_build_array({', '.join(columns)}) FROM proofkey.grants").strip()
        return tuple(json.loads(line)) if line else None

    def change(self, **values):
        pairs = (f"{name} = {'NULL' if value is None else value}" for name, value in values.items())
        self.server.sql("UPDATE proofkey.grants SET " + ", ".join(pairs))


class Redis(Served):
    name = "Redis"

    def __init__(self):
        import redis
        self.server = redis.Redis()

    def key(self):
        return self.server.ask("KEYS", "{proofkey}:grant:*")[0].decode()

    def row(self, *columns):
        values = [self.server.ask("HGET", self.key(), column) for column in columns]
        return tuple(int(value) if value and value.lstrip(b"-").isdigit() else value.decode() if value else None for value in values)

    def change(self, **values):
        key = self.key()
        for name, value in values.items():
            if value is None:
                self.server.ask("HDEL", key, name)
            else:
                self.server.ask("HSET", key, name, str(value))
            if name == "refresh_at":
                self.due(key, value)

    def due(self, key, at):
        """The names by the time when they are due are a set for each login."""
        login, _, subject = key.removeprefix("{proofkey}:grant:").partition("\0\0")
        if at is None:
            self.server.ask("ZREM", "{proofkey}:due:" + login, subject)
        else:
            self.server.ask("ZADD", "{proofkey}:due:" + login, str(at), subject)


@contextlib.contextmanager
def replicas(kind, sandbox, count, dialect=ROTATING):
    """So many gateways on one store, ada's subject, and the store."""
    with kind() as store, contextlib.ExitStack() as ended:
        settings = {"fronts": 1, "dialect": dialect, "store": f'"{store.address}"' if store.address else None}
        one = gateway_at(sandbox, **settings)
        settings["store"] = f'"{store.begin(one)}"'
        gateways = [one] + [gateway_at(sandbox, ring=one.ring, public_url=f'"{one.url}"', **settings) for _ in range(count - 1)]
        for gateway in gateways:
            ended.enter_context(gateway)
        yield gateways, sandbox.sign_in(one), store


def expire(store):
    """The access token has ended, and nobody has it in their plan."""
    now = int(time.time())
    store.change(access_expires_at=now - 10, created_at=now - 1000, refreshed_at=None, refresh_at=None)


def try_again(store):
    """Who asks next may have the refresh tried again, as if the time for that had come."""
    store.change(refresh_at=int(time.time()) - 1)
