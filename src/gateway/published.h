/*
 * What a provider publishes for all: its metadata and its keys. The keeper fetches such a document when
 * it is first needed, once for everybody who waits, and keeps it for as long as the provider says,
 * within bounds. One document for each login and kind, of at most PK_REPLY_MAX bytes.
 */
#ifndef GATEWAY_PUBLISHED_H
#define GATEWAY_PUBLISHED_H

#include "gateway/calls.h"
#include "gateway/metrics.h"
#include "gateway/settings.h"

#include <sys/queue.h>

struct keeper;

/* One of `text` and `failure` is there, and lives until this returns. */
typedef void published_ready(struct pk_str text, const struct failure *failure, void *arg);

/* Somebody who waits, in the memory of whatever they do. */
struct published_wait {
	LIST_ENTRY(published_wait) entry;
	published_ready *done;
	void *arg;
};

struct published_kind {
	enum upstream purpose;
	unsigned places; /* where it may be: on 404 the next one is asked */
	enum pk_err (*request)(struct pk_arena *arena, const struct pk_login *login, unsigned place,
			       struct pk_http_request *ret, struct pk_why *why);
	/* Checks a reply, and writes what is worth keeping of it. */
	enum pk_err (*read)(struct pk_arena *arena, const struct pk_login *login,
			    const struct pk_http_reply *reply, struct pk_buf *out,
			    struct pk_why *why);
	int64_t usual;    /* seconds that it is kept where the provider does not say */
	int64_t shortest; /* the bounds of what a provider may say */
	int64_t longest;
	int64_t beyond; /* seconds that an old one still serves when there is no new one */
};

struct published {
	struct keeper *keeper;
	const struct published_kind *kind;
	const struct login_settings *login; /* of the settings */
	char *text;                         /* NULL: there is none yet */
	size_t len;
	int64_t fresh_until; /* on the keeper's clock, like all here */
	int64_t good_until;  /* when there is no new one */
	int64_t renewed_at;  /* when it was last asked for before its time; 0: never */
	bool fetching;
	unsigned place;
	LIST_HEAD(, published_wait) waits;
};

void published_init(struct published *published, struct keeper *keeper,
		    const struct published_kind *kind, const struct login_settings *login);

/* Calls `done`, perhaps at once. `login` is what a request is made from, should one be needed. */
void published_get(struct published *published, const struct pk_login *login,
		   struct published_wait *wait, published_ready *done, void *arg);

/* The same with a document that is newer than the one which was given before; false, and no call,
 * when there was such a wish less than a minute ago. */
bool published_renew(struct published *published, const struct pk_login *login,
		     struct published_wait *wait, published_ready *done, void *arg);

/* Nobody waits any more. */
void published_free(struct published *published);

/* The seconds that `Cache-Control` lets a document be kept: max-age, 0 with no-store or no-cache, -1
 * when it does not say (RFC 9111 5.2). */
int64_t published_max_age(struct pk_str cache_control);

#endif
