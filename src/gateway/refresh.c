/*
 * A refresh from its beginning to its end, and those who wait for it: all who ask while one is under
 * way wait for that one. How many of a login are under way at a time is bounded; the others queue.
 * The work itself is in the files that refresh_work.h names.
 */
#include "gateway/refresh_work.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "gateway/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Somebody who waits. */
struct waiter {
	TAILQ_ENTRY(waiter) entry;
	struct refresh *refresh;
	struct event *patience;
	refresh_done *done;
	void *arg;
};

bool refresh_is_stopped(const struct refresh *refresh)
{
	return refresh->job.keeper->refreshing.stopped;
}

void refresh_set_timer(struct refresh *refresh, enum step step, unsigned milliseconds)
{
	const struct timeval wait = {.tv_sec = milliseconds / 1000,
				     .tv_usec = milliseconds % 1000 * 1000};

	refresh->step = step;
	if (event_add(refresh->timer, &wait) != 0)
		log_text("error", "keeper.refresh", "no timer for a refresh");
}

static void tell_one(struct waiter *waiter, enum vault_result result, const struct grant *grant)
{
	TAILQ_REMOVE(&waiter->refresh->waiters, waiter, entry);
	waiter->done(result, grant, waiter->arg);
	event_free(waiter->patience);
	free(waiter);
}

void refresh_tell(struct refresh *refresh, enum vault_result result, const struct grant *grant)
{
	struct waiter *waiter;

	while ((waiter = TAILQ_FIRST(&refresh->waiters)))
		tell_one(waiter, result, grant);
}

/* The refresh goes on without them, and is there when they ask again. */
static void on_impatient(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell_one(arg, VAULT_BUSY, NULL);
}

static bool wait_for(struct refresh *refresh, refresh_done *done, void *arg)
{
	const struct timeval patience = {.tv_sec = REFRESH_PATIENCE};
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter)
		return false;
	*waiter = (struct waiter){.refresh = refresh, .done = done, .arg = arg};
	waiter->patience = evtimer_new(refresh->job.keeper->base, on_impatient, waiter);
	if (!waiter->patience || event_add(waiter->patience, &patience) != 0) {
		if (waiter->patience)
			event_free(waiter->patience);
		free(waiter);
		return false;
	}
	TAILQ_INSERT_TAIL(&refresh->waiters, waiter, entry);
	return true;
}

void refresh_release(struct refresh *refresh)
{
	keeper_job_end(&refresh->job);
	event_free(refresh->timer);
	pk_arena_wipe(&refresh->arena);
	sodium_memzero(refresh, offsetof(struct refresh, memory));
	free(refresh);
}

/* Of the same login, one that waits for its turn. From the event loop: a store that refuses at once
 * would make a deep pile of them. */
static void begin_next(struct keeper *keeper, struct pk_str login)
{
	struct refresh *refresh, *oldest = NULL;

	LIST_FOREACH(refresh, &keeper->refreshing.all, entry)
	if (refresh->step == STEP_QUEUED && pk_str_equal(refresh->grant.login, login))
		oldest = refresh;
	if (oldest)
		refresh_set_timer(oldest, STEP_WORKING, 0);
	else
		refresh_due_room(keeper, login);
}

static void end(struct refresh *refresh)
{
	LIST_REMOVE(refresh, entry);
	event_del(refresh->timer);
	begin_next(refresh->job.keeper, refresh->grant.login);
	refresh->ended = true;
	if (!refresh->renewing)
		refresh_release(refresh);
}

void refresh_tell_and_end(struct refresh *refresh, enum vault_result result,
			  const struct grant *grant)
{
	refresh_tell(refresh, result, grant);
	end(refresh);
}

struct metrics *refresh_metrics(const struct refresh *refresh)
{
	return refresh->job.keeper->metrics;
}

void refresh_count(const struct refresh *refresh, enum refreshed outcome)
{
	metrics_count_at(refresh_metrics(refresh), METRIC_REFRESHES,
			 keeper_login_place(refresh->job.keeper, refresh->of_settings) *
					 REFRESH_OUTCOMES +
				 outcome);
}

/* For another keeper, whether or not it came to something. */
void refresh_waited(struct refresh *refresh)
{
	if (refresh->waits_since)
		metrics_time_at(refresh_metrics(refresh), METRIC_LEASE_TIMES, 0,
				metrics_clock() - refresh->waits_since);
	refresh->waits_since = 0;
}

/* A step of the work that the store did not allow. */
void refresh_give_up(struct refresh *refresh, const struct vault_answer *answer)
{
	refresh_waited(refresh);
	if (answer->result == VAULT_BUSY)
		refresh_count(refresh, REFRESHED_ELSEWHERE);
	if (answer->result == VAULT_LOCKED_BY_KEY)
		keeper_locked(refresh->job.keeper, refresh->grant.login, refresh->grant.subject,
			      answer->problem);
	else if (answer->result == VAULT_DOWN)
		log_text("error", "keeper.store", "a grant is not refreshed: %s", answer->problem);
	refresh_tell_and_end(refresh, answer->result, NULL);
}

