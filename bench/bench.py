"""What Proofkey costs, beside what it cannot cost less than: bench.py BUILD [--write] [--quick].

The machine is noisy, so nothing is measured once or alone: whatever is compared takes turns within this run, a ratio is taken within each
turn, and the median of the ratios is what counts. Prints a table; --write puts it into docs/bench.md. --quick takes a tenth of the time
and is for trying things out."""
import argparse
import contextlib
import os
import sys
import tempfile

from statistics import median

sys.dont_write_bytecode = True

import measure
import report
from servers import CORES, SERVER_CORES, Bench

MEMORY = "/dev/shm"  # a directory that no disk is behind
CHECK = "/check/nginx"
REQUESTS_OF_A_LOGIN = 5
WRITES_OF_A_LOGIN = 2
WHAT = {"rate": "requests per second", "p50": "median latency, µs", "p99": "p99 latency, µs", "cpu": "processor time of a request, µs"}

# Paths of a flow, and what a person enters.
SANDBOX_FLOW = "/rfc7636/authorize", "/rfc7636/token", "/rfc7636/userinfo", "decision=allow&user=ada&scope=openid&scope=profile"
OIDC_PROVIDER_FLOW = "/auth", "/token", "/me", "login=ada&password=ada"


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def ratio(ours, theirs):
    """The median of what each turn gives."""
    return median(a / b for a, b in zip(ours, theirs))


def measure_pairs(bench):
    """Rows of the table: what, ours, what it is held against, their ratio, the aim."""
    say("pairs")
    turns = measure.turns_of(bench, "pkce")
    rate = {name: 1e9 / median(values) for name, values in turns.items()}
    rows = []
    for encoding in "base64url", "hex":
        times = ratio(turns["pair-" + encoding], turns["floor-" + encoding])
        rows.append((f"pairs per second, challenge in {encoding}", rate["pair-" + encoding], rate["floor-" + encoding],
                     f"{times:.2f} times the cost", "1.50 or less"))
    rows.append(("the same floor with OpenSSL's SHA-256", rate["floor-openssl"], rate["floor-base64url"],
                 f"{ratio(turns['floor-openssl'], turns['floor-base64url']):.2f} times the cost", ""))
    return rows


def measure_explain(bench):
    """The same rows, for a capture explained and a pair that nothing relates."""
    say("explain")
    turns = measure.turns_of(bench, "explain")
    rate = {name: 1e9 / median(values) for name, values in turns.items()}
    return [(what, rate[name], rate["parse-only"], f"{ratio(turns[name], turns['parse-only']):.1f} times the cost", "1,000 a second or more")
            for what, name in (("captures explained per second, beside parsing them as JSON", "explain"),
                               ("the longest pair that nothing relates, searched per second, beside the same", "relate-nothing"))]


def measure_checks(bench, turns, seconds):
    """For each server, the measurements of all turns."""
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(bench.sandbox())
        gateway = stack.enter_context(bench.gateway(sandbox, bench.directory))
        servers = {"ours": gateway, "empty": stack.enter_context(bench.empty_reply()), "nginx": stack.enter_context(bench.nginx())}
        _, cookie = measure.logins(bench, gateway, sandbox, 1)
        got = {name: [] for name in servers}
        for turn in range(turns):
            say(f"{CHECK}, turn {turn + 1} of {turns}")
            for name, server in servers.items():
                got[name].append(measure.wrk(server, CHECK, cookie, seconds))
    return {name: {key: [turn[key] for turn in of] for key in of[0]} for name, of in got.items()}


def check_rows(got):
    """Beside each of the others: requests per second, latency, processor time."""
    words = {"empty": "the empty libevent reply", "nginx": "nginx `return 204`"}
    rows = []
    for other, name in words.items():
        for key, what in WHAT.items():
            rows.append((f"{CHECK}, {what}, beside {name}", median(got["ours"][key]), median(got[other][key]),
                         f"{ratio(got['ours'][key], got[other][key]):.2f}", "0.85 or more" if (other, key) == ("empty", "rate") else ""))
    return rows


def measure_logins(bench, store, turns, count):
    """With the vault in that directory: logins per second, and how often a second that disk can be sure of a write."""
    rates, syncs = [], []
    with bench.sandbox() as sandbox, bench.gateway(sandbox, store) as gateway:
        for turn in range(turns):
            say(f"logins, vault in {store}, turn {turn + 1} of {turns}")
            rates.append(measure.logins(bench, gateway, sandbox, count)[0])
            syncs.append(measure.syncs(store, 0.5))
    return rates, syncs


