#!/usr/bin/env python3
"""proofkey provider: list, show, lint, check."""
import json
import os
import pathlib
import tempfile

from tap import done, ok, refuses, run, says_yes

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT_IN = sorted(path.stem for path in (ROOT / "providers").glob("*.conf"))
SOUND = """title = "Mine"
source = "me"
checked = "2026-11-21"
authorize_url = "https://a.example/a"
token_url = "https://a.example/t"
client_auth = {"none"}
pkce = "required"
redirect_rules = {"https", "no-fragment"}
token_subject = "/sub"
"""

directory = tempfile.TemporaryDirectory(prefix="proofkey-provider-")
DIR = directory.name


def put(name, text):
    path = pathlib.Path(DIR, name)
    path.write_text(text)
    return str(path)


# list
got = run("provider", "list")
lines = got.stdout.splitlines()
says_yes("list has a line for each file in providers/", got, [line.split()[0] for line in lines[1:]] == BUILT_IN)
starts = [lines[0].index(word) for word in ("TITLE", "PKCE", "CHALLENGE", "CLIENT")]
ok("its columns are aligned", all(line[at - 1] == " " and line[at] != " " for line in lines for at in starts), got.stdout)
got = run("provider", "list", "--json")
rows = json.loads(got.stdout)
says_yes("list as JSON", got, [row["name"] for row in rows] == BUILT_IN and all(
    set(row) == {"name", "title", "pkce", "challenge", "client_auth"} for row in rows))

# show
for name in BUILT_IN:
    got = run("provider", "show", name)
    ok(f"{name}: what show prints is a dialect that lint finds sound",
       got.returncode == 0 and run("provider", "lint", put(f"{name}-again.conf", got.stdout)).returncode == 0, got)
    again = run("provider", "show", f"{name}-again", "--providers", DIR)
    ok(f"{name}: and the same dialect", [line for line in again.stdout.splitlines() if line[:1] != "#"]
       == [line for line in got.stdout.splitlines() if line[:1] != "#"], again)
    os.unlink(f"{DIR}/{name}-again.conf")
    original = f"{ROOT}/providers/{name}.conf"
    says_yes(f"{name}: its file is sound", run("provider", "lint", original))
got = run("provider", "show", "rfc7636", "--json")
shown = json.loads(got.stdout)
says_yes("show as JSON", got, shown["pkce"] == "required" and shown["client_auth"] == ["basic", "post", "none"]
         and shown["code_lifetime"] == 60 and shown["plain"] is False and shown["file"] is None)

put("mine.conf", SOUND + 'error.code-known = "400 invalid_grant No."\nerror.code-unused = "400 invalid_grant/7 Gone."\nunconfirmed = {"pkce"}\n')
got = run("provider", "show", "mine", "--providers", DIR)
says_yes("a dialect of one's own", got, f"{DIR}/mine.conf" in got.stdout and "Not confirmed by any source: pkce\n" in got.stdout)
got = run("provider", "show", "mine", "--json", PROOFKEY_PROVIDERS=DIR)
shown = json.loads(got.stdout)
says_yes("from the directory that the environment names", got, shown["refusals"] == {
    "code-known": {"status": 400, "error": "invalid_grant", "number": None, "error_description": "No."},
    "code-unused": {"status": 400, "error": "invalid_grant", "number": "7", "error_description": "Gone."}})
ok("a token reply is JSON unless the dialect says otherwise (RFC 6749 5.1)", shown["token_reply"] == "json", shown["token_reply"])
ok("a token request is a form (RFC 6749 4.1.3)", shown["token_request"] == "form", shown["token_request"])
for asked_by, words in (("scope=offline", "logins with the scope offline\n"), ("access=offline", "the authorize URL has access=offline\n")):
    put("asked.conf", SOUND + f'refresh_asked_by = "{asked_by}"\n')
    got = run("provider", "show", "asked", "--providers", DIR)
    says_yes(f"what a refresh token takes: {asked_by}", got, words in got.stdout)
os.unlink(f"{DIR}/asked.conf")
put("rfc7636.conf", SOUND)
got = run("provider", "show", "rfc7636", "--providers", DIR)
says_yes("a file goes before the built-in dialect", got, 'title = "Mine"' in got.stdout)
got = run("provider", "list", "--providers", DIR, PROOFKEY_PROVIDERS="/nonexistent")
says_yes("list joins both; the option goes before the environment", got,
         [line.split()[0] for line in got.stdout.splitlines()[1:]] == sorted({*BUILT_IN, "mine"}))
