"""What the tests of the gateway share: starting the program on a free port, a browser with its cookies, TAP.

Each test is FILE.py [PROGRAM]. What runs is held against the log at its end: no secret of any test may stand there."""
import http.client
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

sys.dont_write_bytecode = True

PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else str(pathlib.Path(__file__).resolve().parents[3] / "build" / "proofkey"))
SANITIZED = b"__asan_init" in pathlib.Path(PROGRAM).read_bytes()
PATIENCE = 30 if SANITIZED else 10  # seconds that something which happens soon may take

CLIENT_SECRET = "client-secret-" + secrets.token_hex(16)

# Whatever no log may show: codes, verifiers, tokens, secrets, states, cookies. The fake provider and the browsers add to it.
sensitive = {CLIENT_SECRET}

count = failed = 0
lock = threading.Lock()


def check(ok, what, detail=""):
    global count, failed
    with lock:
        count += 1
        failed += not ok
        print(f"{'ok' if ok else 'not ok'} {count} - {what}")
        if not ok:
            print("\n".join("# " + line for line in repr(detail)[:2000].splitlines()))
        sys.stdout.flush()
    return ok


def equal(got, wanted, what):
    return check(got == wanted, what, f"got {got!r}, wanted {wanted!r}")


def run(*tests):
    """Calls each test; one that breaks is a failure and does not take the others with it."""
    for test in tests:
        try:
            test()
        except Exception:
            check(False, getattr(test, "__name__", "a test") + " ended early", traceback.format_exc())


def at_once(*tests):
    """The same, each in a thread of its own."""
    threads = [threading.Thread(target=run, args=(test,)) for test in tests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def finish():
    print(f"1..{count}")
    sys.exit(1 if failed or not count else 0)


def wait_for(condition, seconds=PATIENCE):
    """What `condition` gives as soon as it is true, or at last."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result or time.monotonic() > end:
            return result
        time.sleep(0.01)


class Reply:
    def __init__(self, response, body):
        self.status = response.status
        self.pairs = [(name.lower(), value) for name, value in response.getheaders()]
        self.headers = dict(self.pairs)
        self.body = body
        self.text = body.decode("utf-8", "replace")

    @property
    def location(self):
        return self.headers.get("location", "")

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def fault(self):
        """The fault that the page names."""
        found = re.search(r"<dt>Fault</dt><dd><code>([^<]*)</code>", self.text)
        return found[1] if found else None

    @property
    def correlation(self):
        found = re.search(r'<code class="whole">([a-z0-9]{10})</code>', self.text)
        return found[1] if found else None

    def __repr__(self):
        return f"<{self.status} {self.fault or self.text[:200]!r} {self.pairs}>"


def ask(port, method, path, headers=None, body=None, timeout=60):
    """One request over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Reply(response, response.read())
    finally:
        connection.close()


def raw(port, text, timeout=10, end=True):
    """Sends these bytes as they are, and the end of them; what comes back until the other side closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        got = b""
        try:
            connection.sendall(text)
            if end:
                connection.shutdown(socket.SHUT_WR)
            while len(got) < 1 << 20 and (more := connection.recv(65536)):
                got += more
        except OSError:
            pass  # it closed while we still wrote
        return got


class Browser:
    """A cookie jar. Each request has a connection of its own, so that all fronts get their share."""

    def __init__(self, gateway, jar=None):
        self.gateway = gateway
        self.jar = dict(jar or {})
        self.lock = threading.Lock()

    def ask(self, method, path, headers=None, body=None):
        headers = dict(headers or {})
        with self.lock:
            if self.jar:
                headers.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.jar.items()))
        reply = ask(self.gateway.port, method, path, headers, body)
        with self.lock:
            for name, value in reply.pairs:
                if name == "set-cookie":
                    self.take(value)
        return reply

    def take(self, cookie):
        pair, *attributes = cookie.split("; ")
        name, _, value = pair.partition("=")
        if "Max-Age=0" in attributes:
            self.jar.pop(name, None)
        else:
            self.jar[name] = value
            sensitive.add(value)

    def get(self, path, headers=None):
        return self.ask("GET", path, headers)

    def start(self, login="one", return_to=None):
        """Starts a login; the authorize URL that the browser is sent to."""
        reply = self.get("/login/" + login + ("?return_to=" + urllib.parse.quote(return_to, safe="") if return_to else ""))
        if reply.status != 303:
            raise AssertionError(f"/login/{login}: {reply}")
        sensitive.add(state_of(reply.location))
        return reply.location

    def sign_in(self, provider, login="one", person="ada", return_to=None, **script):
        return self.get(provider.approve(self.start(login, return_to), person, **script))

    def log_out(self, **headers):
        return self.ask("POST", "/logout", headers or {"Origin": self.gateway.url})

    @property
    def session(self):
        return self.jar.get("proofkey")

    def signed_in(self):
        """The subject of the session, or None."""
        reply = self.get("/me")
        return reply.json["subject"] if reply.status == 200 else None


def parameters(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True))


def state_of(url):
    return parameters(url)["state"]


def callback(login, **pairs):
    return f"/callback/{login}?" + urllib.parse.urlencode({name: value for name, value in pairs.items() if value is not None})


def free_port():
    """A port that stays ours: whoever shares it (SO_REUSEPORT) may listen there, nobody else gets it."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", 0))
    return holder, holder.getsockname()[1]


