#!/usr/bin/env python3
"""A login through the gateway at every provider that the sandbox plays: each quirk is a column, and both sides read it.

No dialect is named here: a new one is covered by being there. What is found by its issuer has no endpoints to sign in at."""
import html
import http.client
import re
import socket
import subprocess
import sys
import urllib.parse

sys.dont_write_bytecode = True
from harness import PROGRAM, Browser, Gateway, ask, check, equal, finish, run, sensitive, wait_for


class Sandbox:
    """`proofkey sandbox`, where everybody agrees to everything."""

    def __init__(self, *words):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen([PROGRAM, "sandbox", "--listen", f"127.0.0.1:{self.port}", "--auto-approve", *words], stdout=subprocess.DEVNULL)

    def is_up(self):
        try:
            return ask(self.port, "GET", "/healthz").status == 200
        except OSError:
            return False

    def __enter__(self):
        check(wait_for(self.is_up), "the sandbox is up")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        equal(self.process.wait(30), 0, "the sandbox ends with status 0")


def show(name):
    """The dialect's columns, as they are written."""
    text = subprocess.run([PROGRAM, "provider", "show", name], check=True, capture_output=True, text=True).stdout
    return dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line and not line.startswith("#"))


def names():
    lines = subprocess.run([PROGRAM, "provider", "list"], check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.split()[0] for line in lines[1:] if line.strip()]


def login_of(columns, name, sandbox):
    """As somebody would configure it who knows the dialect, and nothing else."""
    takes_secret = re.search(r'"(basic|post)"', columns["client_auth"])
    needs_host = any("{host}" in value for key, value in columns.items() if key.endswith("_url"))
    return {
        "provider": f'"{name}"',
        "client_id": '"sandbox-client"' if takes_secret else '"sandbox-public"',
        "client_secret": '"sandbox-secret"' if takes_secret else None,
        "host": f'"127.0.0.1:{sandbox.port}"' if needs_host else None,
        "scopes": columns["scopes"],
    }


def posted(page):
    """Where the page of a provider posts its callback, and what."""
    action = html.unescape(re.search(r'<form[^>]* action="([^"]*)"', page)[1])
    fields = [(html.unescape(re.search(r'name="([^"]*)"', field)[1]), html.unescape(re.search(r'value="([^"]*)"', field)[1]))
              for field in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page)]
    return urllib.parse.urlsplit(action).path, urllib.parse.urlencode(fields)


def at_provider(sandbox, location, what):
    """The browser at the provider; the reply."""
    parts = urllib.parse.urlsplit(location)
    equal(parts.netloc, f"127.0.0.1:{sandbox.port}", f"{what}: the browser is sent to the sandbox")
    return ask(sandbox.port, "GET", parts.path + "?" + parts.query)


def come_back(browser, reply, what):
    """Takes the callback back to the gateway, as the provider wants it."""
    if reply.status == 303:
        parts = urllib.parse.urlsplit(reply.location)
        return browser.get(parts.path + "?" + parts.query)
    path, form = posted(reply.text)
    # Cookies with SameSite=Lax do not come with a POST from another site.
    stranger = Browser(browser.gateway)
    reply = stranger.ask("POST", path, {"Content-Type": "application/x-www-form-urlencoded"}, form)
    equal((reply.status, stranger.jar), (303, {}), f"{what}: a POST without cookies is asked for again by GET")
    parts = urllib.parse.urlsplit(reply.location)
    sent = urllib.parse.parse_qs(form)
    equal(urllib.parse.parse_qs(parts.query), {name: sent[name] for name in ("code", "state", "iss") if name in sent}, f"{what}: with what is needed of it")
    return browser.get(parts.path + "?" + parts.query)


def sign_in(gateway, sandbox, name, columns):
    browser = Browser(gateway)
    location = browser.start(name)
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)
    equal("nonce" in asked, columns["id_token_alg"] != '"none"' and '"openid"' in columns["scopes"], f"{name}: a nonce where there is an ID token, and only there")
    reply = at_provider(sandbox, location, name)
    if not check(reply.status in (200, 303), f"{name}: the provider is content with the request", reply):
        return
    back = come_back(browser, reply, name)
    check(back.status == 303 and back.location == gateway.url + "/", f"{name}: signed in", back)
    me = browser.get("/me")
    equal((me.status, me.json.get("provider")), (200, name), f"{name}: the session says so")
    check(me.status == 200 and me.json["subject"], f"{name}: and who it is", me)
    out = browser.log_out()
    check(out.status in (200, 204, 303) and browser.signed_in() is None, f"{name}: and out", out)


def main():
    dialects = {name: show(name) for name in names()}
    dialects = {name: columns for name, columns in dialects.items() if columns["authorize_url"] != '""'}
    check(len(dialects) >= 40, "the built-in dialects are many", list(dialects))
    with Sandbox() as sandbox:
        logins = {name: login_of(columns, name, sandbox) for name, columns in dialects.items()}
        with Gateway(sandbox, logins) as gateway:
            run(*[lambda name=name, columns=columns: sign_in(gateway, sandbox, name, columns) for name, columns in dialects.items()])
            with_revocation = sum(columns["revoke_url"] != '""' for columns in dialects.values())
            check(wait_for(lambda: len(gateway.log_lines("event=token.revoked")) >= with_revocation), "tokens are given back where the provider takes them",
                  gateway.log_lines("event=token.not_revoked"))


main()
finish()
