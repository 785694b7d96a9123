#!/usr/bin/env python3
"""Who holds which secret: what the memory, descriptors and privileges of a running broker give away, before and after it gave a token.

Reads /proc/PID/mem as root: the processes are not dumpable, and nobody else may."""
import hashlib
import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True
from broker import Brokered
from fake_provider import Provider
from forge import Ring
from harness import CLIENT_SECRET, Browser, check, equal, finish, run, wait_for
from process_memory import found, memory

provider = Provider()
gateway = Brokered(provider, {"poster": ["one"], "silent": ["one"]})


def hashed(label, secret):
    return hashlib.sha256(label + b"\0" + secret.encode()).digest()


def target(path):
    try:
        return os.readlink(path)
    except FileNotFoundError:
        return ""  # closed while we looked


def in_memory():
    ring = Ring(gateway.ring)
    path = provider.approve(ada.start(), "ada")
    ada.get(path)
    equal(gateway.token().status, 200, "a token was given")
    secret, silent = gateway.secrets["poster"], gateway.secrets["silent"]
    values = {"client secret": CLIENT_SECRET.encode(), "master key": ring.master, "vault key": ring.subkey("vault"), "session key": ring.subkey("session"),
              "attempt key": ring.subkey("attempt"), "secret of a key": secret.encode(), "secret of another": silent.encode(),
              "what the keeper is shown": hashed(b"proofkey broker pass", secret), "for another": hashed(b"proofkey broker pass", silent)}
    values |= {token.split("-")[0] + " token": token.encode() for token in provider.tokens_of(path)}
    known = {"hash of the secret": hashed(b"proofkey broker key", secret), "of another": hashed(b"proofkey broker key", silent)}
    broker, = gateway.children("broker")
    equal(found(broker, known), set(known), "the broker has the hashes of the secrets, so we can see what it has")
    # The stack keeps what was there until another call comes by.
    for _ in range(5):
        gateway.token("nobody", key="silent")
        gateway.broker("/v1/grants/one/sub-nobody", "DELETE", key="silent")
    wait_for(lambda: "access token" not in found(broker, values))
    equal(found(broker, values) - {"secret of another", "for another"}, set(),
          "it has no key of the vault or of cookies, no client secret, and no more the token that it gave or the secret that it was shown")
    keeper, = gateway.children("keeper")
    equal(found(keeper, known) | found(keeper, {"secret": secret.encode(), "silent": silent.encode()}), set(), "the keeper has no secret of a key, nor what the broker knows it by")
    for pid in gateway.children("front"):
        equal(found(pid, values | known), {"session key", "attempt key"}, "and a front has none of it all but its own keys")
    equal(found(gateway.process.pid, {"secret": secret.encode()}), set(), "the supervisor has forgotten the secrets")


def untouched():
    """Before anybody asked, nothing in the broker would move the keeper to anything."""
    gateway.restart()
    broker, = gateway.children("broker")
    shown = {name: hashed(b"proofkey broker pass", secret) for name, secret in gateway.secrets.items()}
    equal(found(broker, shown | {name + " secret": secret.encode() for name, secret in gateway.secrets.items()}), set(), "a broker that nobody asked has nothing to show to the keeper")


def held_open():
    broker, = gateway.children("broker")
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{broker}/status").read_text().splitlines() if ":\t" in line)
    equal((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"), "seccomp filters, and no new privileges")
    equal(re.search(r"Max core file size +(\d+)", pathlib.Path(f"/proc/{broker}/limits").read_text())[1], "0", "no core file")
    held = {int(fd): target(f"/proc/{broker}/fd/{fd}") for fd in os.listdir(f"/proc/{broker}/fd")}
    others = [what for fd, what in held.items() if fd > 2 and not re.match(r"socket:|anon_inode:|pipe:", what)]
    equal(others, [], "it has no file open, and none of the memory that fronts and keeper share")
    inodes = {re.search(r"\d+", what)[0] for what in held.values() if what.startswith("socket:")}
    for table in ("tcp", "tcp6", "udp"):
        equal([line for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:] if line.split()[9] in inodes], [], f"no {table} socket")
    environment = pathlib.Path(f"/proc/{broker}/environ").read_bytes()
    check({entry.split(b"=")[0].decode() for entry in environment.split(b"\0") if entry} <= {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}, "its environment is empty")


if not check(os.geteuid() == 0, "we are root, who alone can read the memory of such processes", "run this test as root"):
    finish()
with gateway:
    ada = Browser(gateway)
    run(in_memory, untouched, held_open)
finish()