put("rfc7636.conf", "broken\n")
refuses("a broken file is no reason to take the built-in one", run("provider", "show", "rfc7636", "--providers", DIR), 1,
        f"{DIR}/rfc7636.conf:1: ")
got = run("provider", "list", "--providers", DIR)
ok("list says which file is broken, shows the others, and fails",
   got.returncode == 1 and f"{DIR}/rfc7636.conf:1: " in got.stderr and "\nmine " in got.stdout, got)
os.unlink(f"{DIR}/rfc7636.conf")
refuses("a name that nobody has", run("provider", "show", "nobody"), 1, "no provider nobody")
refuses("a name that leaves the directory", run("provider", "show", "../mine", "--providers", DIR), 1, "no name of a provider")
refuses("a directory that is not there", run("provider", "list", "--providers", "/nonexistent"), 1, "/nonexistent: ")


# lint
def finds(name, text, line, words):
    """One finding with these words, on that line; on any where `line` is None: some mistakes are of the whole file."""
    path = put("lint.conf", text)
    got = run("provider", "lint", path)
    place = f"{path}:{line}: " if line else f"{path}:"
    ok(f"lint: {name}", got.returncode == 1 and got.stdout.startswith(place) and words in got.stdout
       and got.stdout.count("\n") == 1 and not got.stderr, got)
    told = json.loads(run("provider", "lint", path, "--json").stdout)["findings"]
    ok(f"lint, as JSON: {name}", len(told) == 1 and told[0]["line"] == (line or told[0]["line"]) and words in told[0]["message"], told)


says_yes("lint: a sound file", run("provider", "lint", put("sound.conf", SOUND)), True)
finds("no statement", SOUND + "what\n", 10, "key = value")
finds("an unknown key", SOUND + 'colour = "red"\n', 10, "no such key")
finds("a key given twice", SOUND + 'title = "Again"\n', 10, "twice")
finds("a value of the wrong kind", SOUND.replace('"required"', "true"), 7, "pkce")
finds("a key that is missing", SOUND.replace('checked = "2026-11-21"\n', ""), None, "checked")
finds("an unconfirmed key that does not exist", 'unconfirmed = {"pkce", "colour"}\n' + SOUND, 1, "colour")
finds("an unconfirmed refusal that is not there", SOUND + 'unconfirmed = {"error.code-known"}\n', 10, "error.code-known")
finds("an endpoint without https, on this machine", SOUND.replace("https://a.example/a", "http://127.0.0.1:9400/a"), 4, "https://")
finds("an endpoint without https, elsewhere", SOUND.replace("https://a.example/a", "http://a.example/a"), None, "https://")
finds("an endpoint that is no address", SOUND.replace("https://a.example/a", "a.example"), None, "authorize_url")
finds("any endpoint without https, on this machine", SOUND + 'par_url = "http://127.0.0.1/par"\n', 10, "par_url: an endpoint begins with https://")
finds("an endpoint with a variable that nobody fills in", SOUND + 'par_url = "https://{realm}.example/"\n', None, "par_url: ")
finds("a scope that is fixed and unknown", SOUND + 'scopes = {"a"}\nscopes_fixed = {"a", "b"}\n', 11, "scopes_fixed: b")
finds("a scope that is required and unknown", SOUND + 'scopes = {"a"}\nscopes_required = {"b"}\n', 11, "scopes_required: b")
REFRESH = SOUND + 'refresh_lifetime = 60\nscopes = {"a"}\n'
finds("refresh tokens that nobody can ask for", REFRESH + 'refresh_asked_by = "access=offline"\n', 12, "authorize_query does not have access=offline")
finds("refresh tokens for an unknown scope", REFRESH + 'refresh_asked_by = "scope=b"\n', 12, "b is not among the scopes")
finds("refresh tokens that there are not", SOUND + 'scopes = {"a"}\nrefresh_asked_by = "scope=a"\n', 11, "refresh_lifetime")
says_yes("lint: refresh tokens that the dialect asks for", run("provider", "lint", put(
    "asks.conf", REFRESH + 'refresh_asked_by = "access=offline"\nauthorize_query = "b=1&access=offline"\n')))
