#!/usr/bin/env python3
"""Four questions that people asked in public, and the answers that they got: seeds_test.py [PROGRAM]. The programs and requests are made
again as they were printed. Explain has to name what was wrong with them, and must not repeat an answer that the bytes do not bear out.

The first: a desktop app whose challenge was base64url where hex is wanted. The second: a note on a missing challenge. The third: a
guide to a provider's redirect URIs. The fourth: a token request that was refused for a reason that nobody found."""
import base64
import contextlib
import hashlib
import json
import random
import secrets
import sys
import urllib.parse

import meddler
from client import REMOTE_REDIRECT_URI, ROOT, Client, Landing, Program, Sandbox
from meddler import Meddler
from tap import done, ok
from variants import variant

program = Program(sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build" / "proofkey"))


def faults(report):
    return {finding["fault"]: finding["confidence"] for finding in report["findings"]}


def in_short(report):
    return f"it says {json.dumps(faults(report))}, pair {report.get('pair')}"


def names(name, report, fault, confidence="proved", **also):
    """The verdict is that; of the others, `also` (with _ for -) are found too, and nothing else is called proved."""
    found = faults(report)
    wanted = {key.replace("_", "-"): value for key, value in also.items()}
    surplus = {key for key, value in found.items() if value == "proved"} - {fault, *wanted}
    ok(name, (report["verdict"], report["confidence"]) == (fault, confidence) and not surplus
       and all(found.get(key) == value for key, value in wanted.items()), in_short(report))


class World:
    def __init__(self, sandbox, landing):
        self.sandbox, self.landing = sandbox, landing

    def client(self, name, public=False):
        return Client(program.dialect(name), self.sandbox.address, self.landing.address, public)


# ---- The first: "Code verifier or code challenge is invalid" despite a correct implementation ----

def generate_random_string(length):
    return "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") for _ in range(length))


def listing(world, hex_challenge=False, redirect_uri="", code_end=None):
    """The program as it was printed: the redirect URI was left empty, the code is decoded although the framework has done so."""
    client = world.client("tiktok-desktop")
    client.verifier = generate_random_string(60 if hex_challenge else 64)
    digest = hashlib.sha256(client.verifier.encode()).digest()
    client.challenge = digest.hex() if hex_challenge else base64.urlsafe_b64encode(digest).decode().rstrip("=")
    client.state = generate_random_string(16)
    client.scopes = ["video.upload"]
    with Meddler(client, **(meddler.odd_codes(code_end) if code_end else {})):
        client.authorize()
        client.redeem(code=urllib.parse.unquote(client.code), redirect_uri=client.redirect_uri if redirect_uri is None else redirect_uri)
    return client.capture


def first(world):
    report = program.explain(listing(world))
    names("the listing: the challenge is named first, the empty redirect URI too", report, "challenge-not-hex", redirect_uri_empty="proved")
    evidence = report["findings"][0]["evidence"][0]
    ok("the listing: the challenge that was wanted is shown", evidence["parameter"] == "code_challenge" and len(evidence["want"]) == 64, evidence)
    ok("the listing: decoding twice did no harm to this code, and is not blamed", not any(fault.startswith("code-") for fault in faults(report)),
       in_short(report))
    names("the listing with its redirect URI filled in", program.explain(listing(world, redirect_uri=None)), "challenge-not-hex")
    names("with the answer's change: what is left of it is named", program.explain(listing(world, hex_challenge=True)), "redirect-uri-empty")
    names("a code with an escape in it: then decoding twice is the fault",
          program.explain(listing(world, hex_challenge=True, redirect_uri=None, code_end="%2F")), "code-over-decoded")
    report = program.explain(listing(world, hex_challenge=True, redirect_uri=None))
    ok("all of it put right: no finding, and the pair is right", report["verdict"] is None and report["pair"] == "right", in_short(report))
    printed_values()


