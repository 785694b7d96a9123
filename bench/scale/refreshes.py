"""How many refreshes a second one keeper does, and what a token costs that a program asks the broker for: a whole gateway, with a
provider that answers at once, or after as long as a distant one takes."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from statistics import median

from postgres import Postgres
from redis import Redis

LOGIN = "bench"
CONFIG = """public_url = "http://{address}"
listen = "{address}"
store = "{store}"
keys = "{directory}/keys"
sandbox = "http://{provider}"
fronts = 1
broker = "unix:{directory}/broker.sock"
broker_key "bench" {{ secret_file = "{directory}/broker.key" logins = {{"{login}"}} }}
allow {{ subjects = {{"*"}} }}
login "{login}" {{
  provider = "rfc7636"
  client_id = "bench-client"
  client_secret = "bench-secret"
  host = "{provider}"
  scopes = {{"openid"}}
  refreshes_at_once = {at_once}
}}
"""
SECRET = "a-secret-of-a-benchmark-that-nobody-else-has"


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def cpu_seconds(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


@contextlib.contextmanager
def running(command, log, ready):
    with open(log, "ab") as out:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=out)
    try:
        end = time.monotonic() + 30
        while not ready():
            if process.poll() is not None or time.monotonic() > end:
                with open(log, encoding="utf-8", errors="replace") as text:
                    raise SystemExit(f"scale: {command[0]} did not start:\n{text.read()[-2000:]}")
            time.sleep(0.02)
        yield process
    finally:
        process.stdin.close()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(60)


def listens(address):
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


class Measurement:
    def __init__(self, build, directory, store, milliseconds, at_once, login=LOGIN):
        self.build, self.directory, self.store, self.login = build, directory, store, login
        self.milliseconds, self.at_once = milliseconds, at_once
        self.provider, self.address = free_address(), free_address()

    def path(self, name):
        return os.path.join(self.directory, name)

    def prepare(self, overdue, more, refresh_at):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path("keys"))
        subprocess.run([os.path.join(self.build, "proofkey"), "keys", "new", self.path("keys")], check=True, stdout=subprocess.DEVNULL)
        with open(self.path("broker.key"), "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(SECRET + "\n")
        with open(self.path("proofkey.conf"), "w", encoding="ascii") as file:
            file.write(CONFIG.format(address=self.address, store=self.store, directory=self.directory, provider=self.provider, login=self.login,
                                     at_once=self.at_once))
        for count, at in ((more, refresh_at), (overdue, int(time.time()) - 60)):
            if count:
                subprocess.run([os.path.join(self.build, "tests", "stores_seed"), self.path("keys"), self.store, self.login, str(count), str(at)],
                               check=True, stdout=subprocess.DEVNULL)

    @contextlib.contextmanager
    def gateway(self):
        provider = [os.path.join(self.build, "bench", "bench_token_reply"), self.provider, str(self.milliseconds)]
        serve = [os.path.join(self.build, "proofkey"), "serve", "--config", self.path("proofkey.conf")]
        with running(provider, self.path("provider.log"), lambda: listens(self.provider)), \
                running(serve, self.path("gateway.log"), lambda: os.path.exists(self.path("broker.sock")) and listens(self.address)) as gateway:
            yield gateway

    def log_lines(self, word):
        with open(self.path("gateway.log"), encoding="utf-8", errors="replace") as log:
            return sum(word in line for line in log)


def keeper_of(gateway):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with open(f"/proc/{gateway.pid}/task/{gateway.pid}/children", encoding="ascii") as file:
            children = file.read().split()
        for child in children:
            with contextlib.suppress(OSError), open(f"/proc/{child}/cmdline", "rb") as line:
                if b"keeper" in line.read():
                    return int(child)
        time.sleep(0.01)
    raise SystemExit("scale: the gateway has no keeper")


def refreshed(measurement, overdue):
    """Refreshes per second, and the keeper's processor time for each, in microseconds."""
    measurement.prepare(overdue, 0, 0)
    with measurement.gateway() as gateway:
        keeper = keeper_of(gateway)
        while not (first := measurement.log_lines("event=token.refreshed")):
            time.sleep(0.01)
        began, busy = time.monotonic(), cpu_seconds(keeper)
        while (done := measurement.log_lines("event=token.refreshed")) < overdue:
            time.sleep(0.05)
            if measurement.log_lines("event=token.not_refreshed"):
                raise SystemExit("scale: the provider's answers are not taken:\n" + open(measurement.path("gateway.log"), encoding="utf-8").read()[-2000:])
        took, busy = time.monotonic() - began, cpu_seconds(keeper) - busy
    for name in ("gateway.log", "vault.db", "vault.db-wal", "vault.db-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(measurement.path(name))
    return (done - first) / took, busy / (done - first) * 1e6


def is_whole(reply):
    head, end, body = reply.partition(b"\r\n\r\n")
    return end and len(body) >= int(re.search(rb"(?im)^Content-Length: (\d+)", head)[1])


def ask_broker(measurement, subjects):
    """Seconds that each request took, over one connection."""
    took = []
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(measurement.path("broker.sock"))
        for subject in subjects:
            began = time.perf_counter()
            connection.sendall(f"GET /v1/grants/{measurement.login}/s{subject:07}/token HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {SECRET}\r\n\r\n".encode())
            reply = b""
            while not is_whole(reply):
                more = connection.recv(65536)
                if not more:
                    raise SystemExit(f"scale: the broker hung up: {reply!r}")
                reply += more
            took.append(time.perf_counter() - began)
            if not reply.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"scale: the broker said: {reply!r}")
    return took


