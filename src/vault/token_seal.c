/*
 * Token seals: what the browser carries for us, as text. Layout: key id, nonce, cipher text, tag,
 * all of it base64url (RFC 4648 5). The bearer is the attacker: the text may be anything, and
 * nothing of it is believed before GCM's tag (NIST SP 800-38D) has been checked. On the path of
 * every request, so nothing is allocated once the keys are set up.
 */
#include "vault/seal.h"
#include "vault/xaes.h"
#include "base/encode.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(XAES_NONCE == SEAL_NONCE && XAES_TAG == SEAL_TAG && XAES_KEY == KEY_SIZE &&
		       SEAL_TOKEN_MAX <= XAES_MAX,
	       "a token seal is one XAES-256-GCM message");

#define HEAD (KEY_ID + SEAL_NONCE) /* what stands before the cipher text */

/* What every seal is bound to before what the caller binds: this format and the key's id. */
static const char label[16] = "proofkey token 1";

struct token_key {
	struct xaes xaes;
	char head[sizeof(label) + KEY_ID];
};

struct token_sealer {
	size_t count;
	struct token_key key[KEYRING_MAX];
	uint8_t sealed[SEAL_TOKEN_MAX + SEAL_OVERHEAD];
};

static const char *key_id(const struct token_key *key)
{
	return key->head + sizeof(label);
}

struct token_sealer *token_sealer_new(const struct subkey *keys, size_t count)
{
	struct token_sealer *sealer;

	if (!count || count > KEYRING_MAX)
		return NULL;
	sealer = calloc(1, sizeof(*sealer));
	if (!sealer)
		return NULL;
	sealer->count = count;
	for (size_t i = 0; i < count; i++) {
		struct token_key *key = &sealer->key[i];

		memcpy(key->head, label, sizeof(label));
		memcpy(key->head + sizeof(label), keys[i].id, KEY_ID);
		if (!xaes_init(&key->xaes, keys[i].key)) {
			token_sealer_free(sealer);
			return NULL;
		}
	}
	return sealer;
}

void token_sealer_free(struct token_sealer *sealer)
{
	if (!sealer)
		return;
	for (size_t i = 0; i < sealer->count; i++)
		xaes_wipe(&sealer->key[i].xaes);
	free(sealer);
}

void token_seal(struct token_sealer *sealer, const uint8_t nonce[static SEAL_NONCE],
		struct pk_str bound, struct pk_str plain, struct pk_buf *out)
{
	struct token_key *key = &sealer->key[0];
	const struct pk_str parts[] = {{key->head, sizeof(key->head)}, bound};

	if (plain.len > SEAL_TOKEN_MAX) {
		out->overflow = true;
		return;
	}
	memcpy(sealer->sealed, key_id(key), KEY_ID);
	memcpy(sealer->sealed + KEY_ID, nonce, SEAL_NONCE);
	if (!xaes_seal(&key->xaes, nonce, parts, 2, plain, sealer->sealed + HEAD)) {
		out->overflow = true;
		return;
	}
	pk_base64url_encode(out, sealer->sealed, plain.len + SEAL_OVERHEAD);
}

static struct token_key *find_key(struct token_sealer *sealer, const uint8_t *id)
{
	for (size_t i = 0; i < sealer->count; i++)
		if (memcmp(key_id(&sealer->key[i]), id, KEY_ID) == 0)
			return &sealer->key[i];
	return NULL;
}

enum seal_result token_open(struct token_sealer *sealer, struct pk_str bound, struct pk_str text,
			    void *memory, struct pk_str *ret)
{
	uint8_t *bytes = memory;
	size_t size;

	if (text.len < SEAL_TOKEN_LEN(0) || text.len > SEAL_TOKEN_LEN(SEAL_TOKEN_MAX) ||
	    !pk_base64url_decode(text, bytes, text.len, &size))
		return SEAL_MALFORMED;

	struct token_key *key = find_key(sealer, bytes);

	if (!key)
		return SEAL_UNKNOWN_KEY;

	const struct pk_str parts[] = {{key->head, sizeof(key->head)}, bound};
	const struct pk_str sealed = {(const char *)bytes + HEAD, size - HEAD};

	if (!xaes_open(&key->xaes, bytes + KEY_ID, parts, 2, sealed, bytes + HEAD)) {
		sodium_memzero(bytes, size);
		return SEAL_ALTERED;
	}
	*ret = (struct pk_str){sealed.ptr, sealed.len - SEAL_TAG};
	return SEAL_OPENED;
}
