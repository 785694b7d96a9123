"""What the Python suites share: a browser that only follows redirects, explanations of logins that failed, and the record of what a client
was seen to do. The sandbox itself, and the readings of the dialects, are those of tests/attacks/sandbox."""
import json
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "attacks" / "sandbox"))
from harness import DIALECTS, REDIRECT, Sandbox, check, equal, finish  # noqa: E402, F401

# Both libraries refuse http otherwise; the sandbox is on this machine.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
CLIENT, SECRET = "sandbox-client", "sandbox-secret"
BY_NAME = {dialect.name: dialect for dialect in DIALECTS}


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Judge:
    """A sandbox that remembers what a client did, and says what its user did wrong."""

    def __init__(self, client):
        self.client, self.seen, self.faults = client, {}, {}

    def __enter__(self):
        self.sandbox = Sandbox("--auto-approve").__enter__()
        return self

    def __exit__(self, *what):
        return self.sandbox.__exit__(*what)

    def at(self, dialect, key):
        return f"http://127.0.0.1:{self.sandbox.port}{dialect.path(key)}"

    def browse(self, url):
        """Where the browser is sent back to, which is the app."""
        try:
            urllib.request.build_opener(_Stay).open(url)
        except urllib.error.HTTPError as reply:
            location = reply.headers.get("Location", "")
            if location.startswith("http://127.0.0.1:8123/"):
                return location
            raise AssertionError(f"{url} leads to {reply.status} {location} {reply.read()[:300]}") from None
        raise AssertionError(f"{url} leads nowhere")

    def saw(self, name, *what):
        self.seen.setdefault(name, []).extend(what)

    def explained(self, capture):
        done = subprocess.run([os.path.abspath(sys.argv[1]), "explain", "--json", "-"], input=json.dumps(capture), capture_output=True, text=True)
        return json.loads(done.stdout)["verdict"]

    def newest(self, name, count=1):
        return self.sandbox.ask("GET", f"/_sandbox/attempts?provider={name}&limit={count}").json

    def verdict(self, name):
        """What the sandbox says of the newest attempt; and explain says the same of what was recorded."""
        attempt, = self.newest(name)
        told = self.sandbox.ask("GET", f"/_sandbox/attempts/{attempt['id']}/explain").json["verdict"]
        assert told == self.explained(attempt["capture"]), (told, attempt["capture"])
        return told

    def named(self, name, fault, what, together=None):
        """The newest attempt died of `fault`; `together` is that of the newest two, put into one capture."""
        got = self.verdict(name)
        equal(got, fault, f"{self.client} at {name}: {what}: refused, and {fault} is named")
        if got == fault:
            self.faults.setdefault(fault, set()).add(name)
        if together:
            events = [event for attempt in self.newest(name, 2) for event in attempt["capture"]["events"]]
            equal(self.explained({"provider": name, "events": events}), together, f"{self.client} at {name}: {what}: and {together}, in one capture")
            self.faults.setdefault(together, set()).add(name)

    def is_content(self, name, what):
        equal(self.verdict(name), None, f"{self.client} at {name}: {what}")

    def keep_record(self):
        document = {"seen": self.seen, "named": {fault: sorted(names) for fault, names in self.faults.items()}}
        done = subprocess.run([sys.executable, str(HERE / "record.py"), self.client], input=json.dumps(document), capture_output=True, text=True)
        check(done.returncode == 0, "docs/interop.md shows what was seen", done.stdout + done.stderr)
