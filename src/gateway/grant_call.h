/* What the broker's calls have in common, in the keeper: who asks, whether they may, and how
 * they are refused. */
#ifndef GATEWAY_GRANT_CALL_H
#define GATEWAY_GRANT_CALL_H

#include "gateway/keeper.h"

/* A call about one grant. The texts are views into the message. */
struct grant_call {
	const struct broker_key *key;
	struct pk_str login;
	struct pk_str subject;
};

/* Why there is nothing. `fault` may be empty. */
struct refusal {
	enum outcome outcome;
	struct pk_str fault;
	struct pk_str detail;
	int64_t seconds; /* after which it may go better; 0: not known */
};

/* Reads the pass and finds its key, or NULL. */
const struct broker_key *grant_call_key(const struct keeper *keeper, struct message_reader *in);

/* Reads pass, login and subject; false when the key may not use that login's grants. */
bool grant_call_read(const struct keeper *keeper, struct message_reader *in,
		     struct grant_call *ret);

void grant_call_refuse(struct link *link, uint64_t number, const struct refusal *refusal);

/* What is said where the key may not, where there is no grant, and where the store does not
 * answer. */
extern const struct refusal refusal_forbidden, refusal_none, refusal_store, refusal_locked;

#endif
