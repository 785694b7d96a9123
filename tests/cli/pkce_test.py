#!/usr/bin/env python3
"""proofkey pkce. The expected challenges are made here with Python's own SHA-256."""
import base64
import hashlib
import json
import re
import subprocess

from tap import ENVIRONMENT, PROGRAM, done, ok, refuses, run, says_yes

RFC = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, Appendix B


def base64url(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def text(verifier, challenge, method="S256"):
    return f"verifier  {verifier}\nchallenge {challenge}\nmethod    {method}\n"


fresh = [run("pkce") for _ in range(20)]
pairs = [re.fullmatch(r"verifier  ([\w-]{43})\nchallenge ([\w-]{43})\nmethod    S256\n", p.stdout) for p in fresh]
says_yes("a fresh pair is 43 characters twice", fresh[0], all(pairs))
ok("its challenge is the SHA-256 of its verifier", all(p and base64url(p[1]) == p[2] for p in pairs), fresh)
ok("no two are the same", len({p and p[1] for p in pairs}) == 20, fresh)

got = run("pkce", "--verifier", RFC)
says_yes("RFC 7636, Appendix B", got, got.stdout == text(RFC, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"))
got = run("pkce", "--encoding", "hex", "--verifier", RFC)
says_yes("hex", got, got.stdout == text(RFC, hashlib.sha256(RFC.encode()).hexdigest()))
got = run("pkce", "--json", "--encoding=hex", "--verifier=" + RFC)
says_yes("JSON", got, got.stdout and json.loads(got.stdout) == {
    "verifier": RFC, "challenge": hashlib.sha256(RFC.encode()).hexdigest(), "method": "S256", "encoding": "hex"})
got = run("pkce", "--json")
pair = json.loads(got.stdout)
says_yes("JSON of a fresh pair", got, pair["challenge"] == base64url(pair["verifier"]) and pair["encoding"] == "base64url")

for name, end in {"no line end": "", "a line feed": "\n", "CR LF": "\r\n"}.items():
    got = run("pkce", "--verifier", "-", stdin=RFC + end)
    says_yes(f"from standard input, with {name}", got, got.stdout == text(RFC, base64url(RFC)))
longest = "~" * 128
got = run("pkce", "--verifier", "-", stdin=longest + "\r\n")
says_yes("the longest verifier, with CR LF", got, got.stdout == text(longest, base64url(longest)))

refuses("a blank behind the verifier is not trimmed", run("pkce", "--verifier", "-", stdin=RFC + " \n"), 1, "byte 0x20 at position 43")
refuses("one line end is left out, not two", run("pkce", "--verifier", "-", stdin=RFC + "\n\n"), 1, "byte 0x0a at position 43")
refuses("an empty standard input", run("pkce", "--verifier", "-"), 1, "fewer than 43")
refuses("a NUL", run("pkce", "--verifier", "-", stdin=RFC[:20] + "\0" + RFC[20:]), 1, "byte 0x00 at position 20")
refuses("42 characters", run("pkce", "--verifier", RFC[:42]), 1, "42 characters")
refuses("129 characters", run("pkce", "--verifier", "x" * 129), 1, "129 characters")
refuses("129 characters from standard input", run("pkce", "--verifier", "-", stdin="x" * 129), 1, "129 characters")
refuses("more than anybody sends", run("pkce", "--verifier", "-", stdin="x" * 100000), 1, "more than 128")
refuses("an empty verifier", run("pkce", "--verifier", ""), 1, "fewer than 43")
for name, character, byte in (("a plus", "+", "2b"), ("an equals sign", "=", "3d"), ("an umlaut", "\u00e4", "c3")):
    got = run("pkce", "--verifier", "x" * 50 + character)
    refuses(f"{name}, with its position", got, 1, f"byte 0x{byte} at position 50")
    ok(f"{name}: the message holds no verifier", "xxx" not in got.stderr, got)

got = run("pkce", "--method", "plain", "--verifier", RFC)
ok("plain is the verifier, with a warning that says why not",
   got.returncode == 0 and got.stdout == text(RFC, RFC, "plain") and "warning" in got.stderr and "9700" in got.stderr
   and RFC not in got.stderr, got)
got = run("pkce", "--method", "plain", "--json")
ok("plain has no encoding", got.returncode == 0 and json.loads(got.stdout)["encoding"] is None, got)

refuses("hex of plain", run("pkce", "--encoding", "hex", "--method", "plain"), 2, "plain hashes nothing")
refuses("another encoding", run("pkce", "--encoding", "HEX"), 2, "base64url or hex")
refuses("another method", run("pkce", "--method", "s256"), 2, "S256 or plain")
refuses("an unknown option", run("pkce", "--challenge", "x"), 2, "no option --challenge")
refuses("an option without its value", run("pkce", "--verifier"), 2, "--verifier needs a value")
refuses("a value that no option takes", run("pkce", "--json=yes"), 2, "takes no value")
refuses("a word", run("pkce", RFC), 2, "options only")
says_yes("--help", run("pkce", "--help"), run("pkce", "--help").stdout.startswith("usage: proofkey pkce "))

with open("/dev/full", "w") as full:
    for more in ([], ["--json"]):
        got = subprocess.run([PROGRAM, "pkce", *more], stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
        ok(f"a result that could not be written is a failure {more}", got.returncode == 1 and "could not be written" in got.stderr, got)
done()
