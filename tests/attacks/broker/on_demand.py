#!/usr/bin/env python3
"""A refresh that somebody asks for: POST /v1/grants/LOGIN/SUBJECT/refresh and `proofkey grants refresh`. New tokens, once however many ask, not
in a loop, and the truth where it fails; and what all of that leaves in the metrics."""
import json
import os
import re
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
from broker import is_refusal
from harness import PROGRAM, ask, check, equal, finish, run, wait_for
from sandbox_provider import Sandbox, age, expire, store


def refresh(gateway, subject, **options):
    return gateway.broker(f"/v1/grants/one/{subject}/refresh", "POST", **options)


def metrics(gateway, start):
    """The samples that begin so, by what follows; those that are 0 are left out."""
    text = ask(gateway.port, "GET", "/metrics").text
    return {name: float(value) for name, value in re.findall(rf"^{start}(\S*) (\S+)$", text, re.M) if float(value)}


def grants(gateway, *words):
    return subprocess.run([PROGRAM, "grants", *words, "--config", gateway.config], capture_output=True, text=True, timeout=60,
                          env={"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")})


def state(gateway):
    with store(gateway) as rows:
        return rows.execute("SELECT state, fault FROM grants").fetchone()


def new_tokens():
    with Sandbox() as sandbox, sandbox.gateway(keys={"poster": ["one"], "other": ["one"]}) as gateway:
        _, subject = sandbox.sign_in(gateway)
        first = gateway.token(subject).json["access_token"]
        equal((refresh(gateway, subject).json["access_token"], sandbox.refreshes()), (first, 0), "tokens of this moment are given as they are")
        age(gateway)
        reply = refresh(gateway, subject)
        second = reply.json.get("access_token")
        check(reply.status == 200 and second != first and reply.json["token_type"] == "Bearer" and reply.json["expires_in"] > 3000, "a token that lasts is replaced", reply)
        equal(gateway.token(subject).json["access_token"], second, "for everybody")
        equal([refresh(gateway, subject).json["access_token"] for _ in range(5)], [second] * 5, "who asks again at once gets the same")
        equal(sandbox.refreshes(), 1, "of one refresh")
        age(gateway)
        refresh(gateway, subject)
        equal(sandbox.refreshes(), 0, "the provider is spared for some seconds, whatever the store says of the tokens' age")
        for method, path in (("GET", "refresh"), ("PUT", "refresh"), ("POST", "token")):
            reply = gateway.broker(f"/v1/grants/one/{subject}/{path}", method)
            check(is_refusal(reply, 405, "method_not_allowed") and reply.headers["allow"] == ("POST" if path == "refresh" else "GET"), f"{method} {path} is none", reply)
        check(is_refusal(refresh(gateway, "nobody"), 404, "no_grant"), "there is no grant of somebody unknown")
        check(is_refusal(gateway.broker(f"/v1/grants/two/{subject}/refresh", "POST"), 403, "login_not_allowed"), "nor of another login")
        check(is_refusal(refresh(gateway, subject, key=None), 401, "invalid_token"), "nor for anybody without a key")
        check(is_refusal(gateway.broker(f"/v1/grants/one/{subject}/refresh?min_ttl=x", "POST"), 400, "invalid_parameter"), "nor with a parameter that is none")
        equal(metrics(gateway, "proofkey_broker_requests_total"), {f'{{status="{status}"}}': n for status, n in
              (("200", 10), ("400", 1), ("401", 1), ("403", 1), ("404", 1), ("405", 3))}, "the metrics have each answer")
        equal(metrics(gateway, "proofkey_refreshes_total"), {'{login="one",outcome="refreshed"}': 1}, "and the refresh")


