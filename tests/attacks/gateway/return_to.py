#!/usr/bin/env python3
"""Open redirects: however return_to is spelt, a login ends on this site or on an allowed one, or does not begin."""
import re
import sys
import urllib.parse

sys.dont_write_bytecode = True
from fake_provider import Provider
from harness import Browser, Gateway, ask, check, equal, finish, run

EVIL = "evil.example"
ALLOWED = "https://app.example.com"

# As they stand after "return_to=", undecoded.
SPELLINGS = (
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/\\/evil.example",
    "%2F%2Fevil.example", "%2f%5cevil.example", "/%09/evil.example", "/%0a/evil.example", "/%0d/evil.example", "%09//evil.example", "%20//evil.example",
    "%0a//evil.example", "%00//evil.example", "/%00/evil.example", "//%00evil.example", "/%0d%0aLocation:%20https://evil.example", "/x%0d%0aSet-Cookie:%20a=b",
    "https://evil.example", "HTTPS://evil.example", "https:evil.example", "https:/evil.example", "https:///evil.example", "https:\\\\evil.example",
    "http:evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java%0ascript:alert(1)", "javascript://app.example.com/%250aalert(1)",
    "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://app.example.com/x", "ftp://app.example.com/", "evil.example", ".evil.example", "@evil.example",
    "https://app.example.com.evil.example", "https://app.example.com@evil.example", "https://app.example.com%40evil.example", "https://app.example.com:x@evil.example/",
    "https://app.example.com\\@evil.example", "https://app.example.com%5c.evil.example", "https://app.example.com%23@evil.example", "https://app.example.com%2f@evil.example",
    "https://app.example.com:443@evil.example", "https://evil.example%23@app.example.com", "https://evil.example%5c@app.example.com", "https://user@app.example.com",
    "https://app.example.com:8443/", "https://app.example.com./", "https://APP.example.com/", "http://app.example.com/", "https://xapp.example.com/",
    "https://app.example.com%E3%80%82evil.example", "https://app%2Eexample.com/", "https://[::1]@evil.example", "https://evil%E3%80%82example", "//%E2%80%8Bevil.example",
    "/%E2%81%84evil.example", "?//evil.example", "%23//evil.example", "x//evil.example", "https://evil.example/https://app.example.com", "%ff//evil.example",
    "/%5Cevil.example", "/;@evil.example//", "/.//evil.example", "/..//evil.example", "/%252f%252fevil.example", "{ORIGIN}@evil.example", "{ORIGIN}.evil.example",
    "{ORIGIN}1/", "{ORIGIN}%5c@evil.example", "/x%7fy", "/<script>", "/%22onclick=x", "/`", "/{", "https://app.example.com%0d%0aX: y",
    "https://app.example.com?x", "https://app.example.com%23x", "{ORIGIN}?@evil.example", "{ORIGIN}%23@evil.example",
)

GOOD = {"/": "/", "": "/", "/a/b?c=d&e=%66#g": "/a/b?c=d&e=%66#g", "/a//b": "/a//b", "/@x": "/@x", "/x?u=https://evil.example": "/x?u=https://evil.example",
        "{ORIGIN}": "{ORIGIN}", "{ORIGIN}/x": "{ORIGIN}/x", ALLOWED: ALLOWED, ALLOWED + "/videos?x=1": ALLOWED + "/videos?x=1"}

provider = Provider()
gateway = Gateway(provider, return_to_origins=f'{{"{ALLOWED}"}}')


def where(location):
    """The origin that a browser reads: WHATWG URL drops tabs and newlines and takes a backslash for a slash."""
    seen = re.sub(r"[\t\r\n]", "", location).strip().replace("\\", "/")
    found = re.match(r"(https?)://([^/?#]*)", seen, re.I)
    return found and f"{found[1]}://{found[2]}"


def at_login():
    begun = 0
    for spelling in SPELLINGS:
        spelling = spelling.replace("{ORIGIN}", gateway.url)
        browser = Browser(gateway)
        reply = browser.get("/login/one?return_to=" + spelling.replace(" ", "%20").replace("\\", "%5c"))
        if reply.status == 303:
            begun += 1
            check(reply.location.startswith(provider.url + "/rfc7636/authorize?") and EVIL not in reply.location, f"{spelling}: goes to the provider", reply.location)
            back = browser.get(provider.approve(reply.location))
            check(back.status == 303 and where(back.location) in (gateway.url, ALLOWED) and back.location.isprintable() and "\\" not in back.location
                  and back.headers.get("set-cookie", "").count("\n") == 0 and "a=b" not in back.headers["set-cookie"], f"{spelling}: and comes back here", back)
        else:
            check(reply.status == 400 and "location" not in reply.headers and EVIL not in reply.text, f"G-14 {spelling}: refused", reply)
    check(begun < len(SPELLINGS) / 4, "nearly all of them are refused", begun)


def good_ones():
    for value, wanted in GOOD.items():
        value, wanted = value.replace("{ORIGIN}", gateway.url), wanted.replace("{ORIGIN}", gateway.url)
        back = Browser(gateway).sign_in(provider, return_to=value)
        equal((back.status, back.location), (303, gateway.url + wanted if wanted.startswith("/") else wanted), f"{value!r} is where a login ends")


def twice_and_long():
    equal(ask(gateway.port, "GET", "/login/one?return_to=/a&return_to=/b").status, 400, "return_to twice")
    for size in (1000, 1025, 5000, 30000):
        equal(ask(gateway.port, "GET", "/login/one?return_to=/" + "a" * size).status, 303 if size < 1024 else 400, f"{size} characters")


def on_the_page():
    for number, spelling in enumerate(SPELLINGS):
        spelling = spelling.replace("{ORIGIN}", gateway.url)
        path = ("/", "/login")[number % 2]
        reply = ask(gateway.port, "GET", f"{path}?return_to=" + spelling.replace(" ", "%20").replace("\\", "%5c"))
        hrefs = re.findall(r'<a class="button provider" href="([^"]*)"', reply.text)
        targets = [urllib.parse.parse_qs(urllib.parse.urlsplit(href).query).get("return_to", ["/"])[0] for href in hrefs]
        good = all(href.startswith("/login/") for href in hrefs) and all(
            target.startswith("/") and not target.startswith("//") or where(target) in (gateway.url, ALLOWED) for target in targets)
        check(reply.status == 200 and len(hrefs) == 3 and good and "<script>" not in reply.text, f"{spelling}: the sign-in page leads nowhere else", hrefs)


with gateway:
    run(at_login, good_ones, twice_and_long, on_the_page)
finish()
