/*
 * What a store takes for each call of it, however many grants it holds:
 *
 *     bench_store_scale TURNS ADDRESS ROWS [ADDRESS ROWS]...
 *
 * In each store are grants of login `bench` whose subjects are the numbers below ROWS in 36 digits,
 * all of them due (scale.py puts them there). The stores take turns, each doing a little of
 * everything, so that whatever else the machine does hits all of them. One call at a time is made
 * and waited for: what is measured is how long somebody waits, the network and the disk included.
 * Prints a line for each call and store: its name, ROWS, the median and the 95th percentile in
 * microseconds. With no TURNS it opens the stores, which makes their tables.
 */
#include "vault/store.h"
#include "base/text.h"

#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STORES_MAX 4
#define SUBJECT 36
#define BATCH 64   /* as the gateway looks for what is due */
#define BEGIN 1000 /* the store's grants are due from here on, for a day */
#define DAY 86400
#define LATER (BEGIN + 1000 * DAY) /* all are overdue */

enum what { GET, DUE, NONE_DUE, REFRESH, LOGIN_AGAIN, LOGIN_NEW, REVOKE, REVOKED, COUNT, WHATS };
static const char *const names[WHATS] = {"get",     "due",         "none-due",
					 "refresh", "login-again", "login-first",
					 "revoke",  "revoked",     "count"};
/* How often in a turn. */
static const unsigned times[WHATS] = {16, 1, 1, 8, 4, 2, 2, 2, 1};

static const char seal[117] = "a token's seal, as long as one of a token of 72 characters";

struct samples {
	int64_t *at;
	size_t count, cap;
};

struct side {
	const struct store_ops *ops;
	struct store *store;
	int64_t rows;
	int64_t cursor;
	struct samples samples[WHATS];
};

/* An answer, as much of it as is needed. */
static struct {
	bool here;
	enum vault_result result;
	int64_t number, version, refresh_at;
	size_t count;
	char subject[BATCH][SUBJECT];
	int64_t at[BATCH];
} got;

static struct event_base *base;

static int64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void on_answer(const struct store_answer *answer, void *arg)
{
	(void)arg;
	got.here = true;
	got.result = answer->result;
	got.number = answer->number;
	got.count = answer->count;
	for (size_t i = 0; i < answer->count && i < BATCH; i++) {
		const struct stored_grant *grant = &answer->grant[i];

		got.version = grant->version;
		got.at[i] = grant->refresh_at;
		if (grant->subject.len == SUBJECT)
			memcpy(got.subject[i], grant->subject.ptr, SUBJECT);
	}
	if (answer->result != VAULT_OK) {
		fprintf(stderr, "bench_store_scale: %s\n",
			answer->problem ? answer->problem : "a row is not as it was put there");
		exit(1);
	}
}

static void await(void)
{
	while (!got.here)
		if (event_base_loop(base, EVLOOP_ONCE) != 0)
			exit(3);
	got.here = false;
}

static void note(struct side *side, enum what what, int64_t began)
{
	struct samples *samples = &side->samples[what];

	if (samples->count < samples->cap)
		samples->at[samples->count++] = nanoseconds() - began;
}

static struct pk_str subject_of(int64_t number)
{
	static char text[SUBJECT + 1];

	(void)snprintf(text, sizeof(text), "%0*" PRId64, SUBJECT, number);
	return (struct pk_str){text, SUBJECT};
}

static struct pk_str any_subject(const struct side *side)
{
	uint64_t number;

	randombytes_buf(&number, sizeof(number));
	return subject_of((int64_t)(number % (uint64_t)side->rows));
}

static struct stored_grant grant_of(struct pk_str subject, int64_t version, int64_t refresh_at)
{
	const struct pk_str token = {seal, sizeof(seal)};

	return (struct stored_grant){.login = PK_STR("bench"),
				     .subject = subject,
				     .version = version,
				     .key = {1, 2, 3, 4},
				     .access_token = token,
				     .refresh_token = token,
				     .scope = PK_STR("user.info.basic,video.publish"),
				     .access_expires_at = refresh_at + 3600,
				     .refresh_expires_at = refresh_at + 365 * DAY,
				     .refresh_at = refresh_at,
				     .created_at = 1,
				     .refreshed_at = PK_TIME_UNKNOWN,
				     .sent_at = PK_TIME_UNKNOWN};
}

/* ---- The calls ---- */

static void get(struct side *side)
{
	const struct pk_str subject = any_subject(side);
	const int64_t began = nanoseconds();

	side->ops->get(side->store, PK_STR("bench"), subject, on_answer, NULL);
	await();
	note(side, GET, began);
}

static void due(struct side *side, int64_t now, enum what what)
{
	const int64_t began = nanoseconds();

	side->ops->due(side->store, PK_STR("bench"), now, BATCH, on_answer, NULL);
	await();
	note(side, what, began);
}

