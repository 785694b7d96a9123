#!/usr/bin/env python3
"""How dialects say no at the token endpoint: with HTTP 200, deep in an object, with numbers, with a flag, in a form."""
import base64
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Login, check, equal, finish, made

ME = 'userinfo_url = "https://{host}/o/me"\nscopes = {"one", "two"}\npkce = "sent"\nclient_auth = {"post", "basic"}\nrevoke_url = "https://{host}/o/revoke"\nrefresh_lifetime = 60\n'

TEXTS = {
    "fine": ME + 'error_status = 200\nok_at = "/ok"\n',
    "numbered": ME + 'error_status = 400\nerror_at = "/errcode"\nerror_text_at = "/errmsg"\nerror.code-known = "200 40029 invalid code"\n',
    "deep": ME + 'error_at = "/error/type"\nerror_text_at = "/error/message"\nerror_number_at = "/error/code"\nerror_more = "/error/fbtrace_id=Abc%2F1&/status=400"\n'
                 'log_id_parameter = "log_id"\nerror.code-known = "403 OAuthException/100 This code is none, \'really\' & so."\nerror.code-unused = "400 OAuthException/KOE320"\n',
    "list": ME + 'error_number_at = "/error_codes/0"\nerror.code-known = "400 invalid_grant/70008 Too late."\n',
    "form": ME + 'token_reply = "form"\nerror_number_at = "/number"\nerror.code-known = "200 bad/7 Not & good"\n',
}


def main():
    with made(TEXTS) as (sandbox, dialects):
        def bad_code(name):
            return sandbox.token(Login(dialects[name]), "x" * 43)

        reply = bad_code("fine")
        equal((reply.status, reply.json["ok"], reply.json["error"]), (200, False, "invalid_grant"), "fine: HTTP 200, a flag and an error")
        login = Login(dialects["fine"])
        reply = sandbox.token(login, "x", {"Authorization": "Basic " + base64.b64encode(b"sandbox-client:wrong").decode()}, client_id=None, client_secret=None)
        check(reply.status == 200 and "www-authenticate" not in reply.headers and reply.json["error"] == "invalid_client", "fine: no challenge with HTTP 200", (reply.status, reply.headers))
        equal(sandbox.refresh(login, "x").json["ok"], False, "fine: a refresh is refused likewise")
        equal(sandbox.ask("POST", login.dialect.path("revoke_url"), login.proof()).json["ok"], False, "fine: and a revocation")
        equal(sandbox.ask("GET", login.dialect.path("token_url")).status, 200, "fine: whatever is wrong")
        equal(sandbox.ask("GET", login.dialect.path("userinfo_url")).status, 401, "fine: but at the token endpoint alone")

        reply = bad_code("numbered")
        equal((reply.status, reply.json), (200, {"errcode": 40029, "errmsg": "invalid code"}), "numbered: the code is a number, in the dialect's members")
        login = Login(dialects["numbered"])
        reply = sandbox.token(login, sandbox.code(login), client_secret="wrong")
        equal((reply.status, reply.json["errcode"]), (400, "invalid_client"), "numbered: what has no words of its own has the dialect's status")

        reply = bad_code("deep")
        log_id = reply.json.pop("log_id", "")
        got = {k: v for k, v in reply.json.items() if k != "log_id"}
        equal((reply.status, got), (403, {"error": {"type": "OAuthException", "message": "This code is none, 'really' & so.", "code": 100, "fbtrace_id": "Abc/1"}, "status": 400}),
              "deep: an object with type, message, number and more")
        check(len(log_id) == 32, "deep: and an id", log_id)
        login = Login(dialects["deep"])
        code = sandbox.code(login)
        sandbox.token(login, code)
        equal(sandbox.token(login, code).json["error"], {"type": "OAuthException", "code": "KOE320", "fbtrace_id": "Abc/1"}, "deep: a number that is none, and no text")

        equal(bad_code("list").json, {"error": "invalid_grant", "error_description": "Too late.", "error_codes": [70008]}, "list: the number in an array")
        equal(bad_code("form").members, {"error": "bad", "error_description": "Not & good", "number": "7"}, "form: the same in a form")
        check(bad_code("form").text.startswith("error=bad&error_description=Not%20%26%20good"), "form: encoded")
    finish()


if __name__ == "__main__":
    main()
