/*
 * How often somebody may have a grant refreshed that is not due: a provider that is asked in a loop
 * shuts everybody out. Grants are remembered by a keyed hash, in a table of fixed size, where a
 * newer one takes an older one's place: then that one may be refreshed sooner.
 */
#include "gateway/refresh.h"

#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(uint64_t) == crypto_shorthash_BYTES, "a hash is a number");

static uint64_t hash_of(struct refreshing *refreshing, struct pk_str login, struct pk_str subject)
{
	unsigned char text[GRANT_LOGIN_MAX + 1 + PK_SUBJECT_MAX];
	struct pk_buf out = pk_buf((char *)text, sizeof(text));
	uint64_t hash;

	if (!refreshing->spare_keyed)
		crypto_shorthash_keygen(refreshing->spare_key);
	refreshing->spare_keyed = true;
	pk_buf_put(&out, login);
	pk_buf_put(&out, PK_STR("/"));
	pk_buf_put(&out, subject);
	crypto_shorthash((unsigned char *)&hash, text, out.len, refreshing->spare_key);
	return hash;
}

bool refresh_spared(struct keeper *keeper, struct pk_str login, struct pk_str subject)
{
	struct refreshing *refreshing = &keeper->refreshing;
	const uint64_t hash = hash_of(refreshing, login, subject);
	struct spared *spared = &refreshing->spared[hash % REFRESH_SPARED];

	if (spared->hash == hash && keeper->ticks < spared->until)
		return true;
	*spared = (struct spared){hash, keeper->ticks + REFRESH_SPARE};
	return false;
}
