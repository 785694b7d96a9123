/*
 * When tokens are refreshed, and when a refresh that failed is tried again. Pure: the clock and the
 * entropy are arguments. Times are seconds since the epoch, or PK_TIME_UNKNOWN.
 */
#ifndef GATEWAY_REFRESH_PLAN_H
#define GATEWAY_REFRESH_PLAN_H

#include "vault/vault.h"

#define REFRESH_AHEAD 30       /* seconds that a token has yet when it is refreshed, at least */
#define REFRESH_AGAIN 5        /* seconds from the first failure to the next try */
#define REFRESH_AGAIN_MAX 900  /* from later ones, at most */
#define REFRESH_AFTER_MAX 3600 /* and at most where the provider itself names a time */

/* When tokens that are new at `now` are due: before the access token ends and before the refresh
 * token does. PK_TIME_UNKNOWN where neither end is known: they are used until somebody asks for
 * others. */
int64_t refresh_plan(int64_t now, int64_t access_expires_at, int64_t refresh_expires_at,
		     uint32_t random);

/* When a refresh is tried again after so many failures, the one just now among them. `after`:
 * seconds that the provider asked for (Retry-After), 0 where it did not. */
int64_t refresh_again(int64_t now, int64_t failures, int64_t after, uint32_t random);

/* Whether the access token is as good as somebody who needs it for `least` seconds can have it: it
 * lasts so long, or for half of its lifetime, where that is less. No provider's tokens are asked to
 * live longer than they do, nor to be replaced in the first half of their lives. A lifetime that the
 * provider did not tell is not held against it. */
bool refresh_is_fresh(const struct grant *grant, int64_t now, int64_t least);

/* Whether a refresh may help somebody who needs the token for `least` seconds: not where it is
 * fresh, where there is nothing to refresh with, while the provider is being spared after a
 * failure. */
bool refresh_helps(const struct grant *grant, int64_t now, int64_t least);

#endif
