/*
 * From the lease to the request: one keeper of all replicas has the lease of a grant, the others wait
 * for what it does. Before a request leaves, the store notes that it does: if its answer is never
 * stored, whoever comes next knows. The lease is extended while the provider is slow.
 */
#include "gateway/refresh_work.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "gateway/log.h"
#include "gateway/refresh_plan.h"
#include "gateway/upstream.h"

#include <time.h>

#define LOCKED_SECONDS 300 /* of a grant that does not open */
#define POLL_FIRST 50u     /* milliseconds between two looks at what another keeper refreshes */
#define POLL_MAX 500u      /* later ones */

static void on_leased(const struct vault_answer *answer, void *arg);

void refresh_lease(struct refresh *refresh, vault_done *done)
{
	vault_lease(refresh->job.keeper->vault, refresh->grant.login, refresh->grant.subject,
		    refresh->owner, LEASE_SECONDS, done, refresh);
}

/*
 * While the store was away a lease may have ended whose owner is well, and has new tokens for it: it
 * stores them as soon as it can, and goes first. Else the refresh token that it has used would be
 * sent again, for which some providers end everything (RFC 9700 4.14.2).
 */
static void take_turn(struct refresh *refresh)
{
	const struct keeper *keeper = refresh->job.keeper;

	if (keeper->store_down) {
		refresh_waited(refresh);
		refresh_tell_and_end(refresh, VAULT_DOWN, NULL);
	} else if (keeper->ticks < keeper->store_calm_at) {
		refresh_set_timer(refresh, STEP_LEASING, POLL_MAX);
	} else {
		refresh_lease(refresh, on_leased);
	}
}

void refresh_poll(struct refresh *refresh, enum step step)
{
	unsigned wait = POLL_FIRST << (refresh->polls < 4 ? refresh->polls : 4);

	if (step == STEP_WAITING && !refresh->waits_since)
		refresh->waits_since = metrics_clock();
	refresh->polls++;
	refresh_set_timer(refresh, step, wait < POLL_MAX ? wait : POLL_MAX);
}

/* It is in the store that a request leaves: if its answer is never stored, whoever comes next
 * knows. */
static void on_marked(const struct vault_answer *answer, void *arg)
{
	struct refresh *refresh = arg;
	struct pk_http_request request;
	struct pk_why why = {0};

	if (refresh_is_stopped(refresh))
		return;
	if (answer->result == VAULT_BUSY) {
		refresh_poll(refresh, STEP_WAITING);
	} else if (answer->result != VAULT_OK) {
		refresh_give_up(refresh, answer);
	} else if (pk_refresh_request(&refresh->arena, &refresh->login.login, refresh->login.secret,
				      refresh->grant.refresh_token, &request, &why) != PK_OK) {
		refresh_fail(
			refresh,
			(struct refresh_outcome){GRANT_RETRYING, "provider-error", true, false},
			pk_str(why.detail), 0);
	} else {
		upstream_send(refresh->job.keeper, UPSTREAM_REFRESH, &refresh->login.login,
			      &request, refresh_reply, refresh);
		refresh_set_timer(refresh, STEP_SENT, LEASE_EXTENDED * 1000);
	}
}

static void on_renewed(const struct vault_answer *answer, void *arg)
{
	struct refresh *refresh = arg;

	/* A lease that was lost shows when the tokens are stored. */
	(void)answer;
	refresh->renewing = false;
	if (refresh->ended)
		refresh_release(refresh);
	else if (refresh->step == STEP_SENT && !refresh_is_stopped(refresh))
		refresh_set_timer(refresh, STEP_SENT, LEASE_EXTENDED * 1000);
}

static void renew(struct refresh *refresh, int64_t sent_at, vault_done *done)
{
	vault_renew(refresh->job.keeper->vault, refresh->grant.login, refresh->grant.subject,
		    refresh->owner, LEASE_SECONDS, sent_at, done, refresh);
}

/* Copies the grant, which is the answer's. */
static enum pk_err keep_grant(struct refresh *refresh, const struct grant *grant)
{
	struct grant kept = *grant;
	struct pk_arena *arena = &refresh->arena;

	kept.login = refresh->grant.login;
	kept.subject = refresh->grant.subject;
	arena->used = refresh->mark;
	TRY(pk_arena_copy(arena, grant->access_token.text, &kept.access_token.text));
	if (grant->refresh_token.text.ptr)
		TRY(pk_arena_copy(arena, grant->refresh_token.text, &kept.refresh_token.text));
	if (grant->id_token.text.ptr)
		TRY(pk_arena_copy(arena, grant->id_token.text, &kept.id_token.text));
	TRY(pk_arena_copy(arena, grant->scope, &kept.scope));
	if (grant->session.ptr)
		TRY(pk_arena_copy(arena, grant->session, &kept.session));
	TRY(pk_arena_copy(arena, grant->fault, &kept.fault));
	refresh->grant = kept;
	return PK_OK;
}

/* Whether there is still a reason: who had the lease before may have done it. */
static bool is_wanted(const struct refresh *refresh, const struct grant *grant)
{
	const int64_t now = time(NULL);

	if (refresh->due && grant->state != GRANT_ENDED && grant->refresh_at != PK_TIME_UNKNOWN &&
	    grant->refresh_at <= now)
		return true;
	if (refresh->anew && grant->version == refresh->version)
		return true;
	return !TAILQ_EMPTY(&refresh->waiters) && refresh_helps(grant, now, refresh->least);
}

