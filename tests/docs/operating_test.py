#!/usr/bin/env python3
"""docs/operating.md is followed, command by command: operating_test.py PROGRAM. Prints TAP.

The machines are directories with a service manager of the test's own; nginx, PostgreSQL, the gateways and the sandbox are real. At the end one of
two gateways is killed, and later the other restarted, while fifty people log in through nginx without pause: nobody may notice. With
PROOFKEY_SOAK set, twenty times in turn."""
import http.client
import http.server
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "stores"))
import postgres  # noqa: E402
import servers  # noqa: E402
from units import Machine, shell  # noqa: E402

PAGE = ROOT / "docs" / "operating.md"
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/proofkey")
BUILD = os.path.dirname(PROGRAM)
PEOPLE = 50
LOGINS = 120  # between one blow and the next
ROUNDS = 20 if os.environ.get("PROOFKEY_SOAK") else 1
HOST = "app.example.com"

count = failed = 0


def check(ok, what, detail=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {what}")
    if not ok:
        print("# " + str(detail)[:4000].replace("\n", "\n# "))
    sys.stdout.flush()
    return ok


def wait_for(condition, seconds=200):
    end = time.monotonic() + seconds
    while not (result := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return result


class Page:
    def __init__(self):
        self.text = PAGE.read_text(encoding="utf-8")
        self.blocks = {(kind, name): body for kind, name, body in re.findall(r"^```\w+ (step|file|key)=(\S+)\n(.*?)^```$", self.text, re.M | re.S)}
        self.used = set()

    def block(self, kind, name):
        self.used.add((kind, name))
        return self.blocks[kind, name]

    def commands(self, step):
        """The commands of a step: lines, those that go on behind a backslash, and those with a text of their own up to END."""
        found, lines = [], iter(self.block("step", step).splitlines())
        for line in lines:
            while line.endswith("\\"):
                line = line[:-1] + next(lines).lstrip()
            if "<<'END'" in line:
                for more in lines:
                    line += "\n" + more
                    if more == "END":
                        break
            found.append(line)
        return found


page = Page()


def held_port():
    """A socket that keeps its port for those who share it (SO_REUSEPORT)."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


class Postgres(postgres.Postgres):
    """A server as Debian sets it up, with a certificate and rights that the page gives it."""

    start = servers.Server.start

    def prepare(self):
        super().prepare()
        os.mkdir(os.path.join(self.data, "conf.d"))
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.write("include_dir = 'conf.d'\n")


class App(http.server.BaseHTTPRequestHandler):
    """Answers with who it was told is there."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = (self.headers.get("X-Auth-Subject") or "nobody").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class AppServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


class Nginx:
    """nginx with the sites that the page made, and as little around them as there can be."""

    CONFIG = """
daemon off; pid {root}/nginx.pid; error_log {root}/nginx.log; worker_processes 1; {user}
events {{ worker_connections 1024; }}
http {{
    access_log off; client_body_temp_path {root}; proxy_temp_path {root}; fastcgi_temp_path {root}; uwsgi_temp_path {root}; scgi_temp_path {root};
    include {root}/etc/nginx/sites-enabled/*;
}}
"""

    def __init__(self, machine):
        self.machine = machine
        self.binary = shutil.which("nginx") or "/usr/sbin/nginx"
        self.config = machine.root / "nginx.conf"
        self.config.write_text(self.CONFIG.format(root=machine.root, user="user root;" if os.geteuid() == 0 else ""))
        self.process = None

    def command(self, *more):
        return [self.binary, "-p", self.machine.root, "-c", self.config, "-e", self.machine.root / "nginx.log", *more]

    def test(self):
        done = subprocess.run(self.command("-t"), capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError("nginx -t: " + done.stderr)

    def reload(self):
        """Debian starts it when it is installed. The workers of before still serve for a moment, by the old configuration."""
        if self.process:
            before = self.workers()
            self.process.send_signal(signal.SIGHUP)
            if not wait_for(lambda: self.workers() and not before & self.workers(), 60):
                raise AssertionError("nginx keeps its old workers: " + self.log()[-1000:])
        else:
            self.process = subprocess.Popen(self.command(), stderr=subprocess.DEVNULL)

    def workers(self):
        pid = self.process.pid
        return set(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())

    def log(self):
        path = self.machine.root / "nginx.log"
        return path.read_text() if path.exists() else ""

    def close(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)


class Site:
    """What stands around the machines, and what follows the page."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.holders = {name: held_port() for name in ("nginx", "one", "two", "alone")}
        self.port = {name: holder.getsockname()[1] for name, holder in self.holders.items()}
        self.port["sandbox"] = servers.free_port()
        self.app = AppServer(("127.0.0.1", 0), App)
        threading.Thread(target=self.app.serve_forever, daemon=True).start()
        self.database = Postgres()
        self.machines = []
        self.one, self.two = self.machine("one"), self.machine("two")
        self.nginx = Nginx(self.one)
        self.sandbox = None

    def machine(self, name):
        words = [("10.0.0.11:4180", f"127.0.0.1:{self.port[name]}" if name == "two" else f"127.0.0.1:{self.port['one']}"),
                 ("10.0.0.12:4180", f"127.0.0.1:{self.port['two']}"), ("10.0.0.10", "127.0.0.1"), ("10.0.0.0/24", "127.0.0.0/24"),
                 ("127.0.0.1:4180", f"127.0.0.1:{self.port['alone']}"), ("127.0.0.1:9400", f"127.0.0.1:{self.port['sandbox']}"),
                 ("127.0.0.1:3000", f"127.0.0.1:{self.app.server_address[1]}"), ("listen 443", f"listen 127.0.0.1:{self.port['nginx']} reuseport"),
                 ("THE-CLIENT-KEY", "sandbox-client"), ("THE-CLIENT-SECRET", "sandbox-secret"), ("THE-DATABASE-PASSWORD", "p4ssw0rd"),
                 ("/etc/postgresql/15/main", self.database.data), ("db.example.com/", f"127.0.0.1:{self.database.port}/"),
                 # The keeper may read certificates below /etc, and this one is elsewhere.
                 ("verify-full&sslrootcert=", "require&application_name="),
                 # Users are for root to change.
                 *([] if os.geteuid() == 0 else [("chown postgres:", ": chown")]),
                 ("su postgres -c psql", f"{self.database.bin}/psql -X -q -v ON_ERROR_STOP=1 {self.database.address.replace('/proofkey', '/postgres')}")]
        (self.directory / name).mkdir()
        self.machines.append(Machine(self.directory / name, PROGRAM, words))
        return self.machines[-1]

    def environment(self, machine):
        binaries = machine.root / "bin"
        binaries.mkdir(exist_ok=True)
        if not (binaries / "proofkey").exists():
            (binaries / "proofkey").symlink_to(PROGRAM)
        return {"PATH": f"{binaries}:/usr/sbin:/usr/bin:/sbin:/bin", "ASAN_OPTIONS": "detect_leaks=0", "HOME": str(machine.root)}

    def run(self, machine, command):
        first = command.split()[0]
        if command == "nginx -t":
            self.nginx.test()
        elif command == "systemctl reload nginx":
            self.nginx.reload()
        elif command == "systemctl restart postgresql":
            self.database.stop()
            self.database.start()
        elif first == "systemctl":
            machine.systemctl(*command.split()[1:])
        elif command.startswith("meson install "):
            self.install(machine)
        elif first in ("apt-get", "git", "cd", "script/setup", "meson", "ninja", "systemd-sysusers", "systemd-tmpfiles"):
            pass  # what is built is PROGRAM, and what is installed for the tests is what script/setup says
        else:
            shell(machine.put(command), self.environment(machine))

    def install(self, machine):
        subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", str(machine.root)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def step(self, name, *machines):
        for machine in machines:
            for command in page.commands(name):
                self.run(machine, command)

    def file(self, path, *machines):
        for machine in machines:
            machine.write(path, page.block("file", path))

    def key(self, name, *machines):
        for machine in machines:
            machine.set_key(name, page.block("key", name))

    def start_sandbox(self):
        command, = page.commands("rehearse")
        with open(self.directory / "sandbox.log", "wb") as log:
            self.sandbox = subprocess.Popen([PROGRAM, *command.split()[1:], "--listen", f"127.0.0.1:{self.port['sandbox']}"], stdout=log, stderr=log,
                                            env=self.environment(self.one))
        servers.wait_until(lambda: servers.listens(self.port["sandbox"]), 60, "the sandbox")

    def close(self):
        self.nginx.close()
        for machine in self.machines:
            machine.close()
        if self.sandbox:
            self.sandbox.terminate()
            self.sandbox.wait(30)
        for holder in self.holders.values():
            holder.close()
        self.app.shutdown()
        self.database.__exit__()


class Person:
    """A browser. What it sees that a person should not see is a complaint."""

    def __init__(self, site):
        self.site = site
        self.context = ssl.create_default_context(cafile=str(site.one.path("/etc/ssl/app.example.com.pem")))
        self.jar = {}
        self.patience = 150  # seconds for one request

    def connect(self, url):
        if url.hostname != HOST:
            return http.client.HTTPConnection(url.hostname, url.port, timeout=self.patience)
        connection = http.client.HTTPSConnection(HOST, context=self.context, timeout=self.patience)
        connection._create_connection = lambda address, timeout, source: socket.create_connection(("127.0.0.1", self.site.port["nginx"]), timeout)
        return connection

    def get(self, address):
        """One request: status, address that it leads to, text."""
        url = urllib.parse.urlsplit(address)
        connection = self.connect(url)
        ours = url.hostname == HOST
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.jar.items())} if ours and self.jar else {}
        try:
            connection.request("GET", url.path + ("?" + url.query if url.query else ""), headers={"Accept": "text/html", **cookies})
            reply = connection.getresponse()
            text = reply.read().decode("utf-8", "replace")
        finally:
            connection.close()
        for name, value in reply.getheaders():
            if ours and name.lower() == "set-cookie":
                pair = value.split(";")[0].split("=", 1)
                self.jar[pair[0]] = pair[1]
        return reply.status, urllib.parse.urljoin(address, reply.headers.get("Location", "")), text

    def visit(self, path):
        """Goes where it is led and signs in where it is asked to; the text of the app at last."""
        address = f"https://{HOST}{path}"
        for _ in range(20):
            status, location, text = self.get(address)
            if status in (302, 303):
                address = location
            elif status == 200 and "/login/tiktok" in text:
                link = re.search(r'href="(/login/tiktok[^"]*)"', text)[1].replace("&amp;", "&")
                address = f"https://{HOST}{link}"
            elif status == 200 and address.endswith(path):
                return text
            else:
                raise AssertionError(f"{address.split('?')[0]}: {status} {text[:300]}")
        raise AssertionError("led in circles")


class Crowd:
    """People who log in without pause, each time with a new browser, and who look whether they are still signed in."""

    def __init__(self, site, people):
        self.site = site
        self.done = threading.Event()
        self.logins, self.complaints = 0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.live, args=(i,)) for i in range(people)]
        for thread in self.threads:
            thread.start()

    def live(self, number):
        before = None
        while not self.done.is_set():
            person = Person(self.site)
            try:
                subjects = {person.visit(f"/videos/{number}?page=2"), person.visit("/"), before.visit("/still") if before else person.visit("/still")}
                if len(subjects) != 1 or "nobody" in subjects:
                    raise AssertionError(f"the app was told {subjects}")
            except Exception as error:  # whatever a person would see
                with self.lock:
                    self.complaints.append(f"after {self.logins} logins, {type(error).__name__}: {error}")
                before = None
                continue
            before = person
            with self.lock:
                self.logins += 1

    def more(self, logins):
        """Waits for so many further logins."""
        least = self.logins + logins
        return wait_for(lambda: self.logins >= least)

    def end(self):
        self.done.set()
        for thread in self.threads:
            thread.join(200)


def page_is_true():
    """What the page names exists: commands, log lines, faults, metrics, files."""
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.[ch]"))
    faults = (ROOT / "src/explain/faults.def").read_text()
    events = set(re.findall(r"event=([a-z_.]+)", page.text))
    check(not [event for event in events if f'"{event}"' not in source] and len(events) > 5, "every log line of the page is one that is written",
          [event for event in events if f'"{event}"' not in source])
    named = set(re.findall(r"fault=([a-z-]+)", page.text))
    check(not [fault for fault in named if f'"{fault}"' not in faults and f"({fault}," not in faults and fault not in faults], "every fault is in the list", named)
    alerts = (ROOT / "packaging/prometheus-alerts.yml").read_text()
    metrics = set(re.findall(r"proofkey_[a-z_]+", page.text + alerts))
    known = (ROOT / "docs/metrics.md").read_text()
    check(not [metric for metric in metrics if metric.removesuffix("_bucket") not in known], "every metric is one that there is", metrics)
    on_page = set(re.findall(r"Proofkey[A-Z]\w+", page.text))
    listed = set(re.findall(r"alert: (\w+)", alerts))
    check(on_page == listed, "every alert is on the page, and the other way round", on_page ^ listed)
    links = [link for link in re.findall(r"\]\(([^)#]+)", page.text) if not link.startswith("http")]
    check(not [link for link in links if not (PAGE.parent / link).exists()], "every link leads somewhere", [link for link in links if not (PAGE.parent / link).exists()])


def units_are_good(machine):
    """What systemd itself says of the units."""
    directory = machine.root / "verify"
    directory.mkdir()
    for unit in machine.path("/usr/local/lib/systemd/system").iterdir():
        text = unit.read_text().replace("/usr/local/bin/proofkey", PROGRAM)
        (directory / unit.name).write_text("".join(line + "\n" for line in text.splitlines() if not line.startswith("Documentation")))
    done = subprocess.run(["systemd-analyze", "verify", *directory.iterdir()], capture_output=True, text=True, check=False)
    check(done.returncode == 0 and not done.stderr, "systemd finds nothing wrong with the units", done.stderr)
    done = subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=yes", "--threshold=15", directory / "proofkey.service"], capture_output=True, text=True,
                          check=False)
    exposure = re.search(r"exposure level.*", done.stdout)
    check(done.returncode == 0, f"and little that an attacker could use: {exposure[0] if exposure else ''}", done.stdout + done.stderr)


def one_machine(site):
    one = site.one
    site.step("install", one, site.two)
    units_are_good(one)
    site.step("keys", one)
    site.file("/etc/proofkey/proofkey.conf", one)
    one.set_key("sandbox", f'sandbox = "http://127.0.0.1:{site.port["sandbox"]}"')
    site.start_sandbox()
    site.step("start", one)
    site.step("certificate", one)
    site.file("/etc/nginx/sites-available/app.example.com", one)
    site.step("nginx", one)
    servers.wait_until(lambda: servers.listens(site.port["nginx"]), 60, "nginx")
    person = Person(site)
    subject = person.visit("/videos?page=1")
    check(subject not in ("", "nobody"), "one machine: somebody signs in through nginx, and the app is told who", subject)
    site.step("broker-key", one)
    site.key("broker", one)
    site.step("broker", one)
    check(os.path.exists(one.path("/run/proofkey/broker.sock")), "the broker's socket is there")
    before = one.path("/etc/proofkey/keys").read_text()
    site.step("rotate", one)
    check(one.path("/etc/proofkey/keys").read_text() != before and person.visit("/videos") == subject, "the keys are rotated, and she is still signed in")
    for command in page.commands("check"):
        shell(one.put(command).replace("runuser -u proofkey -- ", ""), site.environment(one))
    site.step("upgrade", one)
    check(person.visit("/videos") == subject, "upgraded, and she is still signed in")


def two_machines(site):
    one, two = site.one, site.two
    with_server = Postgres.__enter__(site.database)
    site.step("database", one)
    check(servers.listens(with_server.port), "PostgreSQL runs as the page set it up")
    site.step("password", one)
    site.key("store", one)
    site.key("trusted_proxies", one)
    shutil.copytree(one.path("/etc/proofkey"), two.path("/etc/proofkey"), dirs_exist_ok=True)
    two.path("/etc/proofkey/proofkey.conf").write_text(two.path("/etc/proofkey/proofkey.conf").read_text().replace(str(one.root), str(two.root)))
    for machine in (one, two):
        site.file("/etc/systemd/system/proofkey.socket.d/address.conf", machine)
    site.step("move", one)
    for command in (*page.commands("broker"), "systemctl enable proofkey"):
        site.run(two, command)
    nginx = one.path("/etc/nginx/sites-available/app.example.com")
    nginx.write_text(re.sub(r"upstream proofkey \{.*?\n\}\n", one.put(page.block("key", "upstream")), nginx.read_text(), flags=re.S))
    site.step("nginx", one)
    check(wait_for(lambda: Person(site).get(f"https://{HOST}/videos")[0] == 302), "nginx asks both", site.nginx.log()[-1500:])


def falls_silent(site, machine):
    """A gateway that neither answers nor hangs up."""
    person = Person(site)
    subject = person.visit("/")
    person.patience = 55  # nginx's own would be 60
    machine.freeze(signal.SIGSTOP)
    try:
        seen = [person.get(f"https://{HOST}/videos/{i}") for i in range(4)]
        check({(status, text) for status, _, text in seen} == {(200, subject)}, f"{machine.root.name} falls silent: who is signed in goes on", seen)
    finally:
        machine.freeze(signal.SIGCONT)


def nobody_notices(site):
    one, two = site.one, site.two
    crowd = Crowd(site, PEOPLE)
    well = crowd.more(LOGINS)
    check(well, f"{PEOPLE} people log in without pause, at two gateways", crowd.complaints[:5])
    for _ in range(ROUNDS if well else 0):
        one.power_cut()
        well = crowd.more(LOGINS)
        check(well, f"{one.root.name} loses its power", crowd.complaints[:5])
        one.power_on()
        well &= crowd.more(LOGINS)
        check(well, "it comes back", crowd.complaints[:5])
        two.systemctl("restart", "proofkey")
        well &= crowd.more(LOGINS)
        check(well, f"{two.root.name} is restarted", crowd.complaints[:5])
        one, two = two, one
    crowd.end()
    falls_silent(site, one)
    again = sum(machine.log().count("event=login.again") for machine in (one, two))
    check(not crowd.complaints, f"none of {crowd.logins} logins failed, no session was lost, nobody saw an error page; {again} began anew",
          "\n".join(crowd.complaints[:20]) + "\n" + site.nginx.log()[-1500:])
    for machine in (one, two):
        bad = [line for line in machine.log().splitlines() if "level=error" in line or "Sanitizer" in line or "runtime error" in line]
        check(not bad, f"{machine.root.name}: its log has no error", "\n".join(bad[:10]))
    check(not [word for word in ("sandbox-secret", "p4ssw0rd") if word in one.log() + two.log()], "and no secret")


page_is_true()
with tempfile.TemporaryDirectory(prefix="proofkey-docs-", dir="/tmp") as folder:
    os.chmod(folder, 0o755)
    site = Site(folder)
    try:
        one_machine(site)
        two_machines(site)
        nobody_notices(site)
        unused = {name for name in page.blocks if name not in page.used}
        check(not unused, "every command of the page was followed", unused)
    except Exception:
        check(False, "followed to its end", traceback.format_exc() + "\n".join(machine.log()[-1500:] for machine in site.machines))
    finally:
        site.close()
print(f"1..{count}")
sys.exit(1 if failed else 0)
