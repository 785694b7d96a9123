/*
 * One refresh: the lease, the mark that a request is about to leave, the request, and what comes
 * of it into the store. A provider that replaces refresh tokens has forgotten the old one when its
 * answer is here, so new tokens are kept in memory until the store has them, however long it is
 * away. What the provider answers is believed as far as pk_token_reply() goes, and never to be
 * about another person (OpenID Connect Core 12.2).
 */
#include "gateway/refresh.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "gateway/log.h"
#include "gateway/refresh_outcome.h"
#include "gateway/refresh_plan.h"
#include "gateway/upstream.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LEASE_SECONDS 10
#define LOCKED_SECONDS 300 /* of a grant that does not open */
#define LEASE_RENEWED 3    /* seconds after which it is extended, while the provider is slow */
#define POLL_FIRST 50u     /* milliseconds between two looks at what another keeper refreshes */
#define POLL_MAX 500u      /* later ones */

/* Somebody who waits. */
struct waiter {
	TAILQ_ENTRY(waiter) entry;
	struct refresh *refresh;
	struct event *patience;
	refresh_done *done;
	void *arg;
};

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

/* ---- Beginning and end ---- */

static bool is_stopped(const struct refresh *refresh)
{
	return refresh->job.keeper->refreshing.stopped;
}

static bool is_of(const struct refresh *refresh, struct pk_str login, struct pk_str subject)
{
	return pk_str_equal(refresh->grant.login, login) &&
	       pk_str_equal(refresh->grant.subject, subject);
}

static void set_timer(struct refresh *refresh, enum step step, unsigned milliseconds)
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

static void tell(struct refresh *refresh, enum vault_result result, const struct grant *grant)
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

static void release(struct refresh *refresh)
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
		set_timer(oldest, STEP_WORKING, 0);
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
		release(refresh);
}

static void tell_and_end(struct refresh *refresh, enum vault_result result,
			 const struct grant *grant)
{
	tell(refresh, result, grant);
	end(refresh);
}

static struct metrics *metrics_of(const struct refresh *refresh)
{
	return refresh->job.keeper->metrics;
}

static void count(const struct refresh *refresh, enum refreshed outcome)
{
	metrics_count_at(metrics_of(refresh), METRIC_REFRESHES,
			 keeper_login_place(refresh->job.keeper, refresh->of_settings) *
					 REFRESH_OUTCOMES +
				 outcome);
}

/* For another keeper, whether or not it came to something. */
static void stop_waiting(struct refresh *refresh)
{
	if (refresh->waits_since)
		metrics_time_at(metrics_of(refresh), METRIC_LEASE_TIMES, 0,
				metrics_clock() - refresh->waits_since);
	refresh->waits_since = 0;
}

/* A step of the work that the store did not allow. */
static void give_up(struct refresh *refresh, const struct vault_answer *answer)
{
	stop_waiting(refresh);
	if (answer->result == VAULT_BUSY)
		count(refresh, REFRESHED_ELSEWHERE);
	if (answer->result == VAULT_LOCKED_BY_KEY)
		keeper_locked(refresh->job.keeper, refresh->grant.login, refresh->grant.subject,
			      answer->problem);
	else if (answer->result == VAULT_DOWN)
		log_text("error", "keeper.store", "a grant is not refreshed: %s", answer->problem);
	tell_and_end(refresh, answer->result, NULL);
}

static void log_outcome(const struct refresh *refresh, const char *level, const char *event,
			struct pk_str text)
{
	log_event(level, event,
		  (struct log_field[]){{"login", refresh->grant.login},
				       {"subject", refresh->grant.subject},
				       {"fault", refresh->next.fault},
				       {"text", text}},
		  4);
}

/* ---- The store has the last word ---- */

static void on_leased(const struct vault_answer *answer, void *arg);
static void on_saving(const struct vault_answer *answer, void *arg);

static void lease(struct refresh *refresh, vault_done *done)
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
		stop_waiting(refresh);
		tell_and_end(refresh, VAULT_DOWN, NULL);
	} else if (keeper->ticks < keeper->store_calm_at) {
		set_timer(refresh, STEP_LEASING, POLL_MAX);
	} else {
		lease(refresh, on_leased);
	}
}

/* Longer each time, up to a bound. */
static void poll_later(struct refresh *refresh, enum step step)
{
	unsigned wait = POLL_FIRST << (refresh->polls < 4 ? refresh->polls : 4);

	if (step == STEP_WAITING && !refresh->waits_since)
		refresh->waits_since = metrics_clock();
	refresh->polls++;
	set_timer(refresh, step, wait < POLL_MAX ? wait : POLL_MAX);
}

