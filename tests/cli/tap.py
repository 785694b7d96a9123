"""What the tests of commands share: they run a program and print TAP. Each is NAME_test.py [PROGRAM], build/proofkey without it."""
import os
import pathlib
import subprocess
import sys

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else str(pathlib.Path(__file__).resolve().parents[2] / "build" / "proofkey")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PROOFKEY_PROVIDERS"}

passed = []


def run(*arguments, stdin="", **environment):
    """Runs a command to its end; the text of stdout and stderr and the status are in what it gives."""
    return subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, text=True, timeout=30,
                          env=ENVIRONMENT | environment)


def ok(name, right, *evidence):
    passed.append(bool(right))
    print(f"{'ok' if right else 'not ok'} {len(passed)} - {name}", flush=True)
    if not right:
        for item in evidence:
            print("\n".join(f"# {line}" for line in str(item).splitlines()), flush=True)


def says_yes(name, ended, right=True):
    ok(name, ended.returncode == 0 and not ended.stderr and right, ended)


def refuses(name, ended, status, words):
    """Nothing on stdout, the words on stderr, that status."""
    ok(name, ended.returncode == status and not ended.stdout and words in ended.stderr, ended)


def done():
    print(f"1..{len(passed)}")
    sys.exit(0 if passed and all(passed) else 1)
