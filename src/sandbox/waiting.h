/*
 * Authorize requests that wait for a person's decision. The page holds a random id and nothing
 * else, so nothing in it can be altered. At most WAITING_MAX wait; the newest takes the place of
 * the oldest.
 */
#ifndef SANDBOX_WAITING_H
#define SANDBOX_WAITING_H

#include "proofkey.h"

#define WAITING_MAX 1024
#define WAITING_TEXT_MAX 16384                         /* bytes of a request */
#define WAITING_MILLISECONDS ((int64_t)10 * 60 * 1000) /* for a person */

struct provider;
struct waiting;

/* Requests that wait for so long. */
struct waiting *waiting_new(int64_t milliseconds);
void waiting_free(struct waiting *waiting);

/* Keeps a copy of `request`, form-encoded, and writes the id; false when there is no memory.
 * `attempt` is kept with it. */
bool waiting_put(struct waiting *waiting, const struct provider *provider, struct pk_str request,
		 uint64_t attempt, int64_t now, struct pk_buf *ret_id);

/* Takes the request out: an id works once. "Not given" where there is none, or it waited too long;
 * the text is in the arena. Of one that waited, however long, `ret_attempt` is what was put. */
struct pk_str waiting_take(struct waiting *waiting, const struct provider *provider,
			   struct pk_str id, int64_t now, struct pk_arena *arena,
			   uint64_t *ret_attempt);

#endif
