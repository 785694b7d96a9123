#!/usr/bin/env python3
"""What the tests of the sandbox share: starting the program, logging in by hand, TAP.

Run alone it tests the start and the end of the program itself."""
import base64
import contextlib
import hashlib
import html
import http.client
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
REDIRECT = "http://127.0.0.1:8123/callback"
SAMPLE_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


class Dialect:
    """The keys of a file in providers/, read by a reader of its own: the tests do not believe the program's."""

    DEFAULTS = {
        "title": "", "authorize_url": "", "token_url": "", "refresh_url": "", "revoke_url": "", "userinfo_url": "", "introspect_url": "",
        "end_session_url": "", "par_url": "", "jwks_url": "", "discovery_url": "", "issuer": "", "callback_issuer": False, "tenant": "",
        "client_id_parameter": "client_id", "client_secret_parameter": "client_secret", "client_auth": [], "client_secret_audience": "",
        "origin_from_public_clients": False,
        "scope_parameter": "scope", "scope_separator": " ", "scopes": [], "scopes_fixed": [], "scopes_required": [], "plus_is_space": True,
        "authorize_query": "", "authorize_fragment": "", "state_min": 0, "response_mode": "query",
        "code_prefix": "", "code_suffix": "", "callback_more": "", "callback_fragment": "", "callback_scope_parameter": "",
        "callback_error_text_parameter": "error_description", "callback_error_number_parameter": "",
        "challenge": "base64url", "challenge_shape": "checked", "verifier_shape": "checked", "challenge_method": "S256",
        "method_missing": "plain", "plain": False, "failed_check_burns_code": False,
        "token_request": "form", "token_parameters": "", "dpop": False,
        "token_reply": "json", "token_reply_type": "", "token_reply_at": "", "token_reply_more": "", "token_type": "Bearer", "token_subject": "",
        "reply_scope": "text", "reply_scope_separator": "", "expires_in": "number", "refresh_lifetime_parameter": "", "id_token_alg": "none",
        "error_status": 0, "ok_at": "", "error_at": "/error", "error_text_at": "/error_description", "error_number_at": "", "error_more": "",
        "log_id_parameter": "",
        "refresh_asked_by": "", "refresh_scope": False, "refresh_rotates": False, "refresh_lifetime": 0,
        "userinfo_method": "GET", "userinfo_token": "header", "userinfo_query": "", "userinfo_header": "", "userinfo_client_header": "",
        "userinfo_subject_parameter": "", "userinfo_subject": "/sub", "userinfo_name": "", "userinfo_email": "", "userinfo_email_verified": "",
        "userinfo_picture": "", "userinfo_error": "", "subject_type": "text",
        "revoke_token_parameter": "token", "revoke_auth": "client",
        "code_lifetime": 60, "access_lifetime": 3600}

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
            status, code, text = (value[1:].partition('"')[0].split(" ", 2) + [""])[:3]
            self.refusals[key[6:]] = Words(self, int(status), *code.partition("/")[::2], text)
        elif value.startswith("{"):
            self.keys[key] = re.findall(r'"([^"]*)"', value)
        elif value.startswith('"'):
            self.keys[key] = value[1:].partition('"')[0]
        else:
            word = value.split()[0]
            self.keys[key] = word == "true" if word in ("true", "false") else int(word)

    def __getitem__(self, key):
        return self.keys[key]

    def path(self, key):
        return "/" + self.name + re.sub(r"^https?://[^/]*", "", self.keys[key]).replace("{tenant}", self["tenant"])

    def refusal(self, check, status, code):
        """What this check answers: the dialect's words, else these."""
        if not check.startswith(("bearer-", "userinfo-", "method-get-or-post")):
            status = self["error_status"] or status
        return self.refusals.get(check) or Words(self, status, code, "", None)

    def has(self, public):
        """Whether it has public clients, or confidential ones."""
        return "none" in self["client_auth"] if public else self["client_auth"] != ["none"]

    def takes_challenges(self):
        return self["pkce"] in ("sent", "required")

    def asked_scopes(self):
        """Those of an honest client: the required ones, that which asks for a refresh token, and usual ones."""
        name, _, value = self["refresh_asked_by"].partition("=")
        wanted = self["scopes_required"] + ([value] if name == "scope" and value not in self["scopes_required"] else [])
        return wanted + [s for s in self["scopes"] if s not in wanted][:max(0, 2 - len(wanted))]

    def scope(self, scopes=None):
        return self["scope_separator"].join(self.asked_scopes() if scopes is None else scopes)


