"""The sandbox as the provider of a gateway with a broker: starting both, signing Ada in, arming faults, counting what was asked."""
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
from broker import Brokered
from harness import PROGRAM, Browser, ask, sensitive

os.environ["SANDBOX_SECRET"] = "sandbox-secret"
sensitive.add("sandbox-secret")


class Sandbox:
    def __init__(self, *options):
        environment = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0:quarantine_size_mb=8"}
        self.process = subprocess.Popen([PROGRAM, "sandbox", "--listen", "127.0.0.1:0", "--auto-approve", *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=environment)
        self.port = int(re.search(rb"http://127\.0\.0\.1:(\d+)", self.process.stdout.readline())[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()

    def login(self, provider="rfc7636", **keys):
        """The keys of a login in the configuration."""
        return {"provider": f'"{provider}"', "client_id": '"sandbox-client"', "client_secret": '"${SANDBOX_SECRET}"', "host": f'"127.0.0.1:{self.port}"',
                "scopes": '{"openid"}', **keys}

    def gateway(self, logins=None, **settings):
        return Brokered(self, logins=logins or {"one": self.login()}, **settings)

    def sign_in(self, gateway, login="one"):
        """Ada signs in; her subject."""
        browser = Browser(gateway)
        back = urllib.parse.urlsplit(ask(self.port, "GET", browser.start(login)[len(self.url):].split("#")[0]).location)
        reply = browser.get(f"{back.path}?{back.query}")
        if reply.status != 303:
            raise AssertionError(reply)
        return browser, browser.get("/me").json["subject"]

    def arm(self, fault, **more):
        reply = ask(self.port, "POST", "/_sandbox/faults", {"Content-Type": "application/json"}, json.dumps({"fault": fault, **more}))
        if reply.status not in (200, 201, 204):
            raise AssertionError(reply)

    def captures(self):
        return [attempt["capture"] for attempt in ask(self.port, "GET", "/_sandbox/attempts").json]

    def refreshes(self):
        """How often a refresh token was used, since the last time that this was asked for."""
        count = sum("grant_type=refresh_token" in json.dumps(event) for capture in self.captures() for event in capture["events"] if event["kind"] == "token")
        ask(self.port, "DELETE", "/_sandbox/attempts")
        return count


def store(gateway):
    return sqlite3.connect(gateway.directory / "state" / "vault.db", timeout=20)


def age(gateway, seconds=100000):
    """The tokens were got long ago; how long they last stays."""
    with store(gateway) as rows:
        rows.execute("UPDATE grants SET created_at = created_at - ?, refreshed_at = refreshed_at - ?", (seconds, seconds))


def expire(gateway):
    """The access token has ended, and nobody has it in their plan."""
    age(gateway)
    with store(gateway) as rows:
        rows.execute("UPDATE grants SET access_expires_at = ?, refresh_at = NULL", (int(time.time()) - 10,))
