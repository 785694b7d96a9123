#!/usr/bin/env python3
"""What happens is told while it happens, to few, in bounds, and to nobody who only looks like one of us."""
import json
import socket
import time

from harness import DIALECTS, Login, Sandbox, check, equal, finish

ANY = next(d for d in DIALECTS if d.name == "rfc7636")


class Listener:
    """A reader of server-sent events on a socket of its own."""

    def __init__(self, sandbox, **headers):
        self.socket = socket.create_connection(("127.0.0.1", sandbox.port), 10)
        lines = [f"{k}: {v}\r\n" for k, v in {"Host": f"127.0.0.1:{sandbox.port}", **headers}.items()]
        self.socket.sendall(f"GET /_sandbox/events HTTP/1.0\r\n{''.join(lines)}\r\n".encode())
        self.data = b""
        self.wait(b"\r\n\r\n")
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        self.head = head.decode()

    def wait(self, until, seconds=10):
        end = time.monotonic() + seconds
        while until not in self.data and time.monotonic() < end:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except OSError:
                return False
            if not data:
                return False
            self.data += data
        return until in self.data

    def event(self):
        """The next event: its name and its data."""
        while self.wait(b"\n\n"):
            block, self.data = self.data.split(b"\n\n", 1)
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n") if ": " in line)
            if "event" in fields:
                return fields["event"], json.loads(fields["data"])
        return None, None

    def attempt(self, of, done):
        """The events up to the one that is done."""
        seen = []
        while True:
            name, item = self.event()
            if name is None:
                return seen
            if name == "attempt" and item["provider"] == of:
                seen.append(item)
                if done(item):
                    return seen

    def close(self):
        self.socket.close()


with Sandbox("--auto-approve") as sandbox:
    login = Login(ANY)
    sandbox.login(login)
    early = Listener(sandbox)
    check("text/event-stream" in early.head and "no-store" in early.head and "Access-Control" not in early.head,
          "the stream is a stream, for this origin alone", early.head)
    name, item = early.event()
    equal((name, item["provider"], item["verdict"]), ("attempt", "rfc7636", None), "who comes late is told what was")

    login = Login(ANY)
    code = sandbox.code(login)
    grown = early.attempt("rfc7636", lambda item: len(item["capture"]["events"]) == 2)
    check(grown and grown[-1]["capture"]["events"][-1]["kind"] == "callback", "an attempt is told when it begins", grown)
    login.verifier = "x" * 50
    sandbox.token(login, code)
    grown = early.attempt("rfc7636", lambda item: item["verdict"])
    check(grown and grown[-1]["verdict"] == "verifier-mismatch", "and again when it grows, with its verdict", grown)
    check(set(grown[-1]) == {"id", "provider", "at", "produced", "capture", "verdict"}, "as the same JSON as in the list", grown[-1].keys())
    equal({k: v for k, v in grown[-1].items() if k != "verdict"}, sandbox.ask("GET", "/_sandbox/attempts").json[-1], "with the same values")

    sandbox.ask("DELETE", "/_sandbox/attempts")
    equal(early.event()[0], "cleared", "listeners are told when all is forgotten")

    more = [Listener(sandbox) for _ in range(15)]
    refused = Listener(sandbox)
    check(" 503 " in refused.head, "the seventeenth listener is refused", refused.head)
    more[0].close()
    sandbox.login(Login(ANY))
    time.sleep(0.3)
    sandbox.login(Login(ANY))
    again = Listener(sandbox)
    check(" 200 " in again.head, "a listener that left makes room", again.head)
    for listener in more + [refused, again]:
        listener.close()
    time.sleep(0.2)

    for headers, what in (({"Host": "attacker.example"}, "a foreign name for this machine"), ({"Sec-Fetch-Site": "cross-site"}, "a foreign page"),
                          ({"Origin": "https://attacker.example"}, "a foreign origin")):
        refused = Listener(sandbox, **headers)
        check(" 403 " in refused.head, f"{what} is told nothing", refused.head)
        refused.close()

    # One that never reads: it is dropped when it is behind by more than is kept for it, and nobody else notices.
    lazy = Listener(sandbox)
    for _ in range(700):
        sandbox.ask("POST", ANY.path("token_url"), "grant_type=authorization_code&code=" + "a" * 60000,
                    {"Content-Type": "application/x-www-form-urlencoded"})
        while early.wait(b"\n\n", 0.001):
            early.data = early.data.split(b"\n\n", 1)[1]
    lazy.socket.settimeout(10)
    size = 0
    try:
        while True:
            data = lazy.socket.recv(1 << 20)
            if not data:
                break
            size += len(data)
        check(True, "a listener that does not read is hung up on")
    except ConnectionResetError:
        check(True, "a listener that does not read is hung up on")
    except TimeoutError:
        check(False, "a listener that does not read is hung up on", size)
    sandbox.login(Login(ANY))
    while early.event()[0] != "attempt":
        pass
    check(True, "one that reads goes on")
    resident = int(next(line.split()[1] for line in open(f"/proc/{sandbox.process.pid}/status") if line.startswith("VmRSS")))
    asan = b"asan" in open(f"/proc/{sandbox.process.pid}/exe", "rb").read()
    check(asan or resident < 120000, "and the memory stays bounded", resident)
finish()
