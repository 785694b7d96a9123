#!/usr/bin/env python3
"""Processes that are killed, restarted, told to stop and told to read their configuration again, in the middle of logins."""
import http.client
import os
import random
import signal
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
from fake_provider import Provider
from harness import Browser, Gateway, ask, at_once, check, equal, finish, is_alive, is_refused, is_sent_back, wait_for

provider = Provider()


class Held:
    """A login that waits for a slow provider."""

    def __init__(self, gateway, person="slow"):
        self.released, self.reached, self.reply = threading.Event(), threading.Event(), None
        self.browser = Browser(gateway)
        path = provider.approve(self.browser.start(), person, token=self.hold)
        self.thread = threading.Thread(target=self.go, args=(path,))
        self.thread.start()
        if not self.reached.wait(10):
            raise AssertionError("the code did not reach the provider")

    def hold(self, handler, document):
        self.reached.set()
        self.released.wait(30)
        handler.json(document)

    def go(self, path):
        try:
            self.reply = self.browser.get(path)
        except OSError as error:
            self.reply = error

    def result(self):
        self.released.set()
        self.thread.join(60)
        return self.reply


class Load:
    """Somebody who asks all the time, over new connections and over one that is kept; what was not 200 is remembered."""

    def __init__(self, gateway):
        self.gateway, self.wrong, self.count, self.over = gateway, [], 0, False
        self.threads = [threading.Thread(target=self.new_connections), threading.Thread(target=self.kept_connection)]
        for thread in self.threads:
            thread.start()

    def note(self, what):
        self.count += 1
        if what != 200:
            self.wrong.append((what, time.time()))

    def new_connections(self):
        while not self.over:
            try:
                self.note(ask(self.gateway.port, "GET", "/healthz", timeout=10).status)
            except (OSError, http.client.HTTPException) as error:
                self.note(repr(error))

    def kept_connection(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=10)
        while not self.over:
            try:
                connection.request("GET", "/healthz")
                response = connection.getresponse()
                response.read()
                self.note(response.status)
                time.sleep(0.002)
            except (OSError, http.client.HTTPException) as error:
                self.note(repr(error))
                connection.close()

    def end(self):
        self.over = True
        for thread in self.threads:
            thread.join()
        return self.wrong


def front_killed():
    with Gateway(provider, quiet=False) as gateway:
        ada = Browser(gateway)
        ada.sign_in(provider)
        for _ in range(3):
            victim, *others = gateway.children("front")
            os.kill(victim, signal.SIGKILL)
            equal({ask(gateway.port, "GET", "/healthz").status for _ in range(100)}, {200}, "a front is killed: 100 requests are answered")
            check(wait_for(lambda: len(gateway.children("front")) == 2 and victim not in gateway.children("front")), "and it is started again", gateway.log())
            check(set(others) <= set(gateway.children("front")), "the other one was left alone")
            equal({ada.get(path).status for path in ("/me", "/readyz", "/check/nginx") * 10}, {200}, "ada stays signed in, and the new front reaches the keeper")
        equal(len(gateway.log_lines("event=child.died", "front was killed by signal 9")), 3, "the log says that they died")
        is_sent_back(gateway, Browser(gateway).sign_in(provider), "a login after it")


def all_fronts_killed():
    with Gateway(provider, quiet=False) as gateway:
        browser = Browser(gateway)
        path = provider.approve(browser.start(return_to="/there"))
        for pid in gateway.children("front"):
            os.kill(pid, signal.SIGKILL)
        is_sent_back(gateway, browser.get(path), "all fronts are killed between redirect and callback", "/there")


def keeper_killed():
    with Gateway(provider, quiet=False) as gateway:
        ada, left = Browser(gateway), Browser(gateway)
        ada.sign_in(provider)
        left.sign_in(provider, person="left")
        ended = left.session
        left.log_out()
        held = [Held(gateway, f"slow{n}") for n in range(4)]
        keeper, = gateway.children("keeper")
        begun = time.monotonic()
        os.kill(keeper, signal.SIGKILL)
        equal({ada.get("/check/nginx").status for _ in range(50)}, {200}, "the keeper is killed: checks go on")
        for login in held:
            login.thread.join(30)
        check(time.monotonic() - begun < 5, "who waited for it is told at once", time.monotonic() - begun)
        for login in held:
            is_refused(gateway, login.result(), 503, "keeper-unavailable", "who waited for it")
        check(wait_for(lambda: gateway.children("keeper") not in ([], [keeper])), "it is started again", gateway.log())
        check(wait_for(lambda: ask(gateway.port, "GET", "/readyz").status == 200), "and is ready")
        is_sent_back(gateway, Browser(gateway).sign_in(provider), "the next login")
        is_refused(gateway, held[0].browser.get(provider.approve(held[0].browser.start(), "slow", token=lambda h, d: h.json({"error": "invalid_grant"}, 400))), 502, "provider-error", "and the next failure")
        equal({Browser(gateway, {"proofkey": ended}).signed_in() for _ in range(20)}, {None}, "a session that was ended stays so")
        equal(ada.log_out().status, 303, "logout works again")
        equal(len(gateway.children("front")), 2, "no front died of it")


