"""The servers that are measured, and the sandbox, each on a free port of the loopback address and ended with its `with` block.

Half of the cores are the servers', the other half is for who asks them (wrk, the sandbox, the visitors): a load generator that takes
its time from the server makes every server look the same. With a single core they share it."""
import os
import re
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES = CORES[:max(1, len(CORES) // 2)]
CLIENT_CORES = CORES[len(SERVER_CORES):] or CORES
LOGIN = "bench"

CONFIG = """public_url = "http://{address}"
listen = "{address}"
store = "sqlite:{store}/vault.db"
keys = "{directory}/keys"
sandbox = "http://{sandbox}"
fronts = {fronts}
allow {{ subjects = {{"*"}} }}
login "{login}" {{
  provider = "rfc7636"
  client_id = "sandbox-client"
  client_secret = "sandbox-secret"
  host = "{sandbox}"
  scopes = {{"openid", "profile", "email"}}
}}
"""

# A connection stays open for as many requests as come: neither of the others ends one either.
NGINX = """daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log;
worker_processes {fronts};
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {directory}/nginx-body;
  proxy_temp_path {directory}/nginx-proxy;
  fastcgi_temp_path {directory}/nginx-fastcgi;
  uwsgi_temp_path {directory}/nginx-uwsgi;
  scgi_temp_path {directory}/nginx-scgi;
  server {{
    listen {address} reuseport;
    location / {{ return 204; }}
  }}
}}
"""


def on(cores, *command):
    """The command, held to these cores."""
    return ["taskset", "-c", ",".join(map(str, cores)), *map(str, command)]


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


class Server:
    """A process that listens at `address`; `processes` are it and its children."""

    def __init__(self, name, command, address, cores, log, ready="/"):
        self.name, self.address, self.log, self.ready = name, address, log, ready
        self.command = on(cores, *command)

    def __enter__(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_until_ready(self):
        host, port = self.address.split(":")
        end = time.monotonic() + 10
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with socket.create_connection((host, int(port)), timeout=5) as connection:
                    connection.sendall(f"GET {self.ready} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
                    if re.match(rb"HTTP/1.1 20[04]", connection.recv(100)):
                        return
            except OSError:
                pass
            time.sleep(0.05)
        with open(self.log, encoding="utf-8", errors="replace") as log:
            raise SystemExit(f"bench: {self.name} did not start:\n{log.read()[-2000:]}")

    @property
    def processes(self):
        return [self.process.pid, *children(self.process.pid)]


class Bench:
    """Where the programs are, and a directory for what they write."""

    def __init__(self, build, directory):
        self.build, self.directory = build, directory
        self.proofkey = os.path.join(build, "proofkey")
        keys = os.path.join(directory, "keys")
        subprocess.run([self.proofkey, "keys", "new", keys], check=True, stdout=subprocess.DEVNULL)

    def program(self, name):
        return os.path.join(self.build, "bench", "bench_" + name)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.path(name)

    def sandbox(self, *options, cores=CLIENT_CORES):
        address = free_address()
        return Server("the sandbox", [self.proofkey, "sandbox", *(options or ["--auto-approve"]), "--listen", address], address, cores,
                      self.path("sandbox.log"), "/healthz")

    def dialects(self, alg):
        """A directory with the standard dialect, signing ID tokens so."""
        directory = self.path("dialects-" + alg)
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(HERE, "..", "providers", "rfc7636.conf"), encoding="utf-8") as file:
            text = re.sub(r'(?m)^(id_token_alg\s*=\s*).*$', rf'\g<1>"{alg}"', file.read())
        self.write(os.path.join("dialects-" + alg, "rfc7636.conf"), text)
        return directory

    def oidc_provider(self, alg):
        address = free_address()
        return Server("oidc-provider", ["env", "NODE_ENV=production", "node", os.path.join(HERE, "oidc-provider", "server.mjs"),
                                        *address.split(":"), alg], address, SERVER_CORES, self.path("oidc-provider.log"), "/jwks")

    def gateway(self, sandbox, store, fronts=len(SERVER_CORES), cores=SERVER_CORES):
        address = free_address()
        config = self.write("proofkey.conf", CONFIG.format(address=address, directory=self.directory, store=store, fronts=fronts,
                                                           sandbox=sandbox.address, login=LOGIN))
        return Server("the gateway", [self.proofkey, "serve", "--config", config], address, cores, self.path("gateway.log"),
                      "/readyz")

    def empty_reply(self):
        address = free_address()
        return Server("the empty libevent reply", [self.program("empty_reply"), address, len(SERVER_CORES)], address, SERVER_CORES,
                      self.path("empty.log"))

    def nginx(self):
        address = free_address()
        config = self.write("nginx.conf", NGINX.format(address=address, directory=self.directory, fronts=len(SERVER_CORES)))
        return Server("nginx", ["/usr/sbin/nginx", "-c", config, "-p", self.directory], address, SERVER_CORES, self.path("nginx.log"))

