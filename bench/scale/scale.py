"""What the stores take as grants become more, how long the refreshes take that are due, and what a grant weighs:
scale.py BUILD [--short] [--write].

The stores of one kind hold different numbers of grants and take turns (store_scale.c); the ratio to the smallest is what counts.
The largest has ten million grants: that takes a quarter of an hour, 20 GB of disk in TMPDIR. Redis gets
a million where the memory is not twice what ten million take.
With --short it has 100,000. --write puts the tables into docs/scale.md."""
import argparse
import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from statistics import quantiles

sys.dont_write_bytecode = True

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "tests", "stores")]

import refreshes  # noqa: E402
from postgres import Postgres  # noqa: E402
from redis import Redis  # noqa: E402

TURNS = 150
WHAT = {
    "token": "a token for a program, through the broker; one of a thousand that are asked for",
    "get": "a grant from the store; any of them",
    "due": "64 that are due, all being overdue",
    "none-due": "what is due, where nothing is",
    "refresh": "a refresh: lease, note of sending, new tokens",
    "login-again": "a login of somebody known",
    "login-first": "a login of somebody new",
    "revoke": "ending a session",
    "revoked": "what was ended since the last question",
    "count": "how many grants are in each state",
}
SEAL = 117  # bytes of a sealed token of 72 characters
SCOPE = "user.info.basic,video.publish"
BEGIN, DAY = 1000, 86400  # as in store_scale.c


def say(text):
    print("scale: " + text, file=sys.stderr, flush=True)


def make_tables(bench, address):
    subprocess.run([bench, "0", address, "0"], check=True)


class Sqlite:
    """Files in a directory; filled as one statement, the indexes made afterwards."""

    name = "SQLite"

    def __init__(self, directory):
        self.directory = directory

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def path(self, rows):
        return os.path.join(self.directory, f"{rows}.db")

    def address_of(self, rows):
        return "sqlite:" + self.path(rows)

    def fill(self, rows):
        store = sqlite3.connect(self.path(rows), isolation_level=None)
        # A log of all of it would be written twice; the gateway's own connection has one again.
        store.execute("PRAGMA journal_mode = DELETE")
        store.execute("PRAGMA journal_mode = OFF")
        store.execute("PRAGMA synchronous = OFF")
        store.execute("PRAGMA cache_size = -500000")
        indexes = store.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'grants' AND sql IS NOT NULL").fetchall()
        store.execute("BEGIN IMMEDIATE")
        for name, _ in indexes:
            store.execute(f"DROP INDEX {name}")
        store.execute("WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
                      " INSERT INTO grants (login, subject, version, key, access_token, refresh_token, scope, access_expires_at, refresh_expires_at,"
                      " refresh_at, state, failures, created_at)"
                      f" SELECT 'bench', printf('%036d', i), 1, x'01020304', randomblob({SEAL}), randomblob({SEAL}), '{SCOPE}',"
                      f" {BEGIN + 3600} + i * 7919 % {DAY}, {BEGIN + 365 * DAY}, {BEGIN} + i * 7919 % {DAY}, 0, 0, 1 FROM n", (rows,))
        for _, text in indexes:
            store.execute(text)
        store.execute("INSERT INTO grant_counts VALUES (0, ?)", (rows,))
        store.execute("COMMIT")
        store.close()

    def size(self, rows):
        return os.path.getsize(self.path(rows))


