"""What the tests of the broker share: a gateway with a broker and its keys, and asking it over its unix socket or its port.

It stands on the harness of the gateway's tests, and so does the check of the log at the end: the secrets of the keys and all tokens
count among what no log may hold."""
import http.client
import os
import pathlib
import secrets
import socket
import sys
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "gateway"))
from harness import Gateway, Reply, free_port, sensitive  # noqa: E402


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Brokered(Gateway):
    """A gateway with a broker at a unix socket, or at a port. `keys`: the logins of each key."""

    def __init__(self, provider, keys=None, at_port=False, **settings):
        self.keys = keys or {"poster": ["one"]}
        self.secrets = {name: secrets.token_urlsafe(32) for name in self.keys}
        sensitive.update(self.secrets.values())
        self.broker_port = None
        if at_port:
            self.broker_holder, self.broker_port = free_port()
            self.broker_holder.close()  # the broker shares its port with nobody
        super().__init__(provider, **settings)

    def write_config(self, **changes):
        super().write_config(**changes)
        self.socket = str(self.directory / "broker.sock")
        lines = [f'broker = "127.0.0.1:{self.broker_port}"' if self.broker_port else f'broker = "unix:{self.socket}"']
        for name, logins in self.keys.items():
            path = self.directory / f"{name}.key"
            path.write_text(self.secrets[name] + "\n")
            path.chmod(0o600)
            listed = ", ".join(f'"{login}"' for login in logins)
            lines.append(f'broker_key "{name}" {{ secret_file = "{path}" logins = {{{listed}}} }}')
        with open(self.config, "a", encoding="utf-8") as config:
            config.write("\n".join(lines) + "\n")

    def connection(self, timeout=60):
        if self.broker_port:
            return http.client.HTTPConnection("127.0.0.1", self.broker_port, timeout=timeout)
        return UnixConnection(self.socket, timeout)

    def broker(self, path, method="GET", key="poster", headers=None, timeout=60):
        """One request with that key's secret; with key=None without."""
        headers = dict(headers or {})
        if key:
            headers.setdefault("Authorization", "Bearer " + self.secrets[key])
        connection = self.connection(timeout)
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            reply = Reply(response, response.read())
        finally:
            connection.close()
        if reply.status == 200 and path.split("?")[0].endswith("/token"):
            sensitive.add(reply.json["access_token"])
        return reply

    def token(self, subject="sub-ada", login="one", **options):
        query = options.pop("query", "")
        return self.broker(f"/v1/grants/{login}/{urllib.parse.quote(subject, safe='')}/token{query}", **options)


def is_refusal(reply, status, error):
    """A status and a document that says what is wrong and what to do."""
    return (reply.status == status and reply.json["error"] == error and reply.json["detail"] and reply.json["fix"]
            and reply.headers.get("cache-control") == "no-store" and "access_token" not in reply.text)


def mode_of(path):
    return os.stat(path).st_mode & 0o777
