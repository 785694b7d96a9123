#!/usr/bin/env python3
"""Every error of the library is provoked by a test, and every unit test is built."""
import re

from rule import ROOT, check, done, name, sources

tests = sources("tests/unit", suffixes=(".c",))
names = re.findall(r"^PK_ERR\((\w+),", (ROOT / "include/proofkey_err.def").read_text(), re.M)
seen = set().union(*(re.findall(r"\bPK_ERR_(\w+)", path.read_text()) for path in tests))
table = set(re.findall(r"^\t'(\w+)':", (ROOT / "tests/meson.build").read_text(), re.M))

check("the table of errors was read", [] if len(names) > 20 else [names])
check("every error is expected in some test", (f"PK_ERR_{x}" for x in names if x not in seen))
check("every unit test is in tests/meson.build",
      (name(path) for path in tests if path.stem.endswith("_test") and path.stem.removesuffix("_test") not in table))
done()
