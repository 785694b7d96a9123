#!/usr/bin/env python3
"""A real nginx with auth_request before a small app: who is not signed in is sent to do so and back; the app is told who it is."""
import http.server
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
from fake_provider import Provider
from harness import Browser, Gateway, ask, check, equal, finish, free_port, is_sent_back, run, wait_for

CONFIG = """
daemon off; pid {directory}/pid; error_log {directory}/error.log; worker_processes 1; {user}
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory}; uwsgi_temp_path {directory}; scgi_temp_path {directory};
    server {{
        listen 127.0.0.1:{port} reuseport;
        proxy_set_header Host $http_host;

        location = /auth {{
            internal;
            proxy_pass http://127.0.0.1:{gateway}/check/nginx;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header X-Original-URI $request_uri;
        }}
        location /app/ {{
            auth_request /auth;
            auth_request_set $subject $upstream_http_x_auth_subject;
            auth_request_set $email $upstream_http_x_auth_email;
            auth_request_set $name $upstream_http_x_auth_name;
            auth_request_set $login $upstream_http_x_auth_provider;
            auth_request_set $sign_in $upstream_http_x_auth_sign_in;
            proxy_set_header X-Auth-Subject $subject;
            proxy_set_header X-Auth-Email $email;
            proxy_set_header X-Auth-Name $name;
            proxy_set_header X-Auth-Provider $login;
            error_page 401 = @sign_in;
            proxy_pass http://127.0.0.1:{app};
        }}
        location @sign_in {{ return 302 $sign_in; }}
        location ~ ^/(login|callback|logout|me|assets|check|healthz) {{ proxy_pass http://127.0.0.1:{gateway}; }}
    }}
}}
"""


class App(http.server.BaseHTTPRequestHandler):
    """Answers with the headers that reach it."""

    def do_GET(self):
        body = "".join(f"{name.lower()}: {value}\n" for name, value in self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.seen.append(self.path)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Nginx:
    def __init__(self, gateway_port, app_port):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="proofkey-nginx-"))
        self.port = nginx_port
        user = "user root;" if pathlib.Path("/proc/self").stat().st_uid == 0 else ""
        (self.directory / "conf").write_text(CONFIG.format(directory=self.directory, port=self.port, gateway=gateway_port, app=app_port, user=user))

    def __enter__(self):
        self.errors = open(self.directory / "stderr", "wb")
        self.process = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-p", self.directory, "-c", self.directory / "conf", "-e", self.directory / "error.log"], stderr=self.errors)
        return self

    def runs(self):
        try:
            return ask(self.port, "GET", "/healthz").status == 200
        except OSError:
            return False

    def log(self):
        return "".join(path.read_text() for path in self.directory.glob("*err*"))

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.errors.close()
        shutil.rmtree(self.directory, ignore_errors=True)


provider = Provider()
holder, nginx_port = free_port()
gateway = Gateway(provider, trusted_proxies='{"127.0.0.1"}', public_url=f'"http://127.0.0.1:{nginx_port}"')
gateway.url = f"http://127.0.0.1:{nginx_port}"
app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
app.daemon_threads, app.seen = True, []


class Visitor(Browser):
    """A browser that sees nginx alone."""

    class Front:
        port, url = nginx_port, f"http://127.0.0.1:{nginx_port}"

    def __init__(self, jar=None):
        super().__init__(self.Front, jar)


def not_signed_in():
    for headers in ({}, {"X-Auth-Subject": "root"}, {"Cookie": "proofkey=x"}, {"X-Original-URI": "https://evil.example/"}, {"Authorization": "Bearer x"}):
        reply = Visitor().get("/app/videos?page=2&x=%26", headers)
        equal((reply.status, reply.location), (302, f"http://127.0.0.1:{nginx_port}/login?return_to=http%3A%2F%2F127.0.0.1%3A{nginx_port}%2Fapp%2Fvideos%3Fpage%3D2%26x%3D%2526"),
              f"a stranger with {headers} is sent to the sign-in page")
    equal(Visitor().ask("POST", "/app/x", {"Content-Type": "text/plain"}, "body").status, 302, "a stranger's POST too")
    equal(Visitor().get("/auth").status, 404, "the check itself is not for browsers")
    equal(app.seen, [], "the app sees nothing of them")


def signed_in():
    visitor = Visitor()
    location = visitor.get("/app/videos?page=2&x=%26").location
    page = visitor.get(location.removeprefix(gateway.url))
    link = page.text.split('href="/login/one', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    reply = visitor.get(provider.approve(visitor.get("/login/one" + link).location))
    is_sent_back(gateway, reply, "a login through nginx", "/app/videos?page=2&x=%26")
    lines = visitor.get("/app/videos?page=2&x=%26").text.splitlines()
    auth = sorted(line for line in lines if line.startswith("x-auth-"))
    equal(auth, ["x-auth-email: ada@example.com", "x-auth-name: Ada", "x-auth-provider: one", "x-auth-subject: sub-ada"], "the app is told who it is")
    lines = visitor.get("/app/", {"X-Auth-Subject": "root", "x-auth-email": "root@example.com", "X-AUTH-NAME": "Root", "X-Auth-Provider": "root"}).text.splitlines()
    equal(sorted(line for line in lines if line.startswith("x-auth-")), auth, "G-21 what the browser says about itself does not arrive")
    equal(visitor.ask("POST", "/app/x", {"Content-Type": "text/plain"}, "a body").status, 200, "a POST passes with its body")
    equal(visitor.log_out().status, 303, "signing out through nginx")
    equal(visitor.get("/app/").status, 302, "and then it is a stranger again")


def keeper_or_front_away():
    """The app is closed, not open, while nobody can say who somebody is."""
    visitor = Visitor()
    visitor.get(provider.approve(visitor.get("/login/one").location))
    equal(visitor.get("/app/").status, 200, "signed in")
    gateway.stop()
    reply = visitor.get("/app/")
    check(reply.status >= 500 and "x-auth" not in reply.text, "without the gateway nobody passes", reply)
    gateway.start()
    equal(visitor.get("/app/").status, 200, "and then they do again")


if not check(shutil.which("nginx") or pathlib.Path("/usr/sbin/nginx").exists(), "nginx is installed", "this test needs Debian's nginx"):
    finish()
threading.Thread(target=app.serve_forever, daemon=True).start()
with gateway, Nginx(gateway.port, app.server_address[1]) as nginx:
    if check(wait_for(nginx.runs), "nginx runs", nginx.log()):
        run(not_signed_in, signed_in, keeper_or_front_away)
holder.close()
app.shutdown()
finish()
