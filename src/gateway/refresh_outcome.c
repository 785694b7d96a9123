/*
 * Whether a refusal ends a grant. Only what the provider says about the refresh token itself does
 * (RFC 6749 5.2, invalid_grant): its own troubles pass, and a client that is refused is the
 * operator's to mend, with all grants kept for that moment. A refusal after a try whose answer
 * was not heard has that for its cause: the provider gave a new token then, and it was lost on the
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
	{"invalid_client", {GRANT_RETRYING, "secret-rejected", true, false}},
	{"unauthorized_client", {GRANT_RETRYING, "provider-error", true, false}},
	{"unsupported_grant_type", {GRANT_RETRYING, "provider-error", true, false}},
	{"invalid_scope", {GRANT_RETRYING, "provider-error", true, false}},
	{"temporarily_unavailable", {GRANT_RETRYING, "server-error", false, false}},
	{"server_error", {GRANT_RETRYING, "server-error", false, false}},
	{"slow_down", {GRANT_RETRYING, "rate-limited", false, false}},
};

static struct refresh_outcome ended(const struct grant *grant)
{
	return (struct refresh_outcome){
		.state = GRANT_ENDED,
		.fault = grant->sent_at == PK_TIME_UNKNOWN ? "provider-session-gone"
							   : "refresh-reply-lost",
	};
}

/* What stands between the provider and us did not understand its answer or did not wait for it
 * (RFC 9110 15.6.3 and 15.6.5); or we do not understand it, and it went well (15.3). */
static bool is_unheard(const struct pk_why *why)
{
	return why->status == 502 || why->status == 504 ||
	       (why->status >= 200 && why->status < 300 && why->err != PK_ERR_PROVIDER_REFUSED);
}

struct refresh_outcome refresh_refused(const struct grant *grant, const struct pk_why *why)
{
	const char *fault = pk_err_info(why->err)->fault;

	if (why->status >= 500)
		return (struct refresh_outcome){GRANT_RETRYING, "server-error", false,
						is_unheard(why)};
	if (why->status == 429)
		return (struct refresh_outcome){GRANT_RETRYING, "rate-limited", false, false};
	/* A page of something in between says nothing of the token. */
	if (why->err != PK_ERR_PROVIDER_REFUSED || !why->provider_error[0])
		return (struct refresh_outcome){GRANT_RETRYING, fault[0] ? fault : "provider-error",
						true, is_unheard(why)};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pk_str_equal(pk_str(why->provider_error), pk_str(words[i].word)))
			return words[i].outcome;
	return ended(grant);
}
