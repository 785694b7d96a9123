#!/usr/bin/env python3
"""From the login to the post: the gateway, the sandbox as the provider, curl at the broker, and the examples in examples/post-for-a-user.

The provider's API here is a server that takes a post for whom the sandbox knows by the token, and for nobody else."""
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
from broker import Brokered
from harness import PROGRAM, Browser, check, equal, finish, parameters, run, sensitive, wait_for

EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "examples" / "post-for-a-user"
TTL = 40  # seconds that a token lives: given in the first half of them


class Sandbox:
    def __init__(self):
        self.process = subprocess.Popen([PROGRAM, "sandbox", "--listen", "127.0.0.1:0", "--auto-approve", "--access-ttl", str(TTL)], stderr=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        for line in self.process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                break
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=20)


class Api(http.server.BaseHTTPRequestHandler):
    posts = []

    def do_POST(self):
        post = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = urllib.request.Request(sandbox.url + "/tiktok/v2/user/info/?fields=open_id", headers={"Authorization": self.headers["Authorization"]})
        try:
            who = json.load(urllib.request.urlopen(asked))["data"]["user"]["open_id"]
            self.posts.append((who, self.path, post))
            status, answer = 200, {"data": {"publish_id": f"p-{len(self.posts)}"}, "error": {"code": "ok"}}
        except (urllib.error.HTTPError, KeyError):
            status, answer = 401, {"error": {"code": "access_token_invalid"}}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def sign_in():
    """The browser's part: to the sandbox, which agrees for ada, and back. Her subject."""
    browser = Browser(gateway)
    location = browser.start("tiktok")
    asking = urllib.request.build_opener(Stay())
    back = asking.open(location).headers["Location"]
    sensitive.add(parameters(back)["code"])
    browser.get(back.removeprefix(gateway.url))
    return browser.signed_in()


class Stay(urllib.request.HTTPRedirectHandler):
    def http_error_302(self, request, fp, code, message, headers):
        return fp

    http_error_303 = http_error_302


def curl(*words, key="poster"):
    done = subprocess.run(["curl", "-s", "--unix-socket", gateway.socket, "-H", "@-", *words], input=f"Authorization: Bearer {gateway.secrets[key]}",
                          capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)


def post(*command, subject, secret=None):
    environment = {"PATH": os.environ["PATH"], "PROOFKEY_BROKER": gateway.socket, "PROOFKEY_KEY_FILE": str(secret or gateway.directory / "poster.key"),
                   "TIKTOK_API": f"http://127.0.0.1:{api.server_address[1]}"}
    return subprocess.run([*command, subject, "https://videos.example.com/cat.mp4", "My cat"], env=environment, capture_output=True, text=True, timeout=60)


def whole_way():
    subject = sign_in()
    signed_in_at = time.monotonic()
    check(subject, "somebody signed in, at the sandbox", gateway.log())
    path = f"http://localhost/v1/grants/tiktok/{urllib.parse.quote(subject, safe='')}"
    first = curl(path + "/token")
    sensitive.add(first["access_token"])
    check(first["token_type"] == "Bearer" and TTL / 2 <= first["expires_in"] <= TTL, "curl gets a token over the unix socket", first)
    for command in (("python3", EXAMPLES / "python" / "post.py"), ("node", EXAMPLES / "node" / "post.mjs")):
        if not shutil.which(command[0]):
            check(False, f"{command[0]} is installed")
            continue
        Api.posts.clear()
        done = post(*command, subject=subject)
        check(done.returncode == 0 and done.stdout.strip() == "p-1" and Api.posts[0][0] == subject and Api.posts[0][2]["post_info"]["title"] == "My cat",
              f"the example in {command[0]} posts for them", (done, Api.posts))
        done = post(*command, subject="somebody/else")
        check(done.returncode != 0 and "grant-unknown" in done.stderr and len(Api.posts) == 1, "and says why it cannot for somebody else", done)
    rest = signed_in_at + TTL / 2 + 1.5 - time.monotonic()
    time.sleep(max(rest, 0))
    stale = curl(path + "/token")
    sensitive.add(stale["access_token"])
    check(stale["access_token"] != first["access_token"] and stale["expires_in"] >= TTL / 2, "later there is another one", stale["expires_in"])
    equal(sign_in(), subject, "the same person signs in again")
    second = curl(path + "/token")
    sensitive.add(second["access_token"])
    check(second["access_token"] not in (first["access_token"], stale["access_token"]) and second["expires_in"] >= TTL / 2, "and the next token is a new one", second["expires_in"])
    Api.posts.clear()
    equal(post("python3", EXAMPLES / "python" / "post.py", subject=subject).returncode, 0, "which posts, too")
    curl_delete = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "DELETE", "--unix-socket", gateway.socket, "-H", "@-", path],
                                 input=f"Authorization: Bearer {gateway.secrets['poster']}", capture_output=True, text=True, timeout=60)
    equal(curl_delete.stdout, "204", "DELETE takes the access back")
    api_asked = urllib.request.Request(sandbox.url + "/tiktok/v2/user/info/?fields=open_id", headers={"Authorization": "Bearer " + second["access_token"]})

    def is_dead():
        try:
            return json.load(urllib.request.urlopen(api_asked))["error"]["code"] != "ok"
        except urllib.error.HTTPError as refused:
            return refused.code == 401
    check(wait_for(is_dead), "at the provider as well")


sandbox = Sandbox()
api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=api.serve_forever, daemon=True).start()
tiktok = {"provider": '"tiktok"', "client_id": '"sandbox-client"', "client_secret": '"sandbox-secret"', "scopes": '{"user.info.basic", "video.publish"}'}
try:
    gateway = Brokered(sandbox, {"poster": ["tiktok"]}, logins={"tiktok": tiktok})
    with gateway:
        run(whole_way)
finally:
    sandbox.stop()
    api.shutdown()
finish()
