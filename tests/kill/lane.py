"""A gateway with its own strict provider and its own place in the store, and what that provider saw: which token was sent how often, and what
it gave for it."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "attacks" / "broker"))
from broker import Brokered  # noqa: E402
from harness import PROGRAM, Browser, ask, is_alive, wait_for  # noqa: E402

os.environ["SANDBOX_SECRET"] = "sandbox-secret"
PATIENCE = 90  # seconds for what happens soon: a lease ends by itself after ten, and the machine may be busy


class Sandbox:
    """The provider: a refresh token that is replaced and comes again ends all tokens of its login."""

    def __init__(self):
        self.process = subprocess.Popen([PROGRAM, "sandbox", "--listen", "127.0.0.1:0", "--auto-approve"], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.port = int(re.search(rb"http://127\.0\.0\.1:(\d+)", self.process.stdout.readline())[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def approve(self, location):
        """The consent page, which agrees: the path of the callback."""
        parts = urllib.parse.urlsplit(ask(self.port, "GET", location.removeprefix(self.url)).location)
        return f"{parts.path}?{parts.query}"

    def honours(self, access_token):
        return ask(self.port, "GET", "/rfc7636/userinfo", {"Authorization": "Bearer " + access_token}).status == 200

    def token_requests(self):
        """Those since the last time that this was asked for: what was sent, the status and what was given."""
        attempts = ask(self.port, "GET", "/_sandbox/attempts").json
        ask(self.port, "DELETE", "/_sandbox/attempts")
        events = [event for attempt in attempts for event in attempt["capture"]["events"]
                  if event["kind"] == "token" and urllib.parse.urlsplit(event["request"]["url"]).path.endswith("/token")]
        for event in sorted(events, key=lambda event: event["at"]):
            sent = dict(urllib.parse.parse_qsl(event["request"]["body"]))
            given = event["response"]
            yield sent.get("refresh_token") or sent["code"], given["status"], json.loads(given["body"])

    def make_keys(self):
        """Those that it signs with: on a busy machine they take longer than anybody waits for a login."""
        ask(self.port, "GET", "/rfc7636/jwks", timeout=600)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Gateway(Brokered):
    def start(self):
        try:
            return super().start()
        except AssertionError:
            if self.process.poll() is None and wait_for(self.is_ready, PATIENCE):
                return self
            raise


class Lane:
    def __init__(self, number, shelf):
        self.number = number
        self.name = f"lane{number}"
        self.shelf = shelf
        self.sandbox = Sandbox()
        address = shelf.add(self)
        login = {"provider": '"rfc7636"', "client_id": '"sandbox-client"', "client_secret": '"${SANDBOX_SECRET}"', "scopes": '{"openid"}',
                 "host": f'"127.0.0.1:{self.sandbox.port}"'}
        self.gateway = Gateway(self.sandbox, logins={"one": login}, fronts=1, explain_to_users="false", store=f'"{address}"' if address else None)
        self.times = {}      # how often each code and refresh token was sent
        self.given = {}      # what came for it, where it was good
        self.tokens = set()  # all that the provider gave
        self.newest = None   # the last access token
        self.logged_out = []
        self.lost = 0        # replies that nobody could save
        self.subject = None

    def start(self):
        self.sandbox.make_keys()
        self.gateway.start()
        browser, reply = self.sign_in()
        self.subject = browser.signed_in()
        if reply.status != 303 or not self.subject:
            raise AssertionError(reply)
        return self

    def stop(self):
        if self.gateway.process:
            self.gateway.stop()
        self.sandbox.stop()

    # ---- The keeper

    def keeper(self, age=0):
        """The only one that runs, when it is so many seconds old."""
        pid = wait_for(self.ready_keeper, PATIENCE)
        if not pid:
            raise AssertionError("no keeper is ready")
        wait = self.born(pid) + age - time.clock_gettime(time.CLOCK_BOOTTIME)
        time.sleep(max(wait, 0))
        return pid

    def ready_keeper(self):
        pids = self.gateway.children("keeper")
        return len(pids) == 1 and is_alive(pids[0]) and self.gateway.is_ready() and pids[0]

    @staticmethod
    def born(pid):
        """When, in seconds after the machine's start."""
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[19]) / os.sysconf("SC_CLK_TCK")

    # ---- The provider's side

    def harvest(self):
        """Reads what the provider saw; the token requests since the last time."""
        requests = list(self.sandbox.token_requests())
        for sent, status, given in requests:
            self.times[sent] = self.times.get(sent, 0) + 1
            if status == 200:
                self.given[sent] = given
                self.newest = given["access_token"]
                self.tokens |= {given[name] for name in ("access_token", "refresh_token", "id_token") if name in given}
        return requests

    # ---- The gateway's side

    def sign_in(self):
        """A new login: the browser, and the reply to its callback."""
        browser = Browser(self.gateway)
        return browser, browser.get(self.callback(browser))

    def callback(self, browser):
        return self.sandbox.approve(browser.start())

    def token(self):
        return self.gateway.token(self.subject, timeout=PATIENCE)

    def settled(self):
        """What the broker says of the grant as soon as it can: a token, that there is none, or that it ended."""
        return wait_for(lambda: (reply := self.token()).status in (200, 404, 410) and reply, PATIENCE) or self.token()

    def has_grant(self):
        """Has one, by a login if need be."""
        if self.settled().status != 200:
            _, reply = self.sign_in()
            if reply.status != 303:
                raise AssertionError(reply)

    def revoke(self):
        return self.gateway.broker(f"/v1/grants/one/{urllib.parse.quote(self.subject, safe='')}", "DELETE", timeout=PATIENCE)

    def lets_pass(self, cookies):
        """Whether /check does, for the browser that has these cookies."""
        return Browser(self.gateway, dict(cookies)).get("/check/nginx").status == 200
