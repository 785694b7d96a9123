/* GET /me: the session as JSON, for an app's own pages. No token, no other origin may read it. */
#include "base/text.h"
#include "gateway/front.h"

#include <jansson.h>
#include <stdlib.h>

/* What a provider calls a name need not be UTF-8; JSON must be. */
static json_t *json_text(struct pk_str text)
{
	json_t *value = json_stringn(text.ptr ? text.ptr : "", text.len);

	return value ? value : json_string("");
}

void handle_me(struct front *front, struct http_request *request, struct pk_str rest)
{
	struct session session;
	json_t *body;
	char *text;

	(void)rest;
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	if (!front_session(front, request, &session)) {
		http_reply(request, 401, "application/json",
			   PK_STR("{\"error\":\"login_required\"}\n"));
		return;
	}
	body = json_object();
	json_object_set_new(body, "provider", json_text(session.login));
	json_object_set_new(body, "subject", json_text(session.subject));
	json_object_set_new(body, "name", json_text(session.name));
	json_object_set_new(body, "email", json_text(session.email));
	json_object_set_new(body, "issued_at", json_integer(session.issued_at));
	json_object_set_new(body, "expires_at", json_integer(session.expires_at));
	text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	http_reply(request, text ? 200 : 500, "application/json", pk_str(text ? text : "{}"));
	free(text);
}
