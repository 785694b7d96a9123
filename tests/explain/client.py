"""A right client, for any dialect of the sandbox, that records what it does as a capture.

What it has to know it reads with `proofkey provider show NAME --json`. Everything that it sends can be changed before it is sent: the
mistaken clients of producers.py are this one with one thing done wrong. What is recorded is what went over the wire, byte for byte."""
import base64
import email.utils
import hashlib
import html
import http.client
import http.server
import json
import os
import pathlib
import queue
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


class Explainer:
    """What Program.explain() says, from a few processes that stay: thousands of captures are explained in the time of a hundred."""

    def __init__(self, program, processes=2):
        self.path = pathlib.Path(program.path).resolve().parent / "tests" / "explain_lines"
        self.count, self.free = processes, queue.Queue()

    def __enter__(self):
        self.processes = [subprocess.Popen([self.path, *sorted((HERE / "providers").glob("*.conf"))], stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE) for _ in range(self.count)]
        for process in self.processes:
            self.free.put(process)
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.stdin.close()
            process.wait(20)
            process.stdout.close()

    def explain(self, capture):
        text = capture if isinstance(capture, bytes) else json.dumps(capture).encode()
        process = self.free.get()
        try:
            process.stdin.write(b"%d\n%s" % (len(text), text))
            process.stdin.flush()
            said = process.stdout.read(int(process.stdout.readline()))
        finally:
            self.free.put(process)
        report = json.loads(said)
        if "refused" in report:
            raise RuntimeError(f"explain refuses it: {report['refused']}")
        return report


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


def form(pairs):
    """With %20 for spaces, which everybody reads."""
    return urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote)


def way_back(reply):
    """Where the browser goes next: a redirect, or a page that posts the same (OAuth 2.0 Form Post Response Mode), written as one."""
    fields = re.findall(r'<input[^>]*name="([^"]*)"[^>]*value="([^"]*)"', reply.body.decode(errors="replace"))
    action = re.search(r'<form[^>]*action="([^"]*)"', reply.body.decode(errors="replace"))
    if reply.header("Location") or reply.status != 200 or not action or not {"code", "error"} & {name for name, _ in fields}:
        return reply.header("Location")
    return html.unescape(action[1]) + "?" + form({html.unescape(name): html.unescape(value) for name, value in fields})


def later(recorded, seconds):
    """As the provider would have answered so much later: the times in its Date and its ID token go with the clock of the capture. The
    signature of the token is not looked at."""
    def shift(claims):
        return {name: value + round(seconds) if name in ("iat", "exp", "auth_time", "nbf") else value for name, value in claims.items()}

    headers = recorded["headers"]
    if "Date" in headers:
        at = email.utils.parsedate_to_datetime(headers["Date"]).timestamp() + seconds
        headers = {**headers, "Date": email.utils.formatdate(at, usegmt=True)}
    return {**recorded, "headers": headers, "body": with_claims(recorded["body"], shift)}


def with_claims(text, change):
    """The text with the claims of its ID tokens changed; it may be JSON within JSON."""
    def changed(found):
        _, claims, _ = found[1].split(".")
        told = change(json.loads(base64.urlsafe_b64decode(claims + "==")))
        return found[0].replace(claims, base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode())

    return re.sub(r'"id_token\\*":\s*\\*"([\w-]+\.[\w-]+\.[\w-]*)', changed, text)


def edited(pairs, changes):
    """A change to None takes a parameter out."""
    return {name: value for name, value in {**pairs, **changes}.items() if value is not None}


class TokenRequest:
    """A request to the token or revocation endpoint, before it is sent: `form` may be changed, or `body` given instead of it."""

    def __init__(self, url, form, headers, way):
        self.method, self.url, self.form, self.headers, self.way = "GET" if way == "query" else "POST", url, form, headers, way
        self.body = None
        self.form = edited(form, {})

    def add(self, **changes):
        self.form = edited(self.form, changes)
        return self

    def text(self):
        if self.body is not None:
            return self.body
        if self.way == "query":
            return ""
        return json.dumps(self.form) if self.way == "json" else urllib.parse.urlencode(self.form)

    def whole_url(self):
        if self.way != "query" or self.body is not None:
            return self.url
        return self.url + ("&" if "?" in self.url else "?") + urllib.parse.urlencode(self.form)