DIALECTS = {
    # Callbacks that are written by hand here name no issuer.
    "rfc7636": {"callback_issuer": "false"},
    # The provider's token reply says who it is for, so that user info of somebody else is found out.
    "named": {"token_subject": '"/sub"', "callback_issuer": "false"},
    # Plain http at a host of its own, and an issuer (RFC 9207): used without `sandbox`.
    "issuing": {"issuer": '"https://issuer.example"'},
}


def write_dialects(directory, provider):
    """Copies of the plain dialect with a key more each."""
    plain = (pathlib.Path(__file__).resolve().parents[3] / "providers" / "rfc7636.conf").read_text()
    for name, keys in DIALECTS.items():
        text = plain.replace("https://{host}", provider.url) if name == "issuing" else plain
        text = "".join(line + "\n" for line in text.splitlines() if line.split("=")[0].strip() not in keys)
        text += "".join(f"{key} = {value}\n" for key, value in keys.items())
        (directory / f"{name}.conf").write_text(text)


class Gateway:
    """`proofkey serve` in a directory of its own, ended at the end of the `with` block.

    Keys of the configuration are given as they are written there: fronts=2, allow='emails = {"*"}'. A login is the name of its dialect,
    or its keys."""

    def __init__(self, provider, logins=None, ring=None, quiet=True, **settings):
        self.provider = provider
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="proofkey-test-"))
        self.holder, self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {"fronts": 2, "explain_to_users": "true", "sandbox": f'"{provider.url}"', **settings}
        self.logins = logins or {"one": "rfc7636", "two": "rfc7636", "named": "named"}
        self.quiet = quiet  # no process is expected to die
        self.process = None
        self.log_path = self.directory / "log"
        self.config = self.directory / "proofkey.conf"
        self.ring = self.directory / "keys"
        (self.directory / "providers").mkdir()
        (self.directory / "state").mkdir()
        write_dialects(self.directory / "providers", provider)
        if ring:
            shutil.copy(ring, self.ring)
        else:
            subprocess.run([PROGRAM, "keys", "new", self.ring], check=True, stdout=subprocess.DEVNULL)
        self.write_config()

    def write_config(self, **changes):
        self.settings.update(changes)
        settings = {name: value for name, value in self.settings.items() if value is not None}
        allow = settings.pop("allow", 'emails = {"*"} subjects = {"*"}')
        store = settings.pop("store", f'"sqlite:{self.directory}/state/vault.db"')
        settings.setdefault("public_url", f'"{self.url}"')
        lines = [f'listen = "127.0.0.1:{self.port}"', f'store = {store}', f'keys = "{self.ring}"',
                 f'providers = "{self.directory}/providers"', f"allow {{ {allow} }}"]
        lines += [f"{name} = {value}" for name, value in settings.items()]
        for login, dialect in self.logins.items():
            keys = {"client_id": '"test-client"', "client_secret": '"${TEST_CLIENT_SECRET}"', "scopes": '{"openid"}'}
            if isinstance(dialect, dict):
                keys |= dialect
            else:
                keys |= {"provider": f'"{dialect}"', "host": f'"127.0.0.1:{self.provider.port}"'}
            lines.append(f'login "{login}" {{ ' + " ".join(f"{key} = {value}" for key, value in keys.items() if value is not None) + " }")
        self.config.write_text("\n".join(lines) + "\n")

    def start(self):
        environment = {**os.environ, "TEST_CLIENT_SECRET": CLIENT_SECRET}
        # The leak check traces the process, which its confinement does not allow.
        environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":detect_leaks=0:quarantine_size_mb=8"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "serve", "--config", str(self.config)], stdout=log, stderr=log, env=environment)
        if not wait_for(self.is_ready) or self.process.poll() is not None:
            raise AssertionError("the gateway did not start: " + self.log())
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            return True
        try:
            return ask(self.port, "GET", "/readyz", timeout=5).status == 200
        except OSError:
            return False

    def stop(self, how=signal.SIGTERM):
        """Ends it; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            for pid in [*self.children("front"), *self.children("keeper")]:
                os.kill(pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
            return None

    def restart(self, how=signal.SIGTERM):
        children = [*self.children("front"), *self.children("keeper")]
        status = self.stop(how)
        wait_for(lambda: not any(is_alive(pid) for pid in children))
        self.start()
        return status

    def children(self, role):
        """The process ids of the fronts or of the keeper, the oldest first."""
        try:
            pids = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        except OSError:
            return []
        return [int(pid) for pid in pids if role in name_of(int(pid))]

    def log(self):
        return self.log_path.read_text("utf-8", "replace") if self.log_path.exists() else ""

    def log_lines(self, *words):
        return [line for line in self.log().splitlines() if all(word in line for word in words)]

    def rows(self, table):
        """How many rows a table of the store has. Reads only."""
        import sqlite3
        store = sqlite3.connect(f"file:{self.directory}/state/vault.db?mode=ro", uri=True, timeout=10)
        try:
            return store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        finally:
            store.close()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __exit__(self, kind, *_):
        running = self.process and self.process.poll() is None
        status = self.stop() if self.process else None
        log = self.log()
        if kind is None:
            if running:
                equal(status, 0, "the gateway ends with status 0")
            shown = [value for value in sensitive.copy() if len(value) >= 12 and value[:12] in log]
            check(not shown, "C-07 C-32 its log holds no code, verifier, token, secret, cookie or state", shown[:3])
            check(not re.search(r"Sanitizer|runtime error:", log), "nothing was found by a sanitizer", log[-2000:])
            check(not self.quiet or "child.died" not in log, "no process died", log[-2000:])
        self.discard()

    def discard(self):
        self.holder.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        return ""


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def is_refused(gateway, reply, status, fault, what):
    """A page of ours with this status and fault, and a line in the log with the same correlation id."""
    line = wait_for(lambda: gateway.log_lines("event=login.failed", f"correlation={reply.correlation}"), 2)
    ok = (reply.status == status and reply.fault == fault and reply.headers.get("cache-control") == "no-store"
          and "default-src 'none'" in reply.headers.get("content-security-policy", "") and "proofkey=" not in reply.headers.get("set-cookie", "")
          and len(line) == 1 and f"fault={fault} " in line[0])
    return check(ok, f"{what}: {status} {fault}, on the page and in the log", (reply, line))


def is_sent_back(gateway, reply, what, return_to="/"):
    return check(reply.status == 303 and reply.location == gateway.url + return_to and "proofkey=" in reply.headers.get("set-cookie", ""),
                 f"{what}: signed in and sent back, with nothing of the callback in the URL, G-19", reply)
