/*
 * Why a provider refused an exchange. The keeper has seen the whole attempt, so it asks explain; to
 * the front goes what a person may see, and no secret.
 */
#ifndef GATEWAY_EXPLAIN_FAILURE_H
#define GATEWAY_EXPLAIN_FAILURE_H

#include "gateway/calls.h"
#include "gateway/settings.h"

/* An attempt up to its token request. The texts are views. */
struct exchange {
	struct pk_str state;
	struct pk_str nonce; /* or "not given" */
	struct pk_str query; /* of the callback */
	struct pk_verifier verifier;
	struct pk_http_request request;
	int64_t started_at;
};

/* How much is wanted, and where it is written. */
struct explanation {
	bool in_full;
	char detail[CALL_TEXT_MAX];
	char report[EXPLANATION_MAX];
};

/*
 * Where nothing is known but that the provider refused (`provider-error`): replaces fault and detail
 * of `failure` by what explain found, if that is proved or likely. With `in_full` it gets the report
 * too, whatever is known. `reply` came at `now`; the new texts are views into `explanation`.
 */
void explain_failure(const struct login_settings *login, const struct exchange *exchange,
		     const struct pk_http_reply *reply, int64_t now,
		     struct explanation *explanation, struct failure *failure);

#endif
