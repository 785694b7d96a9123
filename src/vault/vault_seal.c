/*
 * Vault seals: tokens at rest, as bytes. Layout: key id, nonce, cipher text, tag. Who can write to
 * the store is the attacker. Trusts libsodium's XChaCha20-Poly1305, whose nonces are long enough to
 * be random at any scale.
 */
#include "vault/seal.h"

#include <sodium.h>
#include <string.h>

_Static_assert(SEAL_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES &&
		       SEAL_TAG == crypto_aead_xchacha20poly1305_ietf_ABYTES &&
		       KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
	       "a vault seal is one XChaCha20-Poly1305 message");

#define HEAD (KEY_ID + SEAL_NONCE)

static const uint8_t label[crypto_generichash_blake2b_PERSONALBYTES] = "proofkey vault 1";

/* The AEAD takes one piece of associated data, and what is bound may have any length: so it gets
 * the hash of the format, the key's id (of fixed length) and what is bound. */
static void hash_bound(const uint8_t id[static KEY_ID], struct pk_str bound,
		       uint8_t ret[static crypto_generichash_BYTES])
{
	crypto_generichash_blake2b_state state;

	crypto_generichash_blake2b_init_salt_personal(&state, NULL, 0, crypto_generichash_BYTES,
						      NULL, label);
	crypto_generichash_blake2b_update(&state, id, KEY_ID);
	crypto_generichash_blake2b_update(&state, (const uint8_t *)bound.ptr, bound.len);
	crypto_generichash_blake2b_final(&state, ret, crypto_generichash_BYTES);
}

void vault_seal(const struct subkey *key, const uint8_t nonce[static SEAL_NONCE],
		struct pk_str bound, struct pk_str plain, struct pk_buf *out)
{
	uint8_t hash[crypto_generichash_BYTES];

	if (out->overflow || out->cap - out->len < SEAL_OVERHEAD ||
	    out->cap - out->len - SEAL_OVERHEAD < plain.len) {
		out->overflow = true;
		return;
	}
	hash_bound(key->id, bound, hash);
	pk_buf_put(out, (struct pk_str){(const char *)key->id, KEY_ID});
	pk_buf_put(out, (struct pk_str){(const char *)nonce, SEAL_NONCE});
	crypto_aead_xchacha20poly1305_ietf_encrypt((uint8_t *)out->ptr + out->len, NULL,
						   (const uint8_t *)plain.ptr, plain.len, hash,
						   sizeof(hash), NULL, nonce, key->key);
	out->len += plain.len + SEAL_TAG;
}

static const struct subkey *find_key(const struct subkey *keys, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(keys[i].id, id, KEY_ID) == 0)
			return &keys[i];
	return NULL;
}

enum seal_result vault_open(const struct subkey *keys, size_t count, struct pk_str bound,
			    struct pk_str sealed, void *memory, struct pk_str *ret)
{
	if (sealed.len < SEAL_OVERHEAD)
		return SEAL_MALFORMED;

	const struct subkey *key = find_key(keys, count, sealed.ptr);
	const uint8_t *bytes = (const uint8_t *)sealed.ptr;
	uint8_t hash[crypto_generichash_BYTES];

	if (!key)
		return SEAL_UNKNOWN_KEY;
	hash_bound(key->id, bound, hash);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(memory, NULL, NULL, bytes + HEAD,
						       sealed.len - HEAD, hash, sizeof(hash),
						       bytes + KEY_ID, key->key) != 0)
		return SEAL_ALTERED;
	*ret = (struct pk_str){memory, sealed.len - SEAL_OVERHEAD};
	return SEAL_OPENED;
}
