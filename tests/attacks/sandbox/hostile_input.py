#!/usr/bin/env python3
"""Bytes that no client sends: the sandbox answers or hangs up, and goes on serving."""
import random
import re
import socket
import sys

sys.dont_write_bytecode = True
from harness import Dialect, Login, Sandbox, check, equal, finish


LOOPBACK = re.compile(r"https?://127\.\d+\.\d+\.\d+(:\d*)?[/?]")


def raw(sandbox, data):
    """Sends bytes, returns what comes until the other side is quiet."""
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        connection.sendall(data)
        try:
            connection.shutdown(socket.SHUT_WR)
            got = b""
            while True:
                piece = connection.recv(65536)
                if not piece:
                    return got
                got += piece
        except OSError:
            return b""


def post(path, body, headers=b""):
    return b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n" \
        + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body


def never_200(sandbox, what, data):
    got = raw(sandbox, data)
    check(not got.startswith(b"HTTP/1.1 200"), what, got[:200])
    return got


def sizes(sandbox, token):
    never_200(sandbox, "a body of a megabyte", post(token, b"code=" + b"a" * 1000000))
    never_200(sandbox, "a body of 60 KB", post(token, b"code=" + b"a" * 60000))
    never_200(sandbox, "60 KB of percent signs", post(token, b"code=" + b"%41" * 20000))
    never_200(sandbox, "60 KB of ampersands", post(token, b"&" * 60000))
    never_200(sandbox, "a header of 100 KB", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100000 + b"\r\n\r\n")
    never_200(sandbox, "ten thousand headers", b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 10000 + b"\r\n")
    never_200(sandbox, "a path of 100 KB", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    never_200(sandbox, "two lengths", b"POST " + token + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\na=b&c")
    never_200(sandbox, "a Basic header of 8 KB", post(token, b"grant_type=authorization_code", b"Authorization: Basic " + b"QUFB" * 2000 + b"\r\n"))
    never_200(sandbox, "two Authorization headers", post(token, b"grant_type=authorization_code", b"Authorization: Basic YTpi\r\nAuthorization: Basic YTpi\r\n"))


def paths(sandbox):
    for path in (b"/../../etc/passwd", b"/%2e%2e/", b"/assets/../style.css", b"/assets/", b"/\xff\xfe", b"/" + b"/" * 500, b"*", b"http://evil.example/",
                 b"/genesys", b"/genesys/", b"/_sandbox/decide", b"/genesys/_sandbox/", b"/rfc7636//authorize", b"/rfc7636/authorize/", b"/RFC7636/authorize"):
        got = raw(sandbox, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        if path == b"http://evil.example/":
            check(b"evil" not in got, "an absolute target is reduced to its path", got[:200])
        else:
            check(not got.startswith(b"HTTP/1.1 200"), f"path {path[:30]!r}", got[:100])


def noise(sandbox, login):
    """Ten thousand damaged requests: every answer is an answer."""
    dice = random.Random(7636)
    good = [("GET", login.dialect.path("authorize_url") + "?" + "&".join(f"{k}={v}" for k, v in login.asked().items())),
            ("POST", "&".join(f"{k}={v}" for k, v in login.redeem("x" * 43).items()))]
    bad = 0
    for _ in range(10000):
        method, text = dice.choice(good)
        text = bytearray(text.encode())
        for _ in range(dice.randrange(1, 6)):
            at = dice.randrange(login.dialect.path("authorize_url").__len__() + 1 if method == "GET" else 0, len(text))
            text[at:at + dice.randrange(3)] = bytes(dice.choice(b"%&=+;#?/\\\"'<>0aZ\xc3\x80~ \t") for _ in range(dice.randrange(3)))
        text = bytes(text).replace(b" ", b"+").replace(b"\t", b"+").decode("latin-1")
        try:
            if method == "GET":
                reply = sandbox.ask("GET", text.encode("latin-1").decode("ascii", "ignore"))
            else:
                reply = sandbox.ask("POST", login.dialect.path("token_url"), text.encode("latin-1"),
                                    {"Content-Type": "application/x-www-form-urlencoded"})
        except OSError as error:
            check(False, "an answer to every request", (text, error))
            return
        location = reply.location
        if reply.status not in (200, 303, 400, 401, 404, 405) or (location and not LOOPBACK.match(location)) or "access_token" in reply.text:
            bad += 1
            print("#", reply.status, location[:200], text[:300])
    equal(bad, 0, "ten thousand damaged requests, no odd answer")


def hanging_up(sandbox):
    for data in (b"", b"GET", b"POST /rfc7636/token HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\ncode=", b"\x16\x03\x01\x02\x00\x01\x00", b"\0" * 100):
        for _ in range(20):
            connection = socket.create_connection(("127.0.0.1", sandbox.port), timeout=5)
            connection.sendall(data)
            connection.close()
    equal(sandbox.ask("GET", "/healthz").status, 200, "it outlives those who hang up")


def main():
    with Sandbox("--auto-approve") as sandbox:
        sizes(sandbox, Dialect("rfc7636").path("token_url").encode())
        paths(sandbox)
        hanging_up(sandbox)
        for dialect in map(Dialect, ("rfc7636", "tiktok", "genesys")):
            noise(sandbox, Login(dialect))
        equal(sandbox.ask("GET", "/healthz").status, 200, "and is well")
        equal(sandbox.process.poll(), None, "it still runs")
    finish()


if __name__ == "__main__":
    main()
