#!/usr/bin/env python3
"""Who may ask the broker: whoever has a key's secret, from this machine. Secrets and sockets that others could reach are refused at the start."""
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
from broker import Brokered, is_refusal, mode_of
from fake_provider import Provider
from harness import PROGRAM, Browser, ask, check, equal, finish, raw, run, wait_for

provider = Provider()
gateway = Brokered(provider, {"poster": ["one"], "second": ["one"]})
at_port = Brokered(provider, at_port=True)


def wrong_keys():
    secret = gateway.secrets["poster"]
    wrong = {"none": {}, "another secret": "Bearer " + secrets.token_urlsafe(32), "a part of it": "Bearer " + secret[:-1], "more than it": f"Bearer {secret}x",
             "another kind": "Basic " + secret, "no kind": secret, "in the other case": "Bearer " + secret.swapcase(), "an empty one": "Bearer ",
             "a very long one": "Bearer " + "x" * 20000}
    for what, value in wrong.items():
        reply = gateway.token(key=None, headers={"Authorization": value} if value else {})
        check(is_refusal(reply, 401, "invalid_token") and reply.headers.get("www-authenticate", "").startswith("Bearer"), f"{what}: 401", reply)
    equal(gateway.token(headers={"Authorization": "bearer  " + secret}).status, 200, "the name of the scheme has no case (RFC 9110 11.1)")
    connection = gateway.connection()
    connection.putrequest("GET", "/v1/grants/one/sub-ada/token")
    for value in (secret, gateway.secrets["second"]):
        connection.putheader("Authorization", "Bearer " + value)
    connection.endheaders()
    equal(connection.getresponse().status, 401, "two keys at once are none")
    connection.close()
    reply = gateway.broker(f"/v1/grants/one/sub-ada/token?access_token={secret}", key=None)
    equal(reply.status, 401, "a secret in the URL is none (RFC 9700 2.6)")
    check(secret[:12] not in gateway.log() and len(gateway.log_lines("event=broker.refused")) > 8, "the log counts them, and shows none")


def failures_are_bounded():
    got = [gateway.token(key=None).status for _ in range(60)]
    check(set(got) == {401, 429} and got.count(401) <= 25, "who guesses is told to wait", got)
    reply = gateway.token(key=None)
    check(is_refusal(reply, 429, "too_many_failures") and reply.headers.get("retry-after"), "and for how long", reply)
    equal(gateway.token().status, 200, "who has a key is not in their way")
    check(len(gateway.log_lines("event=broker.refused")) < 40, "nor is the log filled", len(gateway.log_lines("event=broker.refused")))


def the_socket():
    equal(oct(mode_of(gateway.socket)), "0o660", "the socket is for its owner and group")
    first = os.stat(gateway.socket).st_ctime_ns  # the number of its inode may be given to the next one
    gateway.restart()
    check(os.stat(gateway.socket).st_ctime_ns != first and gateway.token().status == 200, "a restart takes the name again")
    gateway.quiet = False
    gateway.process.kill()
    gateway.process.wait()
    wait_for(lambda: not is_answering(gateway.socket))
    check(os.path.exists(gateway.socket), "a supervisor that was killed leaves the name behind")
    gateway.start()
    equal(gateway.token().status, 200, "which the next one takes over")
    second = subprocess.run([PROGRAM, "serve", "--config", gateway.config], capture_output=True, text=True, timeout=30,
                            env={"TEST_CLIENT_SECRET": "x", "ASAN_OPTIONS": "detect_leaks=0"})
    check(second.returncode == 1 and "another program listens there" in second.stderr and gateway.token().status == 200,
          "but not one that somebody listens at", second)
    gateway.process.send_signal(signal.SIGHUP)
    check(wait_for(lambda: gateway.token().status == 200 and len(gateway.log_lines("event=gateway.ready")) > 1), "a reload keeps it")
    path = pathlib.Path(gateway.socket)
    gateway.stop()
    check(not path.exists(), "and the end takes it away")
    path.write_text("mine")
    refused = subprocess.run([PROGRAM, "serve", "--config", gateway.config], capture_output=True, text=True, timeout=30,
                             env={"TEST_CLIENT_SECRET": "x", "ASAN_OPTIONS": "detect_leaks=0"})
    check(refused.returncode == 1 and "no socket" in refused.stderr and path.read_text() == "mine", "what is no socket is left alone", refused)
    path.unlink()
    gateway.start()


