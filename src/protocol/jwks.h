/* The provider's public keys (RFC 7517): which of them may have signed a token. */
#ifndef PROTOCOL_JWKS_H
#define PROTOCOL_JWKS_H

#include "proofkey.h"

#include <cjose/cjose.h>
#include <jansson.h>

/* A token that names no key is tried with this many. */
#define PK_KEYS_MAX 8

struct pk_keys {
	cjose_jwk_t *key[PK_KEYS_MAX];
	size_t count;
};

/* The public keys of the set that sign with `alg`, RS256 or ES256, and have that `kid` where one is
 * given. Release them with pk_keys_release(). */
void pk_keys_find(const json_t *set, enum pk_id_token_alg alg, const char *kid,
		  struct pk_keys *ret);

void pk_keys_release(struct pk_keys *keys);

#endif