class Words(tuple):
    """A refusal: status, code and text, the number beside the code, and the dialect whose it is. A text of None is any."""

    def __new__(cls, dialect, status, code, number, text):
        words = super().__new__(cls, (status, code, text))
        words.dialect, words.number = dialect, number
        return words


# A dialect without endpoints is found by discovery, and has none at the sandbox.
NAMES = sorted(f[:-5] for f in os.listdir(os.path.join(ROOT, "providers")) if f.endswith(".conf"))
DIALECTS = [d for d in map(Dialect, NAMES) if d["authorize_url"]]


class Reply:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.body = body
        self.text = body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def members(self):
        """The document, whether it came as JSON or as a form."""
        if "form" in self.headers.get("content-type", ""):
            return dict(urllib.parse.parse_qsl(self.text, keep_blank_values=True))
        return self.json

    def tokens(self, dialect):
        return at(self.members, dialect["token_reply_at"])

    @property
    def location(self):
        return self.headers.get("location", "")

    @property
    def posted(self):
        """What a page that posts the answer holds: where to, and the fields; (None, {}) for any other."""
        form = re.search(r'<form method="post" action="([^"]*)">', self.text)
        if self.status != 200 or not form or "/_sandbox/decide" in form[1]:
            return None, {}
        return html.unescape(form[1]), {html.unescape(n): html.unescape(v) for n, v in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', self.text)}

    @property
    def query(self):
        """The parameters of the callback, on either way."""
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.location).query, keep_blank_values=True)) if self.location else self.posted[1]

    def goes_to(self, uri):
        """Whether the browser is sent back to this redirect URI."""
        if self.location:
            return self.status == 303 and self.location.startswith(uri + ("&" if "?" in uri else "?"))
        return self.posted[0] == uri


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

    def last_line(self):
        """The end of the log, which grows long."""
        size = os.fstat(self.errors.fileno()).st_size
        lines = os.pread(self.errors.fileno(), 4096, max(0, size - 4096)).decode("utf-8", "replace").splitlines()
        return next((l for l in reversed(lines) if l.startswith("sandbox: ")), "")

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
        return self.ask("GET", login.url(**changes))

    def code(self, login, **changes):
        return self.authorize(login, **changes).query["code"]

    def send(self, login, key, pairs, headers=None):
        """A request to a token endpoint, with the parameters where the dialect wants them."""
        headers = {"Accept": "application/json", **login.auth(), **login.origin(), **(headers or {})}
        headers = {k: v for k, v in headers.items() if v is not None}
        if login.dialect["token_request"] == "query":
            return self.ask("GET", login.dialect.path(key) + "?" + urllib.parse.urlencode(pairs), headers=headers)
        if login.dialect["token_request"] == "json":
            headers.setdefault("Content-Type", "application/json")
            return self.ask("POST", login.dialect.path(key), json.dumps(pairs), headers)
        return self.ask("POST", login.dialect.path(key), pairs, headers)

    def token(self, login, code, headers=None, **changes):
        return self.send(login, "token_url", login.redeem(code, **changes), headers)

    def refresh(self, login, token, **changes):
        pairs = edit({"grant_type": "refresh_token", "refresh_token": token, **login.proof()}, changes)
        return self.send(login, "refresh_url" if login.dialect["refresh_url"] else "token_url", pairs)

    def login(self, login, **changes):
        """A whole login: the document with the tokens, and its user info."""
        reply = self.token(login, self.code(login, **changes))
        tokens = reply.tokens(login.dialect)
        subject = at(reply.members, login.dialect["token_subject"]) if login.dialect["token_subject"] else None
        return tokens, self.userinfo(login, tokens["access_token"], subject) if login.dialect["userinfo_url"] else None

    def userinfo(self, login, token, subject=None):
        return self.ask(*login.userinfo(token, subject))


HEAD = """title = "Made"
source = "made for a test"
checked = "2026-11-21"
authorize_url = "https://{host}/o/authorize"
token_url = "https://{host}/o/token"
redirect_rules = {"absolute"}
"""


