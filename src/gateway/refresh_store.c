/*
 * What came of a refresh, into the store. A provider that replaces refresh tokens has forgotten the
 * old one when its answer is here, so new tokens are kept in memory until the store has them, however
 * long it is away.
 */
#include "gateway/refresh_work.h"
#include "base/text.h"
#include "gateway/log.h"

static void on_finished(const struct vault_answer *answer, void *arg)
{
	struct refresh *refresh = arg;

	if (refresh_is_stopped(refresh))
		return;
	if (answer->result == VAULT_OK) {
		refresh_due_at(refresh->job.keeper, refresh->grant.login, refresh->next.refresh_at);
		refresh_tell_and_end(refresh, VAULT_OK, &refresh->next);
	} else if (!refresh->got) {
		refresh_give_up(refresh, answer);
	} else if (answer->result == VAULT_NONE) {
		/* Signed out meanwhile: nobody will ever use these tokens. */
		keeper_revoke_tokens(refresh->job.keeper, &refresh->login, &refresh->next, NULL);
		refresh_tell_and_end(refresh, VAULT_NONE, NULL);
	} else {
		if (answer->result == VAULT_DOWN) {
			log_text("error", "keeper.store", "new tokens are not stored yet: %s",
				 answer->problem);
			refresh_tell(refresh, VAULT_DOWN, NULL);
		}
		refresh_poll(refresh, STEP_SAVING);
	}
}

void refresh_finish(struct refresh *refresh, const struct grant *grant)
{
	refresh->step = STEP_WORKING;
	event_del(refresh->timer);
	vault_finish(refresh->job.keeper->vault, grant, refresh->owner, on_finished, refresh);
}

/* The row that new tokens were for has another version by now. Where it still has the refresh
 * token that was sent, the provider has replaced that one: what a login brought stays, but for
 * that token. Where it has another one, somebody has newer tokens than these. */
static struct grant merge(const struct refresh *refresh, const struct grant *row)
{
	const struct grant *const next = &refresh->next;
	struct grant merged = *row;

	if (!pk_str_equal(row->refresh_token.text, refresh->grant.refresh_token.text))
		return merged;
	if (pk_str_equal(row->access_token.text, refresh->grant.access_token.text)) {
		merged = *next;
		merged.version = row->version;
		return merged;
	}
	merged.refresh_token = next->refresh_token;
	merged.sent_at = next->sent_at;
	merged.refresh_expires_at = next->refresh_expires_at;
	return merged;
}

/* Stored it was, or it is now. */
void refresh_saving(const struct vault_answer *answer, void *arg)
{
	struct refresh *refresh = arg;
	struct grant merged;

	if (refresh_is_stopped(refresh))
		return;
	switch (answer->result) {
	case VAULT_OK:
		merged = merge(refresh, &answer->grant[0]);
		refresh_tell(refresh, VAULT_OK, &merged);
		refresh_finish(refresh, &merged);
		break;
	case VAULT_NONE:
		keeper_revoke_tokens(refresh->job.keeper, &refresh->login, &refresh->next, NULL);
		refresh_tell_and_end(refresh, VAULT_NONE, NULL);
		break;
	case VAULT_LOCKED_BY_KEY:
		refresh_give_up(refresh, answer);
		break;
	case VAULT_BUSY:
	case VAULT_DOWN:
		refresh_poll(refresh, STEP_SAVING);
		break;
	}
}
