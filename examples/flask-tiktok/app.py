"""Log in with TikTok from a desktop app, in Flask.

TikTok's Login Kit for Desktop differs from RFC 7636 in one point that costs people days: the code challenge is the SHA-256 of the
verifier in lower-case hex, not in base64url."""
import hashlib
import os
import secrets
from urllib.parse import urlencode

import requests
from flask import Flask, redirect, request, session, url_for
from markupsafe import escape

# Where TikTok is. For tests, both are the sandbox: http://127.0.0.1:9400/tiktok-desktop
WWW = os.environ.get("TIKTOK_WWW", "https://www.tiktok.com")
API = os.environ.get("TIKTOK_API", "https://open.tiktokapis.com")
CLIENT_KEY = os.environ["TIKTOK_CLIENT_KEY"]
CLIENT_SECRET = os.environ["TIKTOK_CLIENT_SECRET"]
# One constant, sent byte for byte in both requests, and registered so in TikTok's portal.
PORT = int(os.environ.get("PORT", "5000"))
REDIRECT_URI = os.environ.get("TIKTOK_REDIRECT_URI", f"http://127.0.0.1:{PORT}/callback")
SCOPES = ["user.info.basic", "video.upload"]
UNFINISHED_MAX = 5  # logins that one browser may have under way, in tabs

app = Flask(__name__)
app.secret_key = os.environ.get("FLASK_SECRET_KEY") or secrets.token_bytes(32)
# Flask signs the session's cookie and does not encrypt it: a person can read the verifier of their own login, and nobody else's.
app.config.update(SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_SECURE=REDIRECT_URI.startswith("https:"))


def challenge_of(verifier):
    return hashlib.sha256(verifier.encode("ascii")).hexdigest()


@app.get("/")
def home():
    if "open_id" in session:
        return f"Signed in as {escape(session['open_id'])}."
    return f'<a href="{url_for("login")}">Continue with TikTok</a>'


@app.get("/login")
def login():
    state = secrets.token_urlsafe(32)
    verifier = secrets.token_urlsafe(32)  # 43 characters
    # Each login keeps its verifier under its own state, so that two tabs do not overwrite each other's.
    unfinished = [*session.get("unfinished", []), [state, verifier]]
    session["unfinished"] = unfinished[-UNFINISHED_MAX:]
    return redirect(f"{WWW}/v2/auth/authorize/?" + urlencode({
        "client_key": CLIENT_KEY,
        "response_type": "code",
        "scope": ",".join(SCOPES),
        "redirect_uri": REDIRECT_URI,
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }))


def failed(text, status):
    return text, status, {"Content-Type": "text/plain; charset=utf-8"}


@app.get("/callback")
def callback():
    unfinished = dict(session.get("unfinished", []))
    verifier = unfinished.pop(request.args.get("state", ""), None)
    session["unfinished"] = [list(pair) for pair in unfinished.items()]
    if verifier is None:
        return failed("This browser did not start that login, or has finished it already.", 400)
    if "code" not in request.args:
        return failed(f"TikTok said no: {request.args.get('error')}", 403)
    # request.args has decoded the code, once, which is what TikTok asks for. Decoding it again would damage it.
    try:
        tokens = requests.post(f"{API}/v2/oauth/token/", timeout=10, allow_redirects=False, data={
            "client_key": CLIENT_KEY,
            "client_secret": CLIENT_SECRET,
            "code": request.args["code"],
            "grant_type": "authorization_code",
            "redirect_uri": REDIRECT_URI,
            "code_verifier": verifier,
        }).json()
    except requests.RequestException as problem:
        app.logger.error("token request: %s", problem)
        return failed("TikTok gave no answer that can be read. Try again.", 502)
    if "access_token" not in tokens:
        return failed(f"{tokens.get('error')}: {tokens.get('error_description')} (log_id {tokens.get('log_id')})", 502)
    # The tokens stay here, on the server's side: store them where only this app can read them. The cookie gets the person alone.
    session["open_id"] = tokens["open_id"]
    return redirect(url_for("home"))


if __name__ == "__main__":
    app.run(port=PORT)
