"""What stands between a client and its provider and meddles: a proxy that loses replies, answers instead of the provider, or changes
what goes through. What a client alone cannot bring about is made so; the provider behind it is the sandbox all the same.

A script is two functions. `request(place, asked)` may change what was asked, or give a Reply instead of asking the provider;
`reply(place, asked, got)` gives what goes back, or None, and then the connection ends without a reply. `place` is authorize, token,
revoke, userinfo or "", by the dialect's paths."""
import base64
import html
import http.server
import json
import threading
import urllib.parse

from client import Reply, send, way_back, with_claims


class Asked:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body

    @property
    def form(self):
        return dict(urllib.parse.parse_qsl(self.body, keep_blank_values=True))


def go_through(place, asked):
    return None


def go_back(place, asked, got):
    return got


class Meddler:
    """Between this client and its provider, until the end of the `with` block."""

    def __init__(self, client, request=go_through, reply=go_back):
        self.client, self.upstream = client, client.provider
        places = {"authorize_url": "authorize", "token_url": "token", "refresh_url": "token", "revoke_url": "revoke",
                  "userinfo_url": "userinfo"}
        self.places = {urllib.parse.urlsplit(client.url(key)).path: place for key, place in places.items() if client.dialect[key]}
        self.request, self.reply = request, reply

    def __enter__(self):
        meddler = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self):
                meddler.handle(self)

            do_POST = do_OPTIONS = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.client.provider = f"127.0.0.1:{self.server.server_address[1]}"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def move(self, got):
        """The provider is where the client thinks that it is: also in what it says of itself."""
        def moved(text):
            for quote in (str, urllib.parse.quote_plus):
                text = text.replace(quote(f"//{self.upstream}/"), quote(f"//{self.client.provider}/"))
            return text

        body = with_claims(got.body.decode(errors="surrogateescape"), lambda claims: json.loads(moved(json.dumps(claims))))
        got.body = moved(body).encode(errors="surrogateescape")
        got.headers = {name: moved(value) for name, value in got.headers.items()}

    def handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0))).decode()
        asked = Asked(handler.command, handler.path, dict(handler.headers.items()), body)
        place = self.places.get(asked.target.split("?")[0], "")
        got = self.request(place, asked)
        if got is None:
            headers = {name: value for name, value in asked.headers.items() if name != "Content-Length"}
            _, got = send(self.upstream, asked.method, f"http://{self.upstream}{asked.target}", headers, asked.body)
            if got:
                self.move(got)
            got = self.reply(place, asked, got)
        if got is None:
            return
        handler.send_response_only(got.status)
        for name, value in got.headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(got.body)))
        handler.end_headers()
        handler.wfile.write(got.body)


def document(status, **members):
    return Reply(status, {"Content-Type": "application/json"}, json.dumps(members).encode())


def page(status, text):
    return Reply(status, {"Content-Type": "text/html"}, text.encode())


# ---- Scripts ----

def answer_instead(wanted, answer, when=lambda asked: True):
    """The provider is not asked; `answer` is a Reply, or a function that makes one of what was asked."""
    def request(place, asked):
        if place != wanted or not when(asked):
            return None
        return answer(asked) if callable(answer) else answer
    return {"request": request}


def change_document(wanted, change):
    """`change` takes the JSON of a good reply, and gives what goes back instead."""
    def reply(place, asked, got):
        return document(got.status, **change(got.json)) if got and place == wanted and got.status == 200 else got
    return {"reply": reply}


def change_tokens(change):
    """The same for the object with the tokens, wherever the dialect has it."""
    def changed(document):
        if isinstance(document, dict) and "access_token" in document:
            return change(document)
        if isinstance(document, dict):
            return {name: changed(value) for name, value in document.items()}
        return [changed(value) for value in document] if isinstance(document, list) else document
    return change_document("token", changed)


def change_callback(change):
    """`change` takes the parameters with which the browser is sent back, and gives others."""
    def reply(place, asked, got):
        location = way_back(got) if got and place == "authorize" else ""
        if location and got.header("Location"):
            got.headers["Location"] = with_query(location, change)
        elif location:
            got.body = posting_page(with_query(location, change))
        return got
    return {"reply": reply}


def with_query(url, change):
    whole, hash_, fragment = url.partition("#")
    base, _, query = whole.partition("?")
    return base + "?" + urllib.parse.urlencode(change(dict(urllib.parse.parse_qsl(query, keep_blank_values=True)))) + hash_ + fragment


def posting_page(url):
    """The page that posts to the redirect URI what else would stand in its query."""
    base, _, query = url.partition("?")
    fields = "".join(f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
                     for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True))
    return f'<form method="post" action="{html.escape(base)}">{fields}</form>'.encode()


def send_back(**parameters):
    """The browser is sent back at once, with these and the state."""
    def answer(asked):
        query = dict(urllib.parse.parse_qsl(asked.target.partition("?")[2], keep_blank_values=True))
        state = {"state": query["state"]} if "state" in query else {}
        return Reply(302, {"Location": query["redirect_uri"] + "?" + urllib.parse.urlencode({**parameters, **state})}, b"")
    return answer_instead("authorize", answer)


def odd_codes(end):
    """A provider whose codes end so: with characters that have to be encoded on their way."""
    def reply(place, asked, got):
        return change_callback(lambda query: {**query, "code": query["code"] + end})["reply"](place, asked, got)

    def request(place, asked):
        if place == "token" and asked.headers.get("Content-Type") == "application/json":
            form = json.loads(asked.body)
            asked.body = json.dumps({**form, "code": without(form.get("code", ""), end)})
        elif place == "token":
            asked.body = urllib.parse.urlencode({name: without(value, end) if name == "code" else value
                                                 for name, value in asked.form.items()})
    return {"request": request, "reply": reply}


def without(code, end):
    return code.removesuffix(end) if code.endswith(end) else code + "?"


def odd_secret(secret):
    """A provider that gave the client this secret."""
    right = base64.b64encode(f"sandbox-client:{urllib.parse.quote_plus(secret)}".encode()).decode()
    known = base64.b64encode(b"sandbox-client:sandbox-secret").decode()

    def request(place, asked):
        if asked.headers.get("Authorization") == "Basic " + right:
            asked.headers["Authorization"] = "Basic " + known
    return {"request": request}
