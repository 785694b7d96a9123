/*
 * CALL_GRANTS: what a key may use, without tokens, as much of it as a message takes. A key's logins
 * are listed one after another, so that the store never shows a row of another one.
 */
#include "base/text.h"
#include "gateway/grant_call.h"
#include "gateway/log.h"

#include <stdlib.h>

#define SCOPE_SHOWN 2048 /* bytes: whatever a scope is, a row fits into a message */
#define LIMIT_MAX 100

static const struct pk_str states[GRANT_STATES] = {
	[GRANT_ACTIVE] = {"active", 6},
	[GRANT_RETRYING] = {"retrying", 8},
	[GRANT_ENDED] = {"ended", 5},
	[GRANT_LEAVING] = {"leaving", 7}, /* the vault lists none */
};

struct listing {
	struct job job;
	const struct broker_key *key;
	size_t place; /* of the login that is listed, in the key's */
	bool alone;   /* no other one was asked for */
	size_t left;  /* how many grants may still be given */
	struct pk_buf message;
	char memory[MESSAGE_MAX];
};

static void put_row(struct pk_buf *out, const struct grant *grant)
{
	message_put_number(out, 1);
	message_put_str(out, grant->login);
	message_put_str(out, grant->subject);
	message_put_str(out, states[grant->state]);
	message_put_str(out, pk_str_first(grant->scope, SCOPE_SHOWN));
	message_put_number(out, (uint64_t)grant->access_expires_at);
	message_put_number(out, (uint64_t)grant->refresh_expires_at);
	message_put_number(out, (uint64_t)grant->refresh_at);
	message_put_number(out, (uint64_t)grant->created_at);
	message_put_number(out, (uint64_t)grant->refreshed_at);
	message_put_number(out, (uint64_t)grant->failures);
	message_put_str(out, pk_str_first(grant->fault, CALL_TEXT_MAX));
}

/* Takes as many as fit, with the end of the list behind them; false when there was no room for
 * all. */
static bool put_rows(struct listing *listing, const struct grant *grants, size_t count)
{
	const size_t end = 2 * sizeof(uint64_t);

	for (size_t i = 0; i < count; i++) {
		const struct pk_buf before = listing->message;

		if (!listing->left)
			return false;
		put_row(&listing->message, &grants[i]);
		if (listing->message.overflow ||
		    listing->message.cap - listing->message.len < end) {
			listing->message = before;
			return false;
		}
		listing->left--;
	}
	return true;
}

static void end(struct listing *listing)
{
	keeper_job_end(&listing->job);
	free(listing);
}

static void answer(struct listing *listing, bool more)
{
	message_put_number(&listing->message, 0);
	message_put_number(&listing->message, more);
	keeper_answer_send(listing->job.link, &listing->message);
	end(listing);
}

static void ask(struct listing *listing, struct pk_str after);

static void on_rows(const struct vault_answer *rows, void *arg)
{
	struct listing *listing = arg;

	if (rows->result != VAULT_OK) {
		log_text("error", "keeper.store", "%s", rows->problem);
		grant_call_refuse(listing->job.link, listing->job.number, &refusal_store);
		end(listing);
	} else if (!put_rows(listing, rows->grant, rows->count)) {
		answer(listing, true);
	} else if (listing->alone || ++listing->place == listing->key->logins.count) {
		answer(listing, false);
	} else {
		ask(listing, (struct pk_str){0});
	}
}

/* Asks for one more than may be given: whether there are more is known then. */
static void ask(struct listing *listing, struct pk_str after)
{
	const struct pk_str login = listing->key->logins.item[listing->place];

	vault_list(listing->job.keeper->vault, login, after.ptr ? login : after, after,
		   listing->left + 1, on_rows, listing);
}

/* Where `login` stands among the key's; false where it does not. */
static bool find_place(const struct broker_key *key, struct pk_str login, size_t *ret)
{
	for (size_t i = 0; i < key->logins.count; i++) {
		if (pk_str_equal(key->logins.item[i], login)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

void keeper_grants(struct keeper *keeper, struct link *link, uint64_t number,
		   struct message_reader *in)
{
	const struct broker_key *key = grant_call_key(keeper, in);
	const struct pk_str login = message_str(in, GRANT_LOGIN_MAX);
	const struct pk_str after_login = message_str(in, GRANT_LOGIN_MAX);
	const struct pk_str after = message_str(in, PK_SUBJECT_MAX);
	const uint64_t limit = message_number(in);
	const struct pk_str first = after_login.len ? after_login : login;
	struct listing *listing;
	size_t place = 0;

	if (!message_done(in) || !key || !limit || limit > LIMIT_MAX ||
	    (login.len && after_login.len && !pk_str_equal(login, after_login)) ||
	    (first.len && !find_place(key, first, &place))) {
		grant_call_refuse(link, number, &refusal_forbidden);
		return;
	}
	listing = malloc(sizeof(*listing));
	if (!listing) {
		grant_call_refuse(link, number, &refusal_store);
		return;
	}
	listing->key = key;
	listing->place = place;
	listing->alone = login.len > 0;
	listing->left = limit;
	listing->message = pk_buf(listing->memory, sizeof(listing->memory));
	keeper_job_begin(keeper, &listing->job, link, number);
	keeper_answer_begin(&listing->message, number, true);
	ask(listing, after_login.len ? after : (struct pk_str){0});
}
