#!/usr/bin/env python3
"""Twenty thousand logins, each redeemed, and as many left waiting: memory stays where it was."""
import socket
import sys
import urllib.parse

sys.dont_write_bytecode = True
from harness import Dialect, Login, Sandbox, check, equal, finish

LOGINS = 20000
BATCH = 100  # requests that are on their way at once
GROWTH = 48 if b"asan" in open(sys.argv[1], "rb").read() else 12  # MiB


def memory(sandbox):
    with open(f"/proc/{sandbox.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


class Pipe:
    """One connection with many requests in flight: http.client would take minutes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.left = b""

    def send(self, requests):
        self.socket.sendall(b"".join(requests))
        return [self.reply() for _ in requests]

    def more(self):
        piece = self.socket.recv(262144)
        if not piece:
            raise EOFError
        self.left += piece

    def reply(self):
        while b"\r\n\r\n" not in self.left:
            self.more()
        head, _, self.left = self.left.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) if not line.startswith("Location") else line.split(": ", 1) for line in lines[1:])
        length = int(headers.get("content-length", 0))
        while len(self.left) < length:
            self.more()
        body, self.left = self.left[:length], self.left[length:]
        return int(lines[0].split()[1]), headers, body


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def post(path, pairs, headers):
    body = urllib.parse.urlencode(pairs)
    lines = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    return f"POST {path} HTTP/1.1\r\nHost: a\r\n{lines}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def run(sandbox, login, count):
    """Returns how many of the logins ended with a token."""
    pipe = Pipe(sandbox.port)
    ask = get(login.dialect.path("authorize_url") + "?" + urllib.parse.urlencode(login.asked()))
    done = 0
    for _ in range(count // BATCH):
        codes = [dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(h["Location"]).query))["code"] for _, h, _ in pipe.send([ask] * BATCH)]
        replies = pipe.send([post(login.dialect.path("token_url"), login.redeem(code), login.auth()) for code in codes])
        done += sum(status == 200 for status, _, _ in replies)
    return done


def main():
    login = Login(Dialect("tiktok"))
    with Sandbox("--auto-approve") as sandbox:
        equal(run(sandbox, login, 2000), 2000, "two thousand to warm up")
        before = memory(sandbox)
        equal(run(sandbox, login, LOGINS), LOGINS, f"{LOGINS} logins")
        after = memory(sandbox)
        print(f"# resident: {before:.1f} MiB before, {after:.1f} MiB after")
        check(after - before < GROWTH, f"memory grew by less than {GROWTH} MiB", (before, after))
    with Sandbox() as sandbox:
        pipe = Pipe(sandbox.port)
        ask = get(login.dialect.path("authorize_url") + "?" + urllib.parse.urlencode(login.asked(state="x" * 2000)))
        pipe.send([ask] * BATCH)
        before = memory(sandbox)
        for _ in range(LOGINS // BATCH // 4):
            pipe.send([ask] * BATCH)
        after = memory(sandbox)
        print(f"# resident: {before:.1f} MiB before, {after:.1f} MiB after")
        check(after - before < GROWTH, "so many people who never answer the page, too", (before, after))
    finish()


if __name__ == "__main__":
    main()
