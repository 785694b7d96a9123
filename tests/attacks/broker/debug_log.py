#!/usr/bin/env python3
"""Not even the log of a gateway with log_level = "debug" holds a secret: a login with an ID token, a token for a program, a refresh, one that
is refused, a revocation and a logout, and then no code, token, verifier, state, cookie or secret that anybody saw stands there, plain,
percent-encoded or in base64. The other levels leave out what they say."""
import base64
import json
import signal
import sys
import urllib.parse

sys.dont_write_bytecode = True
from sandbox_provider import Sandbox, age
from harness import check, equal, finish, run, sensitive, wait_for

# What a client sends, and what it gets, that nobody else may know.
SECRETS = {"code", "state", "code_verifier", "client_secret", "secret", "refresh_token", "access_token", "id_token", "token", "nonce", "id_token_hint", "logout_token"}
sandbox = Sandbox()
gateway = sandbox.gateway({"one": sandbox.login("keycloak", tenant='"demo"', scopes='{"openid", "email"}'), "two": sandbox.login(scopes='{"profile"}'),
                           # It has the code, the secret and the tokens in the address.
                           "three": sandbox.login("wechat", scopes='{"snsapi_login"}', host=None)},
                          keys={"poster": ["one", "two", "three"]}, log_level='"debug"')


def texts(value):
    """Every secret in what was recorded: members of forms, queries and documents, by their name, and whole headers of clients."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in SECRETS and isinstance(inner, str):
                yield inner
            elif name.lower() in ("authorization", "cookie") and isinstance(inner, str):
                yield inner.split(" ")[-1]
            else:
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield from (found for name, found in urllib.parse.parse_qsl(urllib.parse.urlsplit(value).query if "://" in value else value) if name in SECRETS)
        try:
            document = json.loads(value)
        except ValueError:
            return
        if isinstance(document, (dict, list)):
            yield from texts(document)


def forms(secret):
    """How it would stand in a log; each at a length that nothing has by chance."""
    raw = secret.encode()
    yield secret[:16]
    yield urllib.parse.quote(secret, safe="")[:20]
    for shift in range(3):  # base64 of a text that it is a part of
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * shift + raw)[(0, 2, 3)[shift]:].decode()[:16]


def whole_life():
    for login in ("one", "two", "three"):
        browser, subject = sandbox.sign_in(gateway, login)
        path = f"/v1/grants/{login}/{urllib.parse.quote(subject, safe='')}"
        equal(gateway.broker(path + "/token").status, 200, f"{login}: a token for a program")
        age(gateway)
        sandbox.arm("server-error")
        equal(gateway.broker(path + "/token?min_ttl=86400").json.get("fault"), "server-error", f"{login}: a refresh that fails")
        reply = gateway.broker(path + "/refresh", "POST")
        check(reply.status == 200, f"{login}: one that does not", (reply, gateway.log()[-1500:]))
        equal(gateway.broker(path, "DELETE").status, 204, f"{login}: a revocation")
        browser, subject = sandbox.sign_in(gateway, login)
        equal(browser.log_out().status, 303, f"{login}: a logout")
        browser.get(f"/callback/{login}?code=forged-code-forged&state=forged-state-forged")
        sensitive.update(("forged-code-forged", "forged-state-forged"))
    wait_for(lambda: len(gateway.log_lines("event=token.revoked")) >= 8)


def nothing_shows():
    log = gateway.log()
    for word in ("for=code", "for=refresh", "for=revoke", "for=userinfo", "for=keys"):
        check(gateway.log_lines("level=debug", "event=provider.asked", word, "method=", f"url={sandbox.url}/", "status=", "milliseconds="), f"it has {word}", log[-3000:])
    check(gateway.log_lines("event=provider.asked", "method=GET", "/sns/oauth2/access_token status=200") and not gateway.log_lines("event=provider.asked", "?"),
          "no address has its query", gateway.log_lines("/sns/"))
    seen = {secret for secret in texts(sandbox.captures()) if len(secret) >= 16} | {secret for secret in sensitive if len(secret) >= 12}
    kinds = [secret for secret in seen if secret.count(".") == 2]
    check(len(seen) > 25 and kinds, "the sandbox saw secrets of all kinds", len(seen))
    shown = [secret[:20] for secret in seen if any(form in log for form in forms(secret))]
    check(not shown, "C-07 C-32 none of them is in the log, in any form", shown[:3])
    check(any(form in "x" + base64.b64encode(b"ab" + b"s" * 30).decode() for form in forms("s" * 30)), "a secret in base64 would be found")


def levels():
    """SIGHUP applies another level."""
    for level, said, silent in (("error", "event=nothing", "level=info"), ("warn", "level=warn", "level=info"), ("info", "level=info", "level=debug")):
        gateway.write_config(log_level=f'"{level}"')
        pids = gateway.children("broker")
        gateway.process.send_signal(signal.SIGHUP)
        check(wait_for(lambda: (now := gateway.children("broker")) and not set(now) & set(pids) and gateway.token("nobody", "two").status == 404), f"{level}: new processes")
        wait_for(lambda: len(gateway.children("keeper")) == 1)
        start = len(gateway.log())
        sandbox.sign_in(gateway, "two")
        gateway.token("nobody", "two")
        rest = gateway.log()[start:]
        check(silent not in rest and (level == "error" or said in rest), f"{level}: what matters less is left out", rest)


with sandbox, gateway:
    run(whole_life, nothing_shows, levels)
finish()