static bool is_of(const struct refresh *refresh, struct pk_str login, struct pk_str subject)
{
	return pk_str_equal(refresh->grant.login, login) &&
	       pk_str_equal(refresh->grant.subject, subject);
}

static struct refresh *find(struct keeper *keeper, struct pk_str login, struct pk_str subject)
{
	struct refresh *refresh;

	LIST_FOREACH(refresh, &keeper->refreshing.all, entry)
	if (is_of(refresh, login, subject))
		return refresh;
	return NULL;
}

bool refresh_runs(struct keeper *keeper, struct pk_str login, struct pk_str subject)
{
	return find(keeper, login, subject) != NULL;
}

static size_t under_way(const struct keeper *keeper, struct pk_str login)
{
	const struct refresh *refresh;
	size_t count = 0;

	LIST_FOREACH(refresh, &keeper->refreshing.all, entry)
	count += refresh->step != STEP_QUEUED && pk_str_equal(refresh->grant.login, login);
	return count;
}

size_t refresh_room(const struct keeper *keeper, struct pk_str login)
{
	const struct login_settings *of_settings = settings_login(keeper->settings, login);
	const size_t most =
		of_settings ? (size_t)of_settings->refreshes_at_once : REFRESHES_AT_ONCE;
	const size_t count = under_way(keeper, login);

	return count < most ? most - count : 0;
}

static struct refresh *new_refresh(struct keeper *keeper, struct pk_str login,
				   struct pk_str subject)
{
	struct refresh *refresh = calloc(1, sizeof(*refresh));

	if (!refresh)
		return NULL;
	refresh->arena = pk_arena(refresh->memory, sizeof(refresh->memory));
	refresh->timer = evtimer_new(keeper->base, refresh_step, refresh);
	if (!refresh->timer ||
	    pk_arena_copy(&refresh->arena, login, &refresh->grant.login) != PK_OK ||
	    pk_arena_copy(&refresh->arena, subject, &refresh->grant.subject) != PK_OK) {
		if (refresh->timer)
			event_free(refresh->timer);
		free(refresh);
		return NULL;
	}
	TAILQ_INIT(&refresh->waiters);
	refresh->of_settings = settings_login(keeper->settings, login);
	randombytes_buf(refresh->owner, sizeof(refresh->owner));
	refresh->step = STEP_QUEUED;
	return refresh;
}

static void add(struct keeper *keeper, struct refresh *refresh)
{
	const bool room = refresh_room(keeper, refresh->grant.login);

	keeper_job_begin(keeper, &refresh->job, NULL, 0);
	LIST_INSERT_HEAD(&keeper->refreshing.all, refresh, entry);
	if (room)
		refresh_set_timer(refresh, STEP_WORKING, 0);
}

/* Adds somebody who waits to a refresh, a new one if need be. NULL: they were told that there is
 * none. */
static struct refresh *join(struct keeper *keeper, struct pk_str login, struct pk_str subject,
			    int64_t least, refresh_done *done, void *arg)
{
	struct refresh *refresh = find(keeper, login, subject);

	if (!refresh && !keeper->refreshing.stopped) {
		refresh = new_refresh(keeper, login, subject);
		if (refresh)
			add(keeper, refresh);
	}
	if (!refresh || keeper->refreshing.stopped || !wait_for(refresh, done, arg)) {
		done(VAULT_DOWN, NULL, arg);
		return NULL;
	}
	if (least > refresh->least)
		refresh->least = least;
	return refresh;
}

void refresh_grant(struct keeper *keeper, struct pk_str login, struct pk_str subject, int64_t least,
		   refresh_done *done, void *arg)
{
	(void)join(keeper, login, subject, least, done, arg);
}

void refresh_anew(struct keeper *keeper, const struct grant *grant, int64_t least,
		  refresh_done *done, void *arg)
{
	struct refresh *refresh = join(keeper, grant->login, grant->subject, least, done, arg);

	if (!refresh)
		return;
	refresh->anew = true;
	refresh->version = grant->version;
}

bool refresh_due_grant(struct keeper *keeper, const struct grant *grant)
{
	struct refresh *refresh = find(keeper, grant->login, grant->subject);

	if (refresh) {
		refresh->due = true;
		return true;
	}
	if (!refresh_room(keeper, grant->login))
		return false;
	refresh = new_refresh(keeper, grant->login, grant->subject);
	if (!refresh)
		return false;
	refresh->due = true;
	add(keeper, refresh);
	return true;
}

void refresh_free(struct keeper *keeper)
{
	struct refresh *refresh;

	while ((refresh = LIST_FIRST(&keeper->refreshing.all))) {
		refresh_tell(refresh, VAULT_DOWN, NULL);
		LIST_REMOVE(refresh, entry);
		refresh_release(refresh);
	}
}