class ScalePostgres(Postgres):
    """A database for each size. The buffers are what a small server has; the rest of the memory caches files."""

    name = "PostgreSQL"

    def command(self):
        settings = {"shared_buffers": "2GB", "max_wal_size": "8GB", "wal_level": "minimal", "max_wal_senders": "0", "maintenance_work_mem": "1GB",
                    "checkpoint_timeout": "30min"}
        return super().command() + [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    @contextlib.contextmanager
    def at(self, rows):
        yield lambda text: self.sql(text, f"rows{rows}")

    def address_of(self, rows):
        if f"rows{rows}" not in self.sql("SELECT datname FROM pg_database", "postgres").split():
            self.sql(f"CREATE DATABASE rows{rows}", "postgres")
        return self.address.replace("/proofkey", f"/rows{rows}")

    def fill(self, rows):
        with self.at(rows) as sql:
            indexes = sql("SELECT indexrelid::regclass || '=' || pg_get_indexdef(indexrelid) FROM pg_index"
                          " WHERE indrelid = 'proofkey.grants'::regclass AND NOT indisprimary").split("\n")
            indexes = [line.split("=", 1) for line in indexes if line]
            fill = ["ALTER TABLE proofkey.grants DISABLE TRIGGER USER", "TRUNCATE proofkey.grants", *[f"DROP INDEX {name}" for name, _ in indexes],
                    "INSERT INTO proofkey.grants (login, subject, version, key, access_token, refresh_token, scope, access_expires_at,"
                    " refresh_expires_at, refresh_at, state, failures, created_at)"
                    " SELECT 'bench', lpad(i::text, 36, '0')::bytea, 1, '\\x01020304', seal, seal, "
                    f" '{SCOPE}', {BEGIN + 3600} + i * 7919 % {DAY}, {BEGIN + 365 * DAY}, {BEGIN} + i * 7919 % {DAY}, 0, 0, 1"
                    f" FROM (SELECT i, substr(decode(repeat(md5(i::text), 8), 'hex'), 1, {SEAL}) AS seal FROM generate_series(0::bigint, {rows} - 1) i) rows",
                    *[text for _, text in indexes], "ALTER TABLE proofkey.grants ENABLE TRIGGER USER",
                    f"UPDATE proofkey.grant_counts SET active = {rows} WHERE slot = 0"]
            sql("BEGIN; " + "; ".join(fill) + "; COMMIT")
            sql("VACUUM ANALYZE proofkey.grants")
            sql("CHECKPOINT")

    def size(self, rows):
        with self.at(rows) as sql:
            return int(sql("SELECT pg_total_relation_size('proofkey.grants')"))


FILL_REDIS = f"""
local prefix, first, last = '{{proofkey}}:', tonumber(ARGV[1]), tonumber(ARGV[2])
local seal = string.rep('s', {SEAL})

for i = first, last - 1 do
	local subject = string.format('%036d', i)
	local name = 'bench\\0\\0' .. subject
	local at = {BEGIN} + i * 7919 % {DAY}

	redis.call('HSET', prefix .. 'grant:' .. name, 'version', '1', 'key', '\\1\\2\\3\\4', 'access_token', seal, 'refresh_token', seal, 'scope', '{SCOPE}',
		'access_expires_at', at + 3600, 'refresh_expires_at', {BEGIN + 365 * DAY}, 'refresh_at', at, 'state', '0', 'failures', '0', 'created_at', '1')
	redis.call('ZADD', prefix .. 'grants', 0, name)
	redis.call('ZADD', prefix .. 'sealed:\\1\\2\\3\\4', 0, name)
	redis.call('ZADD', prefix .. 'due:bench\\0\\0', at, subject)
end
redis.call('HINCRBY', prefix .. 'states', 0, last - first)
return 0
"""


class ScaleRedis(Redis):
    """A numbered database for each size."""

    name = "Redis"
    numbers = {}
    sizes = {}

    def address_of(self, rows):
        number = self.numbers.setdefault(rows, len(self.numbers) + 1)
        return re.sub(r"/\d+$", f"/{number}", self.address)

    def used(self):
        return int(re.search(rb"used_memory:(\d+)", self.ask("INFO", "memory"))[1])

    def fill(self, rows):
        before = self.used()
        # What was filled in is not what is measured: it is written to the disk once, by a rewrite.
        self.ask("CONFIG", "SET", "appendonly", "no")
        for first in range(0, rows, 5000):
            self.ask("EVAL", FILL_REDIS, "0", str(first), str(min(first + 5000, rows)), database=self.numbers[rows])
        self.sizes[rows] = self.used() - before
        self.ask("CONFIG", "SET", "appendonly", "yes")
        while re.search(rb"aof_rewrite_(in_progress|scheduled):1", self.ask("INFO", "persistence")):
            time.sleep(0.1)

    def size(self, rows):
        return self.sizes[rows]


def measure(build, directory, store, sizes):
    """For each call: the sizes with median and 95th percentile, in microseconds."""
    bench = os.path.join(build, "bench", "bench_store_scale")
    addresses, words, filled = {}, [], 0
    for rows in sizes:
        address = addresses[rows] = store.address_of(rows)
        make_tables(bench, address)
        began = time.monotonic()
        store.fill(rows)
        filled += time.monotonic() - began
        words += [address, str(rows)]
    bytes_each = {rows: store.size(rows) / rows for rows in sizes}
    say(f"{store.name}: filled in {filled:.0f} s")
    # Once for the caches, and once to be measured.
    subprocess.run([bench, str(TURNS // 5), *words], check=True, stdout=subprocess.DEVNULL)
    began = time.monotonic()
    out = subprocess.run([bench, str(TURNS), *words], check=True, capture_output=True, text=True).stdout
    say(f"{store.name}: measured in {time.monotonic() - began:.0f} s")
    got = {}
    for line in out.splitlines():
        name, rows, median, late = line.split()
        got.setdefault(name, {})[int(rows)] = float(median), float(late)
    got["token"] = {rows: tuple(quantiles(seconds, n=20)[n] * 1e6 for n in (9, 18))
                    for rows, seconds in refreshes.asked_in_turn(build, directory, addresses).items()}
    return got, bytes_each


def table(name, got, bytes_each):
    sizes = sorted(bytes_each)
    lines = [f"### {name}", "", "| µs, median (95 of 100) | " + " | ".join(f"{rows:,} grants" for rows in sizes) + " | largest / smallest |",
             "|---|" + "---:|" * (len(sizes) + 1)]
    for what, words in WHAT.items():
        row = got[what]
        cells = [f"{row[rows][0]:,.0f} ({row[rows][1]:,.0f})" for rows in sizes]
        lines.append(f"| {words} | " + " | ".join(cells) + f" | {row[sizes[-1]][0] / row[sizes[0]][0]:.2f} |")
    lines.append("| bytes of a grant, indexes and all | " + " | ".join(f"{bytes_each[rows]:,.0f}" for rows in sizes) + " | |")
    return "\n".join(lines)


def memory_for(rows, bytes_each):
    """Whether Redis can have them: while it rewrites its file, whatever changes is there twice."""
    with open("/proc/meminfo", encoding="ascii") as file:
        available = 1024 * int(re.search(r"MemAvailable:\s+(\d+)", file.read())[1])
    return rows * bytes_each * 2 < available


def stores_text(build, directory, sizes):
    parts = []
    with Sqlite(directory) as store:
        say("SQLite")
        parts.append(table(store.name, *measure(build, directory, store, sizes)))
        for rows in sizes:
            for end in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(store.path(rows) + end)
    with ScalePostgres() as store:
        say("PostgreSQL")
        parts.append(table(store.name, *measure(build, directory, store, sizes)))
    with ScaleRedis() as store:
        say("Redis")
        of_redis = [rows for rows in sizes if rows <= 1000000 or memory_for(rows, 1700)]
        if len(of_redis) < len(sizes):
            of_redis.append(1000000)
        parts.append(table(store.name, *measure(build, directory, store, of_redis)))
    return "\n\n".join(parts)


def write(text):
    path = os.path.join(HERE, "..", "..", "docs", "scale.md")
    with open(path, encoding="utf-8") as file:
        page = file.read()
    begin, end = "<!-- measured: script/bench --scale --write -->\n", "<!-- end -->"
    head, rest = page.split(begin)
    with open(path, "w", encoding="utf-8") as file:
        file.write(head + begin + text + "\n" + end + rest.split(end, 1)[1])


def machine():
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(re.search(r"MemTotal:\s+(\d+)", file.read())[1]) / 1048576
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    return f"Measured on {len(os.sched_getaffinity(0))} cores ({model[1] if model else 'of an unknown kind'}) with {memory:.0f} GiB of memory, " \
           f"servers and clients on the same machine, {time.strftime('%Y-%m-%d', time.gmtime())}."


def main():
    parser = argparse.ArgumentParser(prog="script/bench --scale", description="Measures the stores with up to ten million grants.")
    parser.add_argument("build", help=argparse.SUPPRESS)
    parser.add_argument("--short", action="store_true", help="with 100,000 grants at most")
    parser.add_argument("--rows", type=int, help="with so many, instead")
    parser.add_argument("--only", choices=["stores", "refreshes"], help="a part of it")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scale.md")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the servers end with it
    sizes = [1000, 100000] + ([arguments.rows] if arguments.rows else [] if arguments.short else [10000000])
    parts = [machine()]
    with tempfile.TemporaryDirectory(prefix="proofkey-scale-") as directory:
        if arguments.only != "refreshes":
            parts.append(stores_text(arguments.build, directory, sizes))
        if arguments.only != "stores":
            parts.append(refreshes.text(arguments.build, directory))
    text = "\n\n".join(parts)
    print(text)
    if arguments.write:
        write(text)


if __name__ == "__main__":
    main()
