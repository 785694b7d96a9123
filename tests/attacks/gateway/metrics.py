#!/usr/bin/env python3
"""GET /metrics: every front tells the same sums, in Prometheus' text format 0.0.4; they outlive a front and a reload; no label is a text
from outside; docs/metrics.md describes each, in its table that --renew writes anew: metrics.py PROGRAM --renew."""
import os
import pathlib
import re
import signal
import sqlite3
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "stores"))
import redis
from fake_provider import Provider
from harness import Browser, Gateway, ask, callback, check, equal, finish, is_refused, run, wait_for

provider = Provider()
gateway = Gateway(provider, quiet=False)

NAME = r"proofkey_[a-z_]+"
LABELS = r'\{[a-z]+="[a-zA-Z0-9_.+-]+"(?:,[a-z]+="[a-zA-Z0-9_.+-]+")*\}'
SAMPLE = re.compile(rf"({NAME}(?:{LABELS})?) (\d+(?:\.\d+)?)")
PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "metrics.md"


def read(prefix="proofkey_(login|session|check)", of=None):
    """The samples whose names begin so, by name and labels; each connection is new, so that all fronts get their share."""
    reply = ask((of or gateway).port, "GET", "/metrics")
    if reply.status != 200:
        raise AssertionError(f"/metrics: {reply}")
    return {found[1]: float(found[2]) for line in reply.text.splitlines() if re.match(prefix, line) and (found := SAMPLE.fullmatch(line))}


def grown(before, prefix="proofkey_(login|session|check)"):
    """What has changed, and by how much."""
    return {name: value - before.get(name, 0) for name, value in read(prefix).items() if value != before.get(name, 0)}


def fault(name):
    return f'proofkey_login_failures_total{{fault="{name}"}}'


def readable():
    reply = ask(gateway.port, "GET", "/metrics")
    equal(reply.headers.get("content-type"), "text/plain; version=0.0.4", "it says its format")
    lines = reply.text.splitlines()
    described = [line for line in lines if line.startswith("#")]
    samples = [line for line in lines if not line.startswith("#")]
    check(reply.text.endswith("\n") and samples and all(SAMPLE.fullmatch(line) for line in samples), "each line is a sample", samples)
    families = {found[1]: found[2] for line in described if (found := re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|histogram)", line))}
    helped = [found[1] for line in described if (found := re.fullmatch(rf"# HELP ({NAME}) .+", line))]
    check(len(described) == 2 * len(families) == 2 * len(helped) and set(helped) == set(families), "each family has one type and one help", described)
    check(all(name.endswith("_total") == (kind == "counter") for name, kind in families.items()), "counters, and they alone, are called _total", families)
    names = {re.match(NAME, line)[0] for line in samples}
    suffixes = {name + end for name, kind in families.items() for end in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))}
    check(names <= suffixes, "each sample is of a family", names - suffixes)
    every = read("")
    for name in (name for name in every if "_bucket{" in name and 'le="+Inf"' in name):
        rest = name.replace('le="+Inf"', "").replace(",}", "}").replace("{}", "")
        buckets = [every[other] for other in every if other.startswith(name.split('le="')[0])]
        check(buckets == sorted(buckets) and buckets[-1] == every[rest.replace("_bucket", "_count")], f"{rest}: longer bounds count what is shorter", buckets)
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


def of_the_keeper():
    """What the keeper counts stands beside what the fronts do."""
    wait_for(lambda: 'proofkey_grants{state="active"}' in read(""))
    before = read("")
    Browser(gateway).sign_in(provider)
    Browser(gateway).sign_in(provider, token=lambda handler, document: handler.json({"error": "invalid_client"}, 401))
    Browser(gateway).sign_in(provider, userinfo=lambda handler, document: handler.reset())
    wanted = {f'proofkey_upstream_requests_total{{request="{kind}",status="{status}"}}': n for kind, status, n in
              (("code", "2xx", 2), ("code", "4xx", 1), ("userinfo", "2xx", 1), ("userinfo", "none", 1), ("revoke", "2xx", 2))}
    check(wait_for(lambda: grown(before, "proofkey_upstream_requests") == wanted), "requests to the provider, by kind and status", grown(before, "proofkey_upstream_requests"))
    equal(grown(before, "proofkey_provider_replies"), {f'proofkey_provider_replies_total{{login="one",status="{status}"}}': n for status, n in
          (("2xx", 5), ("4xx", 1), ("none", 1))}, "by login, too")
    equal(grown(before, "proofkey_upstream_seconds_count"), {f'proofkey_upstream_seconds_count{{request="{kind}"}}': n for kind, n in
          (("code", 3), ("userinfo", 2), ("revoke", 2))}, "and how long they took")
    store = grown(before, "proofkey_store")
    check(store['proofkey_store_seconds_count{access="write"}'] >= 4 and store['proofkey_store_seconds_sum{access="write"}'] > 0
          and not [name for name in store if "failures" in name], "so are the calls of the store", store)
    equal(read("")["proofkey_store_up"], 1, "which is up")
    check(wait_for(lambda: read("proofkey_grants{") == {f'proofkey_grants{{state="{state}"}}': n for state, n in (("active", 1.0), ("retrying", 0.0), ("ended", 0.0), ("leaving", 0.0))}),
          "and how many grants there are", read("proofkey_grants{"))


