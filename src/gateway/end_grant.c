/*
 * The end of a grant: from then on it is none for anybody, and its provider is asked to forget the
 * tokens (RFC 7009), in its own time. Until that is over the row stays in the store as one that is
 * leaving, and this keeper has its lease; if the keeper dies, the lease ends, and whoever looks for
 * what is due goes on. What a refresh under way brings afterwards finds no grant, and goes the same
 * way.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "gateway/keeper.h"
#include "gateway/log.h"

#include <sodium.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#define AGAIN_MAX 16 /* that died keepers left, at a time: after a long stop there may be many */

/* A grant that is given up, until its provider has taken the tokens back. */
struct farewell {
	LIST_ENTRY(farewell) entry;
	struct job job; /* but not while a revocation waits for its next try */
	struct published_wait wait;
	struct revocation_wait revoking;
	const struct login_settings *of_settings; /* NULL: the login is not configured any more */
	struct login_settings login;
	struct grant grant;
	struct event *timer;
	uint8_t owner[LEASE_OWNER];
	bool again;     /* another keeper had begun it */
	bool asking;    /* the provider, from here: the answer may come at once */
	bool extending; /* the store has not answered yet */
	bool ended;
	keeper_grant_ended *done;
	void *arg;
	struct pk_arena arena;
	unsigned char memory[3 * PK_ARENA_LOGIN + GRANT_LOGIN_MAX + PK_SUBJECT_MAX];
};

static void release(struct farewell *farewell)
{
	if (farewell->again)
		farewell->job.keeper->farewells_again--;
	LIST_REMOVE(farewell, entry);
	event_free(farewell->timer);
	pk_arena_wipe(&farewell->arena);
	sodium_memzero(farewell, offsetof(struct farewell, memory));
	free(farewell);
}

/* The job is ended by now, or with it. */
static void end(struct farewell *farewell)
{
	event_del(farewell->timer);
	farewell->ended = true;
	if (!farewell->extending)
		release(farewell);
}

static void end_with_job(struct farewell *farewell)
{
	keeper_job_end(&farewell->job);
	end(farewell);
}

static bool is_stopped(const struct farewell *farewell)
{
	return farewell->job.keeper->refreshing.stopped;
}

static void set_timer(struct farewell *farewell)
{
	if (event_add(farewell->timer, &(struct timeval){.tv_sec = LEASE_EXTENDED}) != 0)
		log_text("error", "keeper.store", "no timer for a grant that is deleted");
}

static void on_extended(const struct vault_answer *answer, void *arg)
{
	struct farewell *farewell = arg;

	farewell->extending = false;
	if (is_stopped(farewell))
		return;
	if (farewell->ended)
		release(farewell);
	else if (answer->result == VAULT_OK || answer->result == VAULT_DOWN)
		set_timer(farewell);
	/* Else a login has taken the row's place, or another keeper goes on with it: the tokens are
	 * revoked all the same. */
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct farewell *farewell = arg;

	(void)fd;
	(void)what;
	farewell->extending = true;
	vault_renew(farewell->job.keeper->vault, farewell->grant.login, farewell->grant.subject,
		    farewell->owner, LEASE_SECONDS, PK_TIME_UNKNOWN, on_extended, farewell);
}

static void on_deleted(const struct vault_answer *answer, void *arg)
{
	struct farewell *farewell = arg;

	if (is_stopped(farewell))
		return;
	if (answer->result == VAULT_DOWN)
		log_text("error", "keeper.store",
			 "a grant whose tokens were revoked is not deleted yet: %s",
			 answer->problem);
	end_with_job(farewell);
}

/* The tokens are revoked, or cannot be. What is not deleted now, since the store is away, is left
 * again when the lease has ended: revoking twice harms nobody (RFC 7009 2.2). */
static void forget(struct farewell *farewell)
{
	event_del(farewell->timer);
	vault_delete(farewell->job.keeper->vault, farewell->grant.login, farewell->grant.subject,
		     farewell->owner, on_deleted, farewell);
}

static void on_revoked(bool over, void *arg)
{
	struct farewell *farewell = arg;

	if (farewell->asking || is_stopped(farewell))
		return;
	if (!over) {
		end(farewell);
		return;
	}
	keeper_job_begin(farewell->job.keeper, &farewell->job, NULL, 0);
	forget(farewell);
}

static void ask_provider(struct farewell *farewell)
{
	farewell->revoking.done = on_revoked;
	farewell->revoking.arg = farewell;
	farewell->asking = true;
	keeper_revoke_tokens(farewell->job.keeper, &farewell->login, &farewell->grant,
			     &farewell->revoking);
	farewell->asking = false;
	if (farewell->revoking.left)
		keeper_job_end(&farewell->job);
	else if (farewell->revoking.undone)
		end_with_job(farewell);
	else
		forget(farewell);
}

