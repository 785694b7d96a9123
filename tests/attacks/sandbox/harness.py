#!/usr/bin/env python3
"""What the tests of the sandbox share: starting the program, logging in by hand, TAP.

Run alone it tests the start and the end of the program itself."""
import base64
import hashlib
import http.client
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.parse

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
REDIRECT = "http://127.0.0.1:8123/callback"
SAMPLE_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


class Dialect:
    """The keys of a file in providers/, read by a reader of its own: the tests do not believe the program's."""

    DEFAULTS = {"client_id_parameter": "client_id", "client_secret_parameter": "client_secret", "scope_separator": " ",
                "challenge": "base64url", "challenge_shape": "checked", "method_missing": "plain", "scopes": [],
                "scopes_fixed": [], "callback_scope_parameter": "", "token_subject": "", "log_id_parameter": "",
                "refresh_lifetime_parameter": "", "refresh_lifetime": 0, "refresh_rotates": False, "code_suffix": "",
                "revoke_url": "", "revoke_token_parameter": "token", "userinfo_subject": "/sub", "userinfo_name": "",
                "userinfo_email": "", "userinfo_error": "", "access_lifetime": 3600, "plain": False}

    def __init__(self, name, directory=os.path.join(ROOT, "providers")):
        self.name = name
        self.keys = dict(self.DEFAULTS)
        self.refusals = {}
        with open(os.path.join(directory, name + ".conf"), encoding="utf-8") as file:
            for line in file:
                match = re.match(r"(\S+)\s*=\s*(.*)", line)
                if match and not line.startswith("#"):
                    self.take(match[1], match[2].strip())

    def take(self, key, value):
        if key.startswith("error."):
            status, code, text = (value.strip('"').split(" ", 2) + [""])[:3]
            self.refusals[key[6:]] = (int(status), code, text)
        elif value.startswith("{"):
            self.keys[key] = re.findall(r'"([^"]*)"', value)
        elif value.startswith('"'):
            self.keys[key] = value.strip('"')
        else:
            self.keys[key] = {"true": True, "false": False}.get(value) if value in ("true", "false") else int(value)

    def __getitem__(self, key):
        return self.keys[key]

    def path(self, key):
        return "/" + self.name + re.sub(r"^https?://[^/]*", "", self.keys[key])

    def refusal(self, check, status, code):
        """What this check answers: the dialect's words, else these."""
        return self.refusals.get(check, (status, code, None))


DIALECTS = [Dialect(f[:-5]) for f in sorted(os.listdir(os.path.join(ROOT, "providers")), key=lambda f: f[:-5]) if f.endswith(".conf")]


class Reply:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.body = body
        self.text = body.decode("utf-8", "replace")

    @property
    def json(self):
        import json
        return json.loads(self.text)

    @property
    def location(self):
        return self.headers.get("location", "")

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.location).query, keep_blank_values=True))


class Sandbox:
    """The program, started on a free port and ended at the end of the `with` block."""

    def __init__(self, *options):
        self.options = options

    def __enter__(self):
        environment = dict(os.environ)
        environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8"
        self.errors = open(os.path.join("/tmp", f"sandbox-test-{os.getpid()}-{secrets.token_hex(4)}"), "w+b")
        os.unlink(self.errors.name)
        self.process = subprocess.Popen([os.path.abspath(sys.argv[1]), "sandbox", "--listen", "127.0.0.1:0", *self.options],
                                        stdout=subprocess.PIPE, stderr=self.errors, env=environment)
        line = self.process.stdout.readline().decode()
        match = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        if not match:
            raise SystemExit(f"Bail out! the sandbox did not start: {line!r} {self.log()}")
        self.port = int(match[1])
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        return self

    def __exit__(self, *_):
        self.connection.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.status = self.process.wait()
        self.process.stdout.close()
        log = self.log()
        if self.status != 0 or "runtime error" in log:
            print(f"not ok - the sandbox ended with status {self.status}\n# " + log.replace("\n", "\n# "))

    def log(self):
        self.errors.flush()
        self.errors.seek(0)
        return self.errors.read().decode("utf-8", "replace")

    def ask(self, method, path, body=None, headers=None):
        """One request; `body` as a dict or list of pairs is sent as a form."""
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = urllib.parse.urlencode(body)
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            return Reply(response, response.read())
        except (http.client.HTTPException, OSError):
            self.connection.close()
            raise

    def authorize(self, login, **changes):
        return self.ask("GET", login.dialect.path("authorize_url") + "?" + urllib.parse.urlencode(login.asked(**changes)))

    def code(self, login, **changes):
        return self.authorize(login, **changes).query["code"]

    def token(self, login, code, headers=None, **changes):
        return self.ask("POST", login.dialect.path("token_url"), login.redeem(code, **changes), {**login.auth(), **(headers or {})})

    def userinfo(self, login, token):
        return self.ask("GET", login.dialect.path("userinfo_url"), headers={"Authorization": "Bearer " + token})


