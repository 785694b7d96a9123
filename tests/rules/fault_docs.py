#!/usr/bin/env python3
"""docs/faults.md is what script/docs-faults makes of the fault list and of what explain says."""
import difflib
import re
import subprocess

from rule import BUILD, ROOT, check, done

made = subprocess.run([ROOT / "script/docs-faults", "--print", BUILD / "proofkey"], capture_output=True, text=True, timeout=100)
kept = (ROOT / "docs/faults.md").read_text()
table = re.findall(r'^PK_FAULT\("([^"]*)"', (ROOT / "src/explain/faults.def").read_text(), re.M)

check("script/docs-faults works", [made.stderr] if made.returncode or made.stderr else [])
check("every fault has its entry", sorted(set(table) ^ set(re.findall(r"^### `([^`]*)`$", made.stdout, re.M))))
check("docs/faults.md is up to date: script/docs-faults makes it anew",
      list(difflib.unified_diff(kept.split("\n"), made.stdout.split("\n"), "docs/faults.md", "made now", lineterm=""))[:40])
done()