def is_answering(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def the_port():
    with at_port:
        equal(Browser(at_port).sign_in(provider).status, 303, "a login")
        equal(at_port.token().status, 200, "the broker answers at a port of this machine")
        for host in (f"localhost:{at_port.broker_port}", f"[::1]:{at_port.broker_port}", f"127.0.0.1:{at_port.broker_port}"):
            equal(at_port.token(headers={"Host": host}).status, 200, f"Host: {host} is this machine")
        for host in ("evil.example", f"evil.example:{at_port.broker_port}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.evil.example:{at_port.broker_port}",
                     f"x@127.0.0.1:{at_port.broker_port}", ":", ""):
            check(is_refusal(at_port.token(headers={"Host": host}), 421, "wrong_host"), f"Host: {host} is not")
        check(b" 421 " in raw(at_port.broker_port, b"GET /v1/grants HTTP/1.0\r\n\r\n"), "nor is none at all")
        equal(ask(at_port.port, "GET", "/v1/grants/one/sub-ada/token", {"Authorization": "Bearer " + at_port.secrets["poster"]}).status, 404,
              "a front knows nothing of it")
        listening = pathlib.Path("/proc/net/tcp").read_text()
        check(re.search(rf"0100007F:{at_port.broker_port:04X} 00000000:0000 0A", listening) is not None
              and not re.search(rf"00000000:{at_port.broker_port:04X} 00000000:0000 0A", listening), "it listens on loopback alone")


def configurations():
    key = gateway.directory / "poster.key"
    secret = key.read_text()
    section = f'broker_key "a" {{ secret_file = "{key}" logins = {{"one"}} }}'
    good = gateway.config.read_text()
    base = good[:good.index("broker =")]

    def says(text, *words):
        path = gateway.directory / "tried.conf"
        path.write_text(base + text + "\n")
        done = subprocess.run([PROGRAM, "serve", "--check-config", "--config", path], capture_output=True, text=True, timeout=30,
                              env={"TEST_CLIENT_SECRET": "x", "ASAN_OPTIONS": "detect_leaks=0"})
        return check(done.returncode == 1 and all(word in done.stderr for word in words) and secret.strip()[:8] not in done.stderr, " ".join(words), done)

    for address in ("0.0.0.0:4181", "192.0.2.1:4181", "[::]:4181", "localhost:4181", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", ":4181", "unix:", "unix:relative.sock",
                    "unix:/" + "x" * 120, "/run/broker.sock", "127.0.0.1.evil.example:80", "tcp:127.0.0.1:80"):
        says(f'broker = "{address}"\n{section}', "tried.conf:", "broker: ")
    says('broker = "127.0.0.1:4181"', "nobody may ask it")
    says(section, "a broker_key without a broker")
    start = 'broker = "127.0.0.1:4181"\n'
    says(start + f'broker_key "A b" {{ secret_file = "{key}" logins = {{"one"}} }}', "a to z")
    says(start + 'broker_key "a" { logins = {"one"} }', "has no secret_file")
    says(start + f'broker_key "a" {{ secret_file = "{key}" }}', "has no logins")
    says(start + f'broker_key "a" {{ secret_file = "{key}" logins = {{"elsewhere"}} }}', "logins:", 'no login "elsewhere"')
    says(start + 'broker_key "a" { secret_file = "/nowhere" logins = {"one"} }', "secret_file:", "No such file")
    says(start + f'broker_key "a" {{ secret_file = "{gateway.directory}" logins = {{"one"}} }}', "not a regular file")
    says(start + section + "\n" + section.replace('"a"', '"b"'), 'broker_key "a" has the same secret')
    says(start + section + "\n" + section, "a")
    for text, word in (("short", "at least 32"), ("x" * 513, "at most 512"), ("x" * 5000, "too large"), ("x" * 40 + " y", "one line"), ("", "at least 32"), ("ä" * 40, "one line")):
        key.write_text(text)
        says(start + section, "secret_file:", word)
    key.write_text(secret)
    for mode in (0o640, 0o604, 0o660):
        key.chmod(mode)
        says(start + section, "chmod 600")
    key.chmod(0o600)
    link = gateway.directory / "link.key"
    link.symlink_to(key)
    says(start + section.replace(str(key), str(link)), "symbolic link")


def reloads():
    """Programs that ask without end notice nothing."""
    with Brokered(provider) as busy:
        Browser(busy).sign_in(provider)
        lost, over = [], threading.Event()

        def ask_on():
            while not over.is_set():
                try:
                    reply = busy.token()
                    if reply.status != 200:
                        lost.append(reply)
                except OSError as error:
                    lost.append(error)

        threads = [threading.Thread(target=ask_on) for _ in range(6)]
        for thread in threads:
            thread.start()
        for _ in range(15):
            ready, before = len(busy.log_lines("event=gateway.ready")), busy.children("broker")
            busy.process.send_signal(signal.SIGHUP)
            wait_for(lambda: len(busy.log_lines("event=gateway.ready")) > ready and not set(before) & set(busy.children("broker")))
        over.set()
        for thread in threads:
            thread.join()
        equal((len(busy.log_lines("event=gateway.ready")), lost), (16, []), "15 reloads, and no program that asks meanwhile is hung up on")


with gateway:
    equal(Browser(gateway).sign_in(provider).status, 303, "a login")
    run(wrong_keys, failures_are_bounded, the_socket, the_port, reloads, configurations)
finish()
