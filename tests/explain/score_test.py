#!/usr/bin/env python3
"""How well explain explains: score_test.py [PROGRAM] [--write]. Every mistaken client in every dialect where its mistake can happen must
be named as what it is, with nothing called proved that no byte proves; the same for what is left of the capture when something is
missing; and right clients must be told that nothing is wrong. The table is printed, and with --write put into score.txt beside this."""
import concurrent.futures
import contextlib
import copy
import itertools
import json
import sys
import traceback
import zlib

from client import HERE, REMOTE_REDIRECT_URI, ROOT, Client, Explainer, Landing, Program, Sandbox
from producers import FAULTS
from tap import done, ok
from variants import ALSO_TRUE, VARIANTS, variant, without_name, without_stored

arguments = [word for word in sys.argv[1:] if word != "--write"]
program = Program(arguments[0] if arguments else str(ROOT / "build" / "proofkey"))
explainer = Explainer(program)
SCORE = HERE / "score.txt"
SECOND = "second login"
MARKS = {"proved": "P", "likely": "L", "possible": "p"}

def in_short(report):
    return ", ".join(f"{finding['fault']} {finding['confidence']}" for finding in report["findings"]) or "nothing"


def proved(report):
    return {finding["fault"] for finding in report["findings"] if finding["confidence"] == "proved"}


def after(earlier, capture):
    """The same in a capture that begins with a login that went well."""
    return {**capture, "events": earlier["events"] + capture["events"]}


ALL_VARIANTS = {"genesys", "json", "rfc7636", "tiktok", "tiktok-desktop"}
EVERY = 6


def variants_of(row, dialect, rare):
    """All of them for the dialects that are unlike each other and where the mistake is rare, and for the others every sixth, in turn:
    thousands of captures would be made of the same mistake that differ in nothing that a rule looks at."""
    every = [*VARIANTS, SECOND]
    if rare or dialect["name"] in ALL_VARIANTS:
        return every
    turn = zlib.crc32(f"{dialect['name']} {row.produce.__name__}".encode())
    return [name for number, name in enumerate(every) if (number + turn) % EVERY == 0]


class Case:
    """One mistake in one dialect: its capture, what was said of it, and what was wrong with that."""

    def __init__(self, row, dialect, sandboxes, landing, earlier, rare):
        self.row, self.dialect, self.earlier, self.rare = row, dialect, earlier, rare
        self.reports, self.problems = {}, {}
        client = Client(dialect, sandboxes[row.sandbox].address, landing.address, row.public)
        try:
            row.produce(client)
            self.explain(client.capture)
        except Exception:
            self.problems["whole"] = traceback.format_exc().splitlines()

    def explain(self, capture):
        report = self.reports["whole"] = program.explain(capture)
        wrong = proved(report) - self.row.may_be_proved(self.dialect)
        self.problems["whole"] = [f"it says {in_short(report)}"] if report["verdict"] != self.row.fault or wrong else []
        if report["provider"] != self.dialect["name"]:
            self.problems["whole"].append(f"it takes the provider for {report['provider']}")
        said = {json.dumps(capture): report}
        for name in variants_of(self.row, self.dialect, self.rare):
            changed = after(self.earlier, capture) if name == SECOND else variant(name, capture, self.dialect)
            if not changed.get("events", True):
                self.problems[name] = []
                continue  # nothing is left of it
            text = json.dumps(changed)
            report = self.reports[name] = said[text] = said.get(text) or explainer.explain(changed)
            true = self.row.may_be_proved(self.dialect) | ALSO_TRUE.get(name, set()) | self.row.also_without.get(name, set())
            wrong = proved(report) - true
            self.problems[name] = [f"{self.dialect['name']}: it says {in_short(report)}"] if wrong else []

        if "HAR" in self.reports:
            self.compare_har(capture, said)

    def compare_har(self, capture, said):
        """The two formats hold the same, but for what only one of them has."""
        plain = without_name(without_stored(copy.deepcopy(capture), self.dialect), self.dialect)
        wanted, got = in_short(said.get(json.dumps(plain)) or explainer.explain(plain)), in_short(self.reports["HAR"])
        if wanted != got and not (got == "nothing" and self.row.quiet_as_har(self.dialect)):
            self.problems["HAR"].append(f"{self.dialect['name']}: as HAR it says {got}, as JSON {wanted}")

    def mark(self, name="whole"):
        report = self.reports.get(name)
        if not report or self.problems[name]:
            return "!"
        if report["verdict"] is None:
            return "-"
        return MARKS[report["confidence"]] if report["verdict"] == self.row.fault else "o"


def right_flows(dialect):
    """What a right client does, in all its lengths and kinds."""
    for public in (False, True):
        if public and "none" not in dialect["client_auth"]:
            continue
        for length in range(5 if dialect["refresh_lifetime"] else 3):
            yield public, length


def right_login(dialect, sandbox, landing):
    """An hour ago."""
    client = Client(dialect, sandbox.address, landing.address)
    client.skip(-3600)
    client.login()
    return client.capture


