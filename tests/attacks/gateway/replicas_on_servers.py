#!/usr/bin/env python3
"""Replicas on a store that is a server: a logout at one ends at all; when the store falls silent, whoever is signed in stays so, and a
login says why it cannot be.
The long form (PROOFKEY_SOAK=1) has two hundred logouts: replica_logouts.py."""
import pathlib
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "stores"))
import postgres
import redis
from fake_provider import Provider
from harness import Browser, at_once, check, equal, finish, is_refused, is_sent_back, wait_for
from replica_logouts import logouts, three

provider = Provider()


def replicas(server, name):
    gateways = three(provider, f'"{server.address}"')
    with gateways[0], gateways[1], gateways[2]:
        logouts(provider, name, gateways)
        grace = Browser(gateways[0])
        is_sent_back(gateways[0], grace.sign_in(provider, person="grace"), f"{name}: grace signs in at one replica")
        falls_silent(server, name, *gateways[:2], grace)


def falls_silent(server, name, one, two, grace):
    server.signal(signal.SIGSTOP)
    try:
        equal({Browser(gateway, dict(grace.jar)).get("/check/nginx").status for gateway in (one, two) * 10}, {200}, f"{name} is silent: checks go on")
        equal(Browser(two).get("/readyz").status, 503, f"{name} is silent: the gateway is not ready for logins")
        is_refused(two, Browser(two).sign_in(provider), 503, "store-unavailable", f"{name} is silent: a login")
    finally:
        server.signal(signal.SIGCONT)
    check(wait_for(lambda: {Browser(gateway).get("/readyz").status for gateway in (one, two)} == {200}, 20), f"{name} speaks again: both are ready")
    is_sent_back(one, Browser(two).sign_in(provider), f"{name} speaks again: a login")
    equal(len(two.log_lines("event=keeper.revoked", "level=error")), 1, f"{name}: that it was away is said once")


def on_postgres():
    with postgres.Postgres() as server:
        replicas(server, "PostgreSQL")


def on_redis():
    with redis.Redis() as server:
        replicas(server, "Redis")


at_once(on_postgres, on_redis)
finish()