def login_rows(in_memory, on_disk, empty_rate):
    """In memory, beside as many empty replies as a login has requests; on the disk, beside the writes that it has to be sure of."""
    rates, _ = in_memory
    disk_rates, syncs = on_disk
    allowed = empty_rate / REQUESTS_OF_A_LOGIN
    return [("whole logins per second, vault in memory, beside 5 empty replies each", median(rates), allowed, f"{median(rates) / allowed:.2f}", ""),
            ("whole logins per second, vault on the disk, beside 2 writes to it each", median(disk_rates), median(syncs) / WRITES_OF_A_LOGIN,
             f"{ratio(disk_rates, syncs) * WRITES_OF_A_LOGIN:.2f}", "")]


def measure_flows(bench, alg, turns, seconds):
    """The sandbox and npm's oidc-provider in turns: for each kind of flow its rates; the PSS of both before and after, in KiB; and the
    processor time of a flow at the sandbox where nothing is signed."""
    got, memory, unsigned = {}, {}, []
    dialects = ["--providers", bench.dialects(alg)]
    with bench.sandbox(*dialects, cores=SERVER_CORES) as asking, bench.sandbox(*dialects, "--auto-approve", cores=SERVER_CORES) as silent, \
            bench.oidc_provider(alg) as theirs:
        kinds = {"sign-in, consent": (asking, []), "without a page": (silent, ["remembered"])}
        memory["idle"] = {"ours": measure.memory(asking)[0], "theirs": measure.memory(theirs)[0]}
        for turn in range(turns):
            say(f"code flows, turn {turn + 1} of {turns}")
            for kind, (ours, options) in kinds.items():
                sides = got.setdefault(f"{kind}, ID token in {alg}, user info", {"ours": [], "theirs": []})
                sides["ours"].append(measure.flows(bench, ours, SANDBOX_FLOW, "openid", int(2000 * seconds)))
                sides["theirs"].append(measure.flows(bench, theirs, OIDC_PROVIDER_FLOW, "openid", int(150 * seconds), *options))
            unsigned.append(measure.flows(bench, silent, SANDBOX_FLOW, "profile", int(2000 * seconds))[2])
        memory["after these flows"] = {"ours": measure.memory(asking)[0], "theirs": measure.memory(theirs)[0]}
    return got, memory, unsigned


def flow_rows(alg, got, memory, unsigned):
    rows = []
    for name, sides in got.items():
        ours, theirs = ([turn[0] for turn in sides[who]] for who in ("ours", "theirs"))
        requests = [median(turn[1] for turn in sides[who]) for who in ("ours", "theirs")]
        busy, busy_theirs = ([1e6 * turn[2] for turn in sides[who]] for who in ("ours", "theirs"))
        rows.append((f"code flows per second: {name} ({requests[0]:.0f} and {requests[1]:.0f} requests each), beside oidc-provider", median(ours),
                     median(theirs), f"{ratio(ours, theirs):.1f}", "20 or more"))
        rows.append((f"processor time of a code flow, µs: {name}, beside oidc-provider", median(busy), median(busy_theirs),
                     f"{ratio(busy, busy_theirs):.2f}", "0.05 or less"))
    bare = [1e6 * seconds for seconds in unsigned]
    rows.append((f"the same of the sandbox without an ID token, beside one in {alg}", median(bare), median(busy), f"{ratio(bare, busy):.2f}", ""))
    for when, sides in memory.items():
        ours, theirs = (sides[who][2] or sides[who][1] for who in ("ours", "theirs"))
        rows.append((f"memory of the sandbox, {when} in {alg}, MiB, beside oidc-provider", ours / 1024, theirs / 1024, f"{ours / theirs:.2f}", "0.10 or less"))
    return rows


def measure_start(bench, turns):
    """Milliseconds until the sandbox says where it is, beside a program that says so at once."""
    say("start of the sandbox")
    command = [bench.proofkey, "sandbox", "--listen", "127.0.0.1:0"]
    took = [(measure.start_seconds(command), measure.start_seconds([bench.proofkey, "--version"])) for _ in range(turns)]
    ours, floor = ([1000 * row[i] for row in took] for i in (0, 1))
    return [("the sandbox's start, ms, beside `proofkey --version`", median(ours), median(floor), f"{ratio(ours, floor):.1f}", "under 50 ms")]


