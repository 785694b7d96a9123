#!/usr/bin/env python3
"""One fault list: what the library, the sandbox and the gateway name is a fault of faults.txt, and explain can say what it means."""
import re

from rule import ROOT, check, done, name, sources

# Words with a hyphen in the gateway that are no faults.
OTHERS = {"no-store", "no-cache", "max-age", "no-referrer", "same-origin", "cross-site", "same-site", "check-config", "proofkey-answered", "proofkey-browser",
          "proofkey-front", "proofkey-keeper", "proofkey-broker", "proofkey-metrics", "proofkey-revoked", "proofkey-session", "proofkey-settings"}


def literals(path, pattern):
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), path.read_text(), flags=re.S)
    for number, line in enumerate(text.split("\n"), 1):
        for found in re.finditer(pattern, line):
            yield f"{name(path)}:{number}", found[1]


listed = [line for line in (ROOT / "tests/rules/faults.txt").read_text().split("\n") if line and not line.startswith("#")]
table = re.findall(r'^PK_FAULT\("([^"]*)"', (ROOT / "src/explain/faults.def").read_text(), re.M)
errors = re.findall(r'^PK_ERR\((\w+),\s*\w+,\s*"[^"]*",\s*"([^"]*)"', (ROOT / "include/proofkey_err.def").read_text(), re.M)
sandbox = [used for path in sources("src/sandbox") for used in literals(path, r'\.fault = "([^"]*)"')]
gateway = [(where, fault) for path in sources("src/gateway") for where, fault in literals(path, r'"([a-z]+(?:-[a-z]+)+)"')
           if fault not in OTHERS]

check("the list is sorted, each fault once", [] if listed == sorted(set(listed)) else ["it is not"])
check("the table has each fault once, all from the list",
      [f"{x} stands twice" for x in sorted(set(table)) if table.count(x) > 1] + [f"{x} is not in the list" for x in sorted(set(table) - set(listed))])
check("the library's errors are faults that can be explained",
      ([] if len(errors) > 20 else ["the table of errors was not read"]) + [f"{err}: {x}" for err, x in errors if x and x not in table])
check("the sandbox names faults that can be explained",
      ([] if len(sandbox) > 10 else ["no faults were found"]) + [f"{where}: {x}" for where, x in sandbox if x not in table])
check("the gateway names faults that can be explained",
      ([] if len(gateway) > 5 else ["no faults were found"]) + [f"{where}: {x}" for where, x in gateway if x not in table])
done()