static void on_finished(const struct vault_answer *answer, void *arg)
{
	struct refresh *refresh = arg;

	if (is_stopped(refresh))
		return;
	if (answer->result == VAULT_OK) {
		refresh_due_at(refresh->job.keeper, refresh->grant.login, refresh->next.refresh_at);
		tell_and_end(refresh, VAULT_OK, &refresh->next);
	} else if (!refresh->got) {
		give_up(refresh, answer);
	} else if (answer->result == VAULT_NONE) {
		/* Signed out meanwhile: nobody will ever use these tokens. */
		keeper_revoke_tokens(refresh->job.keeper, &refresh->login, &refresh->next);
		tell_and_end(refresh, VAULT_NONE, NULL);
	} else {
		if (answer->result == VAULT_DOWN) {
			log_text("error", "keeper.store", "new tokens are not stored yet: %s",
				 answer->problem);
			tell(refresh, VAULT_DOWN, NULL);
		}
		poll_later(refresh, STEP_SAVING);
	}
}

static void finish(struct refresh *refresh, const struct grant *grant)
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
static void on_saving(const struct vault_answer *answer, void *arg)
{
	struct refresh *refresh = arg;
	struct grant merged;

	if (is_stopped(refresh))
		return;
	switch (answer->result) {
	case VAULT_OK:
		merged = merge(refresh, &answer->grant[0]);
		tell(refresh, VAULT_OK, &merged);
		finish(refresh, &merged);
		break;
	case VAULT_NONE:
		keeper_revoke_tokens(refresh->job.keeper, &refresh->login, &refresh->next);
		tell_and_end(refresh, VAULT_NONE, NULL);
		break;
	case VAULT_LOCKED_BY_KEY:
		give_up(refresh, answer);
		break;
	case VAULT_BUSY:
	case VAULT_DOWN:
		poll_later(refresh, STEP_SAVING);
		break;
	}
}

/* ---- What came of it ---- */

/* `after`: the seconds that the provider asked for. */
static void fail(struct refresh *refresh, struct refresh_outcome outcome, struct pk_str text,
		 int64_t after)
{
	struct grant *const next = &refresh->next;
	const bool over = outcome.state == GRANT_ENDED;

	*next = refresh->grant;
	next->state = outcome.state;
	next->fault = pk_str(outcome.fault);
	next->failures++;
	/* What an earlier try has lost stays lost. */
	if (outcome.unheard)
		next->sent_at = refresh->sent_at;
	next->refresh_at =
		over ? PK_TIME_UNKNOWN
		     : refresh_again(time(NULL), next->failures, after, randombytes_random());
	count(refresh, over ? REFRESH_ENDED : REFRESH_RETRYING);
	metrics_count_fault(metrics_of(refresh), over ? METRIC_ENDED_FAULTS : METRIC_REFRESH_FAULTS,
			    next->fault);
	log_outcome(refresh, outcome.operators ? "error" : "warn",
		    over ? "grant.ended" : "token.not_refreshed", text);
	finish(refresh, next);
}

/* The provider said nothing, or was not even asked. */
static void retry(struct refresh *refresh, const char *fault, bool sent, struct pk_str text)
{
	fail(refresh, (struct refresh_outcome){GRANT_RETRYING, fault, false, sent}, text, 0);
}

/* The refresh token goes on where the reply has none (RFC 6749 6), and so does what else it does
 * not say. */
static void succeed(struct refresh *refresh)
{
	const struct pk_tokens *const tokens = &refresh->tokens;
	const int64_t now = time(NULL);
	struct grant *const next = &refresh->next;

	*next = refresh->grant;
	next->access_token = tokens->access_token;
	next->access_expires_at = tokens->access_expires_at;
	if (tokens->refresh_token.text.len)
		next->refresh_token = tokens->refresh_token;
	if (tokens->refresh_token.text.len || tokens->refresh_expires_at != PK_TIME_UNKNOWN)
		next->refresh_expires_at = tokens->refresh_expires_at;
	if (tokens->id_token.text.len)
		next->id_token = tokens->id_token;
	if (tokens->scope.len)
		next->scope = tokens->scope;
	next->state = GRANT_ACTIVE;
	next->fault = (struct pk_str){0};
	next->failures = 0;
	next->refreshed_at = now;
	next->sent_at = PK_TIME_UNKNOWN;
	next->refresh_at = refresh_plan(now, next->access_expires_at, next->refresh_expires_at,
					randombytes_random());
	refresh->got = true;
	count(refresh, REFRESHED);
	log_outcome(refresh, "info", "token.refreshed", (struct pk_str){0});
	finish(refresh, next);
}

