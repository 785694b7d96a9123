#!/usr/bin/env python3
"""A provider that refuses the code: page and log name what explain finds likely or proved, the provider's words stay its words, and
nothing secret of the attempt is on either."""
import sys

sys.dont_write_bytecode = True
from fake_provider import Provider
from harness import Browser, Gateway, check, equal, finish, is_refused, parameters, run

provider = Provider()
gateway = Gateway(provider)


def no(error, text, status=400):
    return lambda handler, document: handler.json({"error": error, "error_description": text}, status)


SAID = (
    # error, description, status, fault
    ("invalid_client", "", 401, "secret-rejected"),
    ("invalid_grant", "Incorrect redirect_uri", 400, "provider-error"),  # it was sent as it was before: the words alone prove nothing
    ("server_error", "try later", 500, "provider-error"),
)


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


with gateway:
    run(each, hostile)
finish()
