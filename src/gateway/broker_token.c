/*
 * GET /v1/grants/LOGIN/SUBJECT/token: an access token that lasts for a while, in the words of RFC
 * 6749 5.1. Nothing of it stays here: each is asked for anew, and the keeper knows how long it
 * lasts. POST /v1/grants/LOGIN/SUBJECT/refresh: a new one, for who has seen the other refused.
 */
#include "base/text.h"
#include "gateway/broker.h"
#include "gateway/log.h"

#include <time.h>

#define LEAST_SECONDS 60 /* unless min_ttl says another */
#define LEAST_SECONDS_MAX 86400

/* Before it is answered: the names are gone with the request. */
static void log_answer(const struct broker_request *request, const char *event, struct pk_str fault)
{
	log_event(fault.len ? "warn" : "info", event,
		  (struct log_field[]){{"key", request->key->name},
				       {"login", request->login},
				       {"subject", request->subject},
				       {"fault", fault}},
		  4);
}

static void on_answer(const struct broker_request *request, struct message_reader *answer)
{
	if (!message_number(answer)) {
		const struct broker_failure failure = broker_failure(answer);

		log_answer(request, "token.refused", failure.fault);
		broker_refuse_as(request->http, &failure);
		return;
	}

	const struct pk_str token = message_str(answer, MESSAGE_MAX);
	const int64_t expires_at = (int64_t)message_number(answer);
	const struct pk_str scope = message_str(answer, MESSAGE_MAX);
	json_t *body;

	if (!message_done(answer)) {
		broker_refuse(request->http, REFUSAL_KEEPER);
		return;
	}
	body = json_object();
	json_object_set_new(body, "access_token", broker_json_text(token));
	json_object_set_new(body, "token_type", json_string("Bearer"));
	/* RFC 6749 5.1: "If omitted, the authorization server SHOULD provide the expiration time
	 * via other means": where the provider says nothing, neither do we. */
	if (expires_at != PK_TIME_UNKNOWN)
		json_object_set_new(body, "expires_in", json_integer(expires_at - time(NULL)));
	if (scope.len)
		json_object_set_new(body, "scope", broker_json_text(scope));
	log_answer(request, "token.given", PK_STR(""));
	broker_reply(request->http, 200, body);
}

static void ask(const struct broker_request *request, enum call call)
{
	char memory[1024];
	struct pk_buf message = pk_buf(memory, sizeof(memory));
	struct pk_str text;
	int64_t least = LEAST_SECONDS;

	if (!broker_parameter(request->http, "min_ttl", &text) ||
	    (text.ptr && !pk_str_number(text, LEAST_SECONDS_MAX, &least))) {
		broker_refuse(request->http, REFUSAL_PARAMETER);
		return;
	}
	broker_begin(request, call, &message);
	message_put_str(&message, request->login);
	message_put_str(&message, request->subject);
	message_put_number(&message, (uint64_t)least);
	broker_ask(request, &message, on_answer);
}

void broker_token(const struct broker_request *request)
{
	ask(request, CALL_TOKEN);
}

void broker_refresh(const struct broker_request *request)
{
	ask(request, CALL_REFRESH);
}
