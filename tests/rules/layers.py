#!/usr/bin/env python3
"""Layers point down only; gateway, sandbox and cli do not see each other; and a few headers are for a few files."""
from rule import check, done, includes, name, sources

BELOW = {
    "base": {"base"},
    "protocol": {"base", "protocol"},
    "explain": {"base", "protocol", "explain"},
    "vault": {"base", "protocol", "explain", "vault"},
    "io": {"base", "protocol", "explain", "io"},
}
CORE_AND_TOOLS = {"base", "protocol", "explain", "vault", "io"}
BELOW |= {program: CORE_AND_TOOLS | {program} for program in ("gateway", "sandbox", "cli")}
# main.c is above them all.
PUBLIC = {path.name for path in sources("include")}

files = sources("src")
layers = {path: name(path).split("/")[1] for path in files}

check("every folder is a layer", sorted({layer for layer in layers.values() if layer != "main.c" and layer not in BELOW}))
for layer, below in BELOW.items():
    own = [path for path in files if layers[path] == layer]
    check(f"{layer} includes what is below it",
          ([] if own else [f"src/{layer} has no files"]) +
          [f"{name(path)} includes {header}" for path in own for header in includes(path)
           if header not in PUBLIC and header.split("/")[0] not in below])
check("the code out of a callback is seen by the two that may",
      (name(path) for path in files if "protocol/callback.h" in includes(path) and
       name(path) not in ("src/protocol/callback.c", "src/protocol/token_request.c")))
check("evhttp is seen by the io layer alone",
      (name(path) for path in files if layers[path] != "io" and "evhttp" in path.read_text()))
done()