def store_away():
    """That a store is away shows, and what it holds is not known then."""
    with redis.Redis() as server, Gateway(provider, store=f'"{server.address}"') as other:
        check(wait_for(lambda: len(read("proofkey_grants{", other)) == 4 and read("proofkey_store_up", other) == {"proofkey_store_up": 1}), "a store that answers is up")
        server.kill()
        check(wait_for(lambda: read("proofkey_(store_up|grants{|refresh_overdue)", other) == {"proofkey_store_up": 0}), "one that is gone is not, and hides what it holds",
              read("proofkey_(store_up|grants{|refresh_overdue)", other))
        check(sum(read("proofkey_store_failures_total", other).values()) >= 1, "what it did not answer is counted")
        server.start()
        check(wait_for(lambda: len(read("proofkey_grants{", other)) == 4 and read("proofkey_store_up", other) == {"proofkey_store_up": 1}, 30), "and when it is back, all is known again")


class Hanging(Provider):
    """Answers no refresh until it is told to."""
    go = threading.Event()

    def token(self, handler, form, endpoint):
        if form.get("grant_type") == "refresh_token":
            self.go.wait(60)
            return handler.json({"error": "temporarily_unavailable"}, 503)
        return super().token(handler, form, endpoint)


def overdue():
    """Refreshes that have no room wait, and for how long is seen."""
    with Hanging() as hanging, Gateway(hanging) as other:
        browser = Browser(other)
        for number in range(12):
            browser.sign_in(hanging, person=f"p{number}")
        with sqlite3.connect(other.directory / "state" / "vault.db", timeout=20) as rows:
            rows.execute("UPDATE grants SET refresh_at = refresh_at - 100000")
        due = read("proofkey_refresh_overdue", other)["proofkey_refresh_overdue_seconds"]
        check(due == 0, "nothing is late until somebody looks", due)
        other.process.send_signal(signal.SIGHUP)  # a new keeper looks at once
        check(wait_for(lambda: read("proofkey_refresh_overdue", other)["proofkey_refresh_overdue_seconds"] > 90000), "what waits for others to be refreshed is late",
              read("proofkey_refresh", other))
        hanging.go.set()
        check(wait_for(lambda: read("proofkey_refresh_overdue", other)["proofkey_refresh_overdue_seconds"] == 0, 60), "and is not when they were", read("proofkey_refresh", other))
        check(wait_for(lambda: read("proofkey_refresh_failures_total", other).get('proofkey_refresh_failures_total{fault="server-error"}', 0) >= 12), "their failures are counted",
              read("proofkey_refresh", other))


def described():
    """docs/metrics.md has a row for each family, in its words, with its labels."""
    text = ask(gateway.port, "GET", "/metrics").text
    rows = []
    for name, meaning, kind in re.findall(rf"# HELP ({NAME}) (.+)\n# TYPE {NAME} (\w+)\n", text):
        labels = {}
        for sample in re.findall(rf"^{name}(?:_bucket)?\{{(.*)\}} ", text, re.M):
            for label, value in re.findall(r'([a-z]+)="([^"]*)"', sample):
                labels.setdefault(label, dict())[value] = True
        labels.pop("le", None)
        of_many = {"login": "a name of the configuration", "fault": "an id of the fault list, or unlisted"}
        words = "; ".join(f"`{label}`: " + of_many.get(label, ", ".join(values)) for label, values in labels.items())
        rows.append(f"| `{name}` | {kind} | {words} | {meaning} |\n")
    page = PAGE.read_text()
    start, end = "<!-- table: tests/attacks/gateway/metrics.py --renew -->\n", "<!-- end -->\n"
    table = "| name | type | labels | meaning |\n|---|---|---|---|\n" + "".join(rows)
    if "--renew" in sys.argv:
        PAGE.write_text(page.split(start)[0] + start + table + end + page.split(end)[1])
    equal(PAGE.read_text().split(start)[1].split(end)[0], table, "docs/metrics.md describes them all, and no others")
    used = set(re.findall(NAME, page.split(end)[1]))
    for other in ("docs/operating.md", "packaging/prometheus-alerts.yml"):
        used |= set(re.findall(rf"\b{NAME}\b", (PAGE.parents[1] / other).read_text()))
    names = {re.sub("_(bucket|sum|count)$", "", name) for name in used}
    check(used and names <= set(re.findall(rf"# HELP ({NAME}) ", text)), "and neither it nor the other pages nor the alerts ask for one that is not there", names)


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
    equal(read('proofkey_process_deaths_total{process="front"')['proofkey_process_deaths_total{process="front"}'], 1, "its death counts")
    fronts = gateway.children("front")
    gateway.process.send_signal(signal.SIGHUP)
    check(wait_for(lambda: len(gateway.children("front")) == 2 and not set(fronts) & set(gateway.children("front"))), "all fronts are new ones")
    equal([grown(before) for _ in range(8)], [{}] * 8, "nor does the reading of the configuration")
    Browser(gateway).start()
    equal([grown(before) for _ in range(8)], [{"proofkey_logins_started_total": 1}] * 8, "and the new ones count on")


with gateway:
    run(readable, counted, failures, of_the_keeper, store_away, overdue, hostile, described, kept)
finish()
