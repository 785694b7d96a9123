#!/usr/bin/env python3
"""examples/flask-tiktok against the sandbox: two tabs, a stranger's callback, a refusal, a server that answers nonsense."""
import http.cookiejar
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
from clients import CLIENT, SECRET, Judge, check, equal, finish

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "flask-tiktok" / "app.py"
NAME = "tiktok-desktop"


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    def __init__(self, home):
        self.home = home
        self.opener = urllib.request.build_opener(Stay, urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def ask(self, url):
        """Status, where to, text."""
        try:
            reply = self.opener.open(url)
        except urllib.error.HTTPError as error:
            reply = error
        return reply.status, reply.headers.get("Location"), reply.read().decode()

    def callback(self, change=lambda url: url):
        """The address that the provider sends this browser back to."""
        return self.ask(change(self.ask(self.home + "/login")[1]))[1]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(judge, port):
    base = f"http://127.0.0.1:{judge.sandbox.port}/{NAME}"
    return subprocess.Popen([sys.executable, str(EXAMPLE)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={
        "PATH": os.environ["PATH"], "PORT": str(port), "TIKTOK_WWW": base, "TIKTOK_API": base, "TIKTOK_CLIENT_KEY": CLIENT,
        "TIKTOK_CLIENT_SECRET": SECRET, "PYTHONDONTWRITEBYTECODE": "1"})


def wait(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("Bail out! the example did not start")


def run(judge, home):
    browser = Browser(home)
    first, second = browser.callback(), browser.callback()
    for callback in (first, second):
        equal(browser.ask(callback)[:2], (302, "/"), "two tabs of one browser: each logs in with its own verifier")
    check(re.fullmatch(r"Signed in as \S+\.", browser.ask(home + "/")[2]), "the page says who is signed in")
    judge.is_content(NAME, "explain finds nothing wrong")
    asked = judge.newest(NAME)[0]["capture"]["events"][0]["url"]
    check(re.search(r"code_challenge=[0-9a-f]{64}&code_challenge_method=S256", asked), "the challenge is 64 hex digits", asked)

    equal(browser.ask(second)[0], 400, "a callback is good for one time")
    equal(Browser(home).ask(browser.callback())[0], 400, "and for one browser")
    equal(browser.ask(home + "/callback?code=x")[0], 400, "a callback without state")

    status, _, text = browser.ask(browser.callback(lambda url: url.replace("code_challenge_method=S256", "code_challenge_method=S255")))
    check(status == 403 and text.startswith("TikTok said no: "), "what the provider refuses is shown", text)
    judge.named(NAME, "method-misspelt", "a method that there is not")

    for fault, words in (("code-expired", "invalid_grant: "), ("reply-not-oauth", "TikTok gave no answer that can be read.")):
        judge.sandbox.ask("POST", "/_sandbox/faults", f'{{"fault": "{fault}"}}', {"Content-Type": "application/json"})
        status, _, text = browser.ask(browser.callback())
        check(status == 502 and text.startswith(words) and SECRET not in text, f"{fault}: the page says it, and no secret", text)


with Judge("flask-tiktok") as judge:
    port = free_port()
    process = start(judge, port)
    try:
        wait(port)
        run(judge, f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()
finish()
