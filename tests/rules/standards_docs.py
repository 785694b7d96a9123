#!/usr/bin/env python3
"""docs/standards.md is what script/docs-standards makes of its rows and of the tests that name them."""
import difflib
import subprocess

from rule import ROOT, check, done

made = subprocess.run([ROOT / "script/docs-standards", "--print"], capture_output=True, text=True, timeout=60)
kept = (ROOT / "docs/standards.md").read_text()
rows = [line.split("\t") for line in (ROOT / "docs/standards.tsv").read_text().splitlines() if not line.startswith("#")]

check("script/docs-standards works", [made.stderr] if made.returncode or made.stderr else [])
check("a row has five columns, its level is M, S or P", [row[0] for row in rows if len(row) != 5 or row[1] not in ("M", "S", "S/M", "P")])
check("a row stands there once", sorted({row[0] for row in rows if [other[0] for other in rows].count(row[0]) > 1}))
check("docs/standards.md is up to date: script/docs-standards makes it anew",
      list(difflib.unified_diff(kept.split("\n"), made.stdout.split("\n"), "docs/standards.md", "made now", lineterm=""))[:40])
done()