class Client:
    """One client, with the logins that it starts one after the other; `capture` is what was recorded of all of them."""

    def __init__(self, dialect, provider, landing, public=False):
        """`provider` is where the dialect's requests go: HOST:PORT of a sandbox, or of what stands before it."""
        self.dialect, self.provider, self.landing = dialect, provider, landing
        self.public = public = public or dialect["client_auth"] == ["none"]
        self.id = "sandbox-public" if public else "sandbox-client"
        self.secret = None if public else "sandbox-secret"
        self.auth = "none" if public else next(way for way in dialect["client_auth"] if way != "none")
        self.redirect_uri = REMOTE_REDIRECT_URI if "https" in dialect["redirect_rules"] else f"http://{landing}/callback"
        self.pkce = dialect["pkce"] in ("sent", "required")
        self.scopes = list(dict.fromkeys([*dialect["scopes_required"], *dialect["scopes"][:2]]))
        way, _, value = dialect["refresh_asked_by"].partition("=")
        self.more = dict(urllib.parse.parse_qsl(dialect["authorize_query"], keep_blank_values=True))
        if way in ("scope", dialect["scope_parameter"]):
            self.scopes = list(dict.fromkeys([*self.scopes, value]))
        elif way:
            self.more[way] = value
        self.skipped = 0.0
        self.cookie = None
        self.capture = {"provider": dialect["name"], "events": [], "stored": {}}
        self.begin()

    def begin(self):
        """What is made anew for each login."""
        self.verifier = secrets.token_urlsafe(32)
        self.challenge = self.right_challenge() if self.pkce else None
        self.method = self.dialect["challenge_method"] or None if self.pkce else None
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
            event["response"] = later(reply.recorded(), self.skipped)
        self.capture["events"].append(event)
        return event

    def url(self, key):
        """The dialect's URL, at the sandbox."""
        path = re.sub(r"^https?://[^/]*", "", self.dialect[key]).replace("{tenant}", self.dialect["tenant"])
        return f"http://{self.provider}/{self.dialect['name']}{path}"

    # ---- the browser's way ----

    def authorize_parameters(self, **changes):
        mode = {"response_mode": "form_post"} if self.dialect["response_mode"] == "form_post" else {}
        return edited({"response_type": "code", self.dialect["client_id_parameter"]: self.id, "redirect_uri": self.redirect_uri,
                       self.dialect["scope_parameter"]: self.dialect["scope_separator"].join(self.scopes), "state": self.state,
                       "code_challenge": self.challenge, "code_challenge_method": self.method, **mode, **self.more}, changes)

    def authorize(self, query=None, decide=None, **changes):
        """From the authorize request to the callback. `query` is sent as it is; `decide` is what the person does on the page."""
        query = query if query is not None else form(self.authorize_parameters(**changes))
        url = self.url("authorize_url") + "?" + query
        at = self.now()
        headers, reply = send(self.provider, "GET", url, {"Accept": "text/html"})
        self.record("authorize", at, {"method": "GET", "url": url, "headers": headers}, reply)
        self.capture["stored"] |= {"verifier": self.verifier, "state": self.state, "redirect_uri": self.redirect_uri}
        if reply and reply.status == 200 and decide:
            reply = self.consent(reply, decide)
        location = way_back(reply) if reply else ""
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
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query, keep_blank_values=True))
        request = {"method": "GET", "url": location, "headers": sent}
        if self.dialect["response_mode"] == "form_post":
            url, _, body = location.partition("?")
            request = {"method": "POST", "url": url, "headers": {**sent, "Content-Type": FORM}, "body": body}
        if location.startswith(f"http://{self.landing}/") and request["method"] == "GET":
            _, answer = send(self.landing, "GET", location, sent)
        else:
            answer = None
        self.record("callback", at, request, reply or answer)
        self.code = query.get("code")
        return query

    # ---- what the client sends itself ----

    def token_request(self, key="token_url", **form):
        """A request with the client's proof."""
        way = self.dialect["token_request"]
        headers = {"Content-Type": "application/json" if way == "json" else FORM, "Accept": "application/json"}
        if self.dialect["origin_from_public_clients"] and self.auth == "none":
            headers["Origin"] = f"http://{self.landing}"
        name, secret = self.dialect["client_id_parameter"], self.dialect["client_secret_parameter"]
        if self.auth == "basic":
            halves = (urllib.parse.quote_plus(half) for half in (self.id, self.secret))
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(halves).encode()).decode()
        else:
            form[name] = self.id
            if self.auth == "post":
                form[secret] = self.secret
        if way == "query" and key != "revoke_url":
            del headers["Content-Type"]
        return TokenRequest(self.url(key), form, headers, way if key != "revoke_url" or way == "json" else "form")

    def code_request(self, **changes):
        return self.token_request(grant_type="authorization_code", code=self.code, redirect_uri=self.redirect_uri,
                                  code_verifier=self.verifier if self.pkce else None,
                                  **dict(urllib.parse.parse_qsl(self.dialect["token_parameters"]))).add(**changes)

    def refresh_request(self, **changes):
        scope = self.dialect["scope_separator"].join(self.scopes) if self.dialect["refresh_scope"] else None
        return self.token_request("refresh_url" if self.dialect["refresh_url"] else "token_url", grant_type="refresh_token",
                                  refresh_token=self.tokens.get("refresh_token"), scope=scope).add(**changes)

    def revoke_request(self, **changes):
        token = self.tokens.get("access_token")
        if self.dialect["revoke_auth"] == "bearer":
            return TokenRequest(self.url("revoke_url"), dict(changes), {"Content-Type": FORM, "Authorization": f"Bearer {token}"}, "form")
        return self.token_request("revoke_url", **{self.dialect["revoke_token_parameter"]: token}).add(**changes)

    def exchange(self, request):
        """Sends it, records it, and keeps the tokens of its reply."""
        at, url, body = self.now(), request.whole_url(), request.text()
        headers, reply = send(self.provider, request.method, url, request.headers, body)
        self.record("token", at, {"method": request.method, "url": url, "headers": headers, "body": body}, reply)
        tokens = reply.json if reply and reply.status == 200 else {}
        for step in self.dialect["token_reply_at"].split("/")[1:]:
            tokens = tokens[int(step)] if isinstance(tokens, list) else tokens.get(step, {})
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
        if not self.dialect["userinfo_url"]:
            return None
        url, at, token, headers = self.url("userinfo_url"), self.now(), self.tokens.get("access_token", ""), {}
        query = dict(urllib.parse.parse_qsl(self.dialect["userinfo_query"]))
        if self.dialect["userinfo_token"] == "query":
            query["access_token"] = token
        else:
            headers["Authorization"] = f"Bearer {token}"
        if self.dialect["userinfo_subject_parameter"]:
            query[self.dialect["userinfo_subject_parameter"]] = self.tokens.get(self.dialect["token_subject"][1:], "")
        if self.dialect["userinfo_client_header"]:
            headers[self.dialect["userinfo_client_header"]] = self.id
        if self.dialect["userinfo_header"]:
            name, _, value = self.dialect["userinfo_header"].partition(": ")
            headers[name] = value
        url += "?" + form(query) if query else ""
        method = self.dialect["userinfo_method"].upper()
        headers, reply = send(self.provider, method, url, headers)
        self.record("other", at, {"method": method, "url": url, "headers": headers}, reply)
        return reply

    def login(self, **changes):
        """A login from its beginning to its end. The changes are those of the authorize request."""
        self.authorize(**changes)
        return self.redeem()