@contextlib.contextmanager
def made(texts, *options):
    """A sandbox with these dialects, each a text that follows what it does not say itself of HEAD, and a reading of each."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in texts.items():
            with open(os.path.join(directory, name + ".conf"), "w", encoding="utf-8") as file:
                given = {line.split(" ")[0] for line in text.splitlines()}
                file.write("".join(line for line in HEAD.splitlines(True) if line.split(" ")[0] not in given) + text)
        with Sandbox("--auto-approve", "--providers", directory, *options) as sandbox:
            yield sandbox, {name: Dialect(name, directory) for name in texts}


def edit(pairs, changes):
    """A change to None takes a parameter out."""
    pairs = {**pairs, **changes}
    return {k: v for k, v in pairs.items() if v is not None}


class Login:
    """One honest client at one dialect."""

    def __init__(self, dialect, public=None):
        """Confidential, where the dialect has such clients."""
        self.dialect = dialect
        self.public = public = not dialect.has(False) if public is None else public
        self.id = "sandbox-public" if public else "sandbox-client"
        self.verifier = secrets.token_urlsafe(32)
        self.state = secrets.token_urlsafe(24)

    def challenge(self, encoding=None):
        digest = hashlib.sha256(self.verifier.encode()).digest()
        if (encoding or self.dialect["challenge"]) == "hex":
            return digest.hex()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def asked(self, **changes):
        d = self.dialect
        pairs = {"response_type": "code", d["client_id_parameter"]: self.id, "redirect_uri": REDIRECT, d["scope_parameter"]: d.scope(),
                 "state": self.state, **dict(urllib.parse.parse_qsl(d["authorize_query"]))}
        name, _, value = d["refresh_asked_by"].partition("=")
        if name and name != "scope":
            pairs[name] = value
        if d.takes_challenges():
            pairs.update(code_challenge=self.challenge(), code_challenge_method="S256")
        if d["response_mode"] == "form_post":
            pairs["response_mode"] = "form_post"
        return edit(pairs, {d["scope_parameter"] if k == "scope" else k: v for k, v in changes.items()})

    def url(self, **changes):
        """The authorize URL, with a space as %20: a + is not one everywhere."""
        return self.dialect.path("authorize_url") + "?" + urllib.parse.urlencode(self.asked(**changes), quote_via=urllib.parse.quote)

    def origin(self):
        return {"Origin": "http://127.0.0.1:8123"} if self.public and self.dialect["origin_from_public_clients"] else {}

    def userinfo(self, token, subject=None):
        """The request for the user info: method, path, body, headers."""
        d = self.dialect
        query, headers = d["userinfo_query"], {}
        if d["userinfo_token"] == "query":
            query += "&access_token=" + urllib.parse.quote(token, safe="")
        else:
            headers["Authorization"] = "Bearer " + token
        if d["userinfo_header"]:
            name, _, value = d["userinfo_header"].partition(":")
            headers[name] = value.strip()
        if d["userinfo_client_header"]:
            headers[d["userinfo_client_header"]] = self.id
        if d["userinfo_subject_parameter"]:
            query += f"&{d['userinfo_subject_parameter']}={urllib.parse.quote(str(subject), safe='')}"
        body = {} if d["userinfo_method"] == "POST" else None
        return d["userinfo_method"], d.path("userinfo_url") + ("?" + query.lstrip("&") if query else ""), body, headers

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
        pairs = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **dict(urllib.parse.parse_qsl(self.dialect["token_parameters"]))}
        if self.dialect.takes_challenges():
            pairs["code_verifier"] = self.verifier
        return edit({**pairs, **self.proof()}, changes)


def logins():
    """Every client that every dialect has."""
    for dialect in DIALECTS:
        for public in (False, True):
            if dialect.has(public):
                yield Login(dialect, public)


def at(document, pointer):
    """What stands at an RFC 6901 pointer, or None."""
    for segment in pointer.split("/")[1:]:
        segment = segment.replace("~1", "/").replace("~0", "~")
        try:
            document = document[int(segment) if isinstance(document, list) else segment]
        except (KeyError, IndexError, TypeError):
            return None
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
    d = wanted.dialect
    try:
        got = reply.members
    except ValueError:
        got = {}
    number = wanted.number
    if number and d["error_number_at"]:
        number = str(at(got, d["error_number_at"]))
    check(reply.status == status and str(at(got, d["error_at"])) == code and text in (None, at(got, d["error_text_at"]) or "")
          and number == wanted.number and (not d["ok_at"] or at(got, d["ok_at"]) is False)
          and reply.headers.get("cache-control") == "no-store" and "access_token" not in reply.text,
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
                          (["--redirect-uri", "http://example.com/cb"], "S-04 a redirect URI in clear to another machine"),
                          (["--redirect-uri", "https://example.com/cb#x"], "S-05 a redirect URI with a fragment"),
                          (["--providers", "/nowhere/at/all"], "a directory that is not there"), (["surplus"], "a word too many")):
        done = subprocess.run([os.path.abspath(sys.argv[1]), "sandbox", "--listen", "127.0.0.1:0", *options], capture_output=True, timeout=20)
        check(done.returncode in (1, 2) and done.stderr and not done.stdout, what + " is refused", done)
    finish()


if __name__ == "__main__":
    main()
