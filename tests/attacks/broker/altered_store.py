#!/usr/bin/env python3
"""Who can write to the store, but has no key: what is copied to another row or column gives nobody a token."""
import pathlib
import sqlite3
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "stores"))
import postgres
import redis
from broker import Brokered, is_refusal
from fake_provider import Provider
from harness import Browser, at_once, check, equal, finish

SEALS = ["access_token", "refresh_token", "id_token", "key"]


class OnSqlite:
    name = "SQLite"
    store = None

    def copy(self, gateway, source, target, columns):
        """columns: of the target, each with the source's one that it gets."""
        assigned = ", ".join(f"{to} = (SELECT {of} FROM grants WHERE subject = '{source}')" for to, of in columns.items())
        with sqlite3.connect(gateway.directory / "state" / "vault.db", timeout=10) as store:
            store.execute(f"UPDATE grants SET {assigned} WHERE subject = '{target}'")
        store.close()


class OnPostgres:
    name = "PostgreSQL"

    def __init__(self, server):
        self.server = server
        self.store = f'"{server.address}"'

    def copy(self, _, source, target, columns):
        assigned = ", ".join(f"{to} = (SELECT {of} FROM proofkey.grants WHERE subject = '{source}')" for to, of in columns.items())
        self.server.sql(f"UPDATE proofkey.grants SET {assigned} WHERE subject = '{target}'")


class OnRedis:
    name = "Redis"

    def __init__(self, server):
        self.server = server
        self.store = f'"{server.address}"'

    def copy(self, _, source, target, columns):
        names = [f"{{proofkey}}:grant:one\0\0{subject}" for subject in (source, target)]
        for to, of in columns.items():
            copied = self.server.ask("EVAL", "local value = redis.call('HGET', KEYS[1], ARGV[1]) if not value then return 0 end "
                                     "redis.call('HSET', KEYS[2], ARGV[2], value) return 1", "2", *names, of, to)
            if not copied and of != "id_token":
                raise AssertionError((source, of))


def attacked(on):
    provider = Provider()
    with Brokered(provider, store=on.store) as gateway:
        def locked(subject, what):
            reply = gateway.token(subject)
            check(is_refusal(reply, 503, "try_later") and reply.json["fault"] == "grant-locked", f"{on.name}: {what}: no token, and the fault says why", reply)

        for person in ("ada", "grace", "mallory"):
            reply = Browser(gateway).sign_in(provider, person=person)
            equal(reply.status, 303, f"{on.name}: {person} signs in")
        on.copy(gateway, "sub-ada", "sub-mallory", {column: column for column in SEALS})
        locked("sub-mallory", "ada's tokens in mallory's row")
        on.copy(gateway, "sub-grace", "sub-grace", {"access_token": "refresh_token"})
        locked("sub-grace", "a refresh token where the access token stands")
        equal(gateway.token("sub-ada").status, 200, f"{on.name}: ada's own row gives hers")
        check(gateway.log_lines("event=grant.locked", "level=error", "subject=sub-mallory", "altered, or moved"), f"{on.name}: the log names the row")
        reply = Browser(gateway).sign_in(provider, person="mallory")
        equal((reply.status, gateway.token("sub-mallory").status), (303, 200), f"{on.name}: a login mends it")


def on_postgres():
    with postgres.Postgres() as server:
        attacked(OnPostgres(server))


def on_redis():
    with redis.Redis() as server:
        attacked(OnRedis(server))


at_once(lambda: attacked(OnSqlite()), on_postgres, on_redis)
finish()