def keeper_stopped():
    """A keeper that is there and silent: a logout is not said to have worked, a check is not held up."""
    with Gateway(provider, quiet=False) as gateway:
        ada = Browser(gateway)
        ada.sign_in(provider)
        keeper, = gateway.children("keeper")
        os.kill(keeper, signal.SIGSTOP)
        begun = time.monotonic()
        equal({ada.get(path).status for path in ("/check/nginx", "/me", "/", "/healthz") * 5}, {200}, "the keeper is silent: sessions are checked all the same")
        check(time.monotonic() - begun < 3, "without waiting for it", time.monotonic() - begun)
        os.kill(keeper, signal.SIGKILL)
        wait_for(lambda: gateway.children("keeper") not in ([], [keeper]) and ask(gateway.port, "GET", "/readyz").status == 200)
        equal(ada.log_out().status, 303, "with a new one ada signs out")


def killed_between():
    with Gateway(provider) as gateway:
        browser = Browser(gateway)
        path = provider.approve(browser.start(return_to="/there"))
        gateway.restart(signal.SIGKILL)
        is_sent_back(gateway, browser.get(path), "all of it is killed and started again between redirect and callback", "/there")
        gateway.restart(signal.SIGKILL)
        equal(browser.signed_in(), "sub-ada", "killed and started once more: still signed in")
        reply = Browser(gateway, {name: value for name, value in browser.jar.items() if name != "proofkey"}).get(path)
        is_refused(gateway, reply, 400, "code-reused", "and the attempt is still spent")


def no_orphans():
    with Gateway(provider) as gateway:
        pids = [*gateway.children("front"), *gateway.children("keeper")]
        equal(len(pids), 3, "three children")
        gateway.stop(signal.SIGKILL)
        check(wait_for(lambda: not any(map(is_alive, pids)), 5), "the supervisor is killed: nobody stays behind", pids)


def refuses_connections(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        return False
    except ConnectionRefusedError:
        return True


def told_to_stop():
    gateway = Gateway(provider)
    with gateway:
        held = Held(gateway)
        begun = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)
        check(wait_for(lambda: refuses_connections(gateway.port), 5), "SIGTERM: new connections are refused", gateway.log())
        time.sleep(0.3)
        equal((gateway.process.poll(), held.reply), (None, None), "while a login is under way")
        is_sent_back(gateway, held.result(), "the login under way finishes")
        equal(gateway.process.wait(20), 0, "then it ends, with status 0")
        check(time.monotonic() - begun < 10, "soon", time.monotonic() - begun)
    idle = Gateway(provider)
    with idle:
        kept = [http.client.HTTPConnection("127.0.0.1", idle.port, timeout=10) for _ in range(20)]
        for connection in kept:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        silent = socket.create_connection(("127.0.0.1", idle.port))
        begun = time.monotonic()
        equal(idle.stop(), 0, "SIGTERM with idle connections and one that never says anything: status 0")
        check(time.monotonic() - begun < 5, "soon", time.monotonic() - begun)
        silent.close()
        for connection in kept:
            connection.close()


def told_twice():
    with Gateway(provider) as gateway:
        held = Held(gateway)
        gateway.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        gateway.process.send_signal(signal.SIGTERM)
        check(wait_for(lambda: gateway.process.poll() is not None, 5), "a second SIGTERM ends it at once")
        held.result()