def printed_values():
    """What stood in the question: verifier, code, payload and reply. The authorize request did not."""
    payload = {"client_key": "sbaw7maxtihzttrwqu", "client_secret": "T1J1o0JwyZf3ZehwRqiTnfs7JvRFUYk3",
               "code": "okYXNycnagbXKg4Alkum9JPnGI-WJsnxENO3NCCHHxVilhKE_XzPHhKnBjgprrMtBai2vQrDu2YIYjm3nzgZv4HgCB4nxffI0zm36W69d5jDpGsh_gfmjR9CG"
                       "6RG4saRDuFeTTIr0IYnx7fDFNhiAv1KkYorssycwM4VbBNEr_FJUtBiyv7Cw_WU9EylNoa5Vl6H2jFCw4poIMsUwE7JSBm7OgM4DzceqfS5z7_yAP14pOWaT3GHqd"
                       "0jALys0LNX*1!", "grant_type": "authorization_code", "redirect_uri": "",
               "code_verifier": "Q6TYgUOmuBlhmw1IgAVSPJQ4t14sf.CdD4f3.ZR2ZLpCumYzIkMD4b7-DFwoffCs"}
    reply = {"error": "invalid_request", "error_description": "Code verifier or code challenge is invalid.", "log_id": "1"}
    token = {"kind": "token", "request": {"method": "POST", "url": "https://open.tiktokapis.com/v2/oauth/token/",
                                          "headers": {"Content-Type": "application/x-www-form-urlencoded"}, "body": urllib.parse.urlencode(payload)},
             "response": {"status": 400, "headers": {"Content-Type": "application/json"}, "body": json.dumps(reply)}}
    report = program.explain({"provider": "tiktok-desktop", "events": [token]})
    names("the printed payload alone: what stands in it is proved, and no more", report, "redirect-uri-empty")
    ok("the printed payload alone: what was not seen is said", "authorize request" in report["not_visible"], report["not_visible"])
    challenge = base64.urlsafe_b64encode(hashlib.sha256(payload["code_verifier"].encode()).digest()).decode().rstrip("=")
    query = urllib.parse.urlencode({"client_key": payload["client_key"], "response_type": "code", "scope": "video.upload",
                                    "redirect_uri": "http://127.0.0.1:5000/callback", "state": "WBwqf0e8J5NKZukn", "code_challenge": challenge,
                                    "code_challenge_method": "S256"})
    authorize = {"kind": "authorize", "url": "https://www.tiktok.com/v2/auth/authorize/?" + query}
    names("the printed values with the challenge that the program made of them", program.explain({"events": [authorize, token]}),
          "challenge-not-hex", redirect_uri_empty="proved")


# ---- The second: authorization_code missing PKCE challenge ----

def second(world):
    for what, public, changes in (("a public client", True, {}), ("dead end: a client secret beside it", False, {}),
                                  ("dead end: other scopes", True, {"scope": "openid profile email"})):
        client = world.client("rfc7636", public)
        client.challenge = client.method = None
        client.login(**changes)
        names(f"no challenge: {what}", program.explain(client.capture), "challenge-missing")
    client = world.client("genesys", True)
    client.challenge = client.method = None
    refused = meddler.document(400, error="invalid_grant", error_description="authorization_code missing PKCE challenge")
    with Meddler(client, **meddler.answer_instead("token", refused)):
        client.authorize()
        client.redeem(code_verifier=None)
    report = program.explain(client.capture)
    ok("no challenge, by the words of the note alone: the challenge, and not as proved", report["verdict"] == "challenge-missing"
       and report["confidence"] != "proved", in_short(report))
    fix = report["findings"][0]["fix"] if report["findings"] else ""
    ok("the fix is the challenge and its method, not a switch of some library", "code_challenge_method" in fix and "include_pkce" not in fix, fix)


# ---- The third: the redirect URIs of a web app ----

RULES = {
    "511 characters are the most": ("https://dev.example.com/" + "a" * 600, "511"),
    "it is absolute": ("dev.example.com/auth/callback/", "absolute"),
    "it begins with https": ("http://dev.example.com/auth/callback/", "https"),
    "it has no parameters": ("https://dev.example.com/auth/callback/?id=1", "query"),
    "it has no fragment": ("https://dev.example.com/auth/callback/#100", "fragment"),
}


def third(world):
    for rule, (uri, word) in RULES.items():
        client = world.client("tiktok")
        client.redirect_uri = uri
        client.login()
        report = program.explain(client.capture)
        names(f"a redirect URI: {rule}", report, "redirect-uri-breaks-rules")
        ok(f"a redirect URI: {rule}, and that is said", word in json.dumps(report["findings"][:1]), report["findings"][:1])
    many = [word for number in range(11) for word in ("--redirect-uri", f"https://dev.example.com/{number}/")]
    ended = program.run("provider", "check", "tiktok", *many)
    ok("a redirect URI: ten are the most", ended.returncode == 1 and b"10" in ended.stdout + ended.stderr, ended)
    client = world.client("tiktok")
    query = "client_key={CLIENT_KEY}&scope=user.info.basic&response_type=code&redirect_uri={SERVER_ENDPOINT_REDIRECT}&state=" + secrets.token_urlsafe(16)
    client.authorize(query)
    names("the guide's URL with its placeholders left in", program.explain(client.capture), "placeholder-not-substituted")
    client = world.client("tiktok")
    client.state = base36(random.getrandbits(52))
    client.authorize()
    report = program.explain(client.capture)
    ok("a state of Math.random: weak, and nothing else", list(faults(report)) == ["state-too-weak"], in_short(report))
    client = world.client("tiktok")
    client.state = ",".join(str(byte) for byte in secrets.token_bytes(30))
    client.login()
    report = program.explain(client.capture)
    ok("a state of thirty random bytes, as numbers with commas: no finding", not report["findings"], in_short(report))


