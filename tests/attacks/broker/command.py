#!/usr/bin/env python3
"""`proofkey grants`: it shows what the gateway holds, never a token; it ends a grant; and its exit status says how it went."""
import json
import os
import sqlite3
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from broker import Brokered
from fake_provider import Provider
from harness import PROGRAM, Browser, check, equal, finish, run

provider = Provider()
# Without an ID token, whose subjects are ASCII: there a provider may call somebody anything.
plain = {"provider": '"rfc7636"', "host": f'"127.0.0.1:{provider.port}"', "scopes": '{"profile"}'}
gateway = Brokered(provider, {"poster": ["one"], "both": ["one", "two"]}, logins={"one": plain, "two": plain})
at_port = Brokered(provider, at_port=True)


def grants(*words, config=None):
    return subprocess.run([PROGRAM, "grants", *words, "--config", config or gateway.config], capture_output=True, text=True, timeout=60,
                          env={"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""), "http_proxy": "http://127.0.0.1:1"})


def listed():
    done = grants("list")
    lines = done.stdout.splitlines()
    check(done.returncode == 0 and len(lines) == 122 and lines[0].split()[:3] == ["login", "subject", "state"], "a line for each grant, over several pages", done)
    check(any(line.split()[:3] == ["one", "sub-ada", "active"] for line in lines) and "access-" not in done.stdout, "who, where and how it is; no token", lines[:3])
    check("\u009b" not in done.stdout and "r??ed" in done.stdout, "what a provider calls somebody is not obeyed by a terminal")
    rows = json.loads(grants("list", "--json").stdout)["grants"]
    check(len(rows) == 121 and "r\u009bed" in [row["subject"] for row in rows], "as JSON it is all there", len(rows))
    rows = json.loads(grants("list", "--json", "--subject", "sub-ada", "--key", "both").stdout)["grants"]
    equal([row["login"] for row in rows], ["one", "two"], "of one person, with another key")
    equal(len(json.loads(grants("list", "--json", "--login", "two", "--key", "both").stdout)["grants"]), 1, "of one login")
    done = grants("list", "--login", "two")
    check(done.returncode == 1 and "may not use" in done.stderr and not done.stdout, "what the key may not see is an error", done)


def revoked():
    done = grants("revoke", "--login", "one", "--subject", "sub-ada")
    check(done.returncode == 0 and not done.stdout and gateway.token().status == 404, "a grant is revoked", done)
    done = grants("revoke", "--login", "one", "--subject", "sub-ada")
    check(done.returncode == 1 and "Have the person sign in." in done.stderr, "once", done)
    done = grants("revoke", "--login", "one", "--subject", "r\u009bed")
    equal(done.returncode, 0, "whatever the name has in it")


def by_state():
    """What an operator looks for in an incident."""
    now = int(time.time())
    with sqlite3.connect(gateway.directory / "state" / "vault.db", timeout=20) as rows:
        set_row = "UPDATE grants SET state = ?, fault = ?, refresh_at = ? WHERE subject = ?"
        rows.execute(set_row, (1, "server-error", now + 240, "sub-p001"))
        rows.execute(set_row, (2, "provider-session-gone", None, "sub-p002"))
        rows.execute(set_row, (0, None, now - 7300, "sub-p003"))
        # Somebody else is at it, and comes to no end.
        rows.execute("UPDATE grants SET lease_owner = x'00', lease_until = ? WHERE subject = 'sub-p003'", ((now + 600) * 1000,))
    shown = {line.split()[1]: line.split() for line in grants("list").stdout.splitlines()[1:]}
    check(shown["sub-p001"][4:8] in (["in", "3", "min", "server-error"], ["in", "4", "min", "server-error"]), "when the next try is, and what the last one died of", shown["sub-p001"])
    check(shown["sub-p002"][4:6] == ["-", "provider-session-gone"], "what has ended is not refreshed", shown["sub-p002"])
    check(shown["sub-p003"][4:7] == ["overdue", "2", "h"], "and what is late says so", shown["sub-p003"])
    for word, wanted in (("retrying", {"sub-p001"}), ("ended", {"sub-p002"}), ("overdue", {"sub-p003"})):
        rows = json.loads(grants("list", "--json", "--state", word).stdout)["grants"]
        equal({row["subject"] for row in rows}, wanted, f"those that are {word}")
    equal(len(json.loads(grants("list", "--json", "--state", "active").stdout)["grants"]), len(shown) - 2, "those that are active")


def usage():
    for words, text in ((("list", "--nope"), "--nope"), (("show",), "show"), ((), "list"), (("revoke", "--login", "one"), "--subject"), (("list", "more"), "list"),
                        (("refresh", "--login", "one"), "--subject"), (("list", "--state", "late"), "overdue"), (("refresh", "--login", "one", "--subject", "x", "--state", "ended"), "--state"),
                        (("list", "--key"), "needs a value")):
        done = subprocess.run([PROGRAM, "grants", *words], capture_output=True, text=True, timeout=60)
        check(done.returncode == 2 and text in done.stderr, f"{words}: wrong usage", done)
    empty = gateway.directory / "empty.conf"
    empty.write_text("public_url = \"x\"\n")
    for words, config, text in ((("list", "--key", "nobody"), None, "no broker_key of that name"), (("list",), empty, "no broker"), (("list",), "/nowhere", "cannot be read")):
        done = grants(*words, config=config)
        check(done.returncode == 1 and text in done.stderr, text, done)
    key = gateway.directory / "poster.key"
    key.chmod(0o644)
    done = grants("list")
    check(done.returncode == 1 and "chmod 600" in done.stderr, "a secret that others may read is not sent", done)
    key.chmod(0o600)
    secret = key.read_text()
    key.write_text("another-secret-of-more-than-32-characters\n")
    done = grants("list")
    check(done.returncode == 1 and "no key with this secret" in done.stderr and "another-secret" not in done.stderr, "nor is a wrong one shown", done)
    key.write_text(secret)


def elsewhere():
    with at_port:
        equal(Browser(at_port).sign_in(provider).status, 303, "a login")
        done = grants("list", config=at_port.config)
        check(done.returncode == 0 and "sub-ada" in done.stdout, "a broker at a port is asked there, and through no proxy", done)
    done = grants("list", config=at_port.config)
    check(done.returncode == 1, "one that is gone is told", done)


with gateway:
    provider.people["red"] = {"sub": "r\u009bed", "name": "Red", "email": "red@example.com"}
    browser = Browser(gateway)
    for person in ("ada", "red", *(f"p{number:03}" for number in range(119))):
        reply = browser.sign_in(provider, person=person)
        if reply.status != 303:
            raise SystemExit(f"no login: {person}: {reply}")
    equal(Browser(gateway).sign_in(provider, "two").status, 303, "a login elsewhere")
    run(listed, by_state, revoked, usage, elsewhere)
finish()