/* Tokens of somebody else: the grant ends, and they are given back. */
static void refuse_person(struct refresh *refresh, const char *fault, struct pk_str text)
{
	const struct grant wrong = {.access_token = refresh->tokens.access_token,
				    .refresh_token = refresh->tokens.refresh_token};

	keeper_revoke_tokens(refresh->job.keeper, &refresh->login, &wrong);
	fail(refresh, (struct refresh_outcome){GRANT_ENDED, fault, false, false}, text, 0);
}

static void on_keys(struct pk_str jwks, const struct failure *failure, void *arg);

static bool renew_keys(struct refresh *refresh)
{
	if (refresh->renewed_keys)
		return false;
	refresh->renewed_keys = true;
	return published_renew(keeper_keys(refresh->job.keeper, refresh->of_settings),
			       &refresh->login.login, &refresh->wait, on_keys, refresh);
}

/* An ID token that cannot be verified now is left out: the access token, which came from the token
 * endpoint itself, is not worth less without it. One that names another person is another
 * matter. */
static void leave_out_id_token(struct refresh *refresh, struct pk_str text)
{
	refresh->tokens.id_token = (struct pk_secret){.text = {0}};
	log_event("warn", "token.id_token_left_out",
		  (struct log_field[]){{"login", refresh->grant.login}, {"text", text}}, 2);
	succeed(refresh);
}

static void on_keys(struct pk_str jwks, const struct failure *failure, void *arg)
{
	struct refresh *refresh = arg;
	const struct pk_id_token_expected expected = {
		.jwks = jwks,
		.client_secret = refresh->login.secret,
		.now = time(NULL),
		.max_age = -1,
		.subject = refresh->grant.subject,
	};
	struct pk_id_token token;
	struct pk_why why = {0};
	enum pk_err err;

	if (failure) {
		leave_out_id_token(refresh, failure->detail);
		return;
	}
	err = pk_id_token_verify(&refresh->arena, &refresh->login.login, &expected,
				 &refresh->tokens, &token, &why);
	switch (err) {
	case PK_OK:
		succeed(refresh);
		break;
	case PK_ERR_SUBJECT_MISMATCH:
	case PK_ERR_ID_TOKEN_ISSUER:
	case PK_ERR_ID_TOKEN_AUDIENCE:
		refuse_person(refresh, pk_err_info(err)->fault, pk_str(why.detail));
		break;
	case PK_ERR_ID_TOKEN_KEY_UNKNOWN:
		if (renew_keys(refresh))
			break;
		/* fall through */
	default:
		leave_out_id_token(refresh, pk_str(why.detail));
	}
}

static void check_person(struct refresh *refresh)
{
	struct pk_tokens *const tokens = &refresh->tokens;
	const struct pk_login *const login = &refresh->login.login;

	/* What nobody verifies, nobody keeps. */
	if (!pk_login_has_id_token(login))
		tokens->id_token = (struct pk_secret){.text = {0}};
	if (tokens->subject.len && !pk_str_equal(tokens->subject, refresh->grant.subject))
		refuse_person(refresh, "subject-mismatch",
			      PK_STR("the reply to the refresh is for another person"));
	else if (!tokens->id_token.text.len)
		succeed(refresh);
	else if (login->dialect->id_token_alg == PK_ID_TOKEN_HS256)
		on_keys((struct pk_str){0}, NULL, refresh); /* the client secret is the key */
	else
		published_get(keeper_keys(refresh->job.keeper, refresh->of_settings), login,
			      &refresh->wait, on_keys, refresh);
}

static void on_reply(const struct pk_http_reply *reply, const char *problem, void *arg)
{
	struct refresh *refresh = arg;
	struct keeper *keeper = refresh->job.keeper;
	const int64_t after = reply ? http_client_retry_after(keeper->client) : 0;
	struct pk_why why = {0};

	if (!reply)
		retry(refresh, "provider-unreachable", http_client_was_sent(keeper->client),
		      pk_str(problem));
	else if (pk_token_reply(&refresh->arena, &refresh->login.login, reply, time(NULL),
				&refresh->tokens, &why) != PK_OK)
		fail(refresh, refresh_refused(&refresh->grant, &why), pk_str(why.detail), after);
	else
		check_person(refresh);
}

/* ---- The request ---- */

/* It is in the store that a request leaves: if its answer is never stored, whoever comes next
 * knows. */
