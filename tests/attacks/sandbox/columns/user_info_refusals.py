#!/usr/bin/env python3
"""How dialects refuse a user info: in the shape of their token endpoint, or with an error in the document where they have a place for it."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Login, equal, finish, made

ME = 'userinfo_url = "https://{host}/o/me"\nscopes = {"one", "two"}\nclient_auth = {"post"}\npkce = "sent"\n'

TEXTS = {
    "usual": ME,
    "nested": ME + 'error_at = "/error/type"\nerror_text_at = "/error/message"\nerror_number_at = "/error/code"\nerror_more = "/error/trace=t"\n'
                   'error.bearer-valid = "400 Expired/190 Session has expired."\n',
    "flagged": ME + 'ok_at = "/ok"\nerror.bearer-valid = "200 invalid_auth"\nerror.bearer-present = "200 not_authed"\n',
    "placed": ME + 'error_at = "/elsewhere"\nuserinfo_error = "/error/code"\n',
}

# What an unknown token gets.
REFUSED = {
    "usual": (401, {"error": "invalid_token", "error_description": "The access token is unknown, expired or revoked."}),
    "nested": (400, {"error": {"type": "Expired", "message": "Session has expired.", "code": 190, "trace": "t"}}),
    "flagged": (200, {"ok": False, "error": "invalid_auth"}),
    "placed": (401, {"error": {"code": "invalid_token"}}),
}


def main():
    with made(TEXTS) as (sandbox, dialects):
        for name, dialect in dialects.items():
            reply = sandbox.userinfo(Login(dialect), "unknown")
            equal((reply.status, reply.json), REFUSED[name], f"{name}: an unknown token")
            given = sandbox.login(Login(dialect))[1].json
            equal(given.get("ok"), True if name == "flagged" else None, f"{name}: the flag of a user info that is given")
            equal(given.get("error"), {"code": "ok"} if name == "placed" else None, f"{name}: it has no error")
        reply = sandbox.ask("GET", dialects["flagged"].path("userinfo_url"))
        equal((reply.status, reply.json), (200, {"ok": False, "error": "not_authed"}), "flagged: no token at all")
        reply = sandbox.ask("GET", dialects["usual"].path("userinfo_url"))
        equal((reply.status, reply.json), (401, {}), "usual: no token at all is told the scheme and no error")
    finish()


if __name__ == "__main__":
    main()