def check_right_flow(dialect, public, length, sandbox, landing):
    client = Client(dialect, sandbox.address, landing.address, public)
    client.authorize()
    if length > 0:
        client.redeem()
    if length > 1:
        client.user_info()
    if length > 2:
        client.skip(7000)
        client.refresh()
    if length > 3 and dialect["revoke_url"]:
        client.revoke()
    bad = [event for event in client.capture["events"] if event.get("response", {"status": 200})["status"] >= 400]
    problems = [f"the flow is not right: {bad}"] if bad else []
    for name in ["whole", *VARIANTS]:
        capture = client.capture if name == "whole" else variant(name, client.capture, dialect)
        report = explainer.explain(capture)
        if report["findings"]:
            problems.append(f"{name}: it says {in_short(report)}")
        if name == "whole" and length and client.pkce and report.get("pair") != "right":
            problems.append(f"the pair is said to be {report.get('pair')}")
    return problems


def table(cases, names):
    """A line for each fault, a character for each dialect: of several ways to make the fault, the one that is known worst."""
    width = max(len(row.fault) for row in FAULTS)
    lines = [f"{'':{width}}  {''.join(letters).rstrip()}" for letters in itertools.zip_longest(*names, fillvalue=" ")]
    for fault in dict.fromkeys(row.fault for row in FAULTS):
        marks = ([cases[row, name].mark() for row in FAULTS if row.fault == fault and (row, name) in cases] for name in names)
        lines.append(f"{fault:{width}}  " + "".join(max(marked, key="PLpo-!".index, default=".") for marked in marks))
    return lines


def summary(cases):
    """For each variant, how often the fault itself was named, and how surely."""
    lines = [f"{'':16}{'proved':>8}{'likely':>8}{'possible':>10}{'other':>8}{'silent':>8}{'wrong':>8}"]
    for name in ["whole", *VARIANTS, SECOND]:
        marks = [case.mark(name) for case in cases.values() if name == "whole" or name in case.reports]
        lines.append(f"{name:16}" + "".join(f"{marks.count(mark):>{width}}" for mark, width in
                                            (("P", 8), ("L", 8), ("p", 10), ("o", 8), ("-", 8), ("!", 8))))
    return lines


def why_not(cases, dialects):
    """Where a fault cannot happen, and why."""
    lines = []
    for row in FAULTS:
        reasons = {}
        for name, dialect in dialects.items():
            if (row, name) not in cases:
                reasons.setdefault(row.happens(dialect), []).append(name)
        if any(other.fault == row.fault and (other, name) in cases for names in reasons.values() for name in names for other in FAULTS):
            continue
        lines += [f"{row.fault} not in {', '.join(names)}: {reason}" for reason, names in reasons.items()]
    return lines


def run():
    dialects = {name: program.dialect(name) for name in program.names()}
    dialects = {name: dialect for name, dialect in dialects.items() if dialect["authorize_url"]}
    options = ["--redirect-uri", REMOTE_REDIRECT_URI]
    with contextlib.ExitStack() as stack:
        landing = stack.enter_context(Landing())
        stack.enter_context(explainer)
        sandboxes = {name: stack.enter_context(Sandbox(program, *options, *more)) for name, more in
                     {"auto": ["--auto-approve"], "page": [], "short": ["--auto-approve", "--code-ttl", "1"]}.items()}
        pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor(8))
        earlier = {name: right_login(dialect, sandboxes["auto"], landing) for name, dialect in dialects.items()}
        right = {(name, *flow): pool.submit(check_right_flow, dialect, *flow, sandboxes["auto"], landing)
                 for name, dialect in dialects.items() for flow in right_flows(dialect)}
        rare = {row: sum(not row.happens(dialect) for dialect in dialects.values()) < 2 * EVERY for row in FAULTS}
        cases = {(row, name): pool.submit(Case, row, dialect, sandboxes, landing, earlier[name], rare[row])
                 for row in FAULTS for name, dialect in dialects.items() if not row.happens(dialect)}
        cases = {key: future.result() for key, future in cases.items()}
        right = {key: future.result() for key, future in right.items()}
    return dialects, right, cases


def main():
    dialects, right, cases = run()
    for (name, public, length), problems in right.items():
        ok(f"a right {'public' if public else 'confidential'} client at {name}, {length} steps after the callback: no finding",
           not problems, *problems)
    for (row, name), case in cases.items():
        ok(f"{row.fault} ({row.produce.__name__}) at {name}", case.problems["whole"] == [], *case.problems["whole"])
    for row in FAULTS:
        for variety in [*VARIANTS, SECOND]:
            made = [case.problems[variety] for (of, _), case in cases.items() if of is row and variety in case.problems]
            problems = [problem for found in made for problem in found] or ([] if made else ["it was never made"])
            ok(f"{row.fault} ({row.produce.__name__}), {variety}: what is said is true", not problems, *problems)
    text = [*table(cases, list(dialects)), "", "P proved, L likely, p possible: the fault itself, first, in the worst of the ways to make it. ! wrong. . cannot happen there.",
            "", *summary(cases), "", "other: something else comes first, and is not called proved unless it is true too.", "",
            *why_not(cases, dialects)]
    for line in text:
        print(f"# {line}".rstrip())
    if "--write" in sys.argv:
        SCORE.write_text("\n".join(text) + "\n")
    ok("the score is the one in score.txt: --write renews it, and what became better or worse stands in the difference",
       SCORE.exists() and SCORE.read_text() == "\n".join(text) + "\n")
    return done()


if __name__ == "__main__":
    sys.exit(main())
