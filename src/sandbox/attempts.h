/*
 * The logins that the sandbox saw, each with what was sent and answered, for who wants to know
 * afterwards. At most ATTEMPTS_MAX and ATTEMPTS_SIZE_MAX: the newest take the place of the oldest,
 * so that no number of logins takes more memory.
 */
#ifndef SANDBOX_ATTEMPTS_H
#define SANDBOX_ATTEMPTS_H

#include "proofkey_explain.h"

#define ATTEMPTS_MAX 512
#define ATTEMPTS_SIZE_MAX ((size_t)16 << 20) /* bytes of all events */
#define ATTEMPT_EVENTS_MAX 48                /* of one attempt; see attempts_add() */
#define ATTEMPT_CLIENT_MAX 128               /* characters */
#define ATTEMPT_PRODUCED_MAX 4
#define ATTEMPT_CODE_MAX 24 /* characters: enough to know a code that was cut */

struct provider;

/* An event, in one block of memory with its headers and texts. */
struct record {
	struct record *next;
	size_t size;
	struct pk_event event;
};

struct attempt {
	uint64_t serial; /* 0: none */
	const struct provider *provider;
	double at;       /* seconds since the epoch */
	int64_t touched; /* when its last event was added, see now() */
	char client[ATTEMPT_CLIENT_MAX];
	size_t client_len;
	char code[ATTEMPT_CODE_MAX]; /* how the code that was given begins */
	size_t code_len;
	const char *produced[ATTEMPT_PRODUCED_MAX]; /* faults on demand */
	size_t produced_count;
	struct record *first;
	struct record *last;
	size_t count;
	size_t size;
};

struct attempts;

struct attempts *attempts_new(void);
void attempts_free(struct attempts *attempts);

/* The serial of an attempt that may begin now. */
uint64_t attempts_reserve(struct attempts *attempts);

/* Begins the attempt of a reserved serial, in the place of the oldest. */
struct attempt *attempts_begin(struct attempts *attempts, uint64_t serial,
			       const struct provider *provider, double at);

/* The attempt of that serial, or NULL where it is forgotten or never began. */
struct attempt *attempts_get(const struct attempts *attempts, uint64_t serial);

/* The one after, or before, a serial; NULL where there is none. From 0 it is the oldest, or the
 * newest. */
struct attempt *attempts_after(const struct attempts *attempts, uint64_t serial);
struct attempt *attempts_before(const struct attempts *attempts, uint64_t serial);

size_t attempts_count(const struct attempts *attempts);

/* Adds a copy of an event. Of an attempt that goes on for ever, its beginning and its end are kept.
 * The attempt itself is forgotten when there is no room: it must not be used after this. */
void attempts_add(struct attempts *attempts, struct attempt *attempt, const struct pk_event *event,
		  int64_t now);

void attempts_forget_all(struct attempts *attempts);

/* Calls `added` after each event. */
void attempts_watch(struct attempts *attempts, void (*added)(uint64_t serial, void *arg),
		    void *arg);

/* An attempt's name, other in each run of the sandbox, and what it names; 0: none. */
#define ATTEMPT_ID_MAX 32
struct pk_str attempt_id(const struct attempts *attempts, uint64_t serial,
			 char memory[static ATTEMPT_ID_MAX]);
uint64_t attempt_serial(const struct attempts *attempts, struct pk_str id);

#endif