static void on_login(struct pk_str dialect_text, const struct failure *failure, void *arg)
{
	struct farewell *farewell = arg;
	const struct login_settings *login = farewell->of_settings;

	if (is_stopped(farewell))
		return;
	if (failure) {
		keeper_not_revoked(login->login.name, failure->detail);
		forget(farewell);
	} else if (keeper_login_take(login, dialect_text, &farewell->arena, &farewell->login) !=
		   PK_OK) {
		keeper_not_revoked(login->login.name, PK_STR("the login's dialect cannot be read"));
		forget(farewell);
	} else {
		ask_provider(farewell);
	}
}

/* Copies what the provider is to forget; the rest of the grant is of no more use. */
static enum pk_err keep_tokens(struct farewell *farewell, const struct grant *grant)
{
	struct grant *kept = &farewell->grant;

	TRY(pk_arena_copy(&farewell->arena, grant->access_token.text, &kept->access_token.text));
	TRY(pk_arena_copy(&farewell->arena, grant->refresh_token.text, &kept->refresh_token.text));
	return PK_OK;
}

/* The grant has ended for all others; or it never was, or somebody else goes on with it. */
static void on_left(const struct vault_answer *answer, void *arg)
{
	struct farewell *farewell = arg;
	const struct login_settings *login = farewell->of_settings;
	const bool ours = answer->result == VAULT_OK || answer->result == VAULT_LOCKED_BY_KEY;
	const char *problem = NULL;

	if (answer->result == VAULT_DOWN)
		log_text("error", "keeper.store", "the grant is not deleted: %s", answer->problem);
	else if (answer->result == VAULT_LOCKED_BY_KEY)
		problem = answer->problem;
	else if (answer->result == VAULT_OK && keep_tokens(farewell, &answer->grant[0]) != PK_OK)
		problem = "its tokens are too long";
	if (farewell->done)
		farewell->done(answer->result,
			       answer->result == VAULT_OK ? &answer->grant[0] : NULL,
			       farewell->arg);
	if (is_stopped(farewell))
		return;
	if (!ours || !login) {
		end_with_job(farewell);
	} else if (problem) {
		keeper_not_revoked(login->login.name, pk_str(problem));
		forget(farewell);
	} else {
		set_timer(farewell);
		keeper_login(farewell->job.keeper, login, &farewell->wait, on_login, farewell);
	}
}

/* NULL without memory. */
static struct farewell *farewell_new(struct keeper *keeper, struct pk_str login,
				     struct pk_str subject)
{
	struct farewell *farewell = calloc(1, sizeof(*farewell));

	if (!farewell)
		return NULL;
	farewell->arena = pk_arena(farewell->memory, sizeof(farewell->memory));
	farewell->timer = evtimer_new(keeper->base, on_timer, farewell);
	if (!farewell->timer ||
	    pk_arena_copy(&farewell->arena, login, &farewell->grant.login) != PK_OK ||
	    pk_arena_copy(&farewell->arena, subject, &farewell->grant.subject) != PK_OK) {
		if (farewell->timer)
			event_free(farewell->timer);
		free(farewell);
		return NULL;
	}
	farewell->of_settings = settings_login(keeper->settings, login);
	randombytes_buf(farewell->owner, sizeof(farewell->owner));
	keeper_job_begin(keeper, &farewell->job, NULL, 0);
	LIST_INSERT_HEAD(&keeper->farewells, farewell, entry);
	return farewell;
}

void keeper_end_grant(struct keeper *keeper, struct pk_str login, struct pk_str subject,
		      keeper_grant_ended *done, void *arg)
{
	struct farewell *farewell = farewell_new(keeper, login, subject);

	if (!farewell) {
		log_text("error", "keeper.store", "the grant is not deleted: out of memory");
		if (done)
			done(VAULT_DOWN, NULL, arg);
		return;
	}
	farewell->done = done;
	farewell->arg = arg;
	/* Without its login nobody can tell the provider anything. */
	if (farewell->of_settings)
		vault_leave(keeper->vault, login, subject, farewell->owner, LEASE_SECONDS,
			    time(NULL), false, on_left, farewell);
	else
		vault_delete(keeper->vault, login, subject, NULL, on_left, farewell);
}

bool keeper_end_grant_again(struct keeper *keeper, const struct grant *grant)
{
	struct farewell *farewell = NULL;

	if (keeper->farewells_again < AGAIN_MAX)
		farewell = farewell_new(keeper, grant->login, grant->subject);
	if (!farewell)
		return false;
	keeper->farewells_again++;
	farewell->again = true;
	vault_leave(keeper->vault, grant->login, grant->subject, farewell->owner, LEASE_SECONDS,
		    time(NULL), true, on_left, farewell);
	return true;
}

void farewells_free(struct keeper *keeper)
{
	while (!LIST_EMPTY(&keeper->farewells))
		release(LIST_FIRST(&keeper->farewells));
}