def edit(pairs, changes):
    """A change to None takes a parameter out."""
    pairs = {**pairs, **changes}
    return {k: v for k, v in pairs.items() if v is not None}


class Login:
    """One honest client at one dialect."""

    def __init__(self, dialect, public=False):
        self.dialect = dialect
        self.public = public
        self.id = "sandbox-public" if public else "sandbox-client"
        self.verifier = secrets.token_urlsafe(32)
        self.state = secrets.token_urlsafe(24)

    def challenge(self, encoding=None):
        digest = hashlib.sha256(self.verifier.encode()).digest()
        if (encoding or self.dialect["challenge"]) == "hex":
            return digest.hex()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def asked(self, **changes):
        pairs = {"response_type": "code", self.dialect["client_id_parameter"]: self.id, "redirect_uri": REDIRECT,
                 "scope": self.dialect["scope_separator"].join(self.dialect["scopes"][:2]), "state": self.state,
                 "code_challenge": self.challenge(), "code_challenge_method": "S256"}
        return edit(pairs, changes)

    def basic(self):
        return not self.public and self.dialect["client_auth"][0] == "basic"

    def auth(self):
        if not self.basic():
            return {}
        return {"Authorization": "Basic " + base64.b64encode(b"sandbox-client:sandbox-secret").decode()}

    def proof(self):
        pairs = {} if self.basic() else {self.dialect["client_id_parameter"]: self.id}
        if not self.public and not self.basic():
            pairs[self.dialect["client_secret_parameter"]] = "sandbox-secret"
        return pairs

    def redeem(self, code, **changes):
        pairs = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": self.verifier}
        return edit({**pairs, **self.proof()}, changes)


def logins():
    """Every client that every dialect has."""
    for dialect in DIALECTS:
        for public in (False, True):
            if "none" in dialect["client_auth"] or not public:
                yield Login(dialect, public)


def at(document, pointer):
    for segment in pointer.split("/")[1:]:
        document = document[segment]
    return document


count = 0


def check(ok, what, detail=""):
    global count
    count += 1
    print(f"{'ok' if ok else 'not ok'} {count} - {what}")
    if not ok:
        print(f"#   {detail!r}")
    sys.stdout.flush()


def equal(got, wanted, what):
    check(got == wanted, what, f"got {got!r}, wanted {wanted!r}")


def finish():
    print(f"1..{count}")
    sys.exit(0)


def is_refusal(reply, wanted, what):
    """A document with the status, the code and, where the dialect has its own, the words."""
    status, code, text = wanted
    try:
        got = reply.json
    except ValueError:
        got = {}
    check(reply.status == status and got.get("error") == code and text in (None, got.get("error_description"))
          and reply.headers.get("cache-control") == "no-store" and "access_token" not in got,
          what, f"{reply.status} {reply.text[:300]}; wanted {wanted}")


def main():
    started = time.monotonic()
    with Sandbox() as sandbox:
        took = time.monotonic() - started
        check(took < (2 if b"asan" in open(sys.argv[1], "rb").read() else 0.5), "it starts at once", took)
        reply = sandbox.ask("GET", "/healthz")
        equal((reply.status, reply.text), (200, "ok\n"), "it is healthy")
        started = time.monotonic()
    equal(sandbox.status, 0, "SIGTERM ends it with status 0")
    check(time.monotonic() - started < 2, "and at once")
    with Sandbox() as sandbox:
        sandbox.process.send_signal(signal.SIGINT)
        equal(sandbox.process.wait(20), 0, "SIGINT ends it with status 0")
    for options, what in ((["--listen", "no-address"], "an address that is none"), (["--code-ttl", "-1"], "a negative lifetime"),
                          (["--redirect-uri", "http://example.com/cb"], "a redirect URI in clear to another machine"),
                          (["--redirect-uri", "https://example.com/cb#x"], "a redirect URI with a fragment"),
                          (["--providers", "/nowhere/at/all"], "a directory that is not there"), (["surplus"], "a word too many")):
        done = subprocess.run([os.path.abspath(sys.argv[1]), "sandbox", "--listen", "127.0.0.1:0", *options], capture_output=True, timeout=20)
        check(done.returncode in (1, 2) and done.stderr and not done.stdout, what + " is refused", done)
    finish()


if __name__ == "__main__":
    main()
