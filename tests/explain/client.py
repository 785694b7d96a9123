"""A right client, for any dialect of the sandbox, that records what it does as a capture.

What it has to know it reads with `proofkey provider show NAME --json`. Everything that it sends can be changed before it is sent: the
mistaken clients of producers.py are this one with one thing done wrong. What is recorded is what went over the wire, byte for byte."""
import base64
import hashlib
import html
import http.client
import http.server
import json
import os
import pathlib
import re
import secrets
import subprocess
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FORM = "application/x-www-form-urlencoded"

# A client whose redirect URI has to be https is not on this machine: the browser's way back there is recorded, and not gone.
REMOTE_REDIRECT_URI = "https://app.example.com/auth/callback/"


class Program:
    """`proofkey`, with the built-in dialects and those of tests/explain/providers."""

    def __init__(self, path):
        self.path = path
        self.environment = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8")

    def run(self, *arguments, stdin=None, providers=True):
        more = {"PROOFKEY_PROVIDERS": str(HERE / "providers")} if providers else {}
        return subprocess.run([self.path, *arguments], input=stdin, capture_output=True, timeout=60, env=self.environment | more)

    def names(self):
        return [line.split()[0] for line in self.run("provider", "list").stdout.decode().splitlines()
                if re.match(r"[a-z0-9-]+\s", line)]

    def dialect(self, name):
        return json.loads(self.run("provider", "show", name, "--json").stdout)

    def explain(self, text, *arguments):
        """The report; the text is any form of a capture."""
        ended = self.run("explain", "--json", *arguments, "-", stdin=text if isinstance(text, bytes) else json.dumps(text).encode())
        if ended.returncode not in (0, 1) or ended.stderr:
            raise RuntimeError(f"explain ended with {ended.returncode}: {ended.stderr.decode(errors='replace')}")
        return json.loads(ended.stdout)


class Sandbox:
    """`proofkey sandbox` on a free port, until the end of the `with` block."""

    def __init__(self, program, *options):
        self.command = [program.path, "sandbox", "--listen", "127.0.0.1:0", "--providers", str(HERE / "providers"), *options]
        self.environment = program.environment

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self.environment)
        line = self.process.stdout.readline().decode()
        found = re.search(r"127\.0\.0\.1:\d+", line)
        if not found:
            raise RuntimeError(f"the sandbox did not start: {line!r}")
        self.address = found[0]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()


