#!/usr/bin/env python3
"""docs/migrating-from-oauth2-proxy.md names what there is: migrating_test.py PROGRAM. Its configuration is one that the gateway takes, its keys
and dialects exist, its paths are served, and no option stands there twice. Prints TAP."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "migrating-from-oauth2-proxy.md"
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/proofkey")
text = PAGE.read_text(encoding="utf-8")
count = failed = 0


def check(problems, what):
    global count, failed
    count += 1
    failed += bool(problems)
    print(f"{'not ok' if problems else 'ok'} {count} - {what}")
    if problems:
        print("# " + str(problems).replace("\n", "\n# "))


def proofkey(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})


def words(cells):
    return {word for cell in cells for word in re.findall(r"`([a-z_]+)(?: =|`)", cell)}


with tempfile.TemporaryDirectory() as folder:
    os.makedirs(folder + "/secrets")
    pathlib.Path(folder, "secrets/work").write_text("a-secret\n")
    os.chmod(folder + "/secrets/work", 0o600)
    proofkey("keys", "new", folder + "/keys")
    config = pathlib.Path(folder, "proofkey.conf")
    config.write_text(re.search(r"^```conf check\n(.*?)^```$", text, re.M | re.S)[1].replace("/etc/proofkey", folder))
    done = proofkey("serve", "--check-config", "--config", str(config))
    check(done.returncode and done.stderr, "its configuration is one that the gateway takes")

tables = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
options = [option for row in tables for option in re.findall(r"`([a-z0-9-]+-[a-z0-9-]+|upstream|scope|prompt)(?:=[^`]*)?`", row[0]) if option not in
           ("login.gov", "keycloak-oidc", "entra-id")]
# One with a value is another row than the option itself.
check([option for option in set(options) if options.count(option) > 1 and option not in ("session-store-type", "email-domain")], "no option stands there twice")
check(len(options) < 90, f"{len(options)} options are named")

known = set(re.findall(r'CFG_\w+\("([a-z_]+)"', (ROOT / "src/gateway/config.c").read_text()))
known |= set(re.findall(r"^\.It Ic (\w+)", (ROOT / "man/proofkey-dialect.5").read_text(), re.M))
dialects = {path.stem for path in (ROOT / "providers").glob("*.conf")}
named = words(row[1] for row in tables) - {"userinfo_", "private_key_jwt", "location", "auth_request"}
check(named - known - dialects, "every key and dialect in the second column exists")

routes = set(re.findall(r'^\s+\{"(/[^"]*)",', (ROOT / "src/gateway/front.c").read_text(), re.M))
paths = {path.rstrip("*") for path in re.findall(r"`(/[a-z./-]+)`", text)} - {"/oauth2/callback"}
check({path for path in paths if path not in routes and path.rstrip("/") not in {route.rstrip("/") for route in routes}} - {"/login/NAME"},
      "every path of ours is served")
print(f"1..{count}")
sys.exit(1 if failed else 0)