/* As the keeper does: the lease, the note that a request is sent, the new tokens. */
static void refresh(struct side *side, const char subject_text[static SUBJECT], int64_t at)
{
	const struct pk_str login = PK_STR("bench"), subject = {subject_text, SUBJECT};
	uint8_t owner[LEASE_OWNER];
	const int64_t began = nanoseconds();

	randombytes_buf(owner, sizeof(owner));
	side->ops->lease(side->store, login, subject, owner, 10, on_answer, NULL);
	await();

	const struct stored_grant next = grant_of(subject, got.version, at + DAY);

	side->ops->renew(side->store, login, subject, owner, 10, at, on_answer, NULL);
	await();
	side->ops->finish(side->store, &next, owner, on_answer, NULL);
	await();
	note(side, REFRESH, began);
}

/* What is overdue for longest, and the refresh of some of that: each turn sees other rows. */
static void refresh_some(struct side *side)
{
	char subjects[BATCH][SUBJECT];
	int64_t at[BATCH];

	due(side, LATER, DUE);

	const size_t count = got.count < times[REFRESH] ? got.count : times[REFRESH];

	memcpy(subjects, got.subject, sizeof(subjects));
	memcpy(at, got.at, sizeof(at));
	for (size_t i = 0; i < count; i++)
		refresh(side, subjects[i], at[i]);
}

static void log_in(struct side *side, struct pk_str subject, enum what what)
{
	const struct stored_grant grant = grant_of(subject, 0, BEGIN + randombytes_uniform(DAY));
	const int64_t began = nanoseconds();

	side->ops->put(side->store, &grant, on_answer, NULL);
	await();
	note(side, what, began);
}

static void log_in_first(struct side *side)
{
	char text[SUBJECT];

	/* Somewhere between the others. */
	memcpy(text, any_subject(side).ptr, SUBJECT);
	for (size_t i = 0; i < 12; i++)
		text[i] = (char)('a' + randombytes_uniform(26));
	log_in(side, (struct pk_str){text, SUBJECT}, LOGIN_NEW);
}

static void revoke_one(struct side *side)
{
	struct revoked_session session = {.expires_at = 4000000000};
	int64_t began;

	randombytes_buf(session.id, sizeof(session.id));
	began = nanoseconds();
	side->ops->revoke(side->store, &session, on_answer, NULL);
	await();
	note(side, REVOKE, began);
	began = nanoseconds();
	side->ops->revoked(side->store, side->cursor, 1, on_answer, NULL);
	await();
	note(side, REVOKED, began);
	side->cursor = got.number;
}

static void count(struct side *side)
{
	const int64_t began = nanoseconds();

	side->ops->count(side->store, on_answer, NULL);
	await();
	note(side, COUNT, began);
}

static void turn(struct side *side)
{
	for (unsigned i = 0; i < times[GET]; i++)
		get(side);
	refresh_some(side);
	due(side, BEGIN - 1, NONE_DUE);
	for (unsigned i = 0; i < times[LOGIN_AGAIN]; i++)
		log_in(side, any_subject(side), LOGIN_AGAIN);
	for (unsigned i = 0; i < times[LOGIN_NEW]; i++)
		log_in_first(side);
	for (unsigned i = 0; i < times[REVOKE]; i++)
		revoke_one(side);
	count(side);
}

/* ---- The program ---- */

static int by_size(const void *a, const void *b)
{
	const int64_t one = *(const int64_t *)a, two = *(const int64_t *)b;

	return (one > two) - (one < two);
}

static void print(struct side *side)
{
	for (size_t i = 0; i < WHATS; i++) {
		struct samples *samples = &side->samples[i];

		if (!samples->count)
			continue;
		qsort(samples->at, samples->count, sizeof(*samples->at), by_size);
		printf("%s %" PRId64 " %.1f %.1f\n", names[i], side->rows,
		       (double)samples->at[samples->count / 2] / 1000,
		       (double)samples->at[samples->count * 95 / 100] / 1000);
	}
}

static bool open_side(struct side *side, const char *address, const char *rows, unsigned turns)
{
	char error[256] = "no store has such addresses";

	*side = (struct side){.ops = store_for(address), .rows = strtoll(rows, NULL, 10)};
	side->store = side->ops ? side->ops->open(base, address, error, sizeof(error)) : NULL;
	if (!side->store) {
		fprintf(stderr, "bench_store_scale: %s\n", error);
		return false;
	}
	for (size_t i = 0; i < WHATS; i++) {
		side->samples[i].cap = (size_t)turns * times[i];
		side->samples[i].at = calloc(side->samples[i].cap + 1, sizeof(int64_t));
		if (!side->samples[i].at)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct side sides[STORES_MAX];
	const size_t stores = argc < 4 ? 0 : (size_t)(argc - 2) / 2;

	if (!stores || stores > STORES_MAX || argc % 2 || sodium_init() < 0) {
		fprintf(stderr, "usage: bench_store_scale TURNS ADDRESS ROWS [ADDRESS ROWS]...\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	base = event_base_new();

	const unsigned turns = (unsigned)strtoul(argv[1], NULL, 10);

	for (size_t i = 0; i < stores; i++)
		if (!open_side(&sides[i], argv[2 + 2 * i], argv[3 + 2 * i], turns))
			return 1;
	for (unsigned i = 0; i < turns; i++)
		for (size_t side = 0; side < stores; side++)
			turn(&sides[side]);
	for (size_t i = 0; i < stores; i++) {
		print(&sides[i]);
		sides[i].ops->close(sides[i].store);
	}
	event_base_free(base);
	return 0;
}
