#!/usr/bin/env python3
"""proofkey demo: both processes come up, end together, and leave nothing behind."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

from tap import ENVIRONMENT, PROGRAM, done, ok, refuses, run, says_yes


def free_address():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{s.getsockname()[1]}"


def answers(address):
    try:
        return urllib.request.urlopen(f"http://{address}/healthz", timeout=5).status == 200
    except OSError:
        return False


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def running(pids):
    """Those that still run; a zombie does not."""
    def state(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
        except FileNotFoundError:
            return "Z"
    return [pid for pid in pids if state(pid) != "Z"]


def wait_for(condition, seconds=15):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


class Demo:
    """A demo that has said which page to open, or has ended; killed at the end of a test, whatever happened."""

    def __init__(self, *options, **environment):
        self.listen, self.sandbox = free_address(), free_address()
        self.process = subprocess.Popen(
            [PROGRAM, "demo", "--listen", self.listen, "--sandbox-listen", self.sandbox, *options], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT | environment)
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if "Ctrl-C" in line:
                break
        self.children = children(self.process.pid) if self.process.poll() is None else []
        self.all = [*self.children, *(child for parent in self.children for child in children(parent))]

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.communicate()

    def end(self, number=None):
        """Waits for the end, after a signal if there is one; gives the status."""
        if number:
            self.process.send_signal(number)
        try:
            self.messages = self.process.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired:
            return "it did not end"
        return self.process.returncode


for number in (signal.SIGINT, signal.SIGTERM):
    with tempfile.TemporaryDirectory(prefix="proofkey-demo-test-") as directory:
        with Demo(TMPDIR=directory) as demo:
            ok(f"{number.name}: it says which page to open", f"http://{demo.listen}/" in demo.said, demo.said)
            ok(f"{number.name}: both answer then", answers(demo.listen) and answers(demo.sandbox), demo.said)
            ok(f"{number.name}: its state is its owner's alone", [os.stat(f"{directory}/{name}").st_mode & 0o777 for name in
               os.listdir(directory)] == [0o700], os.listdir(directory))
            status = demo.end(number)
            ok(f"{number.name}: ends it with status 0", status == 0, status, demo.messages)
            ok(f"{number.name}: nobody is left", len(demo.all) > 3 and wait_for(lambda: not running(demo.all)), demo.all)
            ok(f"{number.name}: no file is left", os.listdir(directory) == [], os.listdir(directory))

for which, word in enumerate(("sandbox", "gateway")):
    with Demo() as demo:
        if len(demo.children) == 2:
            os.kill(demo.children[which], signal.SIGKILL)
        status = demo.end()
        ok(f"when the {word} ends by itself, the demo says so and ends", status == 1 and f"the {word} was ended by signal 9" in demo.messages,
           status, demo.messages)
        ok(f"when the {word} ends by itself, so does everything else", len(demo.all) > 3 and wait_for(lambda: not running(demo.all)), demo.all)

with tempfile.TemporaryDirectory(prefix="proofkey-demo-test-") as directory, Demo(TMPDIR=directory) as demo:
    demo.process.kill()
    ok("when the demo is killed, everything ends", len(demo.all) > 3 and wait_for(lambda: not running(demo.all)), demo.all)

with tempfile.TemporaryDirectory(prefix='proofkey demo $HOME "test" ') as directory:
    state = f"{directory}/state"
    with Demo("--state-dir", state, "--auto-approve") as demo:
        status = demo.end(signal.SIGTERM)
        kept = sorted(os.listdir(state))
        ok("a state directory of any name is kept", status == 0 and {"keys", "proofkey.conf", "vault.db"} <= set(kept), status, kept, demo.messages)
    keys = pathlib.Path(state, "keys").read_text()
    with Demo("--state-dir", state) as demo:
        status = demo.end(signal.SIGTERM)
        ok("and used again, with its keys", status == 0 and pathlib.Path(state, "keys").read_text() == keys, status, demo.messages)

with socket.socket() as taken, tempfile.TemporaryDirectory(prefix="proofkey-demo-test-") as directory:
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    address = f"127.0.0.1:{taken.getsockname()[1]}"
    got = run("demo", "--listen", address, "--sandbox-listen", free_address(), TMPDIR=directory)
    ok("a port that is taken is a failure that names it", got.returncode == 1 and address in got.stderr and not got.stdout, got)
    ok("and leaves no file", os.listdir(directory) == [], os.listdir(directory))

refuses("a state directory that cannot be made", run("demo", "--state-dir", "/nonexistent/state"), 1, "/nonexistent/state")
for address in ("0.0.0.0:8080", "192.0.2.1:8080", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:80x", "127.0.0.1:80/x", "", ":"):
    refuses(f"--listen {address!r}", run("demo", "--listen", address), 2, "loopback")
    refuses(f"--sandbox-listen {address!r}", run("demo", "--sandbox-listen", address), 2, "loopback")
refuses("a word", run("demo", "now"), 2, "options only")
says_yes("--help", run("demo", "--help"), run("demo", "--help").stdout.startswith("usage: proofkey demo "))
done()