def measure_bounded(bench, flows):
    """PSS of a sandbox, in KiB, as flows go by: (flows, KiB)."""
    states = []
    with bench.sandbox(cores=SERVER_CORES) as sandbox:
        for step in range(11):
            if step:
                measure.flows(bench, sandbox, SANDBOX_FLOW, "profile", flows // 10)
            name, rss, pss = measure.memory(sandbox)[0]
            states.append((step * (flows // 10), pss or rss))
            say(f"memory of the sandbox after {states[-1][0]:,} flows: {states[-1][1] / 1024:.1f} MiB")
    return states


def bounded_rows(states):
    (_, idle), (tenth, after_tenth), *_, (flows, after) = states
    return [(f"memory of the sandbox after {flows:,} flows, MiB, beside after {tenth:,}", after / 1024, after_tenth / 1024,
             f"{after / after_tenth:.2f}", "bounded")]


def memory_row(state, processes):
    """A row of the other table: when, PSS and RSS of all, each process."""
    total = [sum(row[column] or 0 for row in processes) / 1024 for column in (1, 2)]
    each = ", ".join(f"{name.removeprefix('proofkey-').replace('proofkey', 'supervisor')} "
                     f"{(pss if pss is not None else rss) / 1024:.1f}" for name, rss, pss in processes)
    visible = all(pss is not None for _, _, pss in processes)
    return state, total[1] if visible else None, total[0], each


def measure_memory(bench, store, check_seconds, sessions):
    """A gateway as a user gets it, with a front for each core of the machine."""
    states = []
    with bench.sandbox() as sandbox, bench.gateway(sandbox, store, fronts=0, cores=CORES) as gateway:
        say("memory, idle")
        states.append(memory_row("idle after the start", measure.memory(gateway)))
        _, cookie = measure.logins(bench, gateway, sandbox, 1)
        say("memory, after checks")
        measure.wrk(gateway, CHECK, cookie, check_seconds)
        states.append(memory_row(f"after {check_seconds} s of {CHECK} over {measure.CONNECTIONS} connections", measure.memory(gateway)))
        say(f"memory, {sessions} logins")
        rate, _ = measure.logins(bench, gateway, sandbox, sessions)
        say(f"{rate:.0f} logins per second")
        states.append(memory_row(f"after {sessions:,} logins", measure.memory(gateway)))
        say(f"memory, {sessions} logins and logouts")
        measure.logins(bench, gateway, sandbox, sessions, "logout")
        states.append(memory_row(f"and {sessions:,} more, each session ended again", measure.memory(gateway)))
    return states


def main():
    parser = argparse.ArgumentParser(prog="script/bench", description="Measures Proofkey beside what it cannot be faster than.")
    parser.add_argument("build", help=argparse.SUPPRESS)
    parser.add_argument("--write", action="store_true", help="put the result into docs/bench.md")
    parser.add_argument("--quick", action="store_true", help="a tenth of the time, for trying things out")
    arguments = parser.parse_args()
    turns, seconds, sessions = (5, 1, 5000) if arguments.quick else (25, 1, 100000)

    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="proofkey-bench-"))
        in_memory = stack.enter_context(tempfile.TemporaryDirectory(prefix="proofkey-bench-", dir=MEMORY))
        bench = Bench(arguments.build, directory)
        pairs = measure_pairs(bench)
        explained = measure_explain(bench)
        checks = measure_checks(bench, turns, seconds)
        in_memory_logins = measure_logins(bench, in_memory, 3, sessions // 50)
        on_disk_logins = measure_logins(bench, directory, 3, sessions // 100)
        memory = measure_memory(bench, in_memory, seconds, sessions)
        sandbox_rows = [row for alg in ("RS256", "ES256")
                        for row in flow_rows(alg, *measure_flows(bench, alg, 3 if arguments.quick else 7, seconds))]
        sandbox_rows += [*measure_start(bench, 20),
                        *bounded_rows(measure_bounded(bench, 10 * sessions))]
    rows = [*pairs, *explained, *sandbox_rows, *check_rows(checks), *login_rows(in_memory_logins, on_disk_logins, median(checks["empty"]["rate"]))]
    text = report.text(rows, memory)
    print(text)
    if arguments.write:
        docs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs")
        os.makedirs(docs, exist_ok=True)
        with open(os.path.join(docs, "bench.md"), "w", encoding="utf-8") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    main()
