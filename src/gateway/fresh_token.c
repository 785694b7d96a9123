/*
 * Whether the stored token lasts long enough, and what is said where it does not. A lifetime that
 * the provider did not tell is not held against the token: nobody knows better than the provider,
 * which will refuse it.
 */
#include "gateway/fresh_token.h"
#include "base/text.h"
#include "gateway/log.h"

#include <stdlib.h>
#include <time.h>

#define NOT_FRESH_RETRY 30 /* seconds */

/* Why a grant whose token has ended, or will too soon, has no other. */
static struct refusal reason_of(const struct grant *grant)
{
	if (grant->state == GRANT_ENDED)
		return (struct refusal){.outcome = OUTCOME_ENDED, .fault = grant->fault};
	if (!grant->refresh_token.text.len)
		return (struct refusal){
			.outcome = OUTCOME_ENDED,
			.fault = PK_STR("refresh-token-absent"),
			.detail = PK_STR("The token has ended or soon will, and the provider gave "
					 "no refresh token."),
		};
	return (struct refusal){
		.outcome = OUTCOME_LATER,
		.fault = grant->state == GRANT_RETRYING ? grant->fault : PK_STR("token-not-fresh"),
		.seconds = NOT_FRESH_RETRY,
	};
}

/* The grant's token has ended, or will too soon. */
static void not_fresh(const struct grant *grant, fresh_token_done *done, void *arg)
{
	const struct refusal refusal = reason_of(grant);

	done(NULL, &refusal, arg);
}

static void give(const struct grant *grant, int64_t least, fresh_token_done *done, void *arg)
{
	const struct fresh_token token = {
		.access_token = grant->access_token,
		.scope = grant->scope,
		.expires_at = grant->access_expires_at,
	};

	if (token.expires_at != PK_TIME_UNKNOWN && token.expires_at - time(NULL) < least)
		not_fresh(grant, done, arg);
	else
		done(&token, NULL, arg);
}

/* Somebody who waits for the store. */
struct waiting {
	int64_t least;
	fresh_token_done *done;
	void *arg;
};

static void on_grant(const struct vault_answer *answer, void *arg)
{
	const struct waiting waiting = *(struct waiting *)arg;

	free(arg);
	switch (answer->result) {
	case VAULT_OK:
		give(&answer->grant[0], waiting.least, waiting.done, waiting.arg);
		break;
	case VAULT_NONE:
		waiting.done(NULL, &refusal_none, waiting.arg);
		break;
	default:
		log_text("error", "keeper.store", "%s", answer->problem);
		waiting.done(NULL, &refusal_store, waiting.arg);
	}
}

void fresh_token(struct keeper *keeper, struct pk_str login, struct pk_str subject, int64_t least,
		 fresh_token_done *done, void *arg)
{
	struct waiting *waiting = malloc(sizeof(*waiting));

	if (!waiting) {
		done(NULL, &refusal_store, arg);
		return;
	}
	*waiting = (struct waiting){least, done, arg};
	vault_get(keeper->vault, login, subject, on_grant, waiting);
}
