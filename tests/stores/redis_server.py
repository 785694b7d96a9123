#!/usr/bin/env python3
"""What happens to a Valkey or Redis server happens to the store: kills, silence, races, settings, TLS: redis_server.py BUILD [TEST]..."""
import os
import select
import signal
import socket
import subprocess
import sys
import time

import servers
from redis import Redis

# The machine may be busy, and the program is one with sanitizers.
LATE = 2000
KEPT = 1000

DRIVER = os.path.join(sys.argv[1], "tests/stores_driver")
failures = 0
count = 0


def check(name, passed, evidence=""):
    global failures, count
    count += 1
    failures += not passed
    print(f"{'ok' if passed else 'not ok'} {count} - {name}")
    if not passed:
        print("# " + str(evidence).replace("\n", "\n# "))
    sys.stdout.flush()


def begin(address, work, argument):
    return subprocess.Popen([DRIVER, address, work, str(argument)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


class Outcome:
    def __init__(self, process):
        self.text = process.stdout.read()  # its input stays open meanwhile: the end of it would end the load
        process.communicate(timeout=120)
        self.status = process.returncode
        self.lines = [line.split(" ", 1) for line in self.text.splitlines()]

    def all(self, name):
        return [line[1] for line in self.lines if line[0] == name and len(line) == 2]

    def __getattr__(self, name):
        found = self.all(name)
        if not found:
            raise SystemExit(f"not ok - the driver said: {self.text}")
        return int(found[-1]) if found[-1].lstrip("-").isdigit() else found[-1]


def load(address, seconds):
    return begin(address, "load", seconds)


def well(outcome):
    """All calls were answered in time, and nothing kept the loop."""
    return outcome.status == 0 and outcome.unanswered == 0 and outcome.other == 0 and outcome.longest < 3000 + LATE and outcome.gap < KEPT


def killed_and_restarted(server):
    process = load(server.address, 9)
    time.sleep(2)
    server.kill()
    time.sleep(1)
    server.start()
    outcome = Outcome(process)
    check("a server that is killed and comes back: all calls are answered", well(outcome), outcome.text)
    check("and they are done again", outcome.ok > 100 and outcome.down > 0 and outcome.since_ok < LATE, outcome.text)


def nothing_is_lost(server):
    process = begin(server.address, "write", 4)
    for _ in range(3):
        time.sleep(1)
        server.kill()
        server.start()
    outcome = Outcome(process)
    stored = outcome.all("stored")
    names = set(server.ask("ZRANGE", "{proofkey}:grants", "0", "-1"))
    lost = [number for number in stored if f"write\0\0subject {number}".encode() not in names
            or not server.ask("EXISTS", f"{{proofkey}}:grant:write\0\0subject {number}")]
    check("a server that is killed has all that it said it stored", len(stored) > 20 and not lost, f"{len(stored)} stored, lost {lost}")


def stopped(server):
    process = load(server.address, 12)
    time.sleep(2)
    server.signal(signal.SIGSTOP)
    time.sleep(5)
    server.signal(signal.SIGCONT)
    outcome = Outcome(process)
    check("a server that falls silent: calls fail when their time is over, and the loop goes on",
          well(outcome) and outcome.longest >= 2900 and outcome.down > 0, outcome.text)
    check("and they are done again when it speaks", outcome.since_ok < LATE, outcome.text)


def scripts_forgotten(server):
    process = load(server.address, 4)
    for _ in range(20):
        time.sleep(0.1)
        server.ask("SCRIPT", "FLUSH")
    outcome = Outcome(process)
    check("a server that forgets its scripts is given them again, and nobody notices",
          well(outcome) and outcome.ok > 100 and outcome.down == 0, outcome.text)


def seed_races(server, grants):
    for i in range(grants):
        server.ask("HSET", f"{{proofkey}}:grant:race\0\0subject {i}", "version", "1", "state", "0", "failures", "0", "key", "1234",
                   "access_token", "seal", "created_at", "1")


def raced_for(server):
    seed_races(server, 1000)
    outcomes = [Outcome(process) for process in [begin(server.address, "race", owner) for owner in ("ann", "bob", "cleo")]]
    won = [int(value) for outcome in outcomes for value in outcome.all("won")]
    check("three who want a thousand leases get each once",
          sorted(won) == list(range(1000)) and all(outcome.status == 0 for outcome in outcomes),
          f"{len(won)} won, {len(set(won))} different")
    server.ask("FLUSHALL")


def complaints(server):
    """What a server refuses is told in a sentence, and passes."""
    for name, before, after, words in (
            ("is a replica", ["REPLICAOF", "127.0.0.1", str(servers.free_port())], ["REPLICAOF", "NO", "ONE"], "primary"),
            ("has something else there", ["SET", "{proofkey}:due:load\0\0", "x"], ["DEL", "{proofkey}:due:load\0\0"], "did not write")):
        process = load(server.address, 5)
        time.sleep(1)
        server.ask(*before)
        time.sleep(1)
        server.ask(*after)
        outcome = Outcome(process)
        check(f"a server that {name} says so, until it has not", well(outcome) and outcome.down > 0 and outcome.since_ok < LATE
              and words in outcome.problem, outcome.text)
    server.ask("FLUSHALL")
    server.ask("CONFIG", "SET", "maxmemory", "1")
    full = Outcome(load(server.address, 2))
    check("a server without memory takes no new grants, and says so", full.down > 0 and "maxmemory" in full.problem, full.text)
    server.ask("CONFIG", "SET", "maxmemory", "0")
    Outcome(load(server.address, 1))
    seed_races(server, 3)
    server.ask("CONFIG", "SET", "maxmemory", "1")
    outcome = Outcome(begin(server.address, "race", "ann"))
    check("but the leases of those it has", outcome.all("won") == ["0", "1", "2"], outcome.text)
    server.ask("CONFIG", "SET", "maxmemory", "0")
    server.ask("SET", "{proofkey}:version", "99")
    outcome = Outcome(load(server.address, 1))
    check("data of a newer version is refused", outcome.status == 1 and "newer version" in outcome.text, outcome.text)
    server.ask("FLUSHALL")


def older_version(server):
    """Version 1 had what is due in one set for all logins."""
    for first in range(0, 1200, 100):
        server.ask("ZADD", "{proofkey}:due", *[word for i in range(first, first + 100) for word in (str(1000 + i), f"login{i % 2}\0\0s{i}")])
    server.ask("SET", "{proofkey}:version", "1")
    outcome = Outcome(load(server.address, 1))
    check("what version 1 stored is brought up to date", well(outcome) and outcome.ok > 0 and outcome.down == 0, outcome.text)
    sets = [server.ask("ZRANGE", f"{{proofkey}}:due:login{i}\0\0", "0", "-1", "WITHSCORES") for i in (0, 1)]
    check("in parts, and all of it", [len(found) for found in sets] == [1200, 1200] and sets[1][:2] == [b"s1", b"1001"]
          and not server.ask("EXISTS", "{proofkey}:due") and server.ask("GET", "{proofkey}:version") == b"2", [found[:4] for found in sets])
    server.ask("FLUSHALL")


def settings(server):
    """The server's settings decide whether answers are durable: a warning says so."""
    for name, value, words in (("appendonly", "no", "appendonly yes"), ("appendfsync", "everysec", "appendfsync always"),
                               ("maxmemory-policy", "allkeys-lru", "noeviction")):
        server.ask("CONFIG", "SET", name, value)
        outcome = Outcome(load(server.address, 1))
        server.ask("CONFIG", "SET", name, server.settings[name])
        check(f"{name} {value} is warned of", words in outcome.warning, outcome.text)
    outcome = Outcome(load(server.address, 1))
    check("and nothing is, where they are well", outcome.warning == "none", outcome.text)
    server.ask("ACL", "SETUSER", "app", "on", ">secret", "~{proofkey}:*", "+@all", "-@dangerous", "-@admin")
    outcome = Outcome(load(server.address.replace("//", "//app:secret@"), 2))
    check("a user for these keys alone, who may not see the settings, is enough, and told of that",
          well(outcome) and outcome.ok > 0 and outcome.down == 0 and "does not say" in outcome.warning, outcome.text)


def addresses(server):
    closed = servers.free_port()
    server.ask("ACL", "SETUSER", "ann", "on", ">p@ss:w/rd%", "~*", "+@all")
    for name, address in (
            ("a name", server.address.replace("127.0.0.1", "localhost")),
            ("a user and a password with all kinds of characters", server.address.replace("//", "//ann:p@ss:w%2frd%25@")),
            ("no database", server.address.removesuffix("/1")),
            ("a socket", f"redis+unix://ann:p@ss:w%2Frd%25@{server.directory}/socket?db=2")):
        outcome = Outcome(load(address, 1))
        check(f"an address with {name}", well(outcome) and outcome.ok > 0 and outcome.down == 0, outcome.text)
    away = [(name, begin(address, "load", 4), words) for name, address, words in (
        ("that is closed", server.address.replace(str(server.port), str(closed)), "refused"),
        ("whose socket is not there", f"redis+unix://{server.directory}/nothing", "No such file"),
        ("that does not speak TLS", server.address.replace("redis:", "rediss:"), "does not speak TLS"))]
    for name, process, words in away:
        outcome = Outcome(process)
        check(f"a server {name} is waited for, and said to be away",
              well(outcome) and outcome.ok == 0 and outcome.down > 0 and words in outcome.problem, outcome.text)
    for name, address in (("a wrong password", server.address.replace("//", "//ann:hunter2@")),
                          ("a database that the server has not", server.address.replace("//", "//ann:p@ss:w%2frd%25@").replace("/1", "/999")),
                          ("half a number", server.address.replace("//", "//ann:hun%2@")),
                          ("a user without a password", server.address.replace("//", "//hunter2@")),
                          ("an unknown word", server.address.replace("//", "//ann:hunter2@") + "?color=blue")):
        outcome = Outcome(load(address, 1))
        check(f"{name} is told at the start, without the password",
              outcome.status == 1 and "error " in outcome.text and "hun" not in outcome.text and "w/rd" not in outcome.text, outcome.text)


def not_a_server(server):
    """Something else listens there; all of it is answered, none of it believed."""
    lies = {"speaks HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n", "sends a list of lists of lists": b"*1\r\n" * 50,
            "announces more than there is": b"*2147483647\r\n", "answers with what was not asked": b":1\r\n" * 1000, "says nothing": b""}
    listeners = {socket.create_server(("127.0.0.1", 0)): words for words in lies.values()}
    processes = [load(f"redis://127.0.0.1:{listener.getsockname()[1]}", 4) for listener in listeners]
    held = []
    while any(process.poll() is None for process in processes):
        for listener in select.select(list(listeners), [], [], 0.2)[0]:
            held.append(listener.accept()[0])
            try:
                held[-1].sendall(listeners[listener])
            except OSError:
                pass  # it has hung up, as it should
    for one in [*held, *listeners]:
        one.close()
    for name, process in zip(lies, processes):
        outcome = Outcome(process)
        check(f"a server that {name} is as good as none", well(outcome) and outcome.ok == 0 and outcome.down > 0, outcome.text)


def encrypted(server):
    path = server.directory
    port = servers.free_port()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{path}/server.key", "-out", f"{path}/server.crt"], check=True, capture_output=True)
    if os.geteuid() == 0:
        subprocess.run(["chown", server.user, f"{path}/server.key", f"{path}/server.crt"], check=True)
    server.ask("CONFIG", "SET", "tls-cert-file", f"{path}/server.crt", "tls-key-file", f"{path}/server.key", "tls-auth-clients", "no",
               "tls-port", str(port))
    good = Outcome(load(f"rediss://localhost:{port}?ca={path}/server.crt", 3))
    check("TLS, with the server's name verified", well(good) and good.ok > 0 and good.down == 0, good.text)
    for name, address in (("for another name", f"rediss://127.0.0.1:{port}?ca={path}/server.crt"), ("of nobody who is known", f"rediss://localhost:{port}")):
        wrong = Outcome(load(address, 4))
        check(f"a certificate {name} is refused", well(wrong) and wrong.ok == 0 and wrong.down > 0 and "trusted" in wrong.problem, wrong.text)
    process = load(f"rediss://localhost:{port}?ca={path}/server.crt", 9)
    time.sleep(2)
    server.signal(signal.SIGSTOP)
    time.sleep(4)
    server.signal(signal.SIGCONT)
    outcome = Outcome(process)
    check("one that falls silent in TLS is given up and comes back", well(outcome) and outcome.down > 0 and outcome.since_ok < LATE, outcome.text)


def main():
    with Redis() as server:
        for test in (settings, older_version, addresses, encrypted, not_a_server, complaints, raced_for, scripts_forgotten, nothing_is_lost,
                     killed_and_restarted, stopped):
            if len(sys.argv) < 3 or test.__name__ in sys.argv[2:]:
                test(server)
    print(f"1..{count}")
    return failures > 0


sys.exit(main())
