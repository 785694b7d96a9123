#!/usr/bin/env python3
"""A sandbox that runs for ever: once its rings are full, no number of logins takes more memory. bounded_test.py BUILD.

The long form, a million logins, is script/bench's."""
import pathlib
import re
import subprocess
import sys

BUILD = pathlib.Path(sys.argv[1]).resolve()
FILL, MORE = 12000, 20000  # logins: the first fill the rings of src/sandbox/state.h
GROWTH = 1.0  # MiB
TOTAL = 16.0  # MiB that are the sandbox's own
FLOW = ["16", "/rfc7636/authorize", "/rfc7636/token", "/rfc7636/userinfo"]
count = 0


def check(ok, what, detail=""):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {what}")
    if not ok:
        print(f"#   {detail}")
    return ok


def own(process):
    """MiB of memory that no other process shares."""
    rollup = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    return sum(int(size) for size in re.findall(r"^Private_(?:Dirty|Hugetlb): +(\d+) kB", rollup, re.M)) / 1024


def log_in(address, logins):
    done = subprocess.run([BUILD / "bench/bench_flows", address, str(logins), *FLOW, "profile", "decision=allow"], capture_output=True, text=True, timeout=100)
    check(done.returncode == 0 and "requests" in done.stdout, f"{logins} logins", done.stderr)


with subprocess.Popen([BUILD / "proofkey", "sandbox", "--listen", "127.0.0.1:0", "--auto-approve"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as sandbox:
    try:
        address = re.search(r"http://(127\.0\.0\.1:\d+)/", sandbox.stdout.readline())[1]
        log_in(address, FILL)
        before = own(sandbox)
        log_in(address, MORE)
        after = own(sandbox)
        check(after - before < GROWTH, f"once the rings are full, {MORE} logins take less than {GROWTH} MiB: {before:.1f} before, {after:.1f} after")
        check(after < TOTAL, f"and all of it is less than {TOTAL} MiB", after)
    finally:
        sandbox.terminate()
print(f"1..{count}")
