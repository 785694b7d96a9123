#!/usr/bin/env python3
"""The programs in docs/testing-your-app.md run as they stand there: testing_your_app_test.py PROGRAM. Prints TAP."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "testing-your-app.md"
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/proofkey")

# What runs the files of a language, and what it prints for each test that passed.
LANGUAGES = {
    "python": (["python3", "-m", "unittest", "-v"], r" \.\.\. ok$"),
    "js": (["node", "--test", "--test-reporter=tap"], r"^\s*ok \d+ - (?!.*\.mjs)"),
    "go": (["go", "test", "-v", "-count=1"], r"^--- PASS: "),
}
TESTS = 4  # of each language

count = 0


def check(ok, what, detail=""):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {what}")
    if not ok:
        print("# " + detail.replace("\n", "\n# "))


def environment(folder):
    """Without what the person who runs this has set up."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
    path = kept.get("PATH", "/usr/bin:/bin") + ":/usr/local/go/bin:/usr/lib/go/bin"
    return {**kept, "PATH": path, "HOME": folder, "PROOFKEY": PROGRAM, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOPROXY": "off",
            "GOCACHE": str(PAGE.parents[1] / "build" / "go-cache"), "PYTHONDONTWRITEBYTECODE": "1"}


def run(command, folder):
    try:
        return subprocess.run(command, cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=380)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 127, str(error))


text = PAGE.read_text(encoding="utf-8")
files = re.findall(r"^```(\w+) file=(\S+)\n(.*?)^```$", text, re.M | re.S)
check({language for language, _, _ in files} == set(LANGUAGES), "the page has a program in each language", str([f[:2] for f in files]))
for language, (command, passed) in LANGUAGES.items():
    with tempfile.TemporaryDirectory() as folder:
        for _, name, body in (f for f in files if f[0] == language):
            (pathlib.Path(folder) / name).write_text(body, encoding="utf-8")
        if language == "go":
            (pathlib.Path(folder) / "go.mod").write_text("module app\n\ngo 1.18\n", encoding="utf-8")
        done = run(command, folder)
        check(done.returncode == 0, f"{language}: {' '.join(command)} is content", done.stdout)
        found = len(re.findall(passed, done.stdout, re.M))
        check(found == TESTS, f"{language}: it ran {TESTS} tests", f"{found} ran\n{done.stdout}")
print(f"1..{count}")
