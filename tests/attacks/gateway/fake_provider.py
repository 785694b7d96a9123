"""A provider on loopback that does as it is told: honest unless a login's script says otherwise. It counts what it is asked.

It holds every client to RFC 7636: a code is redeemed once, by the verifier of its challenge and the client's secret. It speaks OpenID
Connect: metadata, keys, ID tokens. Its issuer is what stands before the last slash of its addresses."""
import base64
import hashlib
import http.server
import json
import secrets
import socket
import sys
import threading
import time
import urllib.parse

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's, for another interpreter
from jwcrypto import jwk, jws  # noqa: E402

from harness import CLIENT_SECRET, parameters, sensitive


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that goes away is part of the tests


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.provider.answer(self, b"")

    def do_POST(self):
        self.server.provider.answer(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def reply(self, status, kind, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def json(self, document, status=200):
        self.reply(status, "application/json", json.dumps(document).encode())

    def reset(self):
        """Ends the connection without a word."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_):
        pass


def new_key(kid, kind="RSA"):
    return jwk.JWK.generate(kty="RSA", size=2048, kid=kid) if kind == "RSA" else jwk.JWK.generate(kty="EC", crv="P-256", kid=kid)


FIRST_KEY = new_key("first")  # making one takes a moment


def sign(claims, key, alg="RS256", **header):
    """A token in compact form; a header of None is left out."""
    header = {"alg": alg, "kid": key.get("kid"), "typ": "JWT", **header}
    token = jws.JWS(json.dumps(claims))
    token.allowed_algs = [alg]
    token.add_signature(key, alg, json.dumps({name: value for name, value in header.items() if value is not None}))
    return token.serialize(True)


def half_hash(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).decode().rstrip("=")


class Provider:
    def __init__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.provider = self
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.lock = threading.Lock()
        self.codes = {}  # code: what the authorize request asked, who, the script
        self.tokens = {}  # access or refresh token: its code
        self.requests = []  # (endpoint, code or token)
        self.people = {}  # name: user info, where it is not the usual one
        self.keys = [FIRST_KEY]  # the first one signs
        self.pushed = {}  # request_uri: what was asked ahead
        self.issuers = {}  # for "/NAME" where it is not the address
        self.scripts = {}  # "/NAME/endpoint": function(handler, document), for what no login is asked about
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def approve(self, location, person="ada", **script):
        """The person agrees at the authorize URL; the callback that their browser is sent to, as a path.

        script: endpoint=function(handler, document) answers instead of the honest reply."""
        asked = parameters(location)
        asked = self.pushed.pop(asked.get("request_uri"), asked)
        code = "code-" + secrets.token_hex(24)
        sensitive.add(code)
        with self.lock:
            self.codes[code] = {"asked": asked, "person": person, "script": script, "spent": False, "issuer": self.issuer_of(location)}
        back = urllib.parse.urlsplit(asked["redirect_uri"]).path
        return back + "?" + urllib.parse.urlencode({"code": code, "state": asked["state"], "iss": self.issuer_of(location)})

    def issuer_of(self, location):
        path = urllib.parse.urlsplit(location).path.rsplit("/", 1)[0]
        return self.issuers.get(path, self.url + path)

    def rotate(self, kid):
        """From now on another key signs, and the old one is gone."""
        key = new_key(kid)
        with self.lock:
            self.keys = [key]

    def asked(self, endpoint, key=None):
        """How often an endpoint was asked (about this code or token)."""
        with self.lock:
            return sum(1 for at, about in self.requests if at == endpoint and key in (None, about))

    def tokens_of(self, callback):
        """What was issued for the code of a callback."""
        code = parameters(callback)["code"]
        with self.lock:
            return [token for token, of in self.tokens.items() if of == code]

    def info(self, person):
        known = self.people.get(person) or {"sub": "sub-" + person, "name": person.capitalize(), "email": person + "@example.com"}
        return {"email_verified": True} | known

    def answer(self, handler, body):
        endpoint = urllib.parse.urlsplit(handler.path).path.rsplit("/", 1)[-1]
        form = dict(urllib.parse.parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True))
        answer = {"token": self.token, "userinfo": self.userinfo, "revoke": self.revoke, "jwks": self.jwks,
                  "openid-configuration": self.metadata, "par": self.push}.get(endpoint, self.elsewhere)
        answer(handler, form, endpoint)

    def note(self, endpoint, about):
        with self.lock:
            self.requests.append((endpoint, about))
            return self.codes.get(about if about in self.codes else self.tokens.get(about))

    def knows_client(self, handler):
        wanted = base64.b64encode(f"test-client:{CLIENT_SECRET}".encode()).decode()
        return handler.headers.get("Authorization") == "Basic " + wanted

    def token(self, handler, form, endpoint):
        code = form.get("code")
        sensitive.add(form.get("code_verifier", ""))
        login = self.note(endpoint, code)
        if not self.knows_client(handler):
            return handler.json({"error": "invalid_client"}, 401)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        if not login or login["spent"] or login["asked"]["redirect_uri"] != form.get("redirect_uri"):
            return handler.json({"error": "invalid_grant", "error_description": "The code is not known or was used."}, 400)
        if challenge != login["asked"].get("code_challenge"):
            return handler.json({"error": "invalid_grant", "error_description": "Code verifier or code challenge is invalid."}, 400)
        document = {"access_token": "access-" + secrets.token_hex(24), "refresh_token": "refresh-" + secrets.token_hex(24),
                    "token_type": "Bearer", "expires_in": 3600, "sub": self.info(login["person"])["sub"]}
        with self.lock:
            login["spent"] = True
            for kind in ("access_token", "refresh_token"):
                self.tokens[document[kind]] = code
                sensitive.add(document[kind])
        if "openid" in login["asked"].get("scope", "").split():
            document["id_token"] = self.id_token(login, document)
            sensitive.add(str(document["id_token"]))
        login["script"].get("token", Handler.json)(handler, document)

    def id_token(self, login, document):
        """Honest, unless the script has id_token=function(claims)."""
        now = int(time.time())
        claims = {"iss": login["issuer"], "sub": document["sub"], "aud": "test-client", "iat": now, "exp": now + 300, "at_hash": half_hash(document["access_token"]),
                  "nonce": login["asked"].get("nonce")}
        claims = {name: value for name, value in claims.items() if value is not None}
        return login["script"].get("id_token", lambda claims: sign(claims, self.keys[0]))(claims)

    def jwks(self, handler, form, endpoint):
        path = urllib.parse.urlsplit(handler.path).path
        self.note(endpoint, path)
        keys = {"keys": [json.loads(key.export_public()) | {"use": "sig"} for key in self.keys]}
        self.scripts.get(path, Handler.json)(handler, keys)

    def metadata(self, handler, form, endpoint):
        path = urllib.parse.urlsplit(handler.path).path
        self.note(endpoint, path)
        issuer = self.url + path.removesuffix("/.well-known/openid-configuration")
        document = {"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token", "jwks_uri": issuer + "/jwks",
                    "userinfo_endpoint": issuer + "/userinfo", "revocation_endpoint": issuer + "/revoke", "response_types_supported": ["code"],
                    "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"], "code_challenge_methods_supported": ["S256"],
                    "authorization_response_iss_parameter_supported": True, "pushed_authorization_request_endpoint": issuer + "/par"}
        self.scripts.get(path, Handler.json)(handler, document)

    def push(self, handler, form, endpoint):
        """A request that comes ahead; the URL for the browser's part is `pushed`."""
        path = urllib.parse.urlsplit(handler.path).path
        self.note(endpoint, form.get("state"))
        if not self.knows_client(handler):
            return handler.json({"error": "invalid_client"}, 401)
        reference = "urn:ietf:params:oauth:request_uri:" + secrets.token_hex(16)
        with self.lock:
            self.pushed[reference] = form
        self.scripts.get(path, Handler.json)(handler, {"request_uri": reference, "expires_in": 60})

    def userinfo(self, handler, form, endpoint):
        token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        login = self.note(endpoint, token)
        if not login:
            return handler.json({"error": "invalid_token"}, 401)
        login["script"].get("userinfo", Handler.json)(handler, self.info(login["person"]))

    def revoke(self, handler, form, endpoint):
        login = self.note(endpoint, form.get("token"))
        if not self.knows_client(handler):
            return handler.json({"error": "invalid_client"}, 401)
        (login or {"script": {}})["script"].get("revoke", Handler.json)(handler, {})

    def elsewhere(self, handler, form, endpoint):
        self.note("elsewhere", endpoint)
        handler.reply(404, "text/plain", b"nothing here\n")
