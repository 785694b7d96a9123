"""What a keeper may be doing when it dies, and what must be true afterwards. Each work prepares, acts, and judges: `judge` is given the reply
that the killed keeper's client got, and whether anything was killed at all; it asks the same gateway, whose keeper was started anew, and says
what is wrong, or None.

A refresh token that the provider has replaced while its answer was never stored is the one thing that nobody can save; the grant has to end
then, and say so."""
import os
import signal
import subprocess
import threading
import time

from harness import PROGRAM, Browser, wait_for
from lane import PATIENCE
from steps import is_alive

ASKERS = 4        # programs that want the same token at the same moment
SOON = 3          # seconds until something is due, at which its keeper is old enough to die
RINGFUL = 12      # keys: old ones go then
RESEALS_AT = 9.5  # seconds of a keeper's life: soon it looks for what older keys sealed


def at_once(count, function):
    """What so many calls gave that were made at the same moment."""
    results, start = [], threading.Barrier(count)

    def one():
        start.wait()
        results.append(function())

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class Work:
    name = None
    weight = 1     # how often it is chosen
    waits = False  # most of its time nothing happens
    age = 1.1      # seconds of the keeper that is to die; one that dies younger than one is started again with delay


AWAY = ("keeper-unavailable", "store-unavailable")  # the latter where the machine is so busy that a new connection takes seconds


def refused(reply):
    """The keeper was away: said so, and nothing else."""
    return reply.status == 503 and reply.json["fault"] in AWAY


def page_refused(reply):
    return reply.status == 503 and reply.fault in AWAY


def goes_on(lane):
    """The grant is whole: its token is good, and so is what it is refreshed with."""
    reply = lane.settled()
    if reply.status != 200:
        return f"there is no token: {reply}"
    if not lane.sandbox.honours(reply.json["access_token"]):
        return "the provider does not know the access token any more"
    lane.shelf.expire(lane)
    newer = lane.settled()
    lane.harvest()
    if newer.status != 200:
        return f"the next refresh fails: {newer}"
    if newer.json["access_token"] in (reply.json["access_token"], None) or newer.json["access_token"] != lane.newest:
        return "the next refresh brings no new token"
    return sent_once(lane)


def goes_on_or_went(lane):
    """The same of a grant that was to end: what was on its way to the store's server is done there, also after the keeper's death."""
    problem = goes_on(lane)
    return problem if problem and lane.settled().status != 404 else None


def gone_at_provider(lane):
    """What was taken back here is no good there either, as soon as the killed keeper's lease has ended."""
    lane.harvest()
    gone = wait_for(lambda: not lane.sandbox.honours(lane.newest), PATIENCE)
    return None if gone else "the provider still honours the token of a grant that was taken back"


def sent_once(lane):
    twice = [sent for sent, times in lane.times.items() if times > 1]
    lane.times.update(dict.fromkeys(twice, 1))  # said once
    return f"sent twice: {len(twice)} codes or refresh tokens" if twice else None


class Refresh(Work):
    name = "refresh"
    weight = 4

    def prepare(self, lane):
        lane.has_grant()
        lane.shelf.expire(lane)
        lane.harvest()

    def act(self, lane):
        return at_once(ASKERS, lane.token)

    def judge(self, lane, reply, killed):
        odd = [one for one in reply if one.status != 200 and not (killed and refused(one))]
        told = {one.json["access_token"] for one in reply if one.status == 200}
        if odd or len(told) > 1:
            return f"the programs were told {odd or 'of several tokens'}"
        final = lane.settled()
        requests = lane.harvest()
        answered = [sent for sent, status, _ in requests if status == 200]
        if final.status == 200:
            if final.json["access_token"] != lane.newest or not told <= {lane.newest}:
                return "the token is not the newest one"
            return sent_once(lane) or goes_on(lane)
        lost = final.status == 410 and final.json["fault"] == "refresh-reply-lost"
        if not lost:
            return f"the grant is lost: {final}"
        if told:
            return "a token was given before it was stored"
        if not killed or len(answered) != 1 or [sent for sent, _, _ in requests] != answered * 2:
            return f"the grant ended, and no reply was lost: {[(status, given.get('error')) for _, status, given in requests]}"
        # Nobody can save it; a new login helps.
        lane.lost += 1
        lane.times[answered[0]] = 1
        _, again = lane.sign_in()
        return f"no new login: {again}" if again.status != 303 else goes_on(lane)


