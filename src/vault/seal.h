/*
 * Sealing: encrypted, authenticated, bound to what it is for. Two kinds on purpose.
 *
 *   token seals  (cookies, state)   XAES-256-GCM (C2SP), random 192-bit nonces, as base64url text
 *                                   for the browser to carry
 *   vault seals  (tokens at rest)   XChaCha20-Poly1305 (libsodium), random 192-bit nonces, as bytes
 *
 * Both name the key that they were made with, so that "another key" can be told from "altered".
 */
#ifndef VAULT_SEAL_H
#define VAULT_SEAL_H

#include "proofkey.h"
#include "vault/keyring.h"

enum seal_result {
	SEAL_OPENED,
	SEAL_MALFORMED,   /* not something that we made: wrong length, wrong characters */
	SEAL_UNKNOWN_KEY, /* made with a key that is not in the ring */
	SEAL_ALTERED, /* the key is known and the seal is broken, or it was made for another purpose
			 or place */
};

#define SEAL_NONCE 24
#define SEAL_TAG 16
#define SEAL_OVERHEAD                                                                              \
	(KEY_ID + SEAL_NONCE + SEAL_TAG) /* bytes around the plain text: key id, nonce, tag */
#define SEAL_TOKEN_MAX 4096 /* bytes of plain text in a token seal: more fits in no cookie */

/* The characters of a token seal around `size` bytes. */
#define SEAL_TOKEN_LEN(size) ((((size) + SEAL_OVERHEAD) * 4 + 2) / 3)

/* Keys of one purpose, ready for use; the first seals, all open. NULL without memory or keys, or
 * with more than KEYRING_MAX. Not to be shared between threads. */
struct token_sealer;

struct token_sealer *token_sealer_new(const struct subkey *keys, size_t count);
void token_sealer_free(struct token_sealer *sealer);

/* Writes the seal of `plain` as text. `bound` is authenticated and not stored; `nonce` are fresh
 * random bytes. What cannot be sealed (more than SEAL_TOKEN_MAX bytes) sets `out->overflow`. */
void token_seal(struct token_sealer *sealer, const uint8_t nonce[static SEAL_NONCE],
		struct pk_str bound, struct pk_str plain, struct pk_buf *out);

/* Opens into `memory` (at least text.len bytes). `ret` is a view of it, written for SEAL_OPENED
 * only. */
enum seal_result token_open(struct token_sealer *sealer, struct pk_str bound, struct pk_str text,
			    void *memory, struct pk_str *ret);

/* The same at rest. `out` needs plain.len + SEAL_OVERHEAD bytes; `memory` at least sealed.len. */
void vault_seal(const struct subkey *key, const uint8_t nonce[static SEAL_NONCE],
		struct pk_str bound, struct pk_str plain, struct pk_buf *out);
enum seal_result vault_open(const struct subkey *keys, size_t count, struct pk_str bound,
			    struct pk_str sealed, void *memory, struct pk_str *ret);

#endif
