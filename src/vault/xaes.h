/*
 * XAES-256-GCM (C2SP): AES-256-GCM with nonces of 192 bits, so that random ones never meet under
 * one key. Internal to the vault: token seals are made of it.
 */
#ifndef VAULT_XAES_H
#define VAULT_XAES_H

#include "proofkey.h"

#include <openssl/evp.h>

#define XAES_KEY 32
#define XAES_NONCE 24
#define XAES_TAG 16
#define XAES_MAX 65536 /* bytes of plain text, and of each bound part */

/* One key with its ciphers set up, so that a message allocates nothing. */
struct xaes {
	EVP_CIPHER_CTX *block; /* AES-256 alone, under the key */
	EVP_CIPHER_CTX *gcm;   /* AES-256-GCM, under the key of the last message */
	uint8_t k1[16];        /* the CMAC subkey of a whole block, NIST SP 800-38B 6.1 */
};

/* False when OpenSSL has no memory; xaes_wipe() may be called either way. */
bool xaes_init(struct xaes *xaes, const uint8_t key[static XAES_KEY]);
void xaes_wipe(struct xaes *xaes);

/* Writes plain.len + XAES_TAG bytes. The `count` parts of `bound` are authenticated one after the
 * other, without a mark between them. */
bool xaes_seal(struct xaes *xaes, const uint8_t nonce[static XAES_NONCE],
	       const struct pk_str *bound, size_t count, struct pk_str plain, uint8_t *out);

/* Writes sealed.len - XAES_TAG bytes; `out` may be where `sealed` is. When it returns false, `out`
 * holds nothing that may be used. */
bool xaes_open(struct xaes *xaes, const uint8_t nonce[static XAES_NONCE],
	       const struct pk_str *bound, size_t count, struct pk_str sealed, uint8_t *out);

#endif