class Due(Refresh):
    """The same, and nobody asked for it."""
    name = "refresh of what is due"
    weight = 1
    waits = True

    def prepare(self, lane):
        super().prepare(lane)
        self.before = len(lane.gateway.log_lines("event=token.refreshed"))
        lane.shelf.expire(lane, int(time.time()) + SOON)
        os.kill(lane.keeper(self.age), signal.SIGKILL)  # the next one looks for what is due, before it waits to be told

    def act(self, lane):
        pid = lane.ready_keeper()
        self.seen = wait_for(lambda: not is_alive(pid) or len(lane.gateway.log_lines("event=token.refreshed")) > self.before, PATIENCE)
        return []

    def judge(self, lane, reply, killed):
        return super().judge(lane, reply, killed) if self.seen else "nobody refreshed what was due"


class Redeem(Work):
    name = "redeem"
    weight = 4

    def prepare(self, lane):
        lane.harvest()
        self.browser = Browser(lane.gateway)
        self.path = lane.callback(self.browser)

    def act(self, lane):
        return self.browser.get(self.path)

    def judge(self, lane, reply, killed):
        if reply.status != 303 and not (killed and page_refused(reply)):
            return f"the person was told {reply}"
        lane.keeper()
        lane.harvest()
        if reply.status == 303 and lane.settled().json.get("access_token") != lane.newest:
            return "somebody was signed in whose tokens were not stored"
        again = self.browser.get(self.path)  # as a person does who sees an error
        if again.status == 303 and "/login/" in again.location:
            again = self.browser.get(lane.sandbox.approve(self.browser.get(again.location.removeprefix(lane.gateway.url)).location))
        lane.harvest()
        if again.status != 303 or not lane.lets_pass(self.browser.jar):
            return f"the callback once more signs nobody in: {again}"
        return goes_on(lane)


class Revoke(Work):
    name = "revoke"
    weight = 3

    def prepare(self, lane):
        lane.has_grant()
        lane.harvest()

    def act(self, lane):
        return lane.revoke()

    def judge(self, lane, reply, killed):
        if reply.status != 204 and not (killed and refused(reply)):
            return f"the program was told {reply}"
        grant = lane.settled()
        if grant.status == 404:
            return gone_at_provider(lane)
        if reply.status == 204:
            return f"a grant that was revoked is here: {grant}"
        return goes_on_or_went(lane) or self.again(lane)

    @staticmethod
    def again(lane):
        reply = lane.revoke()
        if reply.status not in (204, 404) or lane.settled().status != 404:
            return f"it cannot be revoked again: {reply}"
        return gone_at_provider(lane)


class Logout(Work):
    name = "logout"
    weight = 2
    path = "/logout"
    browsers = 1

    def prepare(self, lane):
        self.signed_in = []
        for _ in range(self.browsers):
            browser, reply = lane.sign_in()
            if reply.status != 303:
                raise AssertionError(reply)
            self.signed_in.append(browser)
        self.cookies = [dict(browser.jar) for browser in self.signed_in]
        lane.harvest()

    def act(self, lane):
        return self.signed_in[0].ask("POST", self.path, {"Origin": lane.gateway.url})

    def judge(self, lane, reply, killed):
        if reply.status != 303 and not (killed and reply.status == 503):
            return f"the person was told {reply}"
        lane.keeper()
        grant = lane.settled()
        if reply.status != 303:
            if grant.status not in (200, 404):
                return f"half of a grant: {grant}"
            if grant.status == 200 and (problem := goes_on_or_went(lane)):
                return problem
            reply = self.act(lane)  # as a person does who sees an error
            if reply.status != 303:
                return f"no second logout: {reply}"
            grant = lane.settled()
        lane.harvest()
        lane.logged_out += self.cookies
        if any(lane.lets_pass(cookies) for cookies in self.cookies):
            return "a session that was ended passes"
        if grant.status != 404:
            return f"who signed out left a grant: {grant}"
        return gone_at_provider(lane)


