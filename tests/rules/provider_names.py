#!/usr/bin/env python3
"""No provider name in any .c or .h of the program: a provider is a file in providers/, a quirk a column named for the behaviour."""
import re

from rule import ROOT, check, done, name, sources

WELL_KNOWN = {"amazon", "apple", "auth0", "authelia", "authentik", "azure", "cognito", "discord", "dropbox", "entra", "facebook", "github",
              "gitlab", "google", "hydra", "instagram", "keycloak", "linkedin", "microsoft", "okta", "salesforce", "shopify", "slack",
              "spotify", "twitch", "twitter", "wechat", "zitadel", "zoom"}
# Words in the names and hosts of dialects that are English or a technology, and no provider's. The providers among them that are
# named by an English word or a letter are found by their domain, and as they write themselves.
COMMON = {"access", "accounts", "api", "apis", "auth", "com", "desktop", "example", "graph", "host", "http", "https", "identity", "idp",
          "kit", "line", "localhost", "login", "mobile", "native", "net", "oauth", "oauth2", "oidc", "open", "org", "pure", "region",
          "rfc6749", "rfc7636", "rfc9700", "rfc", "web", "www"}
BRANDS = {r"LINE Login", r"Sign in with X\b"}


def words_of(dialect):
    """The words in a dialect's name and in the hosts that it names."""
    hosts = re.findall(r"https?://([^/\"]+)", dialect.read_text())
    return {word for text in [dialect.stem, *hosts] for word in re.findall(r"[a-z0-9]{3,}", text.lower())}


def domains_of(dialect):
    """The last two labels of each host: x.com, line.me."""
    hosts = re.findall(r"https?://([a-z0-9.-]+)", re.sub(r"(?m)^(source|note) .*$", "", dialect.read_text()))
    return {re.escape(".".join(host.split(".")[-2:])) for host in hosts if "." in host.strip(".")}


dialects = sorted((ROOT / "providers").glob("*.conf"))
names = WELL_KNOWN.union(*map(words_of, dialects)) - COMMON
domains = set().union(*map(domains_of, dialects))
pattern = re.compile(r"(?<![a-z0-9])(" + "|".join(sorted(names | domains)) + r")(?![a-z0-9])|(?-i:" + "|".join(sorted(BRANDS)) + ")", re.I)

check("the names are those of the dialects that there are", [] if len(dialects) >= 4 and len(names) > len(WELL_KNOWN) else [sorted(names)])
for folder in ("include", "src"):
    check(f"{folder} names no provider",
          (f"{name(path)}:{number}: {found[0]}" for path in sources(folder, suffixes=(".c", ".h"))
           for number, line in enumerate(path.read_text().split("\n"), 1) for found in pattern.finditer(line)))
done()
