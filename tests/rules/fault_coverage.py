#!/usr/bin/env python3
"""One fault list, three readers: each fault that a capture can show has a rule that names it, captures that expect it, and a client or
provider that produces it. One that lacks any of them fails."""
import re

from rule import ROOT, check, done, sources

# The gateway's own: they are no fault of the protocol, and no capture shows them.
GATEWAY = "/* The gateway's own"

text = (ROOT / "src/explain/faults.def").read_text()
faults = re.findall(r'^PK_FAULT\("([^"]*)"', text.split(GATEWAY)[0], re.M)
tables = [table for path in sources("src/explain") for table in re.findall(r"^const struct rule \w+\[\] = \{(.*?)^\};", path.read_text(), re.M | re.S)]
rules = [fault for table in tables for fault in re.findall(r'\{"([a-z0-9-]+)",\s*\w+', table)]
producers = sorted((ROOT / "tests/explain").glob("*.py"))
produced = {fault for path in producers for fault in re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+)"', path.read_text())}


def captures(fault):
    return [path for path in (ROOT / "tests/captures" / fault).glob("*") if not path.name.endswith((".expect.json", ".golden.json"))]


check("the fault list was read", [] if GATEWAY in text and len(faults) > 90 else [f"{len(faults)} faults"])
check("each fault has its rule", [fault for fault in faults if fault not in rules])
check("each rule has its fault, and is there once",
      [f"{fault} is no fault" for fault in sorted(set(rules) - set(faults))] +
      [f"{fault} has several rules" for fault in sorted(set(rules)) if rules.count(fault) > 1])
check("each fault has a capture that shows it", [fault for fault in faults if not captures(fault)])
check("each fault has a golden explanation", [fault for fault in faults if not list((ROOT / "tests/captures" / fault).glob("*.golden.json"))])
check("each fault has its producer", [fault for fault in faults if fault not in produced])
done()
