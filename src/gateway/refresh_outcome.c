/*
 * Whether a refusal ends a grant. Only what the provider says about the refresh token itself does
 * (RFC 6749 5.2, invalid_grant): its own troubles pass, and a client that is refused is the
 * operator's to mend, with all grants kept for that moment. A refusal after a try whose answer
 * never came has that for its cause: the provider gave a new token then, and it was lost on the
 * way.
 */
#include "gateway/refresh_outcome.h"
#include "base/err.h"
#include "base/text.h"

/* Words at the token endpoint that are not about the refresh token. */
static const struct {
	const char *word;
	struct refresh_outcome outcome;
} words[] = {
	{"invalid_client", {GRANT_RETRYING, "secret-rejected", true}},
	{"unauthorized_client", {GRANT_RETRYING, "provider-error", true}},
	{"unsupported_grant_type", {GRANT_RETRYING, "provider-error", true}},
	{"invalid_scope", {GRANT_RETRYING, "provider-error", true}},
	{"temporarily_unavailable", {GRANT_RETRYING, "server-error", false}},
	{"server_error", {GRANT_RETRYING, "server-error", false}},
	{"slow_down", {GRANT_RETRYING, "rate-limited", false}},
};

static struct refresh_outcome ended(const struct grant *grant)
{
	const bool lost = grant->sent_at != PK_TIME_UNKNOWN ||
			  pk_str_equal(grant->fault, PK_STR("provider-unreachable"));

	return (struct refresh_outcome){
		.state = GRANT_ENDED,
		.fault = lost ? "refresh-reply-lost" : "provider-session-gone",
	};
}

struct refresh_outcome refresh_refused(const struct grant *grant, const struct pk_why *why)
{
	const char *fault = pk_err_info(why->err)->fault;

	if (why->status >= 500)
		return (struct refresh_outcome){GRANT_RETRYING, "server-error", false};
	if (why->status == 429)
		return (struct refresh_outcome){GRANT_RETRYING, "rate-limited", false};
	/* A page of something in between says nothing of the token. */
	if (why->err != PK_ERR_PROVIDER_REFUSED || !why->provider_error[0])
		return (struct refresh_outcome){GRANT_RETRYING, fault[0] ? fault : "provider-error",
						true};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pk_str_equal(pk_str(why->provider_error), pk_str(words[i].word)))
			return words[i].outcome;
	return ended(grant);
}