def at_once():
    with Sandbox() as sandbox, sandbox.gateway() as one:
        two = sandbox.gateway(ring=one.ring, public_url=f'"{one.url}"', store=f'"sqlite:{one.directory}/state/vault.db"')
        with two:
            _, subject = sandbox.sign_in(one)
            age(one)
            sandbox.refreshes()
            sandbox.arm("reply-slow", seconds=3)
            replies = []
            threads = [threading.Thread(target=lambda n=n: replies.append(refresh((one, two)[n % 2], subject))) for n in range(30)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            equal({reply.status for reply in replies}, {200}, "30 at two gateways are answered, while the provider is slow")
            equal((len({reply.json["access_token"] for reply in replies}), sandbox.refreshes()), (1, 1), "with one token, of one refresh")
            counted = [metrics(gateway, "proofkey_refreshes_total") for gateway in (one, two)]
            check(sorted(counted, key=repr) == [{'{login="one",outcome="elsewhere"}': 1}, {'{login="one",outcome="refreshed"}': 1}], "which one of them made", counted)
            waits = [metrics(gateway, "proofkey_lease_wait_seconds") for gateway in (one, two)]
            waited = [wait for wait in waits if wait]
            check(len(waited) == 1 and waited[0]["_count"] == 1 and waited[0]["_sum"] > 1 and 'bucket{le="0.3"}' not in str(waited), "and the other one waited for", waits)


def after_a_failure():
    with Sandbox() as sandbox, sandbox.gateway() as gateway:
        _, subject = sandbox.sign_in(gateway)
        old = gateway.token(subject).json["access_token"]
        age(gateway)
        sandbox.arm("secret-rejected")
        reply = gateway.token(subject, query="?min_ttl=86400")
        check(reply.status == 503 and reply.json["fault"] == "secret-rejected" and state(gateway) == (1, "secret-rejected"), "the client is refused", reply)
        with store(gateway) as rows:
            rows.execute("UPDATE grants SET refresh_at = refresh_at + 900")
        done = grants(gateway, "refresh", "--login", "one", "--subject", subject)
        check(done.returncode == 0 and re.fullmatch(r"refreshed; the access token lasts until 2\S+Z\n", done.stdout) and not done.stderr,
              "who has mended it need not wait for the next try", done)
        equal(state(gateway), (0, None), "the grant is active again")
        token = gateway.token(subject).json["access_token"]
        check(token != old and token not in done.stdout, "with another token, which the command does not show")
        equal(metrics(gateway, "proofkey_refresh_failures_total"), {'{fault="secret-rejected"}': 1}, "the failure is counted by its fault")
        equal(metrics(gateway, "proofkey_upstream_requests_total"), {'{request="code",status="2xx"}': 1, '{request="refresh",status="2xx"}': 1,
              '{request="refresh",status="4xx"}': 1, '{request="userinfo",status="2xx"}': 1, '{request="keys",status="2xx"}': 1}, "and the requests")


def failures_are_told():
    with Sandbox() as sandbox, sandbox.gateway() as gateway:
        _, subject = sandbox.sign_in(gateway)
        age(gateway)
        sandbox.arm("server-error")
        reply = refresh(gateway, subject)
        check(is_refusal(reply, 503, "try_later") and reply.json["fault"] == "server-error" and int(reply.headers["retry-after"]) >= 1,
              "a refresh that fails is told, although the old token lasts", reply)
        equal(gateway.token(subject).status, 200, "which is given to who asks for a token")
        sandbox.refreshes()
        check(all(refresh(gateway, subject).status in (200, 503) for _ in range(5)) and sandbox.refreshes() <= 1, "asking on does not make it more")
        done = grants(gateway, "refresh", "--login", "one", "--subject", "nobody", "--json")
        check(done.returncode == 1 and "sign in" in done.stderr and not done.stdout, "the command says why not", done)

    with Sandbox() as sandbox, sandbox.gateway() as gateway:
        _, subject = sandbox.sign_in(gateway)
        expire(gateway)
        sandbox.arm("provider-session-gone")
        equal(gateway.token(subject).status, 410, "a grant ends")
        equal(metrics(gateway, "proofkey_grants_ended_total"), {'{fault="provider-session-gone"}': 1}, "which is counted by its fault")
        done = grants(gateway, "refresh", "--login", "one", "--subject", subject, "--json")
        answer = json.loads(done.stdout or "{}")
        check(done.returncode == 0 and answer.get("login") == "one" and answer.get("subject") == subject and answer.get("expires_at", 0) > time.time() + 3000,
              "where the provider was wrong, the grant is alive again", done)
        equal(gateway.token(subject).status, 200, "and gives tokens")
        check(wait_for(lambda: metrics(gateway, "proofkey_grants{") == {'state="active"}': 1}, 20), "as the gauge says", metrics(gateway, "proofkey_grants"))

    with Sandbox() as sandbox, sandbox.gateway() as gateway:
        sandbox.arm("refresh-token-absent")
        _, subject = sandbox.sign_in(gateway)
        age(gateway)
        reply = refresh(gateway, subject)
        check(is_refusal(reply, 410, "grant_ended") and reply.json["fault"] == "refresh-token-absent", "without a refresh token there is nothing to do it with", reply)
        equal(gateway.token(subject).status, 200, "the token that lasts is there")
        equal(metrics(gateway, "proofkey_grants_locked_total"), {}, "all opened what they asked for")
        with store(gateway) as rows:
            rows.execute("UPDATE grants SET access_token = id_token")
        equal(gateway.token(subject).status, 503, "a token that was put where another one was does not open")
        equal(metrics(gateway, "proofkey_grants_locked_total"), {"": 1}, "and is counted")


run(new_tokens, at_once, after_a_failure, failures_are_told)
finish()
