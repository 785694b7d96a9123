"""The stores that grants are kept in while keepers die: an address for each gateway, what ends a token's time, and where the bytes lie."""
import os
import pathlib
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "stores"))
from postgres import Postgres  # noqa: E402
from redis import Redis  # noqa: E402


def ended_token(due):
    """The times of a grant whose token has ended, by column: whoever asks for it makes the keeper refresh, and the clock does when it is due."""
    now = int(time.time())
    columns = {"access_expires_at": now - 10, "created_at": now - 1000, "refreshed_at": now - 1000}
    return columns | ({"refresh_at": due} if due else {})


class OnSqlite:
    """A file for each gateway, which makes it itself."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def add(self, lane):
        return None

    def path(self, lane):
        return lane.gateway.directory / "state"

    def expire(self, lane, due=None):
        with sqlite3.connect(self.path(lane) / "vault.db", timeout=20) as rows:
            columns = ended_token(due)
            rows.execute(f"UPDATE grants SET {', '.join(name + ' = ?' for name in columns)}", list(columns.values()))
        rows.close()

    def sealed_with(self, lane):
        """The ids of the keys that sealed its grants."""
        with sqlite3.connect(self.path(lane) / "vault.db", timeout=20) as rows:
            found = {bytes(key).hex() for key, in rows.execute("SELECT key FROM grants")}
        rows.close()
        return found

    def directories(self, lanes):
        return [self.path(lane) for lane in lanes]


class OnPostgres(Postgres):
    """A database for each gateway."""

    def add(self, lane):
        self.sql(f"CREATE DATABASE {lane.name}", "postgres")
        return self.address.replace("/proofkey", "/" + lane.name)

    def expire(self, lane, due=None):
        self.sql("UPDATE proofkey.grants SET " + ", ".join(f"{name} = {value}" for name, value in ended_token(due).items()), lane.name)

    def sealed_with(self, lane):
        return set(self.sql("SELECT encode(key, 'hex') FROM proofkey.grants", lane.name).split())

    def directories(self, _):
        return [self.data]


EXPIRE = """local columns = {unpack(ARGV, 2)}
for _, key in ipairs(redis.call('KEYS', '*grant:*')) do
    redis.call('HSET', key, unpack(columns))
end
for _, key in ipairs(ARGV[1] ~= '' and redis.call('KEYS', '*due*') or {}) do
    for _, name in ipairs(redis.call('ZRANGE', key, 0, -1)) do
        redis.call('ZADD', key, ARGV[1], name)
    end
end"""
SEALED = """local found = {}
for _, key in ipairs(redis.call('KEYS', '*grant:*')) do
    table.insert(found, (string.gsub(redis.call('HGET', key, 'key'), '.', function(c) return string.format('%02x', string.byte(c)) end)))
end
return found"""


class OnRedis(Redis):
    """A numbered database for each gateway."""

    def add(self, lane):
        return f"redis://127.0.0.1:{self.port}/{lane.number}"

    def run_script(self, lane, script, *words):
        return subprocess.run(["redis-cli", "-p", str(self.port), "-n", str(lane.number), "EVAL", script, "0", *words], check=True, capture_output=True,
                              text=True).stdout

    def expire(self, lane, due=None):
        words = [str(word) for pair in ended_token(due).items() for word in pair]
        self.run_script(lane, EXPIRE, str(due or ""), *words)

    def sealed_with(self, lane):
        return set(self.run_script(lane, SEALED).split())

    def directories(self, _):
        return [self.directory]


SHELVES = {"sqlite": OnSqlite, "postgres": OnPostgres, "redis": OnRedis}


def holds(directories, texts):
    """Which of the texts stand in a file there, whole; how many bytes were looked at."""
    files = [os.path.join(folder, name) for directory in directories for folder, _, names in os.walk(directory) for name in names
             if os.path.isfile(os.path.join(folder, name))]
    found = subprocess.run(["grep", "-aohFf", "/dev/stdin", "--", *files], input="\n".join(texts), text=True, capture_output=True, check=False)
    if found.returncode > 1:
        raise AssertionError(found.stderr)
    return sorted(set(found.stdout.split())), sum(os.path.getsize(file) for file in files)
