#!/usr/bin/env python3
"""Who holds which secret is a process boundary: boundary.py [BUILD]. What runs in the front, which browsers reach, knows neither the
vault nor the way out to providers."""
from rule import BUILD, ROOT, check, done, includes, name, sources, undefined

KEEPERS_ALONE = {"vault/vault.h", "io/http_client.h"}
SYMBOLS = ("vault_", "http_client_", "keyring_", "pk_token_request", "pk_token_reply", "pk_userinfo_", "pk_revoke_", "pk_jwks_", "pk_id_token_", "pk_discovery_",
           "pk_par_", "published_", "sqlite3_", "curl_")


def reached(path):
    """Every header that a file includes, also by way of others."""
    found, left = set(), includes(path)
    while left:
        header = left.pop()
        if header in found:
            continue
        found.add(header)
        if (ROOT / "src" / header).exists():
            left += includes(ROOT / "src" / header)
    return found


gateway = sources("src/gateway")
# The front is what works on the front's own state; who includes both sides starts the processes, and is neither.
front = [path for path in gateway if path.suffix == ".c" and (path.name.startswith("front") or "gateway/front.h" in includes(path))
         and "gateway/keeper.h" not in includes(path)]
names = {path.name + ".o" for path in front}

check("the front was found", [] if len(front) > 3 and any(path.name == "front.c" for path in front) else [name(path) for path in front])
check("no file of the front includes the vault or the way out",
      (f"{name(path)} reaches {header}" for path in front for header in sorted(reached(path) & KEEPERS_ALONE)))
check("no object of the front refers to them",
      (f"{member}: {symbol}" for member, symbol in undefined(BUILD / "src/gateway/libgateway.a")
       if member in names and symbol.startswith(SYMBOLS)))
done()
