#!/usr/bin/env python3
"""What happens to a PostgreSQL server happens to the store: kills, silence, races, late commits: postgres_server.py BUILD"""
import os
import re
import signal
import subprocess
import sys
import threading
import time

import servers
from postgres import Postgres

# The machine may be busy, and the program is one with sanitizers.
LATE = 2000
KEPT = 1000

DRIVER = os.path.join(sys.argv[1], "tests/stores_driver")
REVOCATION = "INSERT INTO proofkey.revocations VALUES (pg_current_xact_id()::text::bigint, 0, 2000000000, '{:>16}')"
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
    return subprocess.Popen([DRIVER, address, work, str(argument)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class Outcome:
    def __init__(self, process):
        self.text = process.communicate(timeout=120)[0]
        self.status = process.returncode
        self.lines = [line.split(" ", 1) for line in self.text.splitlines()]

    def __getattr__(self, name):
        found = [value for key, value in (line for line in self.lines if len(line) == 2) if key == name]
        if not found:
            raise SystemExit(f"not ok - the driver said: {self.text}")
        return int(found[-1]) if found[-1].lstrip("-").isdigit() else found[-1]


def load(address, seconds=0):
    """For so long, or until its outcome is asked for."""
    return begin(address, "load", seconds)


def well(outcome):
    """All calls were answered in time, and nothing kept the loop."""
    return outcome.status == 0 and outcome.unanswered == 0 and outcome.longest < 3000 + LATE and outcome.gap < KEPT


# Longer than the longest pause before an attempt to connect.
BACK = 6


def killed_and_restarted(server):
    process = load(server.address)
    time.sleep(2)
    server.kill()
    time.sleep(1)
    server.start()
    time.sleep(BACK)
    outcome = Outcome(process)
    check("a server that is killed and comes back: all calls are answered", well(outcome), outcome.text)
    check("and they are done again", outcome.ok > 100 and outcome.down > 0 and outcome.since_ok < LATE, outcome.text)


def stopped(server):
    process = load(server.address)
    time.sleep(2)
    server.signal(signal.SIGSTOP)
    time.sleep(5)
    server.signal(signal.SIGCONT)
    time.sleep(BACK)
    outcome = Outcome(process)
    check("a server that falls silent: calls fail when their time is over, and the loop goes on",
          well(outcome) and outcome.longest >= 2900 and outcome.down > 0, outcome.text)
    check("and they are done again when it speaks", outcome.since_ok < LATE, outcome.text)


def schema_lost(server):
    process = load(server.address)
    time.sleep(2)
    server.sql("DROP SCHEMA proofkey CASCADE")
    time.sleep(BACK)
    outcome = Outcome(process)
    check("tables that are gone are made again", well(outcome) and outcome.down > 0 and outcome.since_ok < LATE, outcome.text)


def table_locked(server):
    connections = "SELECT pid FROM pg_stat_activity WHERE application_name = 'proofkey' ORDER BY pid"
    process = load(server.address)
    time.sleep(2)
    before = server.sql(connections)
    lock = subprocess.Popen([f"{server.bin}/psql", "-X", "-q", server.address], stdin=subprocess.PIPE, text=True)
    lock.stdin.write("BEGIN; LOCK TABLE proofkey.grants;\n")
    lock.stdin.flush()
    time.sleep(7)
    lock.communicate("COMMIT;\n")
    time.sleep(1)
    after = server.sql(connections)
    outcome = Outcome(process)
    check("a table that somebody locks costs calls", well(outcome) and outcome.down > 0 and outcome.since_ok < LATE, outcome.text)
    check("and no connection", before == after and before, (before, after))


def raced_for(server):
    server.sql("INSERT INTO proofkey.grants (version, state, failures, created_at, login, subject, key, access_token)"
               " SELECT 1, 0, 0, 1, 'race', convert_to('subject ' || i, 'UTF8'), '1234', 'seal' FROM generate_series(0, 999) i")
    outcomes = [Outcome(process) for process in [begin(server.address, "race", owner) for owner in ("ann", "bob", "cleo")]]
    won = [int(value) for outcome in outcomes for key, value in outcome.lines if key == "won"]
    check("three who want a thousand leases get each once",
          sorted(won) == list(range(1000)) and all(outcome.status == 0 for outcome in outcomes),
          (len(won), len(set(won)), [line for outcome in outcomes for line in outcome.lines if line[0] == "problem"][:3]))


class Watch:
    """What a store tells of revocations, with the time at which it did."""

    def __init__(self, address, seconds):
        self.process = begin(address, "watch", seconds)
        self.heard = []
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.heard.append((line.split(" ", 1)[1].strip(), time.monotonic()))

    def end(self):
        self.thread.join()
        self.process.wait()
        return self.heard


def committed_late(server):
    watch = Watch(server.address, 12)
    time.sleep(1.5)
    late = subprocess.Popen([f"{server.bin}/psql", "-X", "-q", server.address], stdin=subprocess.PIPE, text=True)
    late.stdin.write(f"BEGIN; {REVOCATION.format('late')};\n")
    late.stdin.flush()
    servers.wait_until(lambda: server.sql("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'").strip() == "1", 10, "the transaction")
    server.sql("DO $$ BEGIN FOR i IN 1..600 LOOP INSERT INTO proofkey.revocations VALUES (pg_current_xact_id()::text::bigint, 0,"
               " 2000000000, convert_to(lpad(i::text, 16, '.'), 'UTF8')); COMMIT; END LOOP; END $$")
    made = time.monotonic()
    time.sleep(LATE / 1000)
    before = time.monotonic()
    late.communicate("COMMIT;\n")
    committed = time.monotonic()
    heard = watch.end()
    first = {}
    for name, when in heard:
        first.setdefault(name, when)
    others = [first.get(str(i).rjust(16, ".")) for i in range(1, 601)]
    check("revocations are told while an older transaction is open, page by page",
          all(others) and max(others) < made + LATE / 1000,
          f"{sum(map(bool, others))} of 600 told")
    check("one that is committed behind later ones is told, too",
          "late" in first and before < first["late"] < committed + LATE / 1000, (before, first.get("late"), committed))
    server.sql("DELETE FROM proofkey.revocations")


def plans(server):
    server.sql("INSERT INTO proofkey.grants (version, state, failures, created_at, login, subject, key, access_token, refresh_at, session)"
               " SELECT 1, 0, 0, 1, 'login', convert_to(i::text, 'UTF8'), '\\x01020304', 'seal', 1800000000 + i % 5000 - 2500,"
               " convert_to('session ' || i, 'UTF8') FROM generate_series(1, 100000) i;"
               " INSERT INTO proofkey.revocations SELECT i, 0, 2000000000, convert_to(lpad(i::text, 16, '.'), 'UTF8') FROM generate_series(1, 20000) i")
    server.sql("ANALYZE")
    for setting in ("session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0", "auto_explain.log_analyze = on"):
        server.sql(f"ALTER ROLE postgres IN DATABASE proofkey SET {setting}")
    before = server.log_size()
    # More than five times: by then the server has made the plan that it keeps.
    outcome = Outcome(begin(server.address, "ask", 8))
    text = server.log_since(before)
    server.sql("ALTER ROLE postgres IN DATABASE proofkey RESET ALL")
    check("all questions are answered", outcome.status == 0 and set(value for _, value in outcome.lines) == {"0"}, outcome.text)
    check("no question reads a whole table", "Query Text" in text and not re.search(r"Seq Scan on (grants|revocations)", text),
          [line for line in text.splitlines() if "Seq Scan" in line][:5])
    for index in ("grants_by_refresh", "grants_by_key", "grants_by_session", "grants_pkey", "revocations_by_transaction"):
        check(f"{index} is used", re.search(rf"Index Scan using {index} ", text))
    filtered = [int(n) for n in re.findall(r"Rows Removed by (?:Index Recheck|Filter): (\d+)", text)]
    check("nor throws many rows away", max(filtered, default=0) < 1000, filtered)
    server.sql("TRUNCATE proofkey.grants, proofkey.revocations")


# As version 1 left it.
VERSION_1 = """
CREATE SCHEMA proofkey;
CREATE TABLE proofkey.version (version bigint NOT NULL);
INSERT INTO proofkey.version VALUES (1);
CREATE TABLE proofkey.grants (version bigint NOT NULL, state bigint NOT NULL, failures bigint NOT NULL, access_expires_at bigint,
    refresh_expires_at bigint, refresh_at bigint, created_at bigint NOT NULL, refreshed_at bigint, sent_at bigint, lease_until timestamptz,
    lease_owner bytea, login bytea NOT NULL, subject bytea NOT NULL, key bytea NOT NULL CHECK (length(key) = 4), access_token bytea NOT NULL,
    refresh_token bytea, id_token bytea, scope bytea, session bytea, fault bytea, PRIMARY KEY (login, subject)) WITH (fillfactor = 75);
CREATE INDEX grants_by_refresh ON proofkey.grants (refresh_at) WHERE refresh_at IS NOT NULL AND state <> 2;
CREATE INDEX grants_by_key ON proofkey.grants (key, login, subject);
CREATE INDEX grants_by_session ON proofkey.grants (login, session, subject) WHERE session IS NOT NULL;
CREATE INDEX grants_not_active ON proofkey.grants (state) WHERE state <> 0;
CREATE TABLE proofkey.spent_attempts (expires_at bigint NOT NULL, repeats bigint NOT NULL, id bytea PRIMARY KEY CHECK (length(id) = 16),
    code_hash bytea NOT NULL CHECK (length(code_hash) = 16));
CREATE INDEX spent_attempts_by_expiry ON proofkey.spent_attempts (expires_at);
CREATE TABLE proofkey.revocations (written_by bigint NOT NULL, until bigint NOT NULL, expires_at bigint NOT NULL,
    id bytea UNIQUE CHECK (length(id) = 16), login bytea, subject bytea, UNIQUE (login, subject),
    CHECK ((id IS NULL) <> (login IS NULL) AND (login IS NULL) = (subject IS NULL)));
CREATE INDEX revocations_by_transaction ON proofkey.revocations (written_by);
CREATE INDEX revocations_by_expiry ON proofkey.revocations (expires_at);
INSERT INTO proofkey.grants (version, state, failures, created_at, login, subject, key, access_token, refresh_at)
    SELECT 1, i % 5 % 3, 0, 1, convert_to('login' || i % 2, 'UTF8'), convert_to(i::text, 'UTF8'), '1234', 'seal', i FROM generate_series(1, 1000) i;
"""


def older_version(server):
    server.sql("DROP SCHEMA proofkey CASCADE")
    server.sql(VERSION_1)
    outcomes = [Outcome(process) for process in [begin(server.address, "ask", 1) for _ in range(3)]]
    counts = server.sql("SELECT sum(active), sum(retrying), sum(ended) FROM proofkey.grant_counts")
    check("what version 1 stored is brought up to date, once, and counted",
          all(outcome.status == 0 for outcome in outcomes) and counts.strip() == "400|400|200", (counts, [outcome.text for outcome in outcomes]))
    server.sql("DROP SCHEMA proofkey CASCADE")


def versions(server):
    server.sql("UPDATE proofkey.version SET version = 99")
    outcome = Outcome(begin(server.address, "load", 1))
    check("a schema of a newer version is refused", outcome.status == 1 and "newer version" in outcome.text, outcome.text)
    server.sql("DROP SCHEMA proofkey CASCADE")
    before = server.log_size()
    outcomes = [Outcome(process) for process in [begin(server.address, "ask", 1) for _ in range(6)]]
    errors = [line for line in server.log_since(before).splitlines() if "ERROR:" in line]
    check("six that start at once make the tables once",
          all(outcome.status == 0 for outcome in outcomes) and not errors and server.sql("SELECT * FROM proofkey.version").split() == ["3"],
          (errors, [outcome.text for outcome in outcomes]))
    server.sql("CREATE ROLE weak LOGIN PASSWORD 'weak'")
    server.sql("CREATE DATABASE other")
    weak = Outcome(begin(server.address.replace("postgres:secret", "weak:weak").replace("/proofkey", "/other"), "load", 1))
    check("missing rights are told at the start", weak.status == 1 and "permission denied" in weak.text, weak.text)


def addresses(server):
    closed = servers.free_port()
    for name, address in (
            ("a name", server.address.replace("127.0.0.1", "localhost")),
            ("a list of hosts, the first of which is away", server.address.replace(f"127.0.0.1:{server.port}", f"localhost:{closed},localhost:{server.port}")),
            ("a socket in the file system", f"postgresql://postgres:secret@/proofkey?host={server.directory}&port={server.port}"),
            ("postgres:", server.address.replace("postgresql:", "postgres:"))):
        outcome = Outcome(load(address, 2))
        check(f"an address with {name}", well(outcome) and outcome.ok > 0 and outcome.down == 0, outcome.text)
    for name, address, words in (
            ("that is closed", server.address.replace(str(server.port), str(closed)), "refused"),
            ("whose name is not known", server.address.replace("127.0.0.1", "nowhere.invalid"), "nowhere.invalid"),
            ("that wants another password", server.address.replace("secret", "hunter2"), "password"),
            ("without the database", server.address.replace("/proofkey", "/nothing"), "does not exist")):
        outcome = Outcome(load(address, 5))
        check(f"a server {name} is waited for, and said to be away",
              well(outcome) and outcome.ok == 0 and outcome.down > 0 and words in outcome.problem, outcome.text)
        check("without a password", "secret" not in outcome.text and "hunter2" not in outcome.text, outcome.text)
    for address in ("postgres://ann:hunter2@[::1/x", "postgres://ann:hunter2@host/x?sslmood=disable", "postgres://ann:hun%ter2@host/x"):
        outcome = Outcome(load(address, 1))
        check(f"{address.replace('hunter2', '...')} is refused, without the password",
              outcome.status == 1 and "hun" not in outcome.text, outcome.text)


def encrypted(server):
    path = server.directory
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{path}/server.key", "-out", f"{path}/server.crt"], check=True, capture_output=True)
    if os.geteuid() == 0:
        subprocess.run(["chown", server.user, f"{path}/server.key", f"{path}/server.crt"], check=True)
    server.sql(f"ALTER SYSTEM SET ssl_cert_file = '{path}/server.crt'")
    server.sql(f"ALTER SYSTEM SET ssl_key_file = '{path}/server.key'")
    server.sql("ALTER SYSTEM SET ssl = on")
    server.sql("SELECT pg_reload_conf()")
    time.sleep(1)
    host = server.address.replace("127.0.0.1", "localhost")
    good = Outcome(load(f"{host}?sslmode=verify-full&sslrootcert={path}/server.crt", 3))
    check("TLS, with the server's name verified", well(good) and good.ok > 0 and good.down == 0, good.text)
    wrong = Outcome(load(f"{server.address}?sslmode=verify-full&sslrootcert={path}/server.crt", 5))
    check("a certificate for another name is refused", wrong.ok == 0 and wrong.down > 0 and "certificate" in wrong.problem, wrong.text)


def main():
    with Postgres() as server:
        for test in (versions, older_version, addresses, encrypted, raced_for, committed_late, plans, table_locked, schema_lost, killed_and_restarted, stopped):
            if len(sys.argv) < 3 or test.__name__ in sys.argv[2:]:
                Outcome(begin(server.address, "ask", 1))  # makes the tables
                test(server)
    print(f"1..{count}")
    return failures > 0


sys.exit(main())
