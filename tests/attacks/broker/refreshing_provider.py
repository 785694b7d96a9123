"""The provider that does as it is told, for refreshes too."""
import secrets

import broker  # noqa: F401  it says where the others are
from fake_provider import Handler, Provider, sign
from harness import sensitive


class Refreshing(Provider):
    """It replaces refresh tokens, unless a login's script says keep=True. refresh_id_token=function(claims) makes the ID tokens of refreshes,
    refresh=function(handler, document) their replies."""

    def token(self, handler, form, endpoint):
        if form.get("grant_type") != "refresh_token":
            return super().token(handler, form, endpoint)
        used = form["refresh_token"]
        login = self.note("refresh", used)
        if not self.knows_client(handler):
            return handler.json({"error": "invalid_client"}, 401)
        if not login or login.get("last", used) != used:
            return handler.json({"error": "invalid_grant"}, 400)
        document = {"access_token": "access-" + secrets.token_hex(24), "token_type": "Bearer", "expires_in": 3600, "sub": self.info(login["person"])["sub"]}
        if not login["script"].get("keep"):
            document["refresh_token"] = "refresh-" + secrets.token_hex(24)
        with self.lock:
            login["last"] = document.get("refresh_token", used)
            for kind in document.keys() & {"access_token", "refresh_token"}:
                self.tokens[document[kind]] = self.tokens[used]
                sensitive.add(document[kind])
        made = login["script"].get("refresh_id_token", lambda claims: sign(claims, self.keys[0]))
        document["id_token"] = self.id_token({**login, "script": {"id_token": made}}, document)
        sensitive.add(str(document["id_token"]))
        login["script"].get("refresh", Handler.json)(handler, document)
