#!/usr/bin/env python3
"""Logins that name an issuer and nothing else: metadata that lie, are too long, lead elsewhere or cannot be had start no login, and the
provider is asked once however many wait. Requests that go ahead (RFC 9126) leave nothing of themselves in the browser."""
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
from fake_provider import Provider, sign
from harness import PROGRAM, Browser, Gateway, ask, at_once, check, equal, finish, is_refused, is_sent_back, parameters, run, wait_for

WELL_KNOWN = "/.well-known/openid-configuration"
provider = Provider()


def found(name, **keys):
    """A login that is found by its issuer. The issuer's path is its name."""
    return {"provider": '"oidc"', "issuer": f'"{provider.url}/{name}"', **keys}


def with_(**members):
    return lambda handler, document: handler.json({name: value for name, value in {**document, **members}.items() if value is not None})


REFUSED = {
    # login: the answer of its provider, the fault
    "another-issuer": (with_(issuer="https://evil.example"), "metadata-issuer"),
    "issuer-and-slash": (with_(issuer=provider.url + "/issuer-and-slash/"), "metadata-issuer"),
    "no-issuer": (with_(issuer=None), "metadata-incomplete"),
    "http-token": (with_(token_endpoint="http://provider.example/token"), "metadata-incomplete"),
    "http-authorize": (with_(authorization_endpoint="http://provider.example/authorize"), "metadata-incomplete"),
    "script-authorize": (with_(authorization_endpoint="javascript:alert(1)"), "metadata-incomplete"),
    "no-token": (with_(token_endpoint=None), "metadata-incomplete"),
    "no-keys": (with_(jwks_uri=None), "metadata-incomplete"),
    "plain-only": (with_(code_challenge_methods_supported=["plain"]), "metadata-pkce"),
    "no-code": (with_(response_types_supported=["token"]), "metadata-incomplete"),
    "a-quote": (with_(token_endpoint=provider.url + '/token"\nauthorize_url = "https://evil.example'), "metadata-incomplete"),
    "a-megabyte": (lambda handler, document: handler.reply(200, "application/json", b" " * 1048576), "provider-unreachable"),
    "many-scopes": (with_(scopes_supported=["s" * 990 + str(n) for n in range(32)]), "metadata-incomplete"),
    "a-redirect": (lambda handler, document: handler.reply(302, "text/plain", b"", Location=provider.url + "/elsewhere"), None),
    "some-html": (lambda handler, document: handler.reply(200, "text/html", b"<script>alert(1)</script>"), "reply-not-oauth"),
    "an-array": (lambda handler, document: handler.reply(200, "application/json", b"[]"), "reply-not-oauth"),
    "with-500": (lambda handler, document: handler.json({}, 500), None),
    "with-404": (lambda handler, document: handler.json({}, 404), None),
    "a-reset": (lambda handler, document: handler.reset(), "provider-unreachable"),
}
for name, (how, _) in REFUSED.items():
    provider.scripts[f"/{name}{WELL_KNOWN}"] = how

gateway = Gateway(provider, sandbox=None, logins={
    **{name: found(name) for name in REFUSED}, "office": found("office"), "other": found("other"), "slow": found("slow"), "plain": found("plain", scopes='{"profile"}'),
    "ahead": found("ahead", pushed="true"), "no-par": found("no-par", pushed="true"), "par-refused": found("par-refused", pushed="true")})


def refused(name, fault):
    browser = Browser(gateway)
    reply = browser.get("/login/" + name)
    if fault:
        is_refused(gateway, reply, 502, fault, f"C-05 C-35 metadata: {name}")
    else:
        check(reply.status == 502 and reply.fault, f"metadata: {name}: {reply.fault}", reply)
    check("<script" not in reply.text and "evil.example\"" not in reply.headers.get("location", ""), f"{name}: nothing of it is on the page", reply)
    is_refused(gateway, browser.get(f"/callback/{name}?code=made-up&state=made-up"), 502, reply.fault, f"{name}: nor does a callback get further")


def each_lie():
    at_once(*[lambda name=name, fault=fault: refused(name, fault) for name, (_, fault) in REFUSED.items()])
    equal(provider.asked("elsewhere", "elsewhere"), 0, "no redirect was followed")
    check(provider.asked("elsewhere", "with-404"), "C-36 where there is nothing, the other place was asked too (RFC 8414 3.1)")
    equal(provider.asked("token"), 0, "no code was sent anywhere")


def works():
    """Thirty people at once: one question to the provider, and nobody notices."""
    browsers = [Browser(gateway) for _ in range(30)]
    at_once(*[lambda browser=browser: is_sent_back(gateway, browser.sign_in(provider, "office"), "a login by issuer alone") for browser in browsers])
    equal((provider.asked("openid-configuration", "/office" + WELL_KNOWN), provider.asked("jwks", "/office/jwks")), (1, 1), "metadata and keys were fetched once")
    out = browsers[0].log_out()
    check(out.status == 303 and wait_for(lambda: provider.asked("revoke") >= 2), "a logout gives the tokens back where the metadata say", out)
    is_sent_back(gateway, Browser(gateway).sign_in(provider, "plain"), "a login without openid needs no ID token")


