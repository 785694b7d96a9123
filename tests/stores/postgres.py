#!/usr/bin/env python3
"""The suite of all stores against PostgreSQL: postgres.py BUILD"""
import glob
import os
import subprocess
import sys

import servers


class Postgres(servers.Server):
    user = "postgres"

    @property
    def bin(self):
        return sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))[-1]

    @property
    def data(self):
        return os.path.join(self.directory, "data")

    @property
    def address(self):
        return f"postgresql://postgres:secret@127.0.0.1:{self.port}/proofkey"

    def prepare(self):
        with open(os.path.join(self.directory, "password"), "w") as file:
            file.write("secret\n")
        os.chmod(file.name, 0o644)
        self.run([f"{self.bin}/initdb", "-D", self.data, "-A", "scram-sha-256", "--pwfile", file.name])

    def start(self):
        super().start()
        if "proofkey" not in self.sql("SELECT datname FROM pg_database", "postgres").split():
            self.sql("CREATE DATABASE proofkey", "postgres")

    def command(self):
        return [f"{self.bin}/postgres", "-D", self.data, "-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1",
                "-c", f"unix_socket_directories={self.directory}"]

    def ready(self):
        return subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False).returncode == 0

    def processes(self):
        """The server's, also those that it started: each has a process group of its own."""
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            return [pid] + [int(child) for child in children.read().split()]

    def signal(self, number):
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self):
        left = self.processes()
        super().kill()
        servers.wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in left), 30, "the end of the server")

    def silence(self):
        pid = self.process.pid
        return [f"kill -s {signal} {pid} $(cat /proc/{pid}/task/{pid}/children)" for signal in ("STOP", "CONT")]

    @property
    def log(self):
        return os.path.join(self.directory, "log")

    def log_size(self):
        return os.path.getsize(self.log)

    def log_since(self, size):
        with open(self.log) as file:
            file.seek(size)
            return file.read()

    def sql(self, text, database="proofkey"):
        """What the statements give, as psql prints it, bare."""
        return subprocess.run([f"{self.bin}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                               self.address.replace("/proofkey", "/" + database), "-c", text],
                              check=True, capture_output=True, text=True).stdout


def main():
    with Postgres() as server:
        return servers.suite(sys.argv[1], server.address, *server.silence())


if __name__ == "__main__":
    sys.exit(main())
