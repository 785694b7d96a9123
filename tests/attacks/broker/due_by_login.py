#!/usr/bin/env python3
"""A provider that hangs takes nobody else's tokens with it: what is due is looked for login by login."""
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
from broker import Brokered
from harness import PROGRAM, ask, check, equal, finish, run, wait_for

OVERDUE = 200  # more than are looked at in one go
SEED = os.path.join(os.path.dirname(PROGRAM), "tests", "stores_seed")


class Provider:
    """Answers a refresh with new tokens; one of the login `hangs` it takes, and says nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.hanging = 0
        self.held = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        self.held.append(connection)
        text = b""
        while b"refresh_token=refresh-" not in text:
            text += connection.recv(65536) or b"refresh_token=refresh-"
        if b"refresh_token=refresh-hangs-" in text:
            self.hanging += 1
            return
        body = b'{"access_token": "new", "token_type": "Bearer", "expires_in": 3600, "scope": "openid"}'
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        connection.close()

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # else who waits in accept() takes one more
        self.listener.close()
        for connection in self.held:
            connection.close()


def seed(gateway, login, count, refresh_at):
    subprocess.run([SEED, gateway.ring, f"sqlite:{gateway.directory}/state/vault.db", login, str(count), str(refresh_at)], check=True,
                   stdout=subprocess.DEVNULL)


def ask_store(gateway, question):
    store = sqlite3.connect(f"file:{gateway.directory}/state/vault.db?mode=ro", uri=True, timeout=20)
    try:
        return store.execute(question).fetchone()[0]
    finally:
        store.close()


def refreshed(gateway, login):
    return ask_store(gateway, f"SELECT count(*) FROM grants WHERE login = '{login}' AND refreshed_at IS NOT NULL")


def overdue(gateway):
    found = re.search(r"^proofkey_refresh_overdue_seconds (\d+)", ask(gateway.port, "GET", "/metrics").text, re.M)
    return int(found[1]) if found else 0


def login_at(provider):
    return {"provider": '"rfc7636"', "client_id": '"test-client"', "client_secret": '"${TEST_CLIENT_SECRET}"', "scopes": '{"openid"}',
            "host": f'"127.0.0.1:{provider.port}"'}


def one_hangs():
    provider = Provider()
    gateway = Brokered(provider, logins={"hangs": login_at(provider), "works": login_at(provider)}, keys={"poster": ["hangs", "works"]})
    now = int(time.time())
    with gateway:
        gateway.stop()
        # Those of the provider that hangs are overdue for longer; the third login is not configured any more.
        seed(gateway, "forgotten", OVERDUE, now - 9000)
        seed(gateway, "hangs", OVERDUE, now - 5000)
        seed(gateway, "works", 20, now - 10)
        gateway.start()
        check(wait_for(lambda: provider.hanging >= 8), "a provider that hangs is asked for eight at a time", provider.hanging)
        check(wait_for(lambda: refreshed(gateway, "works") == 20), "another login's are refreshed meanwhile", refreshed(gateway, "works"))
        equal((provider.hanging, refreshed(gateway, "hangs")), (8, 0), "while it goes on hanging, and is not asked for more")
        equal(ask_store(gateway, "SELECT count(*) FROM grants WHERE login = 'forgotten' AND refresh_at IS NOT NULL AND lease_owner IS NULL"), OVERDUE,
              "those of a login that is not configured are left alone")
        check(wait_for(lambda: overdue(gateway) > 4000), "how long some have been waiting is measured", overdue(gateway))
        seed(gateway, "works", 40, now - 1)
        check(wait_for(lambda: refreshed(gateway, "works") == 40, 60), "and what becomes due then, too", refreshed(gateway, "works"))
        provider.end()


run(one_hangs)
finish()
