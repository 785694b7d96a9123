/*
 * Key rings that somebody edited. What is read is changed in each way that a rotation changes it, and
 * the new text must be a ring again, with exactly the keys that it should have, in their order.
 */
#include "vault/keyring_text.h"
#include "must.h"

#include <sodium.h>
#include <string.h>

static char memory[2 * KEYRING_FILE_MAX];

/* Whether `count` keys from `from` on are those of `old` from `old_from` on. */
static bool same_keys(const struct keyring *ring, size_t from, const struct keyring *old,
		      size_t old_from, size_t count)
{
	return memcmp(ring->master[from], old->master[old_from], count * KEY_SIZE) == 0 &&
	       memcmp(ring->made[from], old->made[old_from], count * KEYRING_TIME) == 0;
}

/* The ring after a change, or NULL where that is refused. */
static const struct keyring *change(struct pk_str text, const struct keyring *old,
				    enum keyring_change how, const uint8_t *id)
{
	static struct keyring ring;
	struct pk_buf out = pk_buf(memory, sizeof(memory));
	char error[160];

	if (keyring_edit(text, old, how, id, &out))
		return NULL;
	must(!out.overflow);
	must(keyring_parse(pk_buf_str(&out), &ring, error, sizeof(error)));
	return &ring;
}

static void rotate(struct pk_str text, const struct keyring *old, const uint8_t *id)
{
	const struct keyring *ring = change(text, old, KEYRING_ROTATE, id);
	const size_t rest = old->count - old->prepared;

	must(!ring == (!old->prepared && old->count == KEYRING_MAX));
	if (!ring)
		return;
	must(ring->count == rest + 1 && !ring->prepared);
	must(same_keys(ring, 1, old, 0, rest));
	must(!old->prepared || same_keys(ring, 0, old, rest, 1));
}

static void prepare(struct pk_str text, const struct keyring *old, const uint8_t *id)
{
	const struct keyring *ring = change(text, old, KEYRING_PREPARE, id);

	must(!ring == (old->prepared || old->count == KEYRING_MAX));
	if (!ring)
		return;
	must(ring->count == old->count + 1 && ring->prepared);
	must(same_keys(ring, 0, old, 0, old->count));
}

static void drop(struct pk_str text, const struct keyring *old, size_t which)
{
	uint8_t id[KEY_ID];
	const struct keyring *ring;

	must(keyring_id(old, which, id));
	ring = change(text, old, KEYRING_DROP, id);
	must(!ring == !which);
	if (!ring)
		return;
	must(ring->count == old->count - 1);
	must(ring->prepared == (old->prepared && which != old->count - 1));
	must(same_keys(ring, 0, old, 0, which));
	must(same_keys(ring, which, old, which + 1, old->count - which - 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t nobody[KEY_ID];
	const struct pk_str text = {(const char *)data, size};
	struct keyring ring;
	char error[160];

	must(sodium_init() >= 0);
	if (size > KEYRING_FILE_MAX || !keyring_parse(text, &ring, error, sizeof(error)))
		return 0;
	must(ring.count && ring.count <= KEYRING_MAX && (!ring.prepared || ring.count > 1));
	rotate(text, &ring, nobody);
	prepare(text, &ring, nobody);
	for (size_t i = 0; i < ring.count; i++)
		drop(text, &ring, i);
	return 0;
}