class LogoutEverywhere(Logout):
    name = "logout everywhere"
    weight = 1
    path = "/logout?everywhere=1"
    browsers = 2

    def judge(self, lane, reply, killed):
        problem = super().judge(lane, reply, killed)
        time.sleep(2)  # who signs in within the second may be signed out with the others
        return problem


def keys(lane, what, *arguments):
    """The ids of the ring's keys, the one that seals first."""
    done = subprocess.run([PROGRAM, "keys", what, str(lane.gateway.ring), *arguments], check=True, capture_output=True, text=True)
    return [line.split()[0] for line in done.stdout.splitlines()]


class Rotation(Work):
    """While keys are rotated, programs ask for tokens, and none is ever told anything but the token or that the keeper is away."""

    @staticmethod
    def rotate(lane):
        ring = keys(lane, "list")
        if len(ring) >= RINGFUL:
            if not wait_for(Rotation.reload(lane), PATIENCE) or not wait_for(lambda: lane.shelf.sealed_with(lane) <= {ring[0]}, PATIENCE):
                raise AssertionError("what older keys sealed is not sealed with the new one")
            for old in ring[1:]:
                keys(lane, "drop", old)
        return keys(lane, "rotate")[0]

    @staticmethod
    def reload(lane):
        """Whether the new configuration was taken, or given up."""
        log = len(lane.gateway.log_lines("event=gateway.ready")), len(lane.gateway.log_lines("event=gateway.reload", "the old one stays"))
        os.kill(lane.gateway.process.pid, signal.SIGHUP)
        return lambda: (len(lane.gateway.log_lines("event=gateway.ready")) > log[0]
                        or len(lane.gateway.log_lines("event=gateway.reload", "the old one stays")) > log[1])

    @staticmethod
    def ask(lane):
        try:
            return lane.token()
        except OSError as error:
            return error  # hung up on

    def ask_until(self, lane, done):
        replies, end = [], time.monotonic() + PATIENCE
        while not done() and time.monotonic() < end:
            replies.append(self.ask(lane))
            time.sleep(0.1)
        return replies

    def judge(self, lane, reply, killed):
        odd = [one for one in reply if isinstance(one, OSError) or not (one.status == 200 or killed and refused(one))]
        return f"a program was told {odd}" if odd else goes_on(lane)


class Reload(Rotation):
    name = "reload with a new key"

    def prepare(self, lane):
        lane.has_grant()
        self.rotate(lane)

    def act(self, lane):
        return self.ask_until(lane, self.reload(lane))


class Reseal(Rotation):
    name = "reseal"
    waits = True
    age = RESEALS_AT

    def prepare(self, lane):
        lane.has_grant()
        self.key = self.rotate(lane)
        if not wait_for(self.reload(lane), PATIENCE):
            raise AssertionError("no reload")

    def act(self, lane):
        pid = lane.ready_keeper()
        return self.ask_until(lane, lambda: lane.shelf.sealed_with(lane) == {self.key} or lane.ready_keeper() != pid)

    def judge(self, lane, reply, killed):
        problem = super().judge(lane, reply, killed)
        if problem or killed:
            return problem
        return None if lane.shelf.sealed_with(lane) == {self.key} else "it was not sealed with the new key"


WORKS = (Refresh, Due, Redeem, Revoke, Logout, LogoutEverywhere, Reload, Reseal)