static void on_marked(const struct vault_answer *answer, void *arg)
{
	struct refresh *refresh = arg;
	struct pk_http_request request;
	struct pk_why why = {0};

	if (is_stopped(refresh))
		return;
	if (answer->result == VAULT_BUSY) {
		poll_later(refresh, STEP_WAITING);
	} else if (answer->result != VAULT_OK) {
		give_up(refresh, answer);
	} else if (pk_refresh_request(&refresh->arena, &refresh->login.login, refresh->login.secret,
				      refresh->grant.refresh_token, &request, &why) != PK_OK) {
		fail(refresh,
		     (struct refresh_outcome){GRANT_RETRYING, "provider-error", true, false},
		     pk_str(why.detail), 0);
	} else {
		upstream_send(refresh->job.keeper, UPSTREAM_REFRESH, &refresh->login.login,
			      &request, on_reply, refresh);
		set_timer(refresh, STEP_SENT, LEASE_RENEWED * 1000);
	}
}

static void on_renewed(const struct vault_answer *answer, void *arg)
{
	struct refresh *refresh = arg;

	/* A lease that was lost shows when the tokens are stored. */
	(void)answer;
	refresh->renewing = false;
	if (refresh->ended)
		release(refresh);
	else if (refresh->step == STEP_SENT && !is_stopped(refresh))
		set_timer(refresh, STEP_SENT, LEASE_RENEWED * 1000);
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
	stop_waiting(refresh);
	refresh->next = refresh->grant;
	if (!is_wanted(refresh, &refresh->grant)) {
		count(refresh, REFRESHED_ELSEWHERE);
		finish(refresh, &refresh->next);
	} else if (!refresh->of_settings || !refresh->grant.refresh_token.text.len) {
		refresh->next.refresh_at = PK_TIME_UNKNOWN;
		finish(refresh, &refresh->next);
	} else if (refresh->unreachable[0]) {
		retry(refresh, refresh->unreachable, false,
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
	if (!is_stopped(refresh))
		tell_and_end(refresh, VAULT_LOCKED_BY_KEY, NULL);
}

/* A grant that does not open cannot be written either, so it stays due, and where a key is missing
 * there are many. Its lease keeps it out of the way of those that can be refreshed. */
static void leave_locked(struct refresh *refresh, const char *problem)
{
	stop_waiting(refresh);
	keeper_locked(refresh->job.keeper, refresh->grant.login, refresh->grant.subject, problem);
	tell(refresh, VAULT_LOCKED_BY_KEY, NULL);
	vault_renew(refresh->job.keeper->vault, refresh->grant.login, refresh->grant.subject,
		    refresh->owner, LOCKED_SECONDS, PK_TIME_UNKNOWN, on_left, refresh);
}

static void on_leased(const struct vault_answer *answer, void *arg)
{
	struct refresh *refresh = arg;

	if (is_stopped(refresh))
		return;
	if (answer->result == VAULT_OK && keep_grant(refresh, &answer->grant[0]) == PK_OK) {
		work(refresh);
	} else if (answer->result == VAULT_OK) {
		log_text("error", "keeper.refresh", "a grant is too long to be refreshed");
		tell_and_end(refresh, VAULT_LOCKED_BY_KEY, NULL);
	} else if (answer->result == VAULT_BUSY && !TAILQ_EMPTY(&refresh->waiters)) {
		poll_later(refresh, STEP_WAITING);
	} else if (answer->result == VAULT_LOCKED_BY_KEY) {
		leave_locked(refresh, answer->problem);
	} else {
		give_up(refresh, answer);
	}
}

/* Another keeper had the lease: are its tokens here? */
static void on_polled(const struct vault_answer *answer, void *arg)
{
	struct refresh *refresh = arg;

	if (is_stopped(refresh))
		return;
	if (answer->result != VAULT_OK) {
		give_up(refresh, answer);
	} else if (is_wanted(refresh, &answer->grant[0])) {
		take_turn(refresh);
	} else {
		stop_waiting(refresh);
		count(refresh, REFRESHED_ELSEWHERE);
		tell_and_end(refresh, VAULT_OK, &answer->grant[0]);
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

static void on_timer(evutil_socket_t fd, short what, void *arg)
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
		lease(refresh, on_saving);
		break;
	}
}

/* ---- For others ---- */

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
	refresh->timer = evtimer_new(keeper->base, on_timer, refresh);
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
		set_timer(refresh, STEP_WORKING, 0);
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
		tell(refresh, VAULT_DOWN, NULL);
		LIST_REMOVE(refresh, entry);
		release(refresh);
	}
}
