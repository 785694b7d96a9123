#!/usr/bin/env python3
"""Out to a provider goes TLS with a certificate that somebody vouches for, or nothing: no code, no verifier, no client secret."""
import http.server
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.request

sys.dont_write_bytecode = True
from harness import Browser, Gateway, check, equal, finish, is_refused, run, state_of


class Impostor:
    """A server that would take the token request, on a port that the login's host names; it counts what reaches it."""

    def __init__(self, certificate=None):
        self.asked = 0
        impostor = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                impostor.asked += 1
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None
        self.port = self.server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def self_signed(directory):
    """Key and certificate for 127.0.0.1 in one file, signed by nobody but itself."""
    path = pathlib.Path(directory) / "impostor.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", f"{path}.crt"],
                   check=True, capture_output=True)
    path.write_text(path.read_text() + pathlib.Path(f"{path}.crt").read_text())
    return path


def log_in(gateway, impostor, what):
    browser = Browser(gateway)
    state = state_of(browser.start("one"))
    reply = browser.get(f"/callback/one?code=a-code-of-somebody&state={state}")
    is_refused(gateway, reply, 502, "provider-unreachable", what)
    equal(impostor.asked, 0, f"C-24 {what}: nothing is sent")
    check("a-code-of-somebody" not in gateway.log(), f"{what}: the log has no code")


def vouched_for_by_nobody():
    trusting = ssl.create_default_context(cafile=str(certificate) + ".crt")
    with urllib.request.urlopen(strange.url, context=trusting, timeout=10) as reply:
        equal(reply.status, 200, "whoever trusts the certificate is served")
    strange.asked = 0
    log_in(to_strange, strange, "a certificate that nobody vouches for")


def without_tls():
    log_in(to_plain, plain, "a provider that speaks no TLS")


with tempfile.TemporaryDirectory(prefix="proofkey-test-") as directory:
    certificate = self_signed(directory)
    strange, plain = Impostor(certificate), Impostor()
    to_strange = Gateway(strange, logins={"one": "rfc7636"}, sandbox=None)
    to_plain = Gateway(plain, logins={"one": "rfc7636"}, sandbox=None)
    with to_strange, to_plain:
        run(vouched_for_by_nobody, without_tls)
finish()
