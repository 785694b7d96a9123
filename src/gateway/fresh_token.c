/*
 * Whether the stored token lasts long enough, whether a refresh gives a better one, and what is said
 * where neither helps. A lifetime that the provider did not tell is not held against the token:
 * nobody knows better than the provider, which will refuse it.
 */
#include "gateway/fresh_token.h"
#include "base/text.h"
#include "gateway/log.h"
#include "gateway/refresh.h"
#include "gateway/refresh_plan.h"

#include <stdlib.h>
#include <time.h>

#define NOT_FRESH_RETRY 30 /* seconds */
#define BUSY_RETRY 5

static int64_t seconds_until(int64_t at)
{
	const int64_t seconds = at - time(NULL);

	return seconds < 1 ? 1 : seconds;
}

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
	if (grant->state == GRANT_RETRYING)
		return (struct refusal){
			.outcome = OUTCOME_LATER,
			.fault = grant->fault,
			.seconds = seconds_until(grant->refresh_at),
		};
	return (struct refusal){
		.outcome = OUTCOME_LATER,
		.fault = PK_STR("token-not-fresh"),
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

	if (refresh_is_fresh(grant, time(NULL), least))
		done(&token, NULL, arg);
	else
		not_fresh(grant, done, arg);
}

/* It is being refreshed, here or elsewhere, and that takes long. Who asks again waits again. */
static const struct refusal refusal_busy = {
	.outcome = OUTCOME_LATER,
	.fault = {"token-not-fresh", 15},
	.detail = {"The provider has been asked for a new token, and has not answered yet.", 70},
	.seconds = BUSY_RETRY,
};

/* Somebody who waits for the store, and then perhaps for the provider. */
struct waiting {
	struct keeper *keeper;
	int64_t least;
	bool anew;
	fresh_token_done *done;
	void *arg;
};

/* Whether the last refresh of the grant went well, so that its tokens are as new as there are. */
static bool is_new(const struct grant *grant)
{
	return grant->state == GRANT_ACTIVE && grant->refresh_token.text.len;
}

/* Whether a refresh is sent for somebody who wants new tokens. */
static bool may_renew(struct keeper *keeper, const struct grant *grant)
{
	const int64_t since =
		grant->refreshed_at == PK_TIME_UNKNOWN ? grant->created_at : grant->refreshed_at;

	if (!grant->refresh_token.text.len ||
	    (grant->state == GRANT_ACTIVE && time(NULL) - since < REFRESH_SPARE))
		return false;
	return refresh_runs(keeper, grant->login, grant->subject) ||
	       !refresh_spared(keeper, grant->login, grant->subject);
}

/* A grant, as good as it gets, or why there is none. */
static void on_refreshed(enum vault_result result, const struct grant *grant, void *arg)
{
	const struct waiting waiting = *(struct waiting *)arg;

	free(arg);
	switch (result) {
	case VAULT_OK:
		if (waiting.anew && !is_new(grant))
			not_fresh(grant, waiting.done, waiting.arg);
		else
			give(grant, waiting.least, waiting.done, waiting.arg);
		break;
	case VAULT_NONE:
		waiting.done(NULL, &refusal_none, waiting.arg);
		break;
	case VAULT_BUSY:
		waiting.done(NULL, &refusal_busy, waiting.arg);
		break;
	case VAULT_LOCKED_BY_KEY:
		waiting.done(NULL, &refusal_locked, waiting.arg);
		break;
	case VAULT_DOWN:
		waiting.done(NULL, &refusal_store, waiting.arg);
		break;
	}
}

static void on_grant(const struct vault_answer *answer, void *arg)
{
	struct waiting *waiting = arg;
	const struct grant *grant = answer->grant;

	if (answer->result != VAULT_OK) {
		if (answer->result == VAULT_LOCKED_BY_KEY)
			keeper_locked(waiting->keeper, grant->login, grant->subject,
				      answer->problem);
		else if (answer->result != VAULT_NONE)
			log_text("error", "keeper.store", "%s", answer->problem);
		on_refreshed(answer->result, NULL, waiting);
	} else if (waiting->anew && may_renew(waiting->keeper, grant)) {
		refresh_anew(waiting->keeper, grant, waiting->least, on_refreshed, waiting);
	} else if (refresh_helps(grant, time(NULL), waiting->least)) {
		refresh_grant(waiting->keeper, grant->login, grant->subject, waiting->least,
			      on_refreshed, waiting);
	} else {
		on_refreshed(VAULT_OK, grant, waiting);
	}
}

static void find(struct keeper *keeper, struct pk_str login, struct pk_str subject, int64_t least,
		 bool anew, fresh_token_done *done, void *arg)
{
	struct waiting *waiting = malloc(sizeof(*waiting));

	if (!waiting) {
		done(NULL, &refusal_store, arg);
		return;
	}
	*waiting = (struct waiting){keeper, least, anew, done, arg};
	vault_get(keeper->vault, login, subject, on_grant, waiting);
}

void fresh_token(struct keeper *keeper, struct pk_str login, struct pk_str subject, int64_t least,
		 fresh_token_done *done, void *arg)
{
	find(keeper, login, subject, least, false, done, arg);
}

void fresh_token_anew(struct keeper *keeper, struct pk_str login, struct pk_str subject,
		      int64_t least, fresh_token_done *done, void *arg)
{
	find(keeper, login, subject, least, true, done, arg);
}