def base36(number):
    """What Math.random().toString(36).substring(2) gives."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits += "0123456789abcdefghijklmnopqrstuvwxyz"[digit]
    return digits


# ---- The fourth: a token request that fails, and every cause that was guessed ----

REFUSED = {"status": 400, "headers": {"Content-Type": "application/json"},
           "body": json.dumps({"error": "invalid_grant", "error_description": "The authorization code has expired or is invalid"})}


def question(world):
    """The question's client: public, everything right, and refused in the provider's words."""
    client = world.client("genesys", True)
    client.verifier = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    client.challenge = client.right_challenge()
    return client


def standard(client):
    while not set("+/") & set(base64.b64encode(hashlib.sha256(client.verifier.encode()).digest()).decode()):
        client.verifier = secrets.token_urlsafe(32)
    return base64.b64encode(hashlib.sha256(client.verifier.encode()).digest()).decode()


def guess(world, name, fault, mistake):
    """`mistake` changes the client before the authorize request, and gives what is different in the token request."""
    client = question(world)
    changes = mistake(client) or {}
    client.authorize()
    client.redeem(**changes)
    client.capture["events"][-1]["response"] = REFUSED
    names(f"the question, if it was {name}", program.explain(client.capture), fault)


def padded(client):
    client.challenge += "="


def other_alphabet(client):
    client.challenge = standard(client)


def encoded_twice(client):
    client.verifier += "~~"
    client.challenge = client.right_challenge()
    return {"code_verifier": client.verifier.replace("~", "%7E")}


def truncated(client):
    client.verifier = secrets.token_urlsafe(64)
    client.challenge = client.right_challenge()
    return {"code_verifier": client.verifier[:64]}


def newline(client):
    return {"code_verifier": client.verifier + "\n"}


def no_verifier(client):
    return {"code_verifier": None}


def short_verifier(client):
    client.verifier = secrets.token_hex(16)
    client.challenge = client.right_challenge()


def at(capture, host):
    """The requests went to another host: a name of the account, or another product's."""
    text = json.dumps(variant("real hosts", capture, program.dialect("genesys")))
    return json.loads(text.replace("login.mypurecloud.com", host))


def fourth(world):
    client = question(world)
    client.login()
    client.capture["events"][-1]["response"] = REFUSED
    report = program.explain(client.capture)
    proved = [fault for fault, confidence in faults(report).items() if confidence == "proved"]
    ok("the question as it was put: the pair is right, whatever the provider says", report["pair"] == "right" and not proved
       and not any(fault.startswith(("challenge-", "verifier-")) for fault in faults(report)), in_short(report))
    bare = program.explain({"provider": "genesys", "events": client.capture["events"][-1:]})
    ok("the request alone: nothing is proved, the encoding is not blamed", not [fault for fault, how in faults(bare).items() if how == "proved"
       or fault.startswith("challenge-")], in_short(bare))
    guess(world, "the padding", "challenge-padded", padded)
    guess(world, "the alphabet", "challenge-standard-base64", other_alphabet)
    guess(world, "encoding the verifier again", "verifier-percent-encoded", encoded_twice)
    guess(world, "a verifier cut off", "verifier-truncated", truncated)
    guess(world, "a newline", "verifier-whitespace", newline)
    guess(world, "the verifier taken away to try", "verifier-missing", no_verifier)
    guess(world, "a verifier of 32 characters, as the answer allows", "verifier-too-short", short_verifier)
    client_types(world)
    hosts(world)


def client_types(world):
    client = question(world)
    client.id = "sandbox-client"
    client.login()
    report = program.explain(client.capture)
    ok("the question, if the client was registered as confidential: believed and not proved", report["verdict"] == "secret-missing"
       and report["confidence"] != "proved", in_short(report))
    client = question(world)
    client.auth, client.secret = "basic", "a-secret"
    client.login()
    report = program.explain(client.capture)
    ok("the question, if a public client sent a secret: believed and not proved", report["verdict"] in ("secret-from-public-client", "secret-rejected")
       and report["confidence"] != "proved", in_short(report))


def hosts(world):
    client = question(world)
    client.login()
    client.capture["events"][-1]["response"] = REFUSED
    capture = variant("real hosts", client.capture, program.dialect("genesys"))
    names("the question, if the token request went to the API's host",
          program.explain(json.loads(json.dumps(capture).replace("login.mypurecloud.com/oauth/token", "api.mypurecloud.com/oauth/token"))),
          "token-endpoint-wrong")
    names("the question as printed, at the account's own host", program.explain(at(client.capture, "acme.mypurecloud.com")), "token-endpoint-wrong")
    report = program.explain(at(client.capture, "{{account-id}}.mypurecloud.com"))
    ok("the question as printed, with its template left in: the URL is named", report["verdict"] in ("placeholder-not-substituted", "token-endpoint-wrong"),
       in_short(report))
    report = program.explain(at({**client.capture, "provider": "genesys"}, "cxone.niceincontact.com"))
    names("the question, if it went to the other product", report, "token-endpoint-wrong")


def main():
    with contextlib.ExitStack() as stack:
        landing = stack.enter_context(Landing())
        sandbox = stack.enter_context(Sandbox(program, "--auto-approve", "--redirect-uri", REMOTE_REDIRECT_URI))
        for seed in (first, second, third, fourth):
            seed(World(sandbox, landing))
    sys.exit(done())


if __name__ == "__main__":
    main()
