#!/usr/bin/env python3
"""The suite of all stores against a Valkey or Redis server: redis.py BUILD"""
import sys

import servers


class Redis(servers.Server):
    settings = {"appendonly": "yes", "appendfsync": "always", "save": "", "maxmemory-policy": "noeviction"}

    def command(self):
        words = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", self.directory]
        for name, value in self.settings.items():
            words += ["--" + name, value]
        return words


def main():
    with Redis() as server:
        return servers.suite(sys.argv[1], f"redis://127.0.0.1:{server.port}/1", *server.silence())


if __name__ == "__main__":
    sys.exit(main())
