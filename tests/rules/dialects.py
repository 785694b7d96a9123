#!/usr/bin/env python3
"""The dialects as they are understood: dialects.py [BUILD]. Each built-in dialect, written out with every key and its value, is the
snapshot tests/dialects/NAME.exp, so that a change of data or of a default is a difference that a reviewer reads.

To renew the snapshots after a change that is meant: python3 tests/rules/dialects.py BUILD --renew, and read `git diff`."""
import difflib
import subprocess
import sys

from rule import BUILD, ROOT, check, done

SNAPSHOTS = ROOT / "tests" / "dialects"


def render(*dialect):
    return subprocess.run([BUILD / "tests" / "render_dialect", *dialect], capture_output=True, text=True, check=True).stdout


names = render().split()
if sys.argv[2:] == ["--renew"]:
    for old in SNAPSHOTS.glob("*.exp"):
        old.unlink()
    for dialect in names:
        (SNAPSHOTS / f"{dialect}.exp").write_text(render(dialect))
    sys.exit(0)

check("every dialect file is built in, and has a snapshot",
      [f"{x} is not in all three" for x in sorted({path.stem for path in (ROOT / "providers").glob("*.conf")}
                                                 ^ set(names) | set(names) ^ {path.stem for path in SNAPSHOTS.glob("*.exp")})])
for dialect in names:
    snapshot = SNAPSHOTS / f"{dialect}.exp"
    wanted = snapshot.read_text().splitlines() if snapshot.exists() else []
    check(f"{dialect} is understood as before",
          difflib.unified_diff(wanted, render(dialect).splitlines(), f"tests/dialects/{dialect}.exp", dialect, n=0, lineterm=""))
done()
