#!/usr/bin/env python3
"""The gateway starts, logs somebody in, and ends; what it cannot work with it refuses at the start, with the line."""
import resource
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from fake_provider import Provider
from harness import PROGRAM, SANITIZED, Browser, Gateway, ask, check, equal, finish, is_sent_back, run

provider = Provider()


def a_login():
    begun = time.monotonic()
    with Gateway(provider) as gateway:
        check(time.monotonic() - begun < (10 if SANITIZED else 3), "it starts soon", time.monotonic() - begun)
        equal((len(gateway.children("front")), len(gateway.children("keeper"))), (2, 1), "two fronts and a keeper")
        equal([ask(gateway.port, "GET", path).status for path in ("/healthz", "/readyz", "/", "/me", "/nothing")], [200, 200, 200, 401, 404],
              "it answers")
        browser = Browser(gateway)
        is_sent_back(gateway, browser.sign_in(provider, return_to="/here?a=1&b=2"), "a login", "/here?a=1&b=2")
        equal(browser.signed_in(), "sub-ada", "ada is signed in")


def interrupted():
    with Gateway(provider) as gateway:
        equal(gateway.stop(signal.SIGINT), 0, "SIGINT ends it with status 0")


def refused():
    gateway = Gateway(provider)
    good = gateway.config.read_text()
    for change, words, what in (
            (("fronts = 2", "frunts = 2"), "frunts", "an unknown key"), (("fronts = 2", "fronts = 1000"), "fronts", "too many fronts"),
            (("http://127.0.0.1", "http://app.example"), "public_url", "a public_url in the clear"),
            (("emails = {\"*\"} subjects = {\"*\"}", ""), "nobody may sign in", "an empty allow-list"),
            (("provider = \"rfc7636\"", "provider = \"nobody\""), "nobody", "an unknown provider"),
            (("${TEST_CLIENT_SECRET}", "${NOT_SET_ANYWHERE}"), "client_secret", "a secret from a variable that is not set"),
            (("keys\"", "no-keys\""), "no-keys", "a key ring that is not there"), (("sqlite:", "tape:"), "", "a store that there is none of")):
        gateway.config.write_text(good.replace(*change))
        ended = subprocess.run([PROGRAM, "serve", "--config", gateway.config], capture_output=True, text=True, timeout=30,
                               env={"TEST_CLIENT_SECRET": "x", "ASAN_OPTIONS": "detect_leaks=0"})
        check(ended.returncode == 1 and words in ended.stderr, "it does not start with " + what, ended)
    gateway.discard()


def open_files():
    """The usual limit is less than the connections that may come."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
    with Gateway(provider) as gateway:
        soft = {role: resource.prlimit(gateway.children(role)[0], resource.RLIMIT_NOFILE) for role in ("front", "keeper")}
        equal(soft, {role: (limits[1], limits[1]) for role in soft}, "its processes may have as many files open as this system allows")
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


run(a_login, interrupted, refused, open_files)
finish()
