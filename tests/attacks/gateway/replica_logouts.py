"""Logouts at three replicas on one store: whoever signs somebody out, and in whatever way, all of them know a moment later.

How long a moment is depends on the machine, so it is measured and told, and no test of the short form fails by it: of the replicas each
asks the store once a second. The long form (PROOFKEY_SOAK=1) runs alone, and holds nearly all of two hundred against the two seconds."""
import os
import secrets
import statistics
import time

from fake_provider import sign
from harness import Browser, Gateway, ask, check, equal, wait_for

SOAK = os.environ.get("PROOFKEY_SOAK") == "1"
TIMES = 200 if SOAK else 3
PROMISED = 2.0  # seconds


def three(provider, store=None):
    """Three gateways as a balancer has them behind it: one address, one key ring, one store."""
    logins = {"one": "rfc7636"}
    first = Gateway(provider, logins=logins, fronts=1, **({"store": store} if store else {}))
    shared = {"ring": first.ring, "public_url": f'"{first.url}"', "store": store or f'"sqlite:{first.directory}/state/vault.db"'}
    return first, *[Gateway(provider, logins=logins, fronts=1, **shared) for _ in range(2)]


def by_button(provider, at, browser, sid, origin):
    return Browser(at, dict(browser.jar)).ask("POST", "/logout", {"Origin": origin}).status == 303


def everywhere(provider, at, browser, sid, origin):
    return Browser(at, dict(browser.jar)).ask("POST", "/logout?everywhere=1", {"Origin": origin}).status == 303


def by_provider(provider, at, browser, sid, origin):
    now = int(time.time())
    claims = {"iss": provider.url + "/rfc7636", "aud": "test-client", "iat": now, "exp": now + 120, "jti": secrets.token_hex(8), "sid": sid,
              "events": {"http://schemas.openid.net/event/backchannel-logout": {}}}
    body = "logout_token=" + sign(claims, provider.keys[0], typ="logout+jwt")
    return ask(at.port, "POST", "/logout/backchannel/one", {"Content-Type": "application/x-www-form-urlencoded"}, body).status == 200


WAYS = (by_button, everywhere, by_provider)


def signed_in(provider, at, person, sid):
    browser = Browser(at)
    path = provider.approve(browser.start(), person, id_token=lambda claims: sign({**claims, "sid": sid}, provider.keys[0]))
    return browser if browser.get(path).status == 303 else None


def one_logout(provider, gateways, number):
    """Signs somebody in at one replica and out at another; the seconds until all three know, or None."""
    way, person, sid, place = WAYS[number % len(WAYS)], f"p{number}", f"s-{secrets.token_hex(8)}", number // len(WAYS) + number
    browser = signed_in(provider, gateways[place % 3], person, sid)
    if not browser or [Browser(gateway, dict(browser.jar)).signed_in() for gateway in gateways] != ["sub-" + person] * 3:
        return None
    began = time.monotonic()
    if not way(provider, gateways[(place + 1) % 3], browser, sid, gateways[0].url):
        return None
    ended = wait_for(lambda: [Browser(gateway, dict(browser.jar)).signed_in() for gateway in gateways] == [None] * 3, 30)
    return time.monotonic() - began if ended else None


def logouts(provider, name, gateways):
    """All gateways are running."""
    keeps = signed_in(provider, gateways[0], "keeps", "s-keeps")
    took = [one_logout(provider, gateways, number) for number in range(TIMES)]
    known = sorted(seconds for seconds in took if seconds is not None)
    check(len(known) == TIMES, f"{name}: {TIMES} logouts by button, everywhere and by the provider, each at another of three replicas: all know", took)
    if known:
        print(f"# {name}: median {statistics.median(known):.2f} s, longest {known[-1]:.2f} s", flush=True)
    if SOAK:
        check(sum(seconds < PROMISED for seconds in known) >= 0.98 * TIMES, f"{name}: within two seconds", known[-10:])
    equal([Browser(gateway, dict(keeps.jar)).signed_in() for gateway in gateways], ["sub-keeps"] * 3, f"{name}: who did not sign out is signed in at all three")
