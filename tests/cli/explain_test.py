#!/usr/bin/env python3
"""proofkey explain: what it reads, what it shows of secrets, and how it ends. What it finds is the matter of captures_test.py."""
import base64
import hashlib
import json
import os
import tempfile
import urllib.parse

from tap import done, ok, refuses, run, says_yes

VERIFIER = "Q6TYgUOmuBlhmw1IgAVSPJQ4t14sf.CdD4f3.ZR2ZLpCumYzIkMD4b7-DFwoffCs"
STATE = "WBwqf0e8J5NKZuknWBwqf0e8"
CODE = "okYXNycnagbXKg4Alkum9JPnGI-WJsnxENO3NCCH*1!"
BACK = "http://localhost:5000/callback"
SECRET = "T1J1o0JwyZf3ZehwRqiTnfs7JvRFUYk3"
CLIENT = "sbaw7maxtihzttrwqu"

base64url = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
hexed = hashlib.sha256(VERIFIER.encode()).hexdigest()


def authorize(challenge):
    return "https://www.tiktok.com/v2/auth/authorize/?" + urllib.parse.urlencode({
        "client_key": CLIENT, "response_type": "code", "scope": "video.upload", "redirect_uri": BACK, "state": STATE,
        "code_challenge": challenge, "code_challenge_method": "S256"})


callback = BACK + "?" + urllib.parse.urlencode({"code": CODE, "scopes": "video.upload", "state": STATE})
form = urllib.parse.urlencode({"client_key": CLIENT, "client_secret": SECRET, "code": CODE, "grant_type": "authorization_code",
                               "redirect_uri": BACK, "code_verifier": VERIFIER})
request = f"curl https://open.tiktokapis.com/v2/oauth/token/ --data-raw '{form}'"
no = json.dumps({"error": "invalid_request", "error_description": "Code verifier or code challenge is invalid.", "log_id": "1"})
yes = json.dumps({"access_token": "act.1234567890abcdef", "expires_in": 86400, "open_id": "1", "refresh_token": "rft.1234567890abcdef",
                  "refresh_expires_in": 31536000, "scope": "video.upload", "token_type": "Bearer"})
SECRETS = [VERIFIER, CODE, urllib.parse.quote(CODE, safe=""), SECRET]


def explain(*more, challenge=base64url, reply=no, **options):
    return run("explain", "--provider", "tiktok-desktop", "--authorize", authorize(challenge), "--callback", callback,
               "--token-request", request, "--reply", reply, *more, **options)


def report(ended):
    return json.loads(ended.stdout or "{}")


got = explain("--json")
ok("a base64url challenge where hex is wanted", got.returncode == 1 and not got.stderr
   and (report(got)["verdict"], report(got)["confidence"]) == ("challenge-not-hex", "proved"), got)
ok("what was there is shown, and what was wanted", report(got)["findings"][0]["evidence"][0] == {
    "event": 0, "parameter": "code_challenge", "got": base64url, "want": hexed}, got)
ok("JSON has no secret", not [secret for secret in SECRETS if secret in got.stdout], got)
got = explain()
ok("the same for a person", got.returncode == 1 and "Fault       challenge-not-hex\n" in got.stdout and f"    want   {hexed}\n" in got.stdout, got)
ok("its lines fit and are plain ASCII", got.stdout.isascii() and max(map(len, got.stdout.split("\n"))) <= 80, got)
ok("text has no secret", not [secret for secret in SECRETS if secret in got.stdout], got)

got = explain("--json", challenge=hexed, reply=yes)
says_yes("a right flow: no fault", got, report(got)["verdict"] is None and report(got)["pair"] == "right" and not report(got)["findings"])
got = explain(challenge=hexed, reply=yes)
says_yes("a right flow, for a person", got, got.stdout.startswith("no fault found\n") and "The pair is right" in got.stdout)
got = explain("--json", challenge=hexed)
ok("a right pair that the provider refuses is said to be right", report(got).get("pair") == "right"
   and not [f for f in report(got)["findings"] if f["confidence"] == "proved"], got)

