#!/usr/bin/env python3
"""proofkey pkce verify: each word, for a challenge that is made here with Python's own hashes."""
import base64
import hashlib
import json
import urllib.parse

from tap import done, ok, refuses, run, says_yes

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, Appendix B
RIGHT = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
PERCENT = "a-verifier-of-forty-three-characters-with-~"


def sha256(data):
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode()).digest()


def base64url(data, strip="="):
    return base64.urlsafe_b64encode(data).decode().rstrip(strip)


def verify(verifier, challenge, *more, **options):
    return run("pkce", "verify", "--verifier", verifier, "--challenge", challenge, *more, **options)


# A verifier whose hash has a + or / as base64, so that the alphabets differ.
standard = next(text for text in (f"{n:043}" for n in range(1000)) if "/" in base64.b64encode(sha256(text)).decode())
raw = base64.urlsafe_b64decode(VERIFIER + "=")

MADE = [
    ("base64url", VERIFIER, RIGHT),
    ("hex", VERIFIER, sha256(VERIFIER).hex()),
    ("hex", VERIFIER, sha256(VERIFIER).hex().upper()),
    ("base64url-of-hex", VERIFIER, base64url(sha256(VERIFIER).hex().encode())),
    ("base64", standard, base64.b64encode(sha256(standard)).decode()),
    ("base64url-padded", VERIFIER, RIGHT + "="),
    ("plain", VERIFIER, VERIFIER),
    ("raw-bytes", VERIFIER, base64url(sha256(raw))),
    ("double", VERIFIER, base64url(sha256(sha256(VERIFIER)))),
    ("sha1", VERIFIER, base64url(hashlib.sha1(VERIFIER.encode()).digest())),
    ("sha512", VERIFIER, base64url(hashlib.sha512(VERIFIER.encode()).digest())),
    ("md5", VERIFIER, base64url(hashlib.md5(VERIFIER.encode()).digest())),
    ("utf16", VERIFIER, base64url(sha256(VERIFIER.encode("utf-16-le")))),
    ("whitespace", VERIFIER, base64url(sha256(VERIFIER + "\n"))),
    ("percent", "a+" + PERCENT, base64url(sha256(urllib.parse.quote("a+" + PERCENT, safe="")))),
    ("percent", PERCENT.replace("~", "%7E"), base64url(sha256(PERCENT))),
    ("none", VERIFIER, base64url(sha256("another"))),
    ("none", VERIFIER, base64url(sha256(f'"{VERIFIER}"'))),
    ("none", VERIFIER, base64url(sha256(VERIFIER[:32]))),
]
for number, (word, verifier, challenge) in enumerate(MADE):
    got = verify(verifier, challenge, "--json")
    answer = json.loads(got.stdout or "{}")
    ok(f"{word} ({number})", answer.get("match") == word and answer["valid"] == (word == "base64url")
       and got.returncode == (0 if word == "base64url" else 1) and not got.stderr, got)
    got = verify(verifier, challenge)
    lines = got.stdout.split("\n")
    ok(f"{word} ({number}), for a person", lines[0] == f"match     {word}" and len(lines[3]) > 20 and verifier not in got.stdout, got)

got = verify(VERIFIER, RIGHT, "--json")
ok("the whole answer", json.loads(got.stdout) == {
    "match": "base64url", "valid": True, "verifier": {"length": 43, "valid": True}, "challenge": {"length": 43, "valid": True}}, got)
hexed = sha256(VERIFIER).hex()
got = verify(VERIFIER, hexed, "--encoding", "hex", "--json")
ok("hex is right where it is wanted", got.returncode == 0 and json.loads(got.stdout) == {
    "match": "hex", "valid": True, "verifier": {"length": 43, "valid": True}, "challenge": {"length": 64, "valid": True}}, got)
got = verify(VERIFIER, hexed.upper(), "--encoding", "hex")
ok("hex in upper case is not", got.returncode == 1 and "lower case" in got.stdout, got)
got = verify(VERIFIER, RIGHT, "--encoding", "hex")
ok("base64url is wrong where hex is wanted", got.returncode == 1 and "64 lower-case" in got.stdout, got)
got = verify("x" * 42, base64url(sha256("x" * 42)), "--json")
answer = json.loads(got.stdout)
ok("a verifier that is too short makes no valid pair", got.returncode == 1 and answer["match"] == "base64url"
   and not answer["valid"] and not answer["verifier"]["valid"], got)
got = verify("x" * 42, base64url(sha256("x" * 42)))
ok("and that is said", "it has 42 characters" in got.stdout, got)
for end in ("", "\n", "\r\n"):
    got = verify("-", RIGHT, stdin=VERIFIER + end)
    says_yes(f"from standard input, with {end!r}", got, got.stdout.startswith("match     base64url\n"))
got = verify("-", RIGHT, stdin=VERIFIER + " \n")
ok("a blank behind it is found, not trimmed", got.returncode == 1 and got.stdout.startswith("match     whitespace\n"), got)
got = verify("", "", "--json")
ok("two empty texts", got.returncode == 1 and json.loads(got.stdout)["match"] == "none", got)
got = verify(VERIFIER, "\x1b[31m")
ok("a challenge is not printed", got.returncode == 1 and "\x1b" not in got.stdout + got.stderr, got)

refuses("more than anybody sends", verify("-", RIGHT, stdin="x" * 100000), 1, "longer than")
refuses("no challenge", run("pkce", "verify", "--verifier", VERIFIER), 2, "--challenge C")
refuses("no verifier", run("pkce", "verify", "--challenge", RIGHT), 2, "--verifier V")
refuses("another encoding", verify(VERIFIER, RIGHT, "--encoding", "base64"), 2, "base64url or hex")
refuses("an unknown option", verify(VERIFIER, RIGHT, "--method", "S256"), 2, "--method")
refuses("a word", verify(VERIFIER, RIGHT, "x"), 2, "it takes")
says_yes("--help", run("pkce", "verify", "--help"), run("pkce", "verify", "--help").stdout.startswith("usage: proofkey pkce verify "))
done()