def asked(measurement, grants, requests):
    """Microseconds of a token request through the broker, and requests a second of sixteen programs at once."""
    measurement.prepare(0, grants, int(time.time()) + 86400)
    with measurement.gateway():
        alone = ask_broker(measurement, [n * 7919 % grants for n in range(requests)])
        each = [threading.Thread(target=ask_broker, args=(measurement, [(n * 7919 + first) % grants for n in range(requests // 4)])) for first in range(16)]
        began = time.monotonic()
        for thread in each:
            thread.start()
        for thread in each:
            thread.join()
        took = time.monotonic() - began
    return median(alone) * 1e6, 16 * (requests // 4) / took


def asked_in_turn(build, directory, addresses):
    """The seconds that token requests take at stores that hold other grants, too, by their number: a gateway for each, asked in turn."""
    took = {rows: [] for rows in addresses}
    with contextlib.ExitStack() as stack:
        measurements = {}
        for rows, address in addresses.items():
            own = stack.enter_context(tempfile.TemporaryDirectory(dir=directory))
            measurements[rows] = Measurement(build, own, address, 0, 8, "asked")
            measurements[rows].prepare(0, 1000, int(time.time()) + 86400)
            stack.enter_context(measurements[rows].gateway())
        for turn in range(31):
            for rows, measurement in measurements.items():
                one = ask_broker(measurement, [(turn * 37 + n * 7) % 1000 for n in range(50)])
                took[rows] += one if turn else []
    return took


@contextlib.contextmanager
def stores(directory):
    with Postgres() as postgres, Redis() as redis:
        yield [("SQLite", lambda: "sqlite:" + os.path.join(directory, "vault.db"), lambda: None),
               ("PostgreSQL", lambda: postgres.address, lambda: postgres.sql("DROP SCHEMA IF EXISTS proofkey CASCADE")),
               ("Redis", lambda: redis.address, lambda: redis.ask("FLUSHALL"))]


CASES = ((0, 8, 2000), (0, 64, 4000), (200, 8, 300), (200, 64, 2000), (200, 256, 6000))


def text(build, directory):
    lines = ["### Refreshes a second, of one keeper", "", "| provider answers after | `refreshes_at_once` | store | refreshes per second | keeper's processor time of each, µs |",
             "|---|---:|---|---:|---:|"]
    tokens = ["### Tokens for programs, of one broker and one keeper, with 100,000 grants", "",
              "| store | µs of a request | requests per second of 16 programs |", "|---|---:|---:|"]
    with stores(directory) as each:
        for milliseconds, at_once, overdue in CASES:
            for name, address, empty in each:
                print(f"scale: refreshes, {name}, {milliseconds} ms, {at_once} at once", file=sys.stderr, flush=True)
                empty()
                rate, busy = refreshed(Measurement(build, directory, address(), milliseconds, at_once), overdue)
                lines.append(f"| {f'{milliseconds} ms' if milliseconds else 'at once'} | {at_once} | {name} | {rate:,.0f} | {busy:,.0f} |")
        for name, address, empty in each:
            print(f"scale: tokens, {name}", file=sys.stderr, flush=True)
            empty()
            took, rate = asked(Measurement(build, directory, address(), 0, 8), 100000, 2000)
            tokens.append(f"| {name} | {took:,.0f} | {rate:,.0f} |")
    return "\n".join(lines + [""] + tokens)
