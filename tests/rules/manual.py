#!/usr/bin/env python3
"""The manual says what the program does: manual.py [PROGRAM], build/proofkey without it. Prints TAP.

Keys, values, rules, checks and options are read from the tables that decide them, and each has to have its entry in the page that
describes it, and the other way round. Where mandoc is installed, the pages also have to be free of its warnings."""
import json
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "proofkey"
MAN = ROOT / "man"

results = []


def check(name, problems):
    results.append(not problems)
    print(f"{'not ok' if problems else 'ok'} {len(results)} - {name}")
    for problem in problems:
        print(f"# {problem}")


def same(name, program, page, least=1):
    """Both sets are equal, and not merely because nothing was found."""
    problems = [f"{x} is in the program and not in the page" for x in sorted(program - page)]
    problems += [f"{x} is in the page and not in the program" for x in sorted(page - program)]
    if len(program) < least:
        problems.append(f"only {len(program)} found in the program; did its table move?")
    check(name, problems)


def source(path):
    return (ROOT / path).read_text()


def page(name):
    return (MAN / name).read_text()


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)


def entries(text, macro):
    """The first words of the list entries of that kind: `.It Ic title`, `.It Cm max-length : Ns Ar n`."""
    return set(re.findall(rf"^\.It {macro} ([\w.-]+)", text, re.M))


def section(text, start, end):
    """From the entry `start` to `end`, both lines of the page."""
    return text[text.index(start):].split(end)[0]


dialect = page("proofkey-dialect.5")

shown = run("provider", "show", "rfc7636", "--json")
keys = set(json.loads(shown.stdout)) - {"name", "file", "refusals"} if shown.returncode == 0 else set()
same("every key of a dialect has its entry, and no other", keys, entries(dialect, "Ic") - {"error."}, 20)

for variable, words in re.findall(r'(\w+)_choices\[\] = \{(.*?), NULL\}', source("src/protocol/dialect.c")):
    for key in re.findall(rf'\{{"(\w+)",[^\n]*\b{variable}_choices\b', source("src/protocol/dialect.c")):
        entry = section(dialect, f".It Ic {key}\n", "\n.It Ic ")
        named = entries(entry, "Cm") or set(re.findall(r"^\.Cm ([\w-]+)", entry, re.M))
        wanted = set(re.findall(r'"([^"]+)"', words))
        check(f"{key}: the words that it takes", [f"{w} is not named" for w in sorted(wanted - named)
              if "in the same words" not in entry] + [f"{w} does not exist" for w in sorted(named - wanted)])

rules = re.search(r"\} rules\[\] = \{(.*?)\n\};", source("src/protocol/redirect_uri.c"), re.S).group(1)
same("every redirect rule has its entry, and no other", set(re.findall(r'^\t\{"([\w-]+)"', rules, re.M)),
     entries(section(dialect, ".It Ic redirect_rules", ".Ss"), "Cm"), 5)

steps = set(re.findall(r"^\t\{&check_(\w+),", source("src/sandbox/steps.c"), re.M))
same("every check of the sandbox has its entry, and no other", {step.replace("_", "-") for step in steps},
     entries(section(dialect, "The checks are", ".Sh EXAMPLES"), "Cm"), 20)

configuration = set(re.findall(r'CFG_\w+\("(\w+)"', source("src/gateway/config.c")))
same("every key of the configuration has its entry, and no other", configuration, entries(page("proofkey.conf.5"), "Ic"), 10)

listed = set(re.findall(r"^  (\w+) ", run("--help").stdout, re.M))
same("every command has its entry in the overview, and no other", listed, entries(page("proofkey.1"), "Ic"), 5)
for command in sorted(listed):
    help_text = run(command, "--help")
    path = MAN / f"proofkey-{command}.1"
    if help_text.returncode or not path.exists():
        check(f"{command} has a --help and a page", [f"exit status {help_text.returncode}", f"{path.name} exists: {path.exists()}"])
        continue
    options = set(re.findall(r"(?<![\w-])--([a-z][a-z-]*)", re.sub(r"^(example|  proofkey).*$", "", help_text.stdout, flags=re.M)))
    described = set(re.findall(r"^\.It Fl -([\w-]+)", path.read_text(), re.M))
    same(f"{command}: every option of --help has its entry, and no other", options, described)

for path in sorted(MAN.glob("*.[157]")):
    check(f"{path.name} has examples", [] if ".Sh EXAMPLES" in path.read_text() else ["there is no section EXAMPLES"])
if shutil.which("mandoc"):
    for path in sorted(MAN.glob("*.[157]")):
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True, text=True)
        check(f"{path.name} is free of warnings", (lint.stdout + lint.stderr).splitlines())

print(f"1..{len(results)}")
sys.exit(0 if all(results) else 1)
