"""The sandbox for tests that need more logins than one, the browser that signed in, or all that the sandbox saw. The store is a file."""
import sqlite3
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
import refreshing
from broker import Brokered
from harness import Browser, ask, sensitive

sensitive.add("sandbox-secret")


class Sandbox(refreshing.Sandbox):
    def login(self, provider=refreshing.ROTATING, **keys):
        """The keys of a login in the configuration."""
        return {"provider": f'"{provider}"', "client_id": '"sandbox-client"', "client_secret": '"${SANDBOX_SECRET}"', "host": f'"127.0.0.1:{self.port}"',
                "scopes": '{"openid"}', **keys}

    def gateway(self, logins=None, **settings):
        return Brokered(self, logins=logins or {"one": self.login()}, **settings)

    def sign_in(self, gateway, login="one"):
        """Ada signs in; her browser and her subject. As there, she may have to try again."""
        for _ in range(5):
            browser = Browser(gateway)
            back = urllib.parse.urlsplit(ask(self.port, "GET", browser.start(login)[len(self.url):].split("#")[0]).location)
            reply = browser.get(f"{back.path}?{back.query}")
            if reply.status == 303:
                return browser, browser.signed_in()
        raise AssertionError(reply)

    def captures(self):
        return [attempt["capture"] for attempt in ask(self.port, "GET", "/_sandbox/attempts").json]


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
