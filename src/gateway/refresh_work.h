/*
 * One refresh, as the files that do it see it. Its way: refresh.c begins it and ends it, and has
 * those who wait; refresh_lease.c takes the lease, looks whether it is still wanted, and sends the
 * request; refresh_reply.c judges the answer; refresh_store.c stores what came of it.
 */
#ifndef GATEWAY_REFRESH_WORK_H
#define GATEWAY_REFRESH_WORK_H

#include "gateway/refresh.h"
#include "gateway/refresh_outcome.h"

/* What the timer is for. */
enum step {
	STEP_QUEUED, /* for others of this login to end */
	STEP_WORKING,
	STEP_LEASING, /* for a store that was away */
	STEP_WAITING, /* for another keeper */
	STEP_SENT,    /* for the provider */
	STEP_SAVING,  /* for the store, with new tokens in hand */
};

struct refresh {
	LIST_ENTRY(refresh) entry;
	struct job job;
	struct event *timer;
	struct published_wait wait;
	TAILQ_HEAD(, waiter) waiters;
	const struct login_settings *of_settings; /* NULL: the login is not configured any more */
	struct login_settings login;
	struct grant grant; /* as it was leased */
	struct grant next;  /* as it is to be stored; its tokens are in the arena or static */
	struct pk_tokens tokens;
	uint8_t owner[LEASE_OWNER];
	enum step step;
	uint64_t waits_since; /* for another keeper, on metrics_clock(); 0: it does not */
	int64_t sent_at;      /* when the request left */
	int64_t least;        /* what those who wait need */
	unsigned polls;
	int64_t version; /* of the row whose tokens somebody wants replaced, if `anew` */
	bool anew;
	bool due;      /* it is not only for those who wait */
	bool renewing; /* the store has not answered yet */
	bool renewed_keys;
	bool got; /* new tokens, which nobody else has */
	bool ended;
	char unreachable[64]; /* the fault, where the provider's metadata cannot be had */
	struct pk_arena arena;
	size_t mark; /* of the arena: what stays when the lease is taken once more */
	unsigned char memory[3 * PK_ARENA_LOGIN + PK_REPLY_MAX];
};

/* ---- refresh.c ---- */

/* Whether the keeper has stopped all of them: the vault answers, and nothing more is done. */
bool refresh_is_stopped(const struct refresh *refresh);

void refresh_set_timer(struct refresh *refresh, enum step step, unsigned milliseconds);

/* Tells all who wait, as refresh_done says it; and is done with it. */
void refresh_tell(struct refresh *refresh, enum vault_result result, const struct grant *grant);
void refresh_tell_and_end(struct refresh *refresh, enum vault_result result,
			  const struct grant *grant);

/* The same for a step that the store did not allow. */
void refresh_give_up(struct refresh *refresh, const struct vault_answer *answer);

/* After the end, when the store has answered the last call. */
void refresh_release(struct refresh *refresh);

struct metrics *refresh_metrics(const struct refresh *refresh);
void refresh_count(const struct refresh *refresh, enum refreshed outcome);

/* It does not wait for another keeper any more, whether or not that came to something. */
void refresh_waited(struct refresh *refresh);

/* ---- refresh_lease.c ---- */

/* What its timer is for. */
void refresh_step(evutil_socket_t fd, short what, void *arg);

void refresh_lease(struct refresh *refresh, vault_done *done);

/* Looks again after a moment; a longer one each time, up to a bound. */
void refresh_poll(struct refresh *refresh, enum step step);

/* ---- refresh_reply.c ---- */

/* What the provider said. */
http_client_done refresh_reply;

/* It failed. `after`: the seconds that the provider asked for. */
void refresh_fail(struct refresh *refresh, struct refresh_outcome outcome, struct pk_str text,
		  int64_t after);

/* The provider said nothing, or was not even asked. */
void refresh_retry(struct refresh *refresh, const char *fault, bool sent, struct pk_str text);

/* ---- refresh_store.c ---- */

/* Stores what came of it, and ends the lease and the refresh. */
void refresh_finish(struct refresh *refresh, const struct grant *grant);

/* The lease was taken once more, for new tokens that are not stored yet. */
vault_done refresh_saving;

#endif
