#!/usr/bin/env python3
"""/check: yes and no, in the form that each proxy understands."""
import sys
import urllib.parse

sys.dont_write_bytecode = True
from fake_provider import Provider
from harness import Browser, Gateway, ask, check, equal, finish, run

provider = Provider()
gateway = Gateway(provider, trusted_proxies='{"127.0.0.0/8", "10.0.0.0/8"}', return_to_origins='{"https://app.example.com"}')

FORWARDED = ("/check/traefik", "/check/caddy")
ALL = ("/check/nginx", *FORWARDED, "/check/envoy", "/check/envoy/a/b?c=d")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NAVIGATES = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Mode": "navigate"}
SCRIPTS = ({"Accept": "application/json"}, {"Accept": "*/*"}, {}, {"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"}, {"Accept": "text/html", "Sec-Fetch-Mode": "cors"},
           {"Accept": "text/html", "Sec-Fetch-Mode": "no-cors"}, {"Sec-Fetch-Mode": "websocket"}, {"Accept": "image/png"})


def yes():
    browser = Browser(gateway)
    browser.sign_in(provider)
    for path in ALL:
        for method in ("GET", "HEAD") if path == "/check/nginx" else METHODS:
            for headers in ({}, NAVIGATES, SCRIPTS[0]):
                reply = browser.ask(method, path, headers)
                equal((reply.status, reply.body, [reply.headers.get(name) for name in ("x-auth-provider", "x-auth-subject", "x-auth-name", "x-auth-email")]),
                      (200, b"", ["one", "sub-ada", "Ada", "ada@example.com"]), f"{method} {path} with {len(headers)} headers: yes, and who")
    provider.people["plain"] = {"sub": "sub-plain"}
    browser.sign_in(provider, person="plain")
    reply = browser.get("/check/nginx")
    check("x-auth-name" not in reply.headers and "x-auth-email" not in reply.headers and reply.headers["x-auth-subject"] == "sub-plain", "no name and no e-mail address: no headers of them", reply)


def no_to_scripts():
    for path in ALL:
        for headers in SCRIPTS:
            reply = ask(gateway.port, "GET", path, headers)
            check(reply.status == 401 and reply.json["error"] == "login_required" and reply.json["sign_in"].startswith(gateway.url + "/login") and "location" not in reply.headers
                  and reply.headers["content-type"] == "application/json" and not any(name in reply.headers for name in ("x-auth-subject", "x-auth-provider")), f"G-13 {path} {headers}: 401 and JSON", reply)


def no_to_people():
    forwarded = {**NAVIGATES, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example.com", "X-Forwarded-Uri": "/a?b=c&d=%26"}
    wanted = gateway.url + "/login?return_to=" + urllib.parse.quote("https://app.example.com/a?b=c&d=%26", safe="")
    for path in FORWARDED:
        for method in METHODS:
            reply = ask(gateway.port, method, path, forwarded)
            equal((reply.status, reply.location), (302, wanted), f"{method} {path}: to the sign-in page, and from there to where they were")
        reply = ask(gateway.port, "GET", path, {"Accept": "text/html"})
        equal((reply.status, reply.location), (302, gateway.url + "/login"), f"{path} from an older browser")
    reply = ask(gateway.port, "GET", "/check/envoy/a?b=c&d=%26", {**NAVIGATES, "Host": "app.example.com", "X-Forwarded-Proto": "https"})
    equal((reply.status, reply.location), (302, wanted), "/check/envoy: the same, with the path behind its own")
    reply = ask(gateway.port, "GET", "/check/nginx", {**NAVIGATES, "X-Original-URI": "/a?b=c"})
    equal((reply.status, reply.headers.get("x-auth-sign-in")), (401, gateway.url + "/login?return_to=" + urllib.parse.quote(gateway.url + "/a?b=c", safe="")),
          "/check/nginx: 401, with the address for nginx to send them to")
    for path in ("/check", "/check/", "/check/apache", "/check/nginx/", "/check/envoyx", "/check/traefik/x"):
        equal(ask(gateway.port, "GET", path, NAVIGATES).status, 404, f"{path} is nothing")


def the_way_back():
    """All of it: asked by a proxy, sent to the sign-in page, a button, the provider, and back."""
    browser = Browser(gateway)
    reply = browser.get("/check/traefik", {**NAVIGATES, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example.com", "X-Forwarded-Uri": "/videos?page=2"})
    page = browser.get(reply.location.removeprefix(gateway.url))
    link = page.text.split('href="/login/one', 1)[1].split('"', 1)[0]
    reply = browser.get("/login/one" + link.replace("&amp;", "&"))
    reply = browser.get(provider.approve(reply.location))
    equal((reply.status, reply.location), (303, "https://app.example.com/videos?page=2"), "a person asked to sign in ends where they wanted to go")
    equal(browser.get("/check/traefik").status, 200, "and passes")


with gateway:
    run(yes, no_to_scripts, no_to_people, the_way_back)
finish()
