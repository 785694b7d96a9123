#!/usr/bin/env python3
"""A provider that refuses the code: page and log name what explain finds likely or proved, the provider's words stay its words, and
nothing secret of the attempt is on either. With explain_to_users the page has the whole report, without it nothing beyond the fault list."""
import html
import re
import sys

sys.dont_write_bytecode = True
from fake_provider import Provider
from harness import Browser, Gateway, check, equal, finish, is_refused, parameters, run, sensitive

provider = Provider()
gateway = Gateway(provider)
silent = Gateway(provider, explain_to_users="false")
waived = Gateway(provider, logins={"one": "tiktok"})  # wants https of a redirect URI, but of a real one


def no(error, text, status=400):
    return lambda handler, document: handler.json({"error": error, "error_description": text}, status)


SAID = (
    # error, description, status, fault
    ("invalid_client", "", 401, "secret-rejected"),
    ("invalid_grant", "Incorrect redirect_uri", 400, "provider-error"),  # it was sent as it was before: the words alone prove nothing
    ("server_error", "try later", 500, "server-error"),
)


def explanation(reply):
    """The report on the page, as a person sees it; None if there is none."""
    found = re.search(r'<details class="explanation" open>.*?<pre>(.*?)</pre>', reply.text, re.S)
    return html.unescape(found[1]) if found else None


def shows_nothing_secret(reply, what):
    """Twelve characters of anything are too many: four are shown, its length and a short hash."""
    shown = [value for value in sensitive if len(value) >= 12 and value[:12] in reply.text]
    check(not shown, what + ": the page holds no code, verifier, token, secret, cookie or state", shown[:3])


def refused(error, text, status, fault):
    browser = Browser(gateway)
    path = provider.approve(browser.start(), token=no(error, text, status))
    reply = browser.get(path)
    is_refused(gateway, reply, 502, fault, f"{error}: {text}")
    check(error in reply.text, "the provider's words are on the page", reply.text)
    equal(len(gateway.log_lines("login.failed", fault, reply.correlation)), 1, "and one line of the log has its id")
    code, state = (parameters(path)[name] for name in ("code", "state"))
    log = gateway.log()
    check(code not in reply.text + log and state not in reply.text + log, "neither has the code or the state")
    check(explanation(reply) and "Looked for and not there" in explanation(reply), "the page has the report too, to its end", reply.text)
    check("Looked for" not in log, "the log has not", log)
    shows_nothing_secret(reply, error)


def each():
    for row in SAID:
        refused(*row)


def hostile():
    """What the provider says is shown as text, however it is written."""
    browser = Browser(gateway)
    path = provider.approve(browser.start(), token=no("invalid_client", "<script>alert(1)</script>\x1b[31m", 401))
    reply = browser.get(path)
    is_refused(gateway, reply, 502, "secret-rejected", "markup in the provider's words")
    check("<script" not in reply.text and "\x1b" not in reply.text + gateway.log(), "it is no markup on the page", reply.text)


def in_full():
    """The whole report: what is wrong, whose move it is, the fix, and the secret that was refused as four characters and a hash."""
    reply = Browser(gateway).sign_in(provider, token=no("invalid_client", "", 401))
    text = explanation(reply) or ""
    for words in ("Likely: ", "Fix  ", "Whose move  ", "Fault       secret-rejected\n", "Provider    rfc7636\n"):
        check(words in text, f"it has {words!r}", text)
    check(text.endswith("\n") and len(text) <= 8192 and max(map(len, text.splitlines())) <= 80, "it is lines of 80 columns", text)
    shows_nothing_secret(reply, "in full")


def too_long():
    """A provider that says all too much gets no more of the page than others."""
    reply = Browser(gateway).sign_in(provider, token=no("invalid_grant", "<&\"'" * 4000))
    check(reply.status == 502 and (explanation(reply) or "").endswith("\n") and len(explanation(reply)) <= 8192, "it is cut in whole lines", reply.text)
    check("<&" not in reply.text, "and escaped", reply.text)


def provider_tells_secrets():
    """What the attempt sent comes back in an error that is none: the report shortens it all the same."""
    def echo(handler, document):
        handler.json({"error": "invalid_request", "access_token": document["access_token"], "refresh_token": document["refresh_token"]}, 400)

    shows_nothing_secret(Browser(gateway).sign_in(provider, token=echo), "tokens beside an error")


def provider_repeats_the_code():
    """What was sent stands in the provider's own words: plainly, where they are cut, escaped, or on a page."""
    def in_json(words):
        return "application/json", '{"error":"invalid_grant","error_description":"' + words + '"}'

    ways = {
        "plainly": lambda code: in_json("no such code: " + code),
        "where the words are cut": lambda code: in_json("x" * 240 + code),
        "escaped": lambda code: in_json("".join(f"\\u{ord(letter):04x}" for letter in code)),
        "as the error": lambda code: ("application/json", '{"error":"' + code + '"}'),
        "on a page": lambda code: ("text/html", f"<p>{code}</p>"),
    }
    for what, write in ways.items():
        sent = {}

        def repeat(handler, document):
            kind, text = write(sent["code"])
            handler.reply(400, kind, text.encode())

        browser = Browser(gateway)
        path = provider.approve(browser.start(), token=repeat)
        sent["code"] = parameters(path)["code"]
        reply = browser.get(path)
        check(reply.status == 502, f"{what}: the login fails", reply)
        check(sent["code"][:12] not in reply.text + gateway.log(), f"{what}: neither page nor log repeats it", reply.text)


def no_blame_for_what_was_waived():
    text = explanation(Browser(waived).sign_in(provider)) or ""
    check("Provider    tiktok\n" in text and "redirect-uri-breaks-rules" not in text.split("Looked for")[0], "with a sandbox the redirect URI may be http", text)


def not_to_users():
    reply = Browser(silent).sign_in(provider, token=no("invalid_client", "inner matters", 401))
    is_refused(silent, reply, 502, "secret-rejected", "explain_to_users = false")
    check(explanation(reply) is None and "<pre" not in reply.text and "Looked for" not in reply.text and "inner" not in reply.text,
          "the page has the fault and no more", reply.text)


with gateway, silent, waived:
    run(each, hostile, in_full, too_long, provider_tells_secrets, provider_repeats_the_code, no_blame_for_what_was_waived, not_to_users)
finish()
