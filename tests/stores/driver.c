/*
 * Drives a store while a test does something to its server: stores_driver ADDRESS WORK ARGUMENT.
 * Prints `name value` lines at its end, for the test to judge.
 *
 *     load SECONDS    keeps many calls under way, with 0 until its input ends, and counts how
 *                     they end
 *     write SECONDS   stores one new grant after another, and names each when it is stored
 *     race OWNER      wants the leases of all of RACES grants at once
 *     watch SECONDS   prints each revocation when it hears of it
 *     ask TIMES       asks each question that must not read the whole table
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
#include <unistd.h>

#define UNDER_WAY 32
#define RACES 1000
#define TICK 10 /* milliseconds */

static const struct store_ops *ops;
static struct event_base *base;
static struct store *store;

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void turn(void)
{
	if (event_base_loop(base, EVLOOP_ONCE) != 0)
		exit(3); /* nothing would ever happen */
}

/* ---- A clock that shows when the loop was kept ---- */

static int64_t last_tick, longest_gap;

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	const int64_t now = milliseconds();

	(void)fd;
	(void)what;
	(void)arg;
	longest_gap = larger(longest_gap, now - last_tick);
	last_tick = now;
}

/* ---- load ---- */

static struct {
	int64_t ok, down, other, longest, last_ok;
	unsigned under_way;
	bool stopping;
	char problem[256]; /* the last */
} load;

/* A call, and when it was made. */
struct one {
	int64_t began;
};

static void on_one(const struct store_answer *answer, void *arg)
{
	struct one *one = arg;

	load.under_way--;
	load.longest = larger(load.longest, milliseconds() - one->began);
	switch (answer->result) {
	case VAULT_OK:
		load.ok++;
		load.last_ok = milliseconds();
		break;
	case VAULT_DOWN:
		load.down++;
		(void)snprintf(load.problem, sizeof(load.problem), "%s", answer->problem);
		break;
	default:
		load.other++;
	}
	free(one);
}

static void begin_one(unsigned number)
{
	struct one *one = malloc(sizeof(*one));
	char subject[32];

	if (!one)
		exit(3);
	(void)snprintf(subject, sizeof(subject), "subject %u", number % UNDER_WAY);

	const struct stored_grant grant = {.login = PK_STR("load"),
					   .subject = pk_str(subject),
					   .access_token = PK_STR("a seal"),
					   .refresh_at = PK_TIME_UNKNOWN,
					   .access_expires_at = PK_TIME_UNKNOWN,
					   .refresh_expires_at = PK_TIME_UNKNOWN,
					   .refreshed_at = PK_TIME_UNKNOWN,
					   .sent_at = PK_TIME_UNKNOWN,
					   .created_at = 1};

	load.under_way++;
	one->began = milliseconds();
	/* The first of each subject puts it there. */
	if (number / UNDER_WAY % 4 == 0)
		ops->put(store, &grant, on_one, one);
	else if (number / UNDER_WAY % 4 == 1)
		ops->due(store, grant.login, 1, 10, on_one, one);
	else
		ops->get(store, grant.login, grant.subject, on_one, one);
}

/* Calls are begun by the clock: one that is refused at once does not make another at once. */
static void begin_some(evutil_socket_t fd, short what, void *arg)
{
	static unsigned number;

	(void)fd;
	(void)what;
	(void)arg;
	for (unsigned i = 0; i < UNDER_WAY && load.under_way < UNDER_WAY * 16; i++)
		begin_one(number++);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	char memory[64];

	(void)what;
	(void)arg;
	if (read(fd, memory, sizeof(memory)) <= 0)
		load.stopping = true;
}

static void run_load(const char *argument)
{
	const int64_t time = 1000 * atoi(argument);
	const int64_t until = time ? milliseconds() + time : INT64_MAX;
	struct event *more = event_new(base, -1, EV_PERSIST, begin_some, NULL);
	struct event *input = event_new(base, 0, EV_READ | EV_PERSIST, on_input, NULL);

	(void)event_add(more, &(struct timeval){0, 20000});
	if (!time)
		(void)event_add(input, NULL);
	while (!load.stopping && milliseconds() < until)
		turn();
	event_free(more);
	event_free(input);

	const int64_t stopped = milliseconds();

	while (load.under_way && milliseconds() < stopped + 10000)
		turn();
	printf("ok %" PRId64 "\ndown %" PRId64 "\nother %" PRId64 "\nunanswered %u\n"
	       "longest %" PRId64 "\nsince_ok %" PRId64 "\ngap %" PRId64 "\nproblem %s\n",
	       load.ok, load.down, load.other, load.under_way, load.longest,
	       milliseconds() - load.last_ok, longest_gap, load.problem);
}

/* ---- write ---- */

static bool writing;

static void on_written(const struct store_answer *answer, void *arg)
{
	writing = false;
	if (answer->result == VAULT_OK)
		printf("stored %u\n", *(unsigned *)arg);
}

