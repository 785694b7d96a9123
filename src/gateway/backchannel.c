/*
 * POST /logout/backchannel/NAME: a provider ends sessions without the browser (OpenID Connect
 * Back-Channel Logout 1.0, 2.5 to 2.8). Anybody can post here; whether it was the provider the keeper
 * decides, by the logout token's signature. What is said of a refusal is for the provider's operator,
 * and what it is about is in our log, too.
 */
#include "base/form.h"
#include "base/text.h"
#include "gateway/ask.h"
#include "gateway/log.h"

#include <jansson.h>
#include <stdlib.h>

/* What a request has to remember until the keeper answers. */
struct told {
	struct pk_str login; /* a view of the settings */
};

/* 2.8: "400", and a document as RFC 6749 5.2 has it; 503 where the same token may do better. */
static void refuse(struct http_request *request, int status, struct pk_str login,
		   struct pk_str description)
{
	char tame[256];
	json_t *body = json_object();
	char *text;

	pk_text_tame(tame, sizeof(tame), description);
	log_event("warn", "backchannel.refused",
		  (struct log_field[]){{"login", login}, {"text", pk_str(tame)}}, 2);
	(void)json_object_set_new(
		body, "error",
		json_string(status == 503 ? "temporarily_unavailable" : "invalid_request"));
	(void)json_object_set_new(body, "error_description", json_string(tame));
	text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	http_reply_header(request, "Cache-Control", PK_STR("no-store"));
	http_reply(request, status, "application/json", pk_str(text ? text : "{}"));
	free(text);
}

static void on_answer(struct front *front, struct http_request *request,
		      struct message_reader *answer, void *context)
{
	const struct told *told = context;

	(void)front;
	if (!answer) {
		refuse(request, 503, told->login, PK_STR("the gateway's keeper did not answer"));
	} else if (message_number(answer)) {
		http_reply_header(request, "Cache-Control", PK_STR("no-store"));
		http_reply(request, 200, NULL, PK_STR(""));
	} else {
		const struct pk_str fault = message_str(answer, CALL_TEXT_MAX);
		const struct pk_str detail = message_str(answer, CALL_TEXT_MAX);

		refuse(request, pk_str_equal(fault, PK_STR("logout-token-invalid")) ? 400 : 503,
		       told->login, detail);
	}
}

static void ask(struct front *front, struct http_request *request, struct pk_str login,
		struct pk_str token)
{
	static char memory[MESSAGE_MAX];
	struct pk_buf message = pk_buf(memory, sizeof(memory));
	struct told *told = calloc(1, sizeof(*told));

	if (told) {
		told->login = login;
		keeper_link_begin(front->keeper, CALL_BACKCHANNEL, &message);
		message_put_str(&message, login);
		message_put_str(&message, token);
	}
	if (!told || !ask_keeper(front, request, &message, on_answer, told))
		refuse(request, 503, login, PK_STR("the gateway's keeper cannot be asked"));
}

/* 2.5: "the request body ... using the application/x-www-form-urlencoded encoding". */
static const char *read_token(struct http_request *request, struct pk_str *ret)
{
	const struct pk_str type = PK_STR("application/x-www-form-urlencoded");
	struct pk_form form;

	if (!pk_str_starts(http_header(request, "Content-Type"), type))
		return "the request is no form";
	if (pk_form_parse(http_arena(request), http_body(request), &form, NULL) != PK_OK)
		return "the form cannot be read";
	if (pk_form_count(&form, PK_STR("logout_token")) != 1)
		return "the form has no logout_token, or more than one";
	*ret = pk_form_get(&form, PK_STR("logout_token"));
	return ret->len <= PK_ID_TOKEN_MAX ? NULL : "the logout_token is longer than any";
}

void handle_backchannel(struct front *front, struct http_request *request, struct pk_str rest)
{
	const struct login_settings *login = settings_login(front->settings, rest);
	struct pk_str token = {0};
	const char *problem;

	if (!login) {
		refuse(request, 404, PK_STR(""), PK_STR("there is no login of this name"));
		return;
	}
	problem = read_token(request, &token);
	if (problem)
		refuse(request, 400, login->login.name, pk_str(problem));
	else
		ask(front, request, login->login.name, token);
}
