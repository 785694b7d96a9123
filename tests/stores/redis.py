#!/usr/bin/env python3
"""The suite of all stores against a Valkey or Redis server: redis.py BUILD"""
import os
import socket
import sys

import servers


def read_reply(file):
    line = file.readline().rstrip(b"\r\n")
    kind, rest = line[:1], line[1:]
    if kind == b"-":
        raise SystemExit(f"the server refuses: {rest.decode()}")
    if kind == b"*":
        return [read_reply(file) for _ in range(int(rest))]
    if kind == b"$":
        return file.read(int(rest) + 2)[:-2] if int(rest) >= 0 else None
    return int(rest) if kind == b":" else rest


class Redis(servers.Server):
    settings = {"appendonly": "yes", "appendfsync": "always", "save": "", "maxmemory-policy": "noeviction"}

    @property
    def address(self):
        return f"redis://127.0.0.1:{self.port}/1"

    def command(self):
        words = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", self.directory]
        words += ["--unixsocket", os.path.join(self.directory, "socket"), "--unixsocketperm", "777"]
        for name, value in self.settings.items():
            words += ["--" + name, value]
        return words

    def ask(self, *words, database=1):
        """Runs one command in the database that is tested, or another; gives its reply: bytes, a number, a list or None."""
        with socket.create_connection(("127.0.0.1", self.port), 60) as connection, connection.makefile("rwb") as file:
            for command in (["SELECT", str(database)], words):
                file.write(b"*%d\r\n" % len(command))
                for word in command:
                    word = word.encode()
                    file.write(b"$%d\r\n%s\r\n" % (len(word), word))
                file.flush()
                reply = read_reply(file)
            return reply


def main():
    with Redis() as server:
        return servers.suite(sys.argv[1], server.address, *server.silence())


if __name__ == "__main__":
    sys.exit(main())
