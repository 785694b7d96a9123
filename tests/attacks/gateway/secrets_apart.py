#!/usr/bin/env python3
"""Who holds which secret is a process boundary: what a front's memory, environment, arguments, descriptors and files give away.

Reads /proc/PID/mem as root: the processes are not dumpable, and nobody else may."""
import base64
import os
import pathlib
import re
import stat
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
from fake_provider import Provider
from forge import Ring
from harness import CLIENT_SECRET, PROGRAM, Browser, Gateway, check, equal, finish, is_sent_back, run, wait_for
from process_memory import found, memory

provider = Provider()
gateway = Gateway(provider)


def descriptors(pid):
    held = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            held.append((int(fd), os.readlink(f"/proc/{pid}/fd/{fd}")))
        except FileNotFoundError:
            pass  # closed while we looked
    return sorted(held)


def status_of(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


def sockets(pid, table):
    """The lines of a table in /proc/net whose sockets the process holds."""
    inodes = {re.search(r"\d+", target)[0] for _, target in descriptors(pid) if target.startswith("socket:")}
    return [line.split() for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:] if inodes & set(line.split())]


def in_memory():
    """Looked for while the keeper has them all: a login waits for its user info, others are over."""
    ring = Ring(gateway.ring)
    path = provider.approve(ada.start(), "ada")
    is_sent_back(gateway, ada.get(path), "a login that is over")
    reached, released = threading.Event(), threading.Event()

    def hold(handler, document):
        reached.set()
        released.wait(60)
        handler.json(document)

    slow = Browser(gateway)
    under_way = provider.approve(slow.start(), "slow", userinfo=hold)
    thread = threading.Thread(target=slow.get, args=(under_way,))
    thread.start()
    check(reached.wait(20), "another is at its user info")
    try:
        values = {"client secret": CLIENT_SECRET.encode(), "client secret in Basic": base64.b64encode(f"test-client:{CLIENT_SECRET}".encode()),
                  "master key": ring.master, "master key as text": ring.text.encode(), "vault key": ring.subkey("vault")}
        for when, at in (("over", path), ("under way", under_way)):
            for token in provider.tokens_of(at):
                values[f"{token.split('-')[0]} token of the login {when}"] = token.encode()
        keeper, = gateway.children("keeper")
        held = found(keeper, {**values, "session key": ring.subkey("session"), "attempt key": ring.subkey("attempt")})
        wanted = {"client secret", "vault key", "access token of the login under way", "refresh token of the login under way"}
        check(wanted <= held, "the keeper has what it needs, and we can see it there", wanted - held)
        equal(held & {"session key", "attempt key", "master key", "master key as text"}, set(), "but no key of cookies or states, and no master key")
        for pid in gateway.children("front"):
            equal(found(pid, values), set(), "G-02 a front has no client secret, no token, no vault key and no master key")
            equal(found(pid, {"session key": ring.subkey("session"), "attempt key": ring.subkey("attempt")}), {"session key", "attempt key"}, "it has the keys of cookies and states, so we can see what it has")
        equal(found(gateway.process.pid, {name: value for name, value in values.items() if "token" in name}), set(), "the supervisor has no token")
    finally:
        released.set()
        thread.join()


def wiped():
    """A while after, the keeper no longer knows the tokens either: they are in the store, sealed."""
    path = provider.approve(ada.start(), "later")
    is_sent_back(gateway, ada.get(path), "a login")
    for _ in range(20):
        is_sent_back(gateway, Browser(gateway).sign_in(provider, person="other"), "and others after it")
    keeper, = gateway.children("keeper")
    tokens = {token.split("-")[0]: token.encode() for token in provider.tokens_of(path)}
    equal(found(keeper, {"refresh": tokens["refresh"]}), set(), "the keeper forgets a refresh token that it has stored")
    store = b"".join(file.read_bytes() for file in (gateway.directory / "state").iterdir())
    check(b"sub-later" in store and not [name for name, token in tokens.items() if token in store], "the store has the grant, and no token in the clear")


def environment_and_arguments():
    for pid in [*gateway.children("front"), *gateway.children("keeper")]:
        environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
        names = {entry.split(b"=")[0].decode() for entry in environment.split(b"\0") if entry}
        check(CLIENT_SECRET.encode() not in environment and names <= {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}, "a child's environment is empty", names)
    for pid in [gateway.process.pid, *gateway.children("front"), *gateway.children("keeper")]:
        arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        check(CLIENT_SECRET.encode() not in arguments and len(arguments) < 200, "C-32 no secret is in the arguments", arguments)


def confined():
    for role in ("front", "keeper"):
        for pid in gateway.children(role):
            status = status_of(pid)
            equal((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"), f"{role}: seccomp filters, and no new privileges")
            equal(re.search(r"Max core file size +(\d+)", pathlib.Path(f"/proc/{pid}/limits").read_text())[1], "0", f"{role}: no core file")


def held_open():
    """What a front holds: the log, the browsers' listening socket, the supervisor, the keeper, the loop, the set of ended sessions."""
    for pid in gateway.children("front"):
        ada.get("/healthz")
        tcp = [line for line in sockets(pid, "tcp") if line[3] == "0A"]
        equal([int(line[1].split(":")[1], 16) for line in tcp], [gateway.port], "a front listens at one address")
        equal(sockets(pid, "udp") + sockets(pid, "raw") + sockets(pid, "netlink"), [], "and has no other network socket")
        check(wait_for(lambda: not [line for line in sockets(pid, "tcp") if line[3] != "0A"]), "nor a connection to anywhere, while nobody asks", sockets(pid, "tcp"))
        unix = sockets(pid, "unix")
        check(len(unix) <= 4 and all(len(line) == 7 for line in unix), "its local sockets have no name: supervisor, keeper, and a pair for signals", unix)
        files = [target for fd, target in descriptors(pid) if fd > 2 and not re.match(r"socket:|anon_inode:|/memfd:proofkey-revoked|pipe:", target)]
        equal(files, [], "and it has no file open")
        equal([target for _, target in descriptors(pid) if "settings" in target], [], "its settings are closed once they are read")
    keeper, = gateway.children("keeper")
    equal([line for line in sockets(keeper, "tcp") if line[3] == "0A"], [], "the keeper listens nowhere")
    equal([target for _, target in descriptors(keeper) if "settings" in target], [], "and its settings are closed")


def files():
    made = [path for path in (gateway.directory / "state").iterdir()]
    check(any(path.name == "vault.db" for path in made), "the store is there", made)
    for path in [*made, gateway.ring]:
        equal(stat.filemode(path.stat().st_mode), "-rw-------", f"C-32 {path.name} is its owner's alone")
    for mode in (0o640, 0o604, 0o666):
        gateway.ring.chmod(mode)
        done = subprocess.run([PROGRAM, "serve", "--check-config", "--config", gateway.config], capture_output=True, text=True, timeout=30,
                              env={"TEST_CLIENT_SECRET": "x", "ASAN_OPTIONS": "detect_leaks=0"})
        check(done.returncode == 1 and "chmod" in done.stderr, f"a key ring that others may read ({mode:o}) is refused", done)
    gateway.ring.chmod(0o600)


if not check(os.geteuid() == 0, "we are root, who alone can read the memory of such processes", "run this test as root"):
    finish()
with gateway:
    ada = Browser(gateway)
    run(in_memory, wiped, environment_and_arguments, confined, held_open, files)
finish()
