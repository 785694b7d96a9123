#!/usr/bin/env python3
"""proofkey explain on every capture of tests/captures/: captures_test.py [PROGRAM] [--renew].

FAULT/NAME.EXT is a capture, NAME.expect.json beside it says what must be found ("verdict", "confidence") and what must not be among
the findings ("absent"). NAME.golden.json, where there is one, is the whole output; --renew writes those that are there anew, and one
for each fault that has none. Each capture is also explained with its provider's name left out: what is proved then must be among what
was found before, for bytes alone cannot prove more when less is known. The dialects are the built-in ones and those of
tests/explain/providers/, which do what none of the former does."""
import json
import pathlib
import re
import subprocess
import sys
import urllib.parse

renew = "--renew" in sys.argv
sys.argv = [word for word in sys.argv if word != "--renew"]

from tap import ENVIRONMENT, PROGRAM, done, ok  # noqa: E402: it reads sys.argv

CAPTURES = pathlib.Path(__file__).resolve().parents[1] / "captures"
ENVIRONMENT = {**ENVIRONMENT, "PROOFKEY_PROVIDERS": str(CAPTURES.parent / "explain/providers")}


def explain(*arguments, data=None):
    return subprocess.run([PROGRAM, "explain", "--json", *arguments], input=data, capture_output=True, timeout=30, env=ENVIRONMENT)


def beside(path, kind):
    return path.with_name(f"{path.stem}.{kind}.json")


def problems_with(expect, report, status):
    """What of the expectation does not hold."""
    found = [finding["fault"] for finding in report["findings"]]
    problems = [f"{key} is {report[key]}, not {expect[key]}" for key in ("verdict", "confidence") if key in expect and report[key] != expect[key]]
    problems += [f"{fault} is found and must not be" for fault in expect.get("absent", []) if fault in found]
    problems += [f"{fault} stands twice" for fault in set(found) if found.count(fault) > 1]
    if status != (1 if found else 0):
        problems.append(f"the status is {status} with {len(found)} findings")
    return problems


def without_provider(path):
    """The capture as one that nobody said the provider of, or None where none is said."""
    try:
        capture = json.loads(path.read_bytes())
    except ValueError:
        return None
    if not isinstance(capture, dict) or "provider" not in capture:
        return None
    return json.dumps({key: value for key, value in capture.items() if key != "provider"}).encode()


def proved(report):
    return {finding["fault"] for finding in report["findings"] if finding["confidence"] == "proved"}


def check_golden(path, said):
    golden = beside(path, "golden")
    wanted = golden.exists() or not list(path.parent.glob("*.golden.json"))
    if renew and wanted and json.loads(said)["verdict"] == path.parent.name:
        golden.write_bytes(said)
    if golden.exists():
        ok(f"{name(path)}: word for word", golden.read_bytes() == said, "it differs from the golden explanation; --renew writes it anew")


SECRET_NAMES = {"code", "code_verifier", "verifier", "client_secret", "refresh_token", "access_token", "id_token", "client_assertion", "token"}


def values(thing, names):
    """The values under these names: in objects, in texts that are JSON, in queries and forms."""
    if isinstance(thing, dict):
        return {value for key, value in thing.items() if key in names and isinstance(value, str)}.union(*(values(x, names) for x in thing.values()))
    if isinstance(thing, list):
        return set().union(*(values(x, names) for x in thing))
    if not isinstance(thing, str):
        return set()
    try:
        parsed = json.loads(thing)
    except ValueError:
        return {value for key, value in urllib.parse.parse_qsl(thing.split("?", 1)[-1].split("#")[0]) if key in names}
    return values(parsed, names) if isinstance(parsed, (dict, list)) else set()


def check_shown(path, said):
    """The text fits, is plain, and neither it nor the JSON has a secret of the capture. What went over the browser as challenge or state is
    none any more."""
    text = subprocess.run([PROGRAM, "explain", path], capture_output=True, timeout=30, env=ENVIRONMENT).stdout
    problems = [f"a line is too long: {line}" for line in text.decode("ascii", "backslashreplace").split("\n") if len(line) > 80]
    try:
        capture = json.loads(path.read_bytes())
    except ValueError:
        capture = {}
    hidden = {secret for secret in values(capture, SECRET_NAMES) - values(capture, {"code_challenge", "state"}) if len(secret) >= 12}
    problems += [f"a secret is shown: {secret}" for secret in hidden if secret.encode() in text + said]
    ok(f"{name(path)}: what is shown", text.isascii() and not problems, *problems)


def name(path):
    return f"{path.parent.name}/{path.name}"


def check(path):
    ended = explain(path)
    try:
        report = json.loads(ended.stdout)
        expect = json.loads(beside(path, "expect").read_bytes())
    except (ValueError, OSError) as error:
        ok(name(path), False, error, ended.stderr.decode(errors="replace"))
        return
    problems = problems_with(expect, report, ended.returncode)
    ok(name(path), not problems and not ended.stderr, *problems, ended.stderr.decode(errors="replace"))
    check_golden(path, ended.stdout)
    check_shown(path, ended.stdout)
    anonymous = without_provider(path)
    if anonymous:
        again = json.loads(explain("-", data=anonymous).stdout or "null")
        more = proved(again) - {finding["fault"] for finding in report["findings"]} if again else {"nothing"}
        ok(f"{name(path)}: without its provider nothing else is proved", not more, *sorted(more))


faults = re.findall(r'^PK_FAULT\("([^"]*)"', (CAPTURES.parents[1] / "src/explain/faults.def").read_text(), re.M)
captures = [path for fault in faults for path in sorted((CAPTURES / fault).glob("*"))
            if not path.name.endswith((".expect.json", ".golden.json"))]
ok("there are captures", len(captures) > 100, len(captures))
for capture in captures:
    check(capture)
done()
