/*
 * Tokens are refreshed when between 70 and 80 % of their lifetime are over: early enough for
 * several tries, and spread, so that grants of one hour are not due in one second. The lifetime is
 * the one that the reply gave (RFC 6749 5.1), no other is assumed.
 */
#include "gateway/refresh_plan.h"

static int64_t at_most(int64_t value, int64_t most)
{
	return value > most ? most : value;
}

static int64_t at_least(int64_t value, int64_t least)
{
	return value < least ? least : value;
}

/* A random part of `most`, rounded down. */
static int64_t part_of(int64_t most, uint32_t random)
{
	/* In two steps, since a provider may name a lifetime of centuries. */
	return most / 1024 * (random % 1024) + most % 1024 * (random % 1024) / 1024;
}

/* A token that ends with its beginning would be refreshed without end. */
static int64_t plan_one(int64_t now, int64_t expires_at, uint32_t random)
{
	const int64_t lifetime = expires_at - now;
	int64_t wait;

	if (expires_at == PK_TIME_UNKNOWN || lifetime <= 0)
		return PK_TIME_UNKNOWN;
	wait = lifetime / 5 * 4 + lifetime % 5 * 4 / 5;
	wait -= part_of(lifetime / 10, random);
	wait = at_most(wait, lifetime - REFRESH_AHEAD);
	wait = at_least(wait, (lifetime + 1) / 2);
	return now + wait;
}

int64_t refresh_plan(int64_t now, int64_t access_expires_at, int64_t refresh_expires_at,
		     uint32_t random)
{
	const int64_t access = plan_one(now, access_expires_at, random);
	const int64_t refresh = plan_one(now, refresh_expires_at, random);

	if (access == PK_TIME_UNKNOWN)
		return refresh;
	return refresh == PK_TIME_UNKNOWN ? access : at_most(access, refresh);
}

int64_t refresh_again(int64_t now, int64_t failures, int64_t after, uint32_t random)
{
	int64_t wait = REFRESH_AGAIN;

	while (failures-- > 1 && wait < REFRESH_AGAIN_MAX)
		wait *= 2;
	wait = at_most(wait + part_of(wait / 4 + 1, random), REFRESH_AGAIN_MAX);
	after = at_most(after, REFRESH_AFTER_MAX);
	/* All who were told the same time do not come at once. */
	if (after > wait)
		wait = after + part_of(after / 10 + 1, random);
	return now + wait;
}

bool refresh_is_fresh(const struct grant *grant, int64_t now, int64_t least)
{
	const int64_t since =
		grant->refreshed_at == PK_TIME_UNKNOWN ? grant->created_at : grant->refreshed_at;
	const int64_t lifetime = grant->access_expires_at - since;

	return grant->access_expires_at == PK_TIME_UNKNOWN ||
	       grant->access_expires_at - now >= at_least(at_most(least, lifetime / 2), 0);
}

bool refresh_helps(const struct grant *grant, int64_t now, int64_t least)
{
	if (grant->state == GRANT_ENDED || !grant->refresh_token.text.len)
		return false;
	if (grant->state == GRANT_RETRYING && grant->refresh_at > now)
		return false;
	return !refresh_is_fresh(grant, now, least);
}