says_yes("lint: refresh tokens for a scope", run("provider", "lint", put("scope.conf", REFRESH + 'refresh_asked_by = "scope=a"\n')))
finds("checked without a day", SOUND.replace("2026-11-21", ""), None, "checked")
for day in ("2026-02-30", "2026-13-01", "yesterday", "2026-1-1", "2026-11-21 ", "21.11.2026"):
    finds(f"checked {day!r}", SOUND.replace("2026-11-21", day), 3, "checked")
says_yes("lint: a leap day", run("provider", "lint", put("leap.conf", SOUND.replace("2026-11-21", "2024-02-29"))))
finds("fragments", SOUND.replace(', "no-fragment"', ""), 8, "no-fragment")
two = put("two.conf", SOUND.replace("2026-11-21", "soon").replace("https://a.example/t", "http://127.0.0.1:9400/t"))
got = run("provider", "lint", two)
ok("lint tells all advice, not only the first", got.returncode == 1 and f"{two}:3: " in got.stdout and f"{two}:5: " in got.stdout, got)
refuses("lint: a file that is not there", run("provider", "lint", f"{DIR}/none.conf"), 1, "none.conf: ")
refuses("lint: a file that is no dialect's", run("provider", "lint", "/etc/passwd"), 1, ".conf")

# check
GOOD = "https://app.example/cb"


def breaks(name, dialect, uris, rules):
    options = [word for uri in uris for word in ("--redirect-uri", uri)]
    got = run("provider", "check", dialect, *options, "--providers", DIR)
    told = [line.split(": ")[0] for line in got.stdout.splitlines()]
    ok(f"check: {name}", got.returncode == (1 if rules else 0) and not got.stderr and (told == rules if rules else "keeps" in got.stdout), got)
    got = json.loads(run("provider", "check", dialect, *options, "--providers", DIR, "--json").stdout)
    ok(f"check, as JSON: {name}", got["valid"] == (not rules) and [b["rule"] for b in got["broken"]] == rules, got)


put("strict.conf", SOUND.replace('{"https", "no-fragment"}', '{"absolute", "https", "no-query", "no-fragment", "max-length:30", "max-count:2"}'))
put("desk.conf", SOUND.replace('{"https", "no-fragment"}', '{"http", "loopback-host", "port", "no-fragment"}'))
breaks("one that keeps all", "strict", [GOOD], [])
breaks("every rule that one breaks", "strict", ["http://app.example/callback?a=b#c"], ["https", "no-query", "no-fragment", "max-length:30"])
breaks("each of several", "strict", ["http://a.example/", "https://a.example/?q"], ["https", "no-query"])
breaks("the same rule, twice", "strict", ["http://a.example/", "http://b.example/"], ["https", "https"])
breaks("too many, once", "strict", [GOOD, GOOD + "2", GOOD + "3"], ["max-count:2"])
breaks("not too many", "strict", [GOOD, GOOD + "2"], [])
breaks("29, 30 and 31 characters", "strict", ["https://a.example/" + "x" * n for n in (11, 12)], [])
breaks("31 characters", "strict", ["https://a.example/" + "x" * 13], ["max-length:30"])
breaks("not absolute", "strict", ["/callback"], ["absolute", "https"])
breaks("a loopback address with a port", "desk", ["http://127.0.0.1:8400/cb"], [])
breaks("without a port, elsewhere", "desk", ["http://app.example/cb"], ["loopback-host", "port"])

refuses("check without a redirect URI", run("provider", "check", "rfc7636"), 2, "--redirect-uri")
refuses("a redirect URI for list", run("provider", "list", "--redirect-uri", GOOD), 2, "is for check")
refuses("nothing", run("provider"), 2, "list, show, lint, check")
refuses("another word", run("provider", "remove", "x"), 2, '"remove"')
refuses("show without a name", run("provider", "show"), 2, "show takes NAME")
refuses("list with a name", run("provider", "list", "rfc7636"), 2, "list takes no name")
refuses("too many redirect URIs", run("provider", "check", "rfc7636", *["--redirect-uri", GOOD] * 65), 2, "at most 64")
says_yes("--help", run("provider", "show", "--help"), run("provider", "--help").stdout.startswith("usage: proofkey provider "))

directory.cleanup()
done()
