"""What a keeper may be doing when it dies, and what must be true afterwards. Each work prepares, acts, and judges: `judge` is given the reply
that the killed keeper's client got, and whether there was a killing at all; it asks the same gateway, whose keeper was started anew, and says
what is wrong, or None.

A refresh token that the provider has replaced while its answer was never stored is the one thing that nobody can save; the grant has to end
then, and say so."""
from harness import Browser


def refused(reply):
    """The keeper was away: said so, and nothing else."""
    return reply.status == 503 and reply.json["fault"] == "keeper-unavailable"


def page_refused(reply):
    return reply.status == 503 and reply.fault == "keeper-unavailable"


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


def sent_once(lane):
    twice = [sent for sent, times in lane.times.items() if times > 1]
    return f"{len(twice)} of {len(lane.times)} were sent twice" if twice else None


class Refresh:
    name = "refresh"

    def prepare(self, lane):
        lane.has_grant()
        lane.shelf.expire(lane)
        lane.harvest()

    def act(self, lane):
        return lane.token()

    def judge(self, lane, reply, killed):
        if reply.status != 200 and not (killed and refused(reply)):
            return f"the program was told {reply}"
        told = reply.json["access_token"] if reply.status == 200 else None
        final = lane.settled()
        requests = lane.harvest()
        answered = [sent for sent, status, _ in requests if status == 200]
        if final.status == 200:
            if final.json["access_token"] != lane.newest or told not in (None, lane.newest):
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
        lane.times.clear()
        _, again = lane.sign_in()
        return f"no new login: {again}" if again.status != 303 else goes_on(lane)


class Redeem:
    name = "redeem"

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
        lane.harvest()
        if reply.status != 303 and again.status != 303 and again.fault != "code-reused":
            return f"the callback once more: {again}"
        if again.status == 303 and not lane.lets_pass(self.browser.jar):
            return "the callback once more signs nobody in"
        grant = lane.settled()
        if grant.status not in (200, 404) or (grant.status == 404 and again.status == 303):
            return f"half of a grant: {grant}"
        problem = sent_once(lane) or (goes_on(lane) if grant.status == 200 else None)
        if problem:
            return problem
        _, again = lane.sign_in()
        return f"no new login: {again}" if again.status != 303 else goes_on(lane)


class Revoke:
    name = "revoke"

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
            lane.orphans += killed and lane.sandbox.honours(lane.newest)
            return None
        if reply.status == 204:
            return f"a grant that was revoked is here: {grant}"
        return goes_on(lane) or self.again(lane)

    @staticmethod
    def again(lane):
        reply = lane.revoke()
        return None if (reply.status, lane.settled().status) == (204, 404) else f"it cannot be revoked again: {reply}"


class Logout:
    name = "logout"

    def prepare(self, lane):
        self.browser, reply = lane.sign_in()
        if reply.status != 303:
            raise AssertionError(reply)
        self.cookies = dict(self.browser.jar)
        lane.harvest()

    def act(self, lane):
        return self.browser.log_out()

    def judge(self, lane, reply, killed):
        if reply.status != 303 and not (killed and reply.status == 503):
            return f"the person was told {reply}"
        lane.keeper()
        grant = lane.settled()
        if reply.status != 303:
            if grant.status not in (200, 404):
                return f"half of a grant: {grant}"
            if grant.status == 200 and (problem := goes_on(lane)):
                return problem
            reply = self.browser.log_out()  # as a person does who sees an error
            if reply.status != 303:
                return f"no second logout: {reply}"
            grant = lane.settled()
        lane.harvest()
        lane.logged_out.append(self.cookies)
        if lane.lets_pass(self.cookies):
            return "a session that was ended passes"
        if grant.status != 404:
            return f"who signed out left a grant: {grant}"
        lane.orphans += killed and lane.sandbox.honours(lane.newest)
        return None


WORKS = (Refresh, Redeem, Revoke, Logout)
