#!/usr/bin/env python3
"""GET /metrics: every front tells the same sums, in Prometheus' text format 0.0.4; they outlive a front and a reload; no label is a text
from outside."""
import os
import re
import signal
import sys

sys.dont_write_bytecode = True
from fake_provider import Provider
from harness import Browser, Gateway, ask, callback, check, equal, finish, is_refused, run, wait_for

provider = Provider()
gateway = Gateway(provider, quiet=False)

NAME = r"proofkey_[a-z_]+_total"
SAMPLE = re.compile(rf'({NAME}(?:\{{[a-z]+="[a-z0-9-]+"\}})?) (\d+)')


def read():
    """The samples, by name and labels; each connection is new, so that all fronts get their share."""
    reply = ask(gateway.port, "GET", "/metrics")
    if reply.status != 200:
        raise AssertionError(f"/metrics: {reply}")
    return {found[1]: int(found[2]) for line in reply.text.splitlines() if (found := SAMPLE.fullmatch(line))}


def grown(before):
    """What has changed, and by how much."""
    return {name: value - before.get(name, 0) for name, value in read().items() if value != before.get(name, 0)}


def fault(name):
    return f'proofkey_login_failures_total{{fault="{name}"}}'


def readable():
    reply = ask(gateway.port, "GET", "/metrics")
    equal(reply.headers.get("content-type"), "text/plain; version=0.0.4", "it says its format")
    lines = reply.text.splitlines()
    described = [line for line in lines if line.startswith("#")]
    samples = [line for line in lines if not line.startswith("#")]
    check(reply.text.endswith("\n") and samples and all(SAMPLE.fullmatch(line) for line in samples), "each line is a sample", samples)
    for kind in (rf"# HELP ({NAME}) .+", rf"# TYPE ({NAME}) counter"):
        named = [found[1] for line in described if (found := re.fullmatch(kind, line))]
        check({re.match(NAME, line)[0] for line in samples} <= set(named) and len(named) == len(set(named)) == len(described) / 2,
              f"each family has one {kind[2:6]}", described)
    equal([ask(gateway.port, method, "/metrics").status for method in ("HEAD", "POST", "DELETE")], [200, 405, 405], "it is for reading")


def counted():
    before = read()
    browser = Browser(gateway)
    browser.sign_in(provider)
    equal(grown(before), {"proofkey_logins_started_total": 1, "proofkey_logins_finished_total": 1}, "a login")
    before = read()
    for _ in range(8):
        browser.get("/check/nginx")
        ask(gateway.port, "GET", "/check/traefik")
    ask(gateway.port, "GET", "/check/envoy/path")
    equal(grown(before), {'proofkey_checks_total{answer="yes"}': 8, 'proofkey_checks_total{answer="no"}': 9}, "checks over all fronts, by their answer")
    before = read()
    browser.log_out()
    browser.log_out()
    equal(grown(before), {"proofkey_sessions_ended_total": 1}, "a session ends once")


def failures():
    before = read()
    browser = Browser(gateway)
    reply = browser.sign_in(provider, token=lambda handler, document: handler.json({"error": "invalid_client"}, 401))
    is_refused(gateway, reply, 502, "secret-rejected", "a refused secret")
    equal(grown(before), {"proofkey_logins_started_total": 1, fault("secret-rejected"): 1}, "counts under its fault")
    before = read()
    for _ in range(3):
        path = provider.approve(Browser(gateway).start())
        is_refused(gateway, Browser(gateway).get(path), 400, "login-cookie-lost", "a callback without its cookie")
    equal(grown(before), {"proofkey_logins_started_total": 3, fault("login-cookie-lost"): 3}, "counts under its own")


def hostile():
    """What comes with a request is no label, however it is written."""
    for text in ('x"} 1\nproofkey_forged_total 1\n', "proofkey_forged_total"):
        browser = Browser(gateway)
        location = browser.start()
        browser.get(callback("one", error=text, error_description=text, state=re.search("state=([^&]*)", location)[1]))
        browser.get(callback("one", code=text, state=text))
    text = ask(gateway.port, "GET", "/metrics").text
    check("forged" not in text and all(line.startswith("#") or SAMPLE.fullmatch(line) for line in text.splitlines()), "no label from outside", text)


def kept():
    before = read()
    fronts = gateway.children("front")
    os.kill(fronts[0], signal.SIGKILL)
    wait_for(lambda: len(gateway.children("front")) == 2 and fronts[0] not in gateway.children("front"))
    equal([grown(before) for _ in range(8)], [{}] * 8, "a front that is killed takes no count with it")
    fronts = gateway.children("front")
    gateway.process.send_signal(signal.SIGHUP)
    check(wait_for(lambda: len(gateway.children("front")) == 2 and not set(fronts) & set(gateway.children("front"))), "all fronts are new ones")
    equal([grown(before) for _ in range(8)], [{}] * 8, "nor does the reading of the configuration")
    Browser(gateway).start()
    equal([grown(before) for _ in range(8)], [{"proofkey_logins_started_total": 1}] * 8, "and the new ones count on")


with gateway:
    run(readable, counted, failures, hostile, kept)
finish()
