#!/usr/bin/env python3
"""Sockets that a service manager opened and keeps: nobody is refused while the gateway is started anew, be it told to end or killed.
What is passed and is not what the configuration says is refused at the start, and the manager hears how far the gateway is."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "broker"))
from broker import Brokered
from fake_provider import Provider
from harness import CLIENT_SECRET, PROGRAM, Browser, Gateway, ask, at_once, check, equal, finish, is_sent_back, wait_for
from passed_sockets import launch, listening

provider = Provider()
SECRET = {"TEST_CLIENT_SECRET": CLIENT_SECRET}


class Passed:
    """To be mixed into a gateway: its sockets are opened before it and closed after it, and it tells how far it is."""

    def open(self):
        self.sockets = [("proofkey", listening(("127.0.0.1", self.port)))]
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.settimeout(60)
        self.manager.bind(str(self.directory / "notify"))
        return self

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = launch(self.sockets, [PROGRAM, "serve", "--config", str(self.config)],
                                  {**SECRET, "NOTIFY_SOCKET": self.manager.getsockname()}, stdout=log, stderr=log)
        self.told("READY=1")
        return self

    def told(self, line):
        """Waits for a message with this line."""
        while True:
            message = self.manager.recv(4096).decode()
            if line in message.split("\n"):
                return message

    def discard(self):
        for _, opened in self.sockets:
            opened.close()
        self.manager.close()
        super().discard()


class PassedGateway(Passed, Gateway):
    pass


class PassedBroker(Passed, Brokered):
    def open(self):
        super().open()
        address = ("127.0.0.1", self.broker_port) if self.broker_port else self.socket
        self.sockets.append(("broker", listening(address)))
        return self


def later(call):
    """The result of a call, as a list that it will be in."""
    result = []

    def run():
        try:
            result.append(call())
        except OSError as error:
            result.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    result_of = lambda: (thread.join(90), result)[1]  # noqa: E731
    return result_of


def asked_while_it_is_away():
    with PassedGateway(provider).open() as gateway:
        browser = Browser(gateway)
        is_sent_back(gateway, browser.sign_in(provider), "a login on a socket that was passed")
        check("passed=listen\n" in gateway.log(), "the log says that it was passed", gateway.log())
        for how in (signal.SIGTERM, signal.SIGKILL):
            children = [*gateway.children("front"), *gateway.children("keeper")]
            gateway.stop(how)
            wait_for(lambda: not any(pathlib.Path(f"/proc/{pid}/exe").exists() for pid in children))
            answers = [later(lambda: ask(gateway.port, "GET", "/me", {"Cookie": f"proofkey={browser.session}"}, timeout=60).status) for _ in range(40)]
            time.sleep(0.3)
            gateway.start()
            equal([answer() for answer in answers], [[200]] * 40, f"who asks after {how.name} is answered by the next start, signed in")
        gateway.quiet = False


def asked_all_the_time():
    """Restarts under load: every connection is answered."""
    with PassedGateway(provider).open() as gateway:
        wrong, done, asked = [], threading.Event(), [0] * 8

        def keep_asking(i):
            while not done.is_set():
                try:
                    status = ask(gateway.port, "GET", "/me", timeout=60).status
                except OSError as error:
                    status = repr(error)
                asked[i] += 1
                if status != 401:
                    wrong.append(status)

        threads = [threading.Thread(target=keep_asking, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            time.sleep(0.3)
            gateway.stop()
            gateway.start()
        done.set()
        for thread in threads:
            thread.join(90)
        check(not wrong and all(asked), f"three restarts under {sum(asked)} requests lose none", wrong[:5])


def the_manager_hears():
    with PassedGateway(provider).open() as gateway:
        gateway.process.send_signal(signal.SIGHUP)
        message = gateway.told("RELOADING=1")
        check(any(line.startswith("MONOTONIC_USEC=") and line[15:].isdigit() for line in message.split("\n")), "a reload is dated", message)
        check("STATUS=Serving" in gateway.told("READY=1").split("\n"), "and ends")
        good = gateway.config.read_text()
        gateway.config.write_text(good + "nonsense = 1\n")
        gateway.process.send_signal(signal.SIGHUP)
        gateway.told("RELOADING=1")
        check("refused" in gateway.told("READY=1"), "a reload that came to nothing ends too, and says so")
        gateway.config.write_text(good.replace(f"127.0.0.1:{gateway.port}\"", "127.0.0.1:9\"", 1))
        gateway.process.send_signal(signal.SIGHUP)
        gateway.told("READY=1")
        check(gateway.log_lines("event=gateway.reload", "until the gateway is started anew"), "another address needs a new start", gateway.log())
        gateway.config.write_text(good)
        gateway.stop()
        check(gateway.told("STOPPING=1"), "the end is announced")
        gateway.start()


def a_name_of_linux_alone():
    """NOTIFY_SOCKET=@NAME, which is no file (unix(7))."""
    gateway = Gateway(provider)
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.settimeout(60)
    manager.bind(f"\0{gateway.directory.name}")
    with open(gateway.log_path, "ab") as log:
        gateway.process = launch([("proofkey", listening(("127.0.0.1", gateway.port)))], [PROGRAM, "serve", "--config", str(gateway.config)],
                                 {**SECRET, "NOTIFY_SOCKET": f"@{gateway.directory.name}"}, stdout=log, stderr=log)
    check(manager.recv(4096).startswith(b"READY=1"), "a manager with an abstract name hears of it too")
    gateway.stop()
    manager.close()
    gateway.discard()


def nobody_to_tell():
    gateway = Gateway(provider)
    with open(gateway.log_path, "ab") as log:
        gateway.process = launch([("proofkey", listening(("127.0.0.1", gateway.port)))], [PROGRAM, "serve", "--config", str(gateway.config)],
                                 {**SECRET, "NOTIFY_SOCKET": str(gateway.directory / "nobody")}, stdout=log, stderr=log)
    check(wait_for(gateway.is_ready) and gateway.process.poll() is None, "a manager that is not there is no reason not to serve", gateway.log())
    check(gateway.log_lines("event=supervisor.notify", "level=warn"), "the log says so")
    gateway.stop()
    gateway.discard()


def broker(at_port):
    with PassedBroker(provider, at_port=at_port).open() as gateway:
        where = "at a port" if at_port else "at a unix socket"
        Browser(gateway).sign_in(provider)
        equal(gateway.token().status, 200, f"the broker {where}: a token")
        check("passed=\"listen and broker\"" in gateway.log(), "the log says that both were passed", gateway.log())
        gateway.stop()
        check(at_port or os.path.exists(gateway.socket), f"the broker {where}: its name stays")
        answer = later(lambda: gateway.token().status)
        time.sleep(0.3)
        gateway.start()
        equal(answer(), [200], f"the broker {where}: who asks meanwhile is answered")


def refused():
    gateway = Gateway(provider)
    good = gateway.config.read_text()
    silent = "\n".join(line for line in good.splitlines() if not line.startswith("listen")) + "\n"
    right, other, unix, plain = listening(("127.0.0.1", gateway.port)), listening(("127.0.0.1", 0)), listening(str(gateway.directory / "unix")), socket.socket()
    elsewhere = f"127.0.0.1:{other.getsockname()[1]}"
    for sockets, config, words, what in (
            ([("proofkey", other)], good, elsewhere, "a socket elsewhere than the configuration says"),
            ([("proofkey", unix)], silent, "an address and a port", "a unix socket for browsers"),
            ([("http", right)], good, "the name http;", "a socket whose name it does not know"),
            ([("", right)], good, "the name ;", "a socket without a name"),
            ([("proofkey", right), ("proofkey", other)], good, "two sockets", "two of one name"),
            ([("proofkey", plain)], good, "is none", "a socket that does not listen"),
            ([("proofkey", right)] * 9, good, "9 sockets", "too many"),
            ([("proofkey", right), ("broker", unix)], good, "no broker", "a broker's socket without a broker"),
            ([("proofkey", right)], good.replace("listen = ", "listen = \"${NOT_SET_ANYWHERE}\" # "), "is the environment variable set", "an empty listen")):
        gateway.config.write_text(config)
        process = launch(sockets, [PROGRAM, "serve", "--config", str(gateway.config)], SECRET, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if not wait_for(lambda: process.poll() is not None, 60):
            process.kill()
        errors = process.communicate()[1]
        check(process.returncode == 1 and words in errors, "it does not start with " + what, (process.returncode, errors))
    gateway.config.write_text(silent)
    for pid, at, what in ((None, elsewhere, "without listen, it serves where it was passed"), ("1", "127.0.0.1:4180", "what was passed to another process is not taken")):
        process = launch([("proofkey", other)], [PROGRAM, "serve", "--config", str(gateway.config)], {**SECRET, **({"LISTEN_PID": pid} if pid else {})},
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        line = process.stderr.readline()
        process.terminate()
        process.communicate()
        check(at in line, what, line)
    for opened in (right, other, unix, plain):
        opened.close()
    gateway.discard()


at_once(asked_while_it_is_away, asked_all_the_time, the_manager_hears, a_name_of_linux_alone, nobody_to_tell, lambda: broker(False), lambda: broker(True), refused)
finish()