static void run_write(const char *argument)
{
	const int64_t until = milliseconds() + 1000 * atoi(argument);
	char subject[32];

	for (unsigned number = 0; milliseconds() < until; number++) {
		(void)snprintf(subject, sizeof(subject), "subject %u", number);

		const struct stored_grant grant = {.login = PK_STR("write"),
						   .subject = pk_str(subject),
						   .access_token = PK_STR("a seal"),
						   .access_expires_at = PK_TIME_UNKNOWN,
						   .refresh_expires_at = PK_TIME_UNKNOWN,
						   .refresh_at = PK_TIME_UNKNOWN,
						   .created_at = 1,
						   .refreshed_at = PK_TIME_UNKNOWN,
						   .sent_at = PK_TIME_UNKNOWN};

		writing = true;
		ops->put(store, &grant, on_written, &number);
		while (writing)
			turn();
	}
}

/* ---- race ---- */

static struct {
	unsigned asked, answered;
	bool won[RACES];
} race;

static void on_lease(const struct store_answer *answer, void *arg)
{
	race.answered++;
	*(bool *)arg = answer->result == VAULT_OK;
	if (answer->result != VAULT_OK && answer->result != VAULT_BUSY)
		printf("problem %s\n", answer->problem ? answer->problem : "no such grant");
}

static void run_race(const char *argument)
{
	uint8_t owner[LEASE_OWNER] = {0};
	char subject[32];

	(void)snprintf((char *)owner, sizeof(owner), "%s", argument);
	while (race.answered < RACES) {
		for (; race.asked < RACES && race.asked - race.answered < UNDER_WAY; race.asked++) {
			(void)snprintf(subject, sizeof(subject), "subject %u", race.asked);
			ops->lease(store, PK_STR("race"), pk_str(subject), owner, 600, on_lease,
				   &race.won[race.asked]);
		}
		turn();
	}
	for (unsigned i = 0; i < RACES; i++)
		if (race.won[i])
			printf("won %u\n", i);
}

/* ---- watch ---- */

static int64_t cursor;
static bool asked;

static void on_revoked(const struct store_answer *answer, void *arg)
{
	(void)arg;
	asked = false;
	if (answer->result != VAULT_OK)
		return;
	cursor = answer->number;
	for (size_t i = 0; i < answer->revoked_count; i++)
		printf("revoked %.*s\n", SESSION_ID, (const char *)answer->revoked[i].id);
	(void)fflush(stdout);
}

static void run_watch(const char *argument)
{
	const int64_t until = milliseconds() + 1000 * atoi(argument);

	while (milliseconds() < until || asked) {
		if (!asked) {
			asked = true;
			ops->revoked(store, cursor, 1, on_revoked, NULL);
		}
		turn();
	}
}

/* ---- ask ---- */

static unsigned questions;

static void on_answer(const struct store_answer *answer, void *arg)
{
	(void)arg;
	questions--;
	printf("result %d\n", (int)answer->result);
	if (answer->problem)
		printf("problem %s\n", answer->problem);
}

static void run_ask(const char *argument)
{
	const uint8_t key[KEY_ID] = {1, 2, 3, 4}, owner[LEASE_OWNER] = {1};
	const struct pk_str login = PK_STR("login"), subject = PK_STR("77");
	const struct pk_str none = {0};

	for (int times = atoi(argument); times > 0; times--) {
		questions = 8;
		ops->due(store, login, 1800000000, 100, on_answer, NULL);
		ops->list(store, none, login, subject, 100, on_answer, NULL);
		ops->list(store, login, login, subject, 100, on_answer, NULL);
		ops->list_sealed(store, key, login, subject, 100, on_answer, NULL);
		ops->find(store, login, none, PK_STR("session 77"), 100, on_answer, NULL);
		ops->get(store, login, subject, on_answer, NULL);
		ops->lease(store, login, subject, owner, 1, on_answer, NULL);
		ops->revoked(store, 0, 1, on_answer, NULL);
		while (questions)
			turn();
	}
}

static const struct {
	const char *name;
	void (*run)(const char *argument);
} works[] = {
	{"load", run_load},   {"write", run_write}, {"race", run_race},
	{"watch", run_watch}, {"ask", run_ask},
};

int main(int argc, char **argv)
{
	char error[256];
	int status = 2;

	if (argc != 4 || sodium_init() < 0)
		return status;
	(void)signal(SIGPIPE, SIG_IGN); /* as the programs do */
	base = event_base_new();
	ops = store_for(argv[1]);
	store = ops ? ops->open(base, argv[1], error, sizeof(error)) : NULL;
	if (!store) {
		printf("error %s\n", ops ? error : "no store has such addresses");
		return 1;
	}

	struct event *tick = event_new(base, -1, EV_PERSIST, on_tick, NULL);

	last_tick = milliseconds();
	(void)event_add(tick, &(struct timeval){0, TICK * 1000});
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		if (strcmp(works[i].name, argv[2]) != 0)
			continue;
		works[i].run(argv[3]);
		status = 0;
	}
	if (ops->warning)
		printf("warning %s\n", ops->warning(store) ? ops->warning(store) : "none");
	event_free(tick);
	ops->close(store);
	event_base_free(base);
	return status;
}
