"""What people have at hand is less than a whole capture, or another one: the same attempt with something left out, or answered by
another server. What is said of it may be less, and must still be true."""
import copy
import json
import re
import urllib.parse

from client import with_claims
from har import har


def without_name(capture, dialect):
    del capture["provider"]
    return capture


def at_real_hosts(capture, dialect):
    """As it would be with the provider itself: at its own hosts, without the sandbox's prefix."""
    text = json.dumps(capture)
    for key in ("authorize_url", "token_url", "refresh_url", "revoke_url", "userinfo_url", "discovery_url", "jwks_url"):
        url = dialect[key].replace("{tenant}", dialect["tenant"])
        real = re.sub(r"\{\w+\}", dialect["regions"][0] if dialect["regions"] else "id.example.com", url)
        path = re.sub(r"^https://[^/]*", "", url)
        text = re.sub(rf"http://127\.0\.0\.1:\d+/{dialect['name']}{re.escape(path)}(?=[?\"])", real, text) if path else text
    host = re.match(r"https://([^/]*)/", dialect["token_url"])[1].replace("{host}", "id.example.com")
    text = re.sub(rf"http://127\.0\.0\.1:\d+/{dialect['name']}/", "https://" + re.sub(r"\{\w+\}", (dialect["regions"] or [""])[0], host) + "/", text)
    issuer = re.sub(r"\{\w+\}", "id.example.com", dialect["issuer"].replace("{tenant}", dialect["tenant"]))
    path = re.escape(re.sub(r"^https://[^/]*", "", dialect["issuer"].replace("{tenant}", dialect["tenant"])))
    text = re.sub(rf'http://127\.0\.0\.1:\d+/{dialect["name"]}{path}(?=\\*")', issuer, text)
    text = re.sub(r'(?<=[?&]iss=)http%3A%2F%2F127[^&"]*', urllib.parse.quote(issuer, safe=""), text)
    text = with_claims(text, lambda claims: claims | {"iss": issuer} if "127.0.0.1" in claims.get("iss", "") else claims)
    return json.loads(text)


def last_reply(capture, answer):
    for event in reversed(capture["events"]):
        if event["kind"] == "token" and event.get("response") and event["response"]["status"] >= 300:
            event["response"] = answer
            break
    return capture


def bare_refusal(capture, dialect):
    """By a server that says no more than it must."""
    return last_reply(capture, {"status": 400, "headers": {"Content-Type": "application/json"}, "body": '{"error":"invalid_grant"}'})


def html_refusal(capture, dialect):
    return last_reply(capture, {"status": 400, "headers": {"Content-Type": "text/html"}, "body": "<html><h1>Bad Request</h1></html>"})


def empty_refusal(capture, dialect):
    return last_reply(capture, {"status": 400, "headers": {}, "body": ""})


def without_callback(capture, dialect):
    capture["events"] = [event for event in capture["events"] if event["kind"] != "callback"]
    return capture


def without_authorize(capture, dialect):
    capture["events"] = [event for event in capture["events"] if event["kind"] != "authorize"]
    return capture


def without_replies(capture, dialect):
    for event in capture["events"]:
        event.pop("response", None)
    return capture


def without_times(capture, dialect):
    for event in capture["events"]:
        event.pop("at", None)
    return capture


def without_stored(capture, dialect):
    del capture["stored"]
    return capture


def as_har(capture, dialect):
    return har(capture)


VARIANTS = {
    "no name": without_name,
    "real hosts": at_real_hosts,
    "bare reply": bare_refusal,
    "HTML reply": html_refusal,
    "empty reply": empty_refusal,
    "no callback": without_callback,
    "no authorize": without_authorize,
    "no replies": without_replies,
    "no times": without_times,
    "nothing stored": without_stored,
    "HAR": as_har,
}

# What a variant makes true by itself.
ALSO_TRUE = {"HTML reply": {"reply-not-oauth"}, "empty reply": {"reply-not-oauth"}}


def variant(name, capture, dialect):
    return VARIANTS[name](copy.deepcopy(capture), dialect)