with tempfile.TemporaryDirectory(prefix="proofkey-explain-") as directory:
    path = os.path.join(directory, "capture.json")
    capture = {"provider": "tiktok-desktop", "events": [{"kind": "authorize", "url": authorize(base64url)},
                                                        {"kind": "token", "request": {"method": "POST", "url": "https://open.tiktokapis.com/v2/oauth/token/",
                                                                                      "headers": {"Content-Type": "application/x-www-form-urlencoded"}, "body": form},
                                                         "response": {"status": 400, "headers": {}, "body": no}}]}
    with open(path, "w") as file:
        json.dump(capture, file)
    first = run("explain", path, "--json")
    ok("a capture from a file", report(first)["verdict"] == "challenge-not-hex" and "callback" in report(first)["not_visible"], first)
    for name, words in {"-": ["-"], "nothing": []}.items():
        got = run("explain", "--json", *words, stdin=json.dumps(capture))
        ok(f"the same from standard input, with {name}", got.stdout == first.stdout and got.returncode == 1, got)
    got = run("explain", "--json", path, "--callback", callback)
    ok("a piece goes with a file", "callback" not in report(got)["not_visible"], got)
    for option, text in {"--token-request": request, "--reply": no}.items():
        with open(os.path.join(directory, "piece"), "w") as file:
            file.write(text)
        pieces = {"--token-request": request, "--reply": no, option: os.path.join(directory, "piece")}
        got = run("explain", "--json", "--provider", "tiktok-desktop", "--authorize", authorize(base64url), *sum(pieces.items(), ()))
        ok(f"{option} from a file", report(got).get("verdict") == "challenge-not-hex", got)
    with open(os.path.join(directory, "acme.conf"), "w") as file:
        file.write(run("provider", "show", "tiktok-desktop").stdout)
    got = run("explain", "--json", path, "--provider", "acme", "--providers", directory)
    ok("a dialect of one's own", report(got).get("provider") == "acme", got)
    got = run("explain", "--json", path, "--provider", "acme", PROOFKEY_PROVIDERS=directory)
    ok("from the directory of the environment", report(got).get("provider") == "acme", got)
    with open(os.path.join(directory, "broken.conf"), "w") as file:
        file.write("title = \n")
    refuses("a dialect that is wrong", run("explain", path, "--providers", directory), 1, "broken.conf:1")
    with open(path, "wb") as file:
        file.truncate((64 << 20) + 1)
    refuses("a file that is too long", run("explain", path), 1, "longer than")
    with open(path, "w") as file:
        file.write('{"events": [\n{"kind": "authorize", "url": 5}]}')
    refuses("a capture that is malformed, with its line", run("explain", path), 1, path)
    refuses("a file that is not there", run("explain", path + "x"), 1, "No such file")
    refuses("a directory", run("explain", directory), 1, directory)

for end in ("", "\n"):
    got = run("explain", "--json", "--provider", "tiktok-desktop", "--authorize", authorize(base64url), "--verifier", "-", stdin=VERIFIER + end)
    ok(f"the pair alone, from standard input, with {end!r}", report(got).get("verdict") == "challenge-not-hex", got)
got = run("explain", "--json", "--provider", "tiktok-desktop", "--authorize", authorize(hexed), "--verifier", VERIFIER)
says_yes("a right pair alone", got, report(got)["verdict"] is None and report(got)["pair"] == "right")
got = run("explain", "--json", "--authorize", authorize(base64url), "--verifier", "x" * 43)
ok("a verifier is shortened", VERIFIER not in got.stdout and "xxxxx" not in got.stdout, got)
got = run("explain", "--json", "--show-secrets", "--authorize", authorize(base64url), "--verifier", "x" * 43)
ok("unless asked for", "x" * 43 in got.stdout, got)
got = run("explain", "--authorize", authorize(base64url), "--callback", callback.replace(STATE, "%1B%5B31m" + STATE[3:]))
ok("hostile text moves no cursor", "\x1b" not in got.stdout + got.stderr, got)

refuses("another provider", run("explain", "--provider", "acme", "--verifier", VERIFIER), 2, "no provider acme")
refuses("a name that is no name", run("explain", "--provider", "../x", "--verifier", VERIFIER), 2, "no provider")
refuses("two files", run("explain", "a", "b"), 2, "one file")
refuses("a piece twice", run("explain", "--callback", "a", "--callback", "b"), 2, "--callback is given twice")
refuses("an unknown option", run("explain", "--fix"), 2, "--fix")
refuses("an option without its value", run("explain", "--reply"), 2, "--reply needs a value")
refuses("something that is none of it", run("explain", stdin="Dear all,\nit does not work.\n"), 1, "standard input")
refuses("an empty standard input", run("explain"), 1, "standard input")
says_yes("--help", run("explain", "--help"), run("explain", "--help").stdout.startswith("usage: proofkey explain "))
done()