/* The lease is ours. A grant that can never be refreshed is not due any more. */
static void work(struct refresh *refresh)
{
	refresh_waited(refresh);
	refresh->next = refresh->grant;
	if (!is_wanted(refresh, &refresh->grant)) {
		refresh_count(refresh, REFRESHED_ELSEWHERE);
		refresh_finish(refresh, &refresh->next);
	} else if (!refresh->of_settings || !refresh->grant.refresh_token.text.len) {
		refresh->next.refresh_at = PK_TIME_UNKNOWN;
		refresh_finish(refresh, &refresh->next);
	} else if (refresh->unreachable[0]) {
		refresh_retry(refresh, refresh->unreachable, false,
			      PK_STR("how the provider is spoken to cannot be found out"));
	} else {
		refresh->sent_at = time(NULL);
		renew(refresh, refresh->sent_at, on_marked);
	}
}

static void on_left(const struct vault_answer *answer, void *arg)
{
	struct refresh *refresh = arg;

	/* Without the longer lease it is only looked at sooner. */
	(void)answer;
	if (!refresh_is_stopped(refresh))
		refresh_tell_and_end(refresh, VAULT_LOCKED_BY_KEY, NULL);
}

/* A grant that does not open cannot be written either, so it stays due, and where a key is missing
 * there are many. Its lease keeps it out of the way of those that can be refreshed. */
static void leave_locked(struct refresh *refresh, const char *problem)
{
	refresh_waited(refresh);
	keeper_locked(refresh->job.keeper, refresh->grant.login, refresh->grant.subject, problem);
	refresh_tell(refresh, VAULT_LOCKED_BY_KEY, NULL);
	vault_renew(refresh->job.keeper->vault, refresh->grant.login, refresh->grant.subject,
		    refresh->owner, LOCKED_SECONDS, PK_TIME_UNKNOWN, on_left, refresh);
}

static void on_leased(const struct vault_answer *answer, void *arg)
{
	struct refresh *refresh = arg;

	if (refresh_is_stopped(refresh))
		return;
	if (answer->result == VAULT_OK && keep_grant(refresh, &answer->grant[0]) == PK_OK) {
		work(refresh);
	} else if (answer->result == VAULT_OK) {
		log_text("error", "keeper.refresh", "a grant is too long to be refreshed");
		refresh_tell_and_end(refresh, VAULT_LOCKED_BY_KEY, NULL);
	} else if (answer->result == VAULT_BUSY && !TAILQ_EMPTY(&refresh->waiters)) {
		refresh_poll(refresh, STEP_WAITING);
	} else if (answer->result == VAULT_LOCKED_BY_KEY) {
		leave_locked(refresh, answer->problem);
	} else {
		refresh_give_up(refresh, answer);
	}
}

/* Another keeper had the lease: are its tokens here? */
static void on_polled(const struct vault_answer *answer, void *arg)
{
	struct refresh *refresh = arg;

	if (refresh_is_stopped(refresh))
		return;
	if (answer->result != VAULT_OK) {
		refresh_give_up(refresh, answer);
	} else if (is_wanted(refresh, &answer->grant[0])) {
		take_turn(refresh);
	} else {
		refresh_waited(refresh);
		refresh_count(refresh, REFRESHED_ELSEWHERE);
		refresh_tell_and_end(refresh, VAULT_OK, &answer->grant[0]);
	}
}

static void on_login(struct pk_str dialect_text, const struct failure *failure, void *arg)
{
	struct refresh *refresh = arg;

	if (failure)
		pk_text_tame(refresh->unreachable, sizeof(refresh->unreachable), failure->fault);
	else if (keeper_login_take(refresh->of_settings, dialect_text, &refresh->arena,
				   &refresh->login) != PK_OK)
		pk_text_tame(refresh->unreachable, sizeof(refresh->unreachable),
			     PK_STR("metadata-incomplete"));
	refresh->mark = refresh->arena.used;
	take_turn(refresh);
}

static void begin(struct refresh *refresh)
{
	if (refresh->of_settings) {
		refresh->login = *refresh->of_settings;
		keeper_login(refresh->job.keeper, refresh->of_settings, &refresh->wait, on_login,
			     refresh);
	} else {
		refresh->mark = refresh->arena.used;
		take_turn(refresh);
	}
}

void refresh_step(evutil_socket_t fd, short what, void *arg)
{
	struct refresh *refresh = arg;

	(void)fd;
	(void)what;
	switch (refresh->step) {
	case STEP_QUEUED:
		break;
	case STEP_WORKING:
		begin(refresh);
		break;
	case STEP_LEASING:
		take_turn(refresh);
		break;
	case STEP_WAITING:
		vault_get(refresh->job.keeper->vault, refresh->grant.login, refresh->grant.subject,
			  on_polled, refresh);
		break;
	case STEP_SENT:
		if (!refresh->renewing) {
			refresh->renewing = true;
			renew(refresh, PK_TIME_UNKNOWN, on_renewed);
		}
		break;
	case STEP_SAVING:
		refresh_lease(refresh, refresh_saving);
		break;
	}
}
