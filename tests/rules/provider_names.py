#!/usr/bin/env python3
"""No provider name in any .c or .h of the program: a provider is a file in providers/, a quirk a column named for the behaviour."""
import re

from rule import ROOT, check, done, name, sources

WELL_KNOWN = {"amazon", "apple", "auth0", "authelia", "authentik", "azure", "cognito", "discord", "dropbox", "entra", "facebook", "github",
              "gitlab", "google", "hydra", "instagram", "keycloak", "linkedin", "microsoft", "okta", "salesforce", "shopify", "slack",
              "spotify", "twitch", "twitter", "zitadel", "zoom"}
# Words in the names and hosts of dialects that are English or a technology, and no provider's.
COMMON = {"accounts", "api", "auth", "com", "desktop", "example", "host", "http", "https", "identity", "localhost", "login", "mobile",
          "net", "oauth", "oidc", "open", "org", "pure", "region", "rfc6749", "rfc7636", "rfc9700", "rfc", "web", "www"}


def words_of(dialect):
    """The words in a dialect's name and in the hosts that it names."""
    hosts = re.findall(r"https?://([^/\"]+)", dialect.read_text())
    return {word for text in [dialect.stem, *hosts] for word in re.findall(r"[a-z0-9]{3,}", text.lower())}


dialects = sorted((ROOT / "providers").glob("*.conf"))
names = WELL_KNOWN.union(*map(words_of, dialects)) - COMMON
pattern = re.compile(r"(?<![a-z0-9])(" + "|".join(sorted(names)) + r")(?![a-z0-9])", re.I)

check("the names are those of the dialects that there are", [] if len(dialects) >= 4 and len(names) > len(WELL_KNOWN) else [sorted(names)])
for folder in ("include", "src"):
    check(f"{folder} names no provider",
          (f"{name(path)}:{number}: {found[0]}" for path in sources(folder, suffixes=(".c", ".h"))
           for number, line in enumerate(path.read_text().split("\n"), 1) for found in pattern.finditer(line)))
done()
