#!/usr/bin/env python3
"""Who holds which secret is a process boundary: boundary.py [BUILD]. What runs in the front, which browsers reach, knows neither the
vault nor the way out to providers; nor does the broker, which programs ask for tokens."""
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
archive = BUILD / "src/gateway/libgateway.a"


def side(process, other):
    """What works on the state of one process; who includes both sides starts the processes, and is neither."""
    return [path for path in gateway if path.suffix == ".c" and (path.name.startswith(process) or f"gateway/{process}.h" in includes(path))
            and not {f"gateway/{header}.h" for header in (other, "keeper")} & set(includes(path))]


# What the configuration makes of a secret, and the keeper of what it is shown, is in none of the two; nor where the broker listens.
OF_SEVERAL = {"broker_key.c", "broker_address.c"}

for process, other, least in (("front", "broker", 3), ("broker", "front", 6)):
    files = [path for path in side(process, other) if path.name not in OF_SEVERAL]
    names = {path.name + ".o" for path in files}
    check(f"the {process} was found", [] if len(files) > least and any(path.name == f"{process}.c" for path in files) else [name(path) for path in files])
    check(f"no file of the {process} includes the vault or the way out",
          (f"{name(path)} reaches {header}" for path in files for header in sorted(reached(path) & KEEPERS_ALONE)))
    check(f"no object of the {process} refers to them",
          (f"{member}: {symbol}" for member, symbol in undefined(archive) if member in names and symbol.startswith(SYMBOLS)))
    check(f"the {process} knows nothing of the {other}",
          (f"{name(path)} reaches {header}" for path in files for header in sorted(reached(path)) if header.startswith(f"gateway/{other}")
           and header != "gateway/broker_key.h"))
# Cookies are the front's.
check("no object of the broker opens or makes a cookie",
      (f"{member}: {symbol}" for member, symbol in undefined(archive)
       if member.startswith("broker") and symbol.startswith(("token_sealer_", "session_", "attempt_", "revoked_"))))
done()