def reloaded():
    with Gateway(provider, quiet=False) as gateway:
        ada = Browser(gateway)
        ada.sign_in(provider)
        path = provider.approve(ada.start(return_to="/there"))
        held = Held(gateway)
        load = Load(gateway)

        def reload(**changes):
            before, ready = set(gateway.children("front")), len(gateway.log_lines("event=gateway.ready"))
            gateway.write_config(**changes)
            gateway.process.send_signal(signal.SIGHUP)
            return wait_for(lambda: len(gateway.log_lines("event=gateway.ready")) > ready and not set(gateway.children("front")) & before)

        def reload_in_vain(text):
            before, said = gateway.children("front"), len(gateway.log_lines("event=gateway.reload", "level=error"))
            gateway.config.write_text(text)
            gateway.process.send_signal(signal.SIGHUP)
            return wait_for(lambda: len(gateway.log_lines("event=gateway.reload", "level=error")) > said) and gateway.children("front") == before

        equal(ask(gateway.port, "GET", "/login/three").status, 404, "a login that is not configured")
        gateway.logins["three"] = "rfc7636"
        before = set(gateway.children("front"))
        gateway.write_config(allow='emails = {"grace@example.com"}')
        gateway.process.send_signal(signal.SIGHUP)
        check(wait_for(lambda: ask(gateway.port, "GET", "/login/three").status == 303), "SIGHUP: a new login appears", gateway.log())
        is_sent_back(gateway, held.result(), "a login that was under way finishes, under the rules that it began with")
        check(wait_for(lambda: not set(gateway.children("front")) & before and len(gateway.children("keeper")) == 1), "the old processes go")
        is_refused(gateway, ada.get(path), 403, "not-allowed", "ada, under the new allow-list")
        equal(ada.signed_in(), "sub-ada", "whose session goes on")
        is_sent_back(gateway, Browser(gateway).sign_in(provider, "three", "grace"), "grace, at the new login")
        good = gateway.config.read_text()
        for text, what in ((good.replace("login", "lögin"), "an unknown key"), (good[: len(good) // 2], "half a configuration"), ("", "an empty configuration"),
                           (good.replace("sqlite:", "sqlite:/nowhere/at/all"), "a store that cannot be opened")):
            check(reload_in_vain(text), f"SIGHUP with {what}: the old one stays", gateway.log())
            equal((ask(gateway.port, "GET", "/login/three").status, ask(gateway.port, "GET", "/readyz").status), (303, 200), "and works")
        gateway.config.unlink()
        gateway.process.send_signal(signal.SIGHUP)
        for _ in range(10):
            check(reload(allow='emails = {"*"}'), "SIGHUP again and again")
        gateway.write_config()
        for _ in range(5):
            gateway.process.send_signal(signal.SIGHUP)
            time.sleep(0.02)
        check(wait_for(lambda: len(gateway.children("front")) == 2 and len(gateway.children("keeper")) == 1), "five at once: one generation is left", gateway.log())
        is_sent_back(gateway, Browser(gateway).sign_in(provider), "a login after all of these")
        equal(load.end(), [], f"no request was lost, of {load.count}")
        equal(len(gateway.log_lines("event=child.died")), 1, "no process died but the keeper that had no store")


TABLES = ("grants", "spent_attempts", "revocations")


def twenty_tabs():
    with Gateway(provider) as gateway:
        browser = Browser(gateway)
        before = [gateway.rows(table) for table in TABLES]
        paths = [(n, provider.approve(browser.start(("one", "two")[n % 2], f"/tab/{n}"))) for n in range(20)]
        equal((len(browser.jar), len({path for _, path in paths})), (1, 20), "twenty logins in one browser: one cookie, twenty states")
        equal([gateway.rows(table) for table in TABLES], before, "nothing is stored for an attempt")
        random.shuffle(paths)
        stranger = Browser(gateway)
        stranger.start()
        for number, path in paths:
            is_refused(gateway, stranger.get(path), 400, "state-mismatch", f"tab {number} in another browser")
        equal([gateway.rows(table) for table in TABLES], before, "nothing is stored for those either")
        for number, path in paths:
            is_sent_back(gateway, browser.get(path), f"tab {number}, in any order", f"/tab/{number}")
        equal(gateway.rows("spent_attempts"), 20, "twenty attempts are spent")


def first_contact():
    """A browser that restores twenty tabs, none of which has a cookie yet."""
    with Gateway(provider) as gateway:
        browser = Browser(gateway)
        replies = []
        threads = [threading.Thread(target=lambda n=n: replies.append((n, ask(gateway.port, "GET", f"/login/one?return_to=/tab/{n}")))) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for _, reply in replies:
            browser.take(reply.headers["set-cookie"])
        equal(len(browser.jar), 20, "twenty tabs at once, and no cookie takes another's place")
        random.shuffle(replies)
        for number, reply in replies:
            is_sent_back(gateway, browser.get(provider.approve(reply.location)), f"tab {number}", f"/tab/{number}")


def two_machines():
    """A replica with the same key ring finishes what the other began."""
    with Gateway(provider) as one, Gateway(provider, ring=one.ring, public_url=f'"{one.url}"') as two:
        browser = Browser(one)
        path = provider.approve(browser.start(return_to="/there"))
        is_sent_back(one, Browser(two, browser.jar).get(path), "begun at one replica, finished at the other", "/there")


at_once(front_killed, all_fronts_killed, keeper_killed, keeper_stopped, killed_between, no_orphans)
at_once(told_to_stop, told_twice, twenty_tabs, first_contact, two_machines)
at_once(reloaded)
finish()
