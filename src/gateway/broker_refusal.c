/*
 * The refusals: the broker's own are the table below, the keeper's come with their fault. A fault
 * of the fault list brings its own words for what to do.
 */
#include "gateway/broker_refusal.h"
#include "base/text.h"
#include "gateway/broker.h"
#include "proofkey_explain.h"

#include <jansson.h>

/* What is said about a grant, by the outcome of the keeper's call. */
/* clang-format off */
static const struct {
	int status;
	const char *error;
	const char *fix; /* where no fault says better */
} outcomes[OUTCOMES] = {
	[OUTCOME_FORBIDDEN] = {403, "login_not_allowed", "Name the login in the logins of the broker_key."},
	[OUTCOME_NONE]      = {404, "no_grant",          "Have the person sign in."},
	[OUTCOME_ENDED]     = {410, "grant_ended",       "Have the person sign in again."},
	[OUTCOME_LATER]     = {503, "try_later",         "Try again in a moment."},
};

static const struct {
	int status;
	const char *error;
	const char *fault;
	const char *detail;
	const char *fix;
} refusals[REFUSALS] = {
	[REFUSAL_HOST]      = {421, "wrong_host", NULL,
			       "The Host header names another machine.",
			       "Ask for the address that the broker listens at."},
	[REFUSAL_KEY]       = {401, "invalid_token", NULL,
			       "There is no key with this secret.",
			       "Send \"Authorization: Bearer SECRET\" with the secret of a broker_key of the configuration."},
	[REFUSAL_FAILURES]  = {429, "too_many_failures", NULL,
			       "There were too many requests without a good key.",
			       "Wait, then send the secret of a broker_key of the configuration."},
	[REFUSAL_PATH]      = {404, "not_found", NULL,
			       "There is nothing at this address.",
			       "Ask for /v1/grants, or /v1/grants/LOGIN/SUBJECT/token with both names percent-encoded."},
	[REFUSAL_METHOD]    = {405, "method_not_allowed", NULL,
			       "This address takes another method.",
			       "GET reads, POST refreshes, DELETE revokes."},
	[REFUSAL_PARAMETER] = {400, "invalid_parameter", NULL,
			       "A parameter of the query cannot be read.",
			       "login and after are texts, each given once; limit is from 1 to 100, min_ttl from 0 to 86400 seconds."},
	[REFUSAL_LOGIN]     = {403, "login_not_allowed", NULL,
			       "This key may not use the grants of this login.",
			       "Name the login in the logins of the broker_key."},
	[REFUSAL_SUBJECT]   = {404, "no_grant", "grant-unknown",
			       "No subject is that long.", NULL},
	[REFUSAL_KEEPER]    = {503, "try_later", "keeper-unavailable",
			       "The keeper does not answer.", NULL},
};
/* clang-format on */

/* In seconds: a keeper that died is back by then. */
#define KEEPER_RETRY 1

static void reply(struct http_request *http, int status, const char *error, struct pk_str fault,
		  struct pk_str detail, const char *fix)
{
	const struct pk_fault *known = fault.len ? pk_fault_find(fault) : NULL;
	json_t *body = json_object();

	json_object_set_new(body, "error", json_string(error));
	if (fault.len)
		json_object_set_new(body, "fault", broker_json_text(fault));
	json_object_set_new(body, "detail",
			    detail.len || !known ? broker_json_text(detail)
						 : json_string(known->title));
	json_object_set_new(body, "fix", json_string(known ? known->fix : fix));
	broker_reply(http, status, body);
}

struct broker_failure broker_failure(struct message_reader *answer)
{
	const uint64_t outcome = message_number(answer);
	struct broker_failure failure = {.outcome = (enum outcome)outcome};

	failure.fault = message_str(answer, CALL_TEXT_MAX);
	failure.detail = message_str(answer, CALL_TEXT_MAX);
	failure.seconds = (int64_t)message_number(answer);
	if (message_done(answer) && outcome != OUTCOME_DONE && outcome < OUTCOMES)
		return failure;
	return (struct broker_failure){.outcome = OUTCOME_LATER,
				       .fault = PK_STR("keeper-unavailable"),
				       .seconds = KEEPER_RETRY};
}

static void say_when(struct http_request *http, int64_t seconds)
{
	char memory[24];
	struct pk_buf text = pk_buf(memory, sizeof(memory));

	pk_buf_number(&text, seconds);
	http_reply_header(http, "Retry-After", pk_buf_str(&text));
}

void broker_refuse(struct http_request *http, enum broker_refusal refusal)
{
	if (refusal == REFUSAL_KEY)
		http_reply_header(http, "WWW-Authenticate", PK_STR("Bearer realm=\"proofkey\""));
	if (refusal == REFUSAL_KEEPER || refusal == REFUSAL_FAILURES)
		say_when(http, KEEPER_RETRY);
	reply(http, refusals[refusal].status, refusals[refusal].error,
	      pk_str(refusals[refusal].fault), pk_str(refusals[refusal].detail),
	      refusals[refusal].fix);
}

void broker_refuse_as(struct http_request *http, const struct broker_failure *failure)
{
	if (failure->seconds)
		say_when(http, failure->seconds);
	reply(http, outcomes[failure->outcome].status, outcomes[failure->outcome].error,
	      failure->fault, failure->detail, outcomes[failure->outcome].fix);
}
