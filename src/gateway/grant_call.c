/*
 * The broker's calls. It is not believed about who asks: it shows what it was shown, and the key
 * that this belongs to says whose grants may be used.
 */
#include "gateway/grant_call.h"
#include "base/text.h"
#include "gateway/broker_key.h"

#define STORE_RETRY 5 /* seconds */
#define LOCKED_RETRY 60

const struct refusal refusal_forbidden = {
	.outcome = OUTCOME_FORBIDDEN,
	.detail = {"This key may not use the grants of this login.", 46},
};

const struct refusal refusal_none = {
	.outcome = OUTCOME_NONE,
	.fault = {"grant-unknown", 13},
};

const struct refusal refusal_store = {
	.outcome = OUTCOME_LATER,
	.fault = {"store-unavailable", 17},
	.detail = {"The store does not answer.", 26},
	.seconds = STORE_RETRY,
};

/* With the key that is missing it opens again: that is nothing to give a grant up for. */
const struct refusal refusal_locked = {
	.outcome = OUTCOME_LATER,
	.fault = {"grant-locked", 12},
	.seconds = LOCKED_RETRY,
};

const struct broker_key *grant_call_key(const struct keeper *keeper, struct message_reader *in)
{
	return broker_key_find_pass(keeper->settings, message_str(in, BROKER_HASH));
}

bool grant_call_read(const struct keeper *keeper, struct message_reader *in, struct grant_call *ret)
{
	ret->key = grant_call_key(keeper, in);
	ret->login = message_str(in, GRANT_LOGIN_MAX);
	ret->subject = message_str(in, PK_SUBJECT_MAX);
	return ret->key && !in->bad && pk_list_has(&ret->key->logins, ret->login);
}

void grant_call_refuse(struct link *link, uint64_t number, const struct refusal *refusal)
{
	char memory[64 + 2 * CALL_TEXT_MAX];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	keeper_answer_begin(&message, number, false);
	message_put_number(&message, (uint64_t)refusal->outcome);
	message_put_str(&message, pk_str_first(refusal->fault, CALL_TEXT_MAX));
	message_put_str(&message, pk_str_first(refusal->detail, CALL_TEXT_MAX));
	message_put_number(&message, (uint64_t)refusal->seconds);
	keeper_answer_send(link, &message);
}