def mixed_up():
    """RFC 9207 2.4, announced by the metadata."""
    browser = Browser(gateway)
    path = provider.approve(browser.start("office"))
    for what, changed in (("another", path.replace("%2Foffice", "%2Fother")), ("none", path.split("&iss=")[0])):
        is_refused(gateway, browser.get(changed), 400, "issuer-mismatch", f"C-12 C-13 G-30 iss: {what}")
    is_refused(gateway, browser.get(path.replace("/callback/office", "/callback/other")), 400, "issuer-mismatch", "C-15 G-30 the callback of another login")
    equal(provider.asked("token", parameters(path)["code"]), 0, "the code was sent nowhere")
    is_sent_back(gateway, browser.get(path), "the right one, after these")
    path = provider.approve(browser.start("office"), id_token=lambda claims: sign({**claims, "iss": provider.url + "/other"}, provider.keys[0]))
    is_refused(gateway, browser.get(path), 502, "id-token-issuer", "the ID token of another issuer with the same keys")


def down_then_up():
    """No keeping of what failed: the next one who comes finds the provider there."""
    provider.scripts["/slow" + WELL_KNOWN] = lambda handler, document: handler.reset()
    is_refused(gateway, Browser(gateway).get("/login/slow"), 502, "provider-unreachable", "a provider that is down")
    go = threading.Event()
    provider.scripts["/slow" + WELL_KNOWN] = lambda handler, document: (go.wait(15), handler.json(document))
    before = provider.asked("openid-configuration", "/slow" + WELL_KNOWN)
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(Browser(gateway).get("/login/slow"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    wait_for(lambda: provider.asked("openid-configuration", "/slow" + WELL_KNOWN) > before)
    since = time.monotonic()
    is_sent_back(gateway, Browser(gateway).sign_in(provider, "office"), "a login elsewhere while twenty wait")
    check(time.monotonic() - since < 8 and not replies, "is not held up")
    with_gone = threading.Thread(target=lambda: hang_up("/login/slow"))
    with_gone.start()
    with_gone.join()
    go.set()
    for thread in threads:
        thread.join()
    equal([reply.status for reply in replies], [303] * 20, "as soon as it is there, all of them go on")
    equal(provider.asked("openid-configuration", "/slow" + WELL_KNOWN) - before, 1, "with one question")
    is_sent_back(gateway, Browser(gateway).sign_in(provider, "slow"), "and sign in")


def hang_up(path):
    """Asks, and does not wait for the answer."""
    import socket
    with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        time.sleep(0.2)


def restarted():
    """A keeper that starts anew knows nothing, and asks again; who is signed in notices nothing."""
    browser = Browser(gateway)
    is_sent_back(gateway, browser.sign_in(provider, "other"), "signed in")
    path = provider.approve(browser.start("other"))
    gateway.restart()
    is_sent_back(gateway, browser.get(path), "a login over a restart")
    revoked = provider.asked("revoke")
    gateway.restart()
    browser.log_out()
    check(wait_for(lambda: provider.asked("revoke") == revoked + 2), "a logout after a restart finds where tokens are given back", gateway.log()[-600:])


def ahead():
    browser = Browser(gateway)
    location = browser.get("/login/ahead").location
    equal(sorted(parameters(location)), ["client_id", "request_uri"], "C-47 the browser carries a reference and nothing else")
    asked = provider.pushed[parameters(location)["request_uri"]]
    equal(sorted(asked), ["client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type", "scope", "state"], "C-47 the rest went ahead")
    is_sent_back(gateway, browser.get(provider.approve(location)), "a login that went ahead")
    provider.scripts["/no-par" + WELL_KNOWN] = with_(pushed_authorization_request_endpoint=None)
    check(Browser(gateway).get("/login/no-par").status == 502, "a provider that takes none, and says so")
    provider.scripts["/par-refused/par"] = lambda handler, document: handler.json({"error": "invalid_request", "error_description": "<b>no</b>"}, 400)
    reply = Browser(gateway).get("/login/par-refused")
    check(reply.status == 502 and reply.fault and "<b>" not in reply.text, "one that refuses the request", reply)


def checked():
    """What can be wrong in the configuration is told before anything starts."""
    for keys, words in (({"issuer": '"http://login.example.com"'}, "issuer"), ({"issuer": None}, "issuer"), ({"issuer": '"https://a.example/?x=1"'}, "issuer"),
                        ({"provider": '"google"', "issuer": '"https://a.example"'}, "issuer"), ({"tenant": '"a"'}, "tenant"),
                        ({"provider": '"github"', "issuer": None, "pushed": "true"}, "pushed"), ({"provider": '"keycloak"', "issuer": None, "host": '"a.example"', "tenant": '"../x"'}, "tenant")):
        other = Gateway(provider, sandbox=None, public_url='"https://app.example.com"', logins={"office": found("office", **keys)})
        done = subprocess.run([PROGRAM, "serve", "--check-config", "--config", other.config], capture_output=True, text=True, env={"TEST_CLIENT_SECRET": "secret"})
        check(done.returncode == 1 and words in done.stderr + done.stdout and f"{other.config}:" in done.stderr + done.stdout, f"refused: {keys}", done)
        other.discard()


with gateway:
    run(each_lie, works, mixed_up, down_then_up, restarted, ahead)
run(checked)
finish()
