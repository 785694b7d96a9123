#!/usr/bin/env python3
"""The keys are rotated while people are signed in, on their way and away: nobody notices. Then the old key goes, and with it what only it could open."""
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys

sys.dont_write_bytecode = True
TESTS = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS / "attacks" / "broker"), str(TESTS / "stores")]
import postgres
import redis
from broker import Brokered, is_refusal
from fake_provider import Provider
from harness import PROGRAM, Browser, at_once, check, equal, finish, is_sent_back, wait_for

PEOPLE = 150  # several pages of the resealing
SOON = 90  # seconds: it begins some seconds after the start, and a row that is busy waits for the next round

provider = Provider()


def keys(what, *arguments):
    done = subprocess.run([PROGRAM, "keys", what, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done)
    return [tuple(line.split()) for line in done.stdout.splitlines()]


def ids(gateway):
    return [row[0] for row in keys("list", gateway.ring)]


def reload(gateway):
    """The next generation serves, and the one before is gone."""
    before = gateway.children("keeper") + gateway.children("front") + gateway.children("broker")
    ready = len(gateway.log_lines("event=gateway.ready"))
    os.kill(gateway.process.pid, signal.SIGHUP)
    now = lambda: gateway.children("keeper") + gateway.children("front") + gateway.children("broker")
    if not wait_for(lambda: len(gateway.log_lines("event=gateway.ready")) > ready and not set(before) & set(now()), SOON):
        raise AssertionError("the gateway did not take the new configuration: " + gateway.log()[-2000:])


def resealed(gateway, key):
    """The line that says that nothing needs the key any more."""
    return wait_for(lambda: gateway.log_lines("event=keys.resealed", "level=info", f"key={key}"), SOON)


def number(line, name):
    return int(line.split(f" {name}=")[1].split()[0])


def sign_in(gateway, person):
    browser = Browser(gateway)
    reply = browser.sign_in(provider, person=person)
    if reply.status != 303:
        raise AssertionError(reply)
    return browser


def rotation(name, people, **settings):
    with Brokered(provider, **settings) as gateway:
        persons = [f"{name}{i}" for i in range(people)]
        crowd = [sign_in(gateway, person) for person in persons]
        away = Browser(gateway)
        back = provider.approve(away.start(return_to="/there"), f"{name}-away")
        old, = ids(gateway)

        keys("rotate", gateway.ring)
        new = ids(gateway)[0]
        reload(gateway)
        equal(crowd[0].signed_in(), f"sub-{persons[0]}", f"{name}: who is signed in stays so")
        is_sent_back(gateway, away.get(back), f"{name}: who was at the provider comes back", "/there")
        equal({gateway.token(f"sub-{person}").status for person in (persons[0], persons[-1], f"{name}-away")}, {200}, f"{name}: programs get tokens")
        lines = resealed(gateway, old)
        check(lines and number(lines[0], "grants") == people, f"{name}: all {people} grants of the old key are sealed with the new one, and the log says so", lines)
        check(f"\nproofkey_grants_resealed_total {people}\n" in Browser(gateway).get("/metrics").text, f"{name}: and the metrics count them")

        keys("drop", gateway.ring, old)
        reload(gateway)
        equal(ids(gateway), [new], f"{name}: the old key is gone")
        equal({gateway.token(f"sub-{person}").status for person in persons}, {200}, f"{name}: all grants still open")
        equal(away.signed_in(), f"sub-{name}-away", f"{name}: a session of the new key counts")
        reply = crowd[0].get("/me")
        equal((reply.status, crowd[0].get("/check/nginx").status), (401, 401), f"{name}: one of the old key does not")
        is_sent_back(gateway, crowd[0].sign_in(provider, person=persons[0]), f"{name}: but a login helps")
        late = Browser(gateway)
        equal(late.get(provider.approve(away.start(), f"{name}-late")).status, 400, f"{name}: nor does a login of another browser")
        equal(gateway.log_lines("level=error"), [], f"{name}: nothing of that is an error")


def on_sqlite():
    rotation("sqlite", PEOPLE)


def on_postgres():
    with postgres.Postgres() as server:
        rotation("postgres", 3, store=f'"{server.address}"')


def on_redis():
    with redis.Redis() as server:
        rotation("redis", 3, store=f'"{server.address}"')


def sealed_with(gateway):
    """The ids of the keys that sealed the rows of the store."""
    store = sqlite3.connect(f"file:{gateway.directory}/state/vault.db?mode=ro", uri=True, timeout=10)
    try:
        return {bytes(key).hex() for key, in store.execute("SELECT key FROM grants")}
    finally:
        store.close()


def several_machines():
    """A replica that has not rotated yet opens what another seals with the new key, and leaves it as it is."""
    one = Brokered(provider)
    two = Brokered(provider, ring=one.ring, public_url=f'"{one.url}"', store=f'"sqlite:{one.directory}/state/vault.db"')
    with one, two:
        sign_in(one, "first")
        old, = ids(one)
        keys("rotate", "--prepare", one.ring)
        prepared = ids(one)[-1]
        shutil.copy(one.ring, two.ring)
        reload(one)
        reload(two)
        browser = sign_in(two, "second")
        equal(sealed_with(one), {old}, "a prepared key seals nothing")
        keys("rotate", one.ring)
        reload(one)
        equal(ids(one), [prepared, old], "the prepared key comes first")
        sign_in(one, "third")
        check(resealed(one, old), "what the old key sealed is sealed with the new one")
        equal(sealed_with(one), {prepared}, "all of it")
        equal({two.token(f"sub-{person}").status for person in ("first", "second", "third")}, {200}, "a replica that has not rotated opens it")
        equal(Browser(one, browser.jar).signed_in(), "sub-second", "and its sessions count at the other")
        sign_in(two, "fourth")
        check(wait_for(lambda: sealed_with(one) == {prepared}, SOON), "what it seals itself is found later")
        equal(two.log_lines("event=keys.resealed"), [], "and it takes nothing back to the old key")


def two_at_once():
    """Two replicas seal the same rows anew: each row once."""
    one = Brokered(provider)
    two = Brokered(provider, ring=one.ring, public_url=f'"{one.url}"', store=f'"sqlite:{one.directory}/state/vault.db"')
    with one, two:
        for i in range(PEOPLE):
            sign_in(one, f"both{i}")
        old, = ids(one)
        keys("rotate", one.ring)
        shutil.copy(one.ring, two.ring)
        at_once(lambda: reload(one), lambda: reload(two))
        lines = resealed(one, old) + resealed(two, old)
        equal(sealed_with(one), {ids(one)[0]}, "two replicas at once: all is sealed with the new key")
        equal(sum(number(line, "grants") for line in lines), PEOPLE, "each row by one of them")


def store_away():
    with redis.Redis() as server, Brokered(provider, store=f'"{server.address}"') as gateway:
        sign_in(gateway, "patient")
        old, = ids(gateway)
        keys("rotate", gateway.ring)
        reload(gateway)
        server.signal(signal.SIGSTOP)
        check(wait_for(lambda: gateway.log_lines("event=keeper.reseal", "level=error"), SOON), "a store that is away: the log says that the sealing waits")
        server.signal(signal.SIGCONT)
        check(resealed(gateway, old), "and when it is back, it goes on")
        equal(gateway.token("sub-patient").status, 200, "nothing is lost")


def dropped_too_early():
    with Brokered(provider) as gateway:
        sign_in(gateway, "early")
        old, = ids(gateway)
        lost = gateway.directory / "lost"
        shutil.copy(gateway.ring, lost)
        keys("rotate", gateway.ring)
        keys("drop", gateway.ring, old)
        reload(gateway)
        reply = gateway.token("sub-early")
        check(is_refusal(reply, 503, "try_later") and reply.json["fault"] == "grant-locked", "a key that went too early: the program is refused", reply)
        check(gateway.log_lines("level=error", "event=grant.locked", "login=one", "subject=sub-early", "a key that is not in the key ring"), "and the log says why")
        equal({gateway.token("sub-early").status for _ in range(20)}, {503}, "as often as it asks")
        equal(len(gateway.log_lines("event=grant.locked")), 1, "which the log does not repeat each time")
        shutil.copy(lost, gateway.ring)
        keys("rotate", gateway.ring)
        reload(gateway)
        equal(gateway.token("sub-early").status, 200, "nothing is lost where the key is found again")
        check(resealed(gateway, old), "and it can go when its work is done")


def ended_in_between():
    """Killed while it seals: whoever comes next finds the rest."""
    with Brokered(provider, quiet=False) as gateway:
        for i in range(PEOPLE):
            sign_in(gateway, f"kill{i}")
        old, = ids(gateway)
        keys("rotate", gateway.ring)
        new = ids(gateway)[0]
        reload(gateway)
        check(wait_for(lambda: sealed_with(gateway) == {old, new} or sealed_with(gateway) == {new}, SOON), "the sealing has begun")
        for pid in gateway.children("keeper"):
            os.kill(pid, signal.SIGKILL)
        check(resealed(gateway, old), "a keeper that was killed: the next one goes on")
        equal(sealed_with(gateway), {new}, "until all is sealed with the new key")
        equal({gateway.token(f"sub-kill{i}").status for i in range(PEOPLE)}, {200}, "and all of it opens")


at_once(on_sqlite, on_postgres, on_redis, several_machines, dropped_too_early, ended_in_between, two_at_once, store_away)
finish()