class Landing:
    """Where browsers come back to: it answers everything, and knows nothing."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")

    @property
    def json(self):
        try:
            document = json.loads(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    def recorded(self):
        return {"status": self.status, "headers": self.headers, "body": self.body.decode(errors="replace")}


def send(address, method, url, headers=None, body=""):
    """One request, with these headers and no others but those that HTTP asks for; what was sent of them comes back too."""
    target = url[url.index("/", url.index("://") + 3):].split("#")[0]
    sent = {"Host": urllib.parse.urlsplit(url).netloc, **(headers or {})}
    data = body.encode()
    if data or method == "POST":
        sent["Content-Length"] = str(len(data))
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(data)
        response = connection.getresponse()
        return sent, Reply(response.status, dict(response.getheaders()), response.read())
    except (http.client.HTTPException, OSError):
        return sent, None
    finally:
        connection.close()


def edited(pairs, changes):
    """A change to None takes a parameter out."""
    return {name: value for name, value in {**pairs, **changes}.items() if value is not None}


class TokenRequest:
    """A request to the token or revocation endpoint, before it is sent: `form` may be changed, or `body` given instead of it."""

    def __init__(self, url, form, headers, as_json):
        self.method, self.url, self.form, self.headers, self.as_json = "POST", url, form, headers, as_json
        self.body = None

    def add(self, **changes):
        self.form = edited(self.form, changes)
        return self

    def text(self):
        if self.body is not None:
            return self.body
        return json.dumps(self.form) if self.as_json else urllib.parse.urlencode(self.form)


class Client:
    """One client, with the logins that it starts one after the other; `capture` is what was recorded of all of them."""

    def __init__(self, dialect, provider, landing, public=False):
        """`provider` is where the dialect's requests go: HOST:PORT of a sandbox, or of what stands before it."""
        self.dialect, self.provider, self.landing, self.public = dialect, provider, landing, public
        self.id = "sandbox-public" if public else "sandbox-client"
        self.secret = None if public else "sandbox-secret"
        self.auth = "none" if public else next(way for way in dialect["client_auth"] if way != "none")
        self.redirect_uri = REMOTE_REDIRECT_URI if "https" in dialect["redirect_rules"] else f"http://{landing}/callback"
        self.scopes = dialect["scopes"][:2]
        self.skipped = 0.0
        self.cookie = None
        self.capture = {"provider": dialect["name"], "events": [], "stored": {}}
        self.begin()

    def begin(self):
        """What is made anew for each login."""
        self.verifier = secrets.token_urlsafe(32)
        self.challenge = self.right_challenge()
        self.method = "S256"
        self.state = secrets.token_urlsafe(24)
        self.code = None
        self.tokens = {}

    def right_challenge(self, verifier=None):
        digest = hashlib.sha256((verifier or self.verifier).encode()).digest()
        if self.dialect["challenge"] == "hex":
            return digest.hex()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    # ---- recording ----

    def skip(self, seconds):
        """Time that passes in the capture and not in the test."""
        self.skipped += seconds

    def now(self):
        return round(time.time() + self.skipped, 3)

    def record(self, kind, at, request, reply):
        event = {"kind": kind, "at": at, "request": request}
        if reply:
            event["response"] = reply.recorded()
        self.capture["events"].append(event)
        return event

    def url(self, key):
        """The dialect's URL, at the sandbox."""
        return f"http://{self.provider}/{self.dialect['name']}" + re.sub(r"^https?://[^/]*", "", self.dialect[key])

    # ---- the browser's way ----

    def authorize_parameters(self, **changes):
        return edited({"response_type": "code", self.dialect["client_id_parameter"]: self.id, "redirect_uri": self.redirect_uri,
                       "scope": self.dialect["scope_separator"].join(self.scopes), "state": self.state,
                       "code_challenge": self.challenge, "code_challenge_method": self.method}, changes)

    def authorize(self, query=None, decide=None, **changes):
        """From the authorize request to the callback. `query` is sent as it is; `decide` is what the person does on the page."""
        query = query if query is not None else urllib.parse.urlencode(self.authorize_parameters(**changes))
        url = self.url("authorize_url") + "?" + query
        at = self.now()
        headers, reply = send(self.provider, "GET", url, {"Accept": "text/html"})
        self.record("authorize", at, {"method": "GET", "url": url, "headers": headers}, reply)
        self.capture["stored"] |= {"verifier": self.verifier, "state": self.state, "redirect_uri": self.redirect_uri}
        if reply and reply.status == 200 and decide:
            reply = self.consent(reply, decide)
        location = reply.header("Location") if reply else ""
        if location:
            self.come_back(location)
        return location

    def consent(self, page, decide):
        """Fills in the page as a person does: `decide` is allow, deny, or the scopes that stay switched on."""
        text = page.body.decode()
        action = html.unescape(re.search(r'<form method="post" action="([^"]*)"', text)[1])
        waiting = html.unescape(re.search(r'name="request" value="([^"]*)"', text)[1])
        kept = decide if isinstance(decide, list) else self.scopes
        form = [("request", waiting), ("user", "ada"), ("decision", "deny" if decide == "deny" else "allow"),
                *(("scope", scope) for scope in kept)]
        _, reply = send(self.provider, "POST", f"http://{self.provider}{action}", {"Content-Type": FORM}, urllib.parse.urlencode(form))
        return reply

    def come_back(self, location, headers=None, reply=None):
        """The callback. `reply` is what the client answers, where its page says something."""
        self.skip(2)
        at = self.now()
        sent = {"Host": urllib.parse.urlsplit(location).netloc, **({"Cookie": self.cookie} if self.cookie else {}), **(headers or {})}
        if location.startswith(f"http://{self.landing}/"):
            _, answer = send(self.landing, "GET", location, sent)
        else:
            answer = None
        self.record("callback", at, {"method": "GET", "url": location, "headers": sent}, reply or answer)
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query, keep_blank_values=True))
        self.code = query.get("code")
        return query

    # ---- what the client sends itself ----

    def token_request(self, key="token_url", **form):
        """A request with the client's proof."""
        headers = {"Content-Type": "application/json" if self.dialect["token_request"] == "json" else FORM, "Accept": "application/json"}
        name, secret = self.dialect["client_id_parameter"], self.dialect["client_secret_parameter"]
        if self.auth == "basic":
            halves = (urllib.parse.quote_plus(half) for half in (self.id, self.secret))
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(halves).encode()).decode()
        else:
            form[name] = self.id
            if self.auth == "post":
                form[secret] = self.secret
        return TokenRequest(self.url(key), form, headers, self.dialect["token_request"] == "json")

    def code_request(self, **changes):
        return self.token_request(grant_type="authorization_code", code=self.code, redirect_uri=self.redirect_uri,
                                  code_verifier=self.verifier).add(**changes)

    def refresh_request(self, **changes):
        return self.token_request(grant_type="refresh_token", refresh_token=self.tokens.get("refresh_token")).add(**changes)

    def revoke_request(self, **changes):
        return self.token_request("revoke_url", **{self.dialect["revoke_token_parameter"]: self.tokens.get("access_token")}).add(**changes)

    def exchange(self, request):
        """Sends it, records it, and keeps the tokens of its reply."""
        at, body = self.now(), request.text()
        headers, reply = send(self.provider, request.method, request.url, request.headers, body)
        self.record("token", at, {"method": request.method, "url": request.url, "headers": headers, "body": body}, reply)
        tokens = reply.json if reply and reply.status == 200 else {}
        if "access_token" in tokens:
            self.tokens = {**self.tokens, **tokens}
        return reply

    def redeem(self, **changes):
        self.skip(0.3)
        return self.exchange(self.code_request(**changes)) if self.code else None

    def refresh(self, **changes):
        return self.exchange(self.refresh_request(**changes))

    def revoke(self, **changes):
        return self.exchange(self.revoke_request(**changes))

    def user_info(self):
        url, at = self.url("userinfo_url"), self.now()
        url += "?" + self.dialect["userinfo_query"] if self.dialect["userinfo_query"] else ""
        headers, reply = send(self.provider, "GET", url, {"Authorization": "Bearer " + self.tokens.get("access_token", "")})
        self.record("other", at, {"method": "GET", "url": url, "headers": headers}, reply)
        return reply

    def login(self, **changes):
        """A login from its beginning to its end. The changes are those of the authorize request."""
        self.authorize(**changes)
        return self.redeem()
