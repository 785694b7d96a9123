/*
 * Sessions that end before their time: told to the store, so that all replicas hear of it, and to
 * the fronts through the memory of revoked.c. What other replicas ended is asked for every second.
 * A store that is away changes nothing for the sessions that are known.
 */
#include "base/text.h"
#include "gateway/keeper.h"
#include "gateway/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ENDING_SECONDS 5
#define STORE_CALM_SECONDS 5 /* after which a store that was away has all that was kept for it */
#define FORGET_SECONDS 60

/* A session on its way to be ended. */
struct ended {
	struct job job;
	struct revoked_session session; /* its texts are behind it */
	keeper_ended *done;
	void *arg;
	char texts[];
};

static bool take(struct keeper *keeper, const struct revoked_session *session)
{
	const int64_t now = time(NULL);
	const bool took =
		session->login.ptr
			? revoked_add_person(keeper->revoked, session->login, session->subject,
					     session->until, session->expires_at, now)
			: revoked_add(keeper->revoked, session->id, session->expires_at, now);

	if (!took)
		log_text("error", "keeper.revoked", "more sessions are revoked than the set holds");
	return took;
}

/* ---- What others ended ---- */

/* Whether it is to end in a moment, and not yet. */
static bool is_ending(const struct keeper *keeper, const struct revoked_session *session)
{
	const struct ending *ending;

	if (session->login.ptr)
		return false;
	LIST_FOREACH(ending, &keeper->endings, entry)
	{
		if (memcmp(ending->id, session->id, SESSION_ID) == 0)
			return true;
	}
	return false;
}

/* Says once that the store went away, and once that it is back. */
static void note_store(struct keeper *keeper, const struct vault_answer *answer)
{
	const bool down = answer->result != VAULT_OK;

	/* It was closed by us. */
	if (keeper->refreshing.stopped)
		return;
	if (down && !keeper->store_down)
		log_text("error", "keeper.revoked",
			 "the store does not tell the revoked sessions: %s", answer->problem);
	else if (!down && keeper->store_down)
		log_text("info", "keeper.revoked", "the store is back");
	if (!down && keeper->store_down)
		keeper->store_calm_at = keeper->ticks + STORE_CALM_SECONDS;
	keeper->store_down = down;

	const char *warning = down ? NULL : vault_warning(keeper->vault);

	if (warning && warning != keeper->store_warning) {
		log_text("warn", "keeper.store", "%s", warning);
		keeper->store_warning = warning;
	}
}

static void ask(struct keeper *keeper);

static void on_revoked(const struct vault_answer *answer, void *arg)
{
	struct keeper *keeper = arg;

	keeper->asking = false;
	note_store(keeper, answer);
	if (answer->result != VAULT_OK)
		return;
	for (size_t i = 0; i < answer->revoked_count; i++)
		if (!is_ending(keeper, &answer->revoked[i]))
			(void)take(keeper, &answer->revoked[i]);
	keeper->revoked_cursor = answer->number;
	if (answer->more) {
		ask(keeper);
	} else {
		revoked_set_loaded(keeper->revoked);
		keeper_ready(keeper);
	}
}

static void ask(struct keeper *keeper)
{
	keeper->asking = true;
	vault_revoked(keeper->vault, keeper->revoked_cursor, time(NULL), on_revoked, keeper);
}

static void on_forgotten(const struct vault_answer *answer, void *arg)
{
	(void)arg;
	if (answer->result != VAULT_OK)
		log_text("warn", "keeper.store", "what has ended is not forgotten: %s",
			 answer->problem);
}

void keeper_sessions_begin(struct keeper *keeper)
{
	if (revoked_is_loaded(keeper->revoked))
		keeper_ready(keeper);
	ask(keeper);
}

void keeper_sessions_tick(struct keeper *keeper)
{
	keeper_end_replaced(keeper, false);
	if (!keeper->asking)
		ask(keeper);
	if (keeper->ticks % FORGET_SECONDS == 0)
		vault_forget(keeper->vault, time(NULL), on_forgotten, NULL);
}

/* ---- What ends here ---- */

static void on_ended(const struct vault_answer *answer, void *arg)
{
	struct ended *ended = arg;
	bool well = answer->result == VAULT_OK;

	if (!well)
		log_text("error", "keeper.store", "%s", answer->problem);
	else if (ended->done) /* otherwise the fronts hear of it in a moment */
		well = take(ended->job.keeper, &ended->session);
	if (ended->done)
		ended->done(well, ended->arg);
	keeper_job_end(&ended->job);
	free(ended);
}

/* Has the store note it; NULL without memory. */
static struct ended *end(struct keeper *keeper, const struct revoked_session *session,
			 keeper_ended *done, void *arg)
{
	const struct pk_str login = session->login, subject = session->subject;
	struct ended *ended = calloc(1, sizeof(*ended) + login.len + subject.len);

	if (!ended)
		return NULL;
	ended->session = *session;
	if (login.ptr) {
		memcpy(ended->texts, login.ptr, login.len);
		memcpy(ended->texts + login.len, subject.ptr, subject.len);
		ended->session.login.ptr = ended->texts;
		ended->session.subject.ptr = ended->texts + login.len;
	}
	ended->done = done;
	ended->arg = arg;
	keeper_job_begin(keeper, &ended->job, NULL, 0);
	vault_revoke(keeper->vault, &ended->session, on_ended, ended);
	return ended;
}

void keeper_end_session(struct keeper *keeper, const struct revoked_session *session,
			keeper_ended *done, void *arg)
{
	if (end(keeper, session, done, arg))
		return;
	log_text("error", "keeper.store", "out of memory");
	done(false, arg);
}

void keeper_replace_session(struct keeper *keeper, const uint8_t id[static SESSION_ID],
			    int64_t expires_at)
{
	struct ending *ending = calloc(1, sizeof(*ending));
	struct revoked_session session = {.expires_at = expires_at};

	memcpy(session.id, id, SESSION_ID);
	if (ending) {
		memcpy(ending->id, id, sizeof(ending->id));
		ending->expires_at = expires_at;
		ending->tick = keeper->ticks + ENDING_SECONDS;
		LIST_INSERT_HEAD(&keeper->endings, ending, entry);
	} else {
		(void)take(keeper, &session);
	}
	if (!end(keeper, &session, NULL, NULL))
		log_text("error", "keeper.store", "out of memory");
}

void keeper_end_replaced(struct keeper *keeper, bool all)
{
	struct ending *ending = LIST_FIRST(&keeper->endings), *next;

	for (; ending; ending = next) {
		struct revoked_session session = {.expires_at = ending->expires_at};

		next = LIST_NEXT(ending, entry);
		if (!all && ending->tick > keeper->ticks)
			continue;
		memcpy(session.id, ending->id, SESSION_ID);
		(void)take(keeper, &session);
		LIST_REMOVE(ending, entry);
		free(ending);
	}
}
