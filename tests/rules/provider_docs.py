#!/usr/bin/env python3
"""docs/providers.md is what script/docs-providers makes of the dialects."""
import difflib
import re
import subprocess

from rule import BUILD, ROOT, check, done

made = subprocess.run([ROOT / "script/docs-providers", "--print", BUILD / "proofkey"], capture_output=True, text=True, timeout=100)
kept = (ROOT / "docs/providers.md").read_text()
dialects = {path.stem for path in (ROOT / "providers").glob("*.conf")}

check("script/docs-providers works", [made.stderr] if made.returncode or made.stderr else [])
check("every dialect has its entry", sorted(dialects ^ set(re.findall(r"^## .*: `([^`]*)`$", made.stdout, re.M))))
check("docs/providers.md is up to date: script/docs-providers makes it anew",
      list(difflib.unified_diff(kept.split("\n"), made.stdout.split("\n"), "docs/providers.md", "made now", lineterm=""))[:40])
done()
