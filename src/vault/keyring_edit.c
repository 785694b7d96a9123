/*
 * What a rotation does to the lines of a key ring: which one comes first, which one goes. It trusts
 * that the text was read as that ring; what people noted between the keys stays where it is.
 */
#include "vault/keyring_text.h"
#include "base/encode.h"
#include "base/text.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

void keyring_put_fresh(struct pk_buf *out)
{
	const time_t now = time(NULL);
	char made[KEYRING_TIME];
	struct tm utc;
	uint8_t key[KEY_SIZE];

	(void)strftime(made, sizeof(made), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	pk_buf_put(out, pk_str(made));
	pk_buf_char(out, ' ');
	randombytes_buf(key, sizeof(key));
	pk_base64url_encode(out, key, sizeof(key));
	sodium_memzero(key, sizeof(key));
}

/* The line of the key that is prepared, without that word. */
static struct pk_str prepared_line(struct pk_str text)
{
	struct pk_str found = {0};

	while (text.ptr) {
		const struct pk_str line = pk_str_trim(pk_str_cut(&text, '\n'));

		if (keyring_is_key(line))
			found = line;
	}
	return pk_str_trim(pk_str_first(found, found.len - strlen(KEYRING_PREPARED)));
}

static void put_first(struct pk_buf *out, struct pk_str text, const struct keyring *ring)
{
	if (ring->prepared)
		pk_buf_put(out, prepared_line(text));
	else
		keyring_put_fresh(out);
	pk_buf_char(out, '\n');
}

/* Which key is `id`; ring->count where none is. */
static size_t find(const struct keyring *ring, const uint8_t id[static KEY_ID])
{
	uint8_t other[KEY_ID];
	size_t which = 0;

	while (which < ring->count &&
	       !(keyring_id(ring, which, other) && memcmp(id, other, sizeof(other)) == 0))
		which++;
	return which;
}

/* What forbids the change, or NULL; and the key whose line goes, ring->count for none. */
static const char *plan(const struct keyring *ring, enum keyring_change change,
			const uint8_t id[static KEY_ID], size_t *goes)
{
	const bool adds =
		change == KEYRING_PREPARE || (change == KEYRING_ROTATE && !ring->prepared);

	*goes = ring->count;
	if (adds && ring->count == KEYRING_MAX)
		return "it has 16 keys, and more do not fit; `proofkey keys drop FILE ID` takes "
		       "out "
		       "one that nothing is sealed with any more";
	switch (change) {
	case KEYRING_ROTATE:
		if (ring->prepared)
			*goes = ring->count - 1;
		return NULL;
	case KEYRING_PREPARE:
		return ring->prepared
			       ? "a key is prepared already; without --prepare it comes first"
			       : NULL;
	case KEYRING_DROP:
		*goes = find(ring, id);
		break;
	}
	if (*goes == ring->count)
		return "it has no key of that id; `proofkey keys list FILE` shows them";
	return *goes ? NULL : "this key seals what is stored now; rotate first";
}

const char *keyring_edit(struct pk_str text, const struct keyring *ring, enum keyring_change change,
			 const uint8_t id[static KEY_ID], struct pk_buf *out)
{
	const struct pk_str whole = text;
	size_t goes, key = 0;
	const char *problem = plan(ring, change, id, &goes);

	while (!problem && text.len) {
		const struct pk_str line = pk_str_cut(&text, '\n');
		const bool is_key = keyring_is_key(pk_str_trim(line));

		if (is_key && key == 0 && change == KEYRING_ROTATE)
			put_first(out, whole, ring);
		if (!is_key || key != goes) {
			pk_buf_put(out, line);
			pk_buf_char(out, '\n');
		}
		key += is_key;
	}
	if (!problem && change == KEYRING_PREPARE) {
		keyring_put_fresh(out);
		pk_buf_put(out, PK_STR(" " KEYRING_PREPARED "\n"));
	}
	return problem;
}
