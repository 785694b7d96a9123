/* JSON Web Tokens in compact form (RFC 7515, RFC 7519), as they come and as they go. */
#ifndef SANDBOX_JWT_H
#define SANDBOX_JWT_H

#include "proofkey.h"

#include <cjose/cjose.h>
#include <jansson.h>

#define JWT_MAX 16384 /* bytes */
#define JWT_THUMBPRINT 32

/* Nothing in it is true before jwt_verify() says so. */
struct jwt {
	struct pk_str text; /* as it came */
	json_t *header;
	json_t *claims;
};

/* Takes a token apart; false unless it is three parts of which two are JSON objects. The text must
 * live as long as `ret`, which jwt_free() releases. */
bool jwt_read(struct pk_arena *arena, struct pk_str text, struct jwt *ret);
void jwt_free(struct jwt *jwt);

/* A public key that somebody sent, for cjose_jwk_release(), or NULL. That it has no private half is
 * the caller's to look at before. */
cjose_jwk_t *jwt_key(const json_t *jwk);

/* Whether `key` signed it with `alg` and nothing else: what the token says about its own algorithm
 * is compared, never believed. */
bool jwt_verify(const struct jwt *jwt, const char *alg, const cjose_jwk_t *key);

/* Writes a signed token. `kid` may be NULL. Both objects stay the caller's. */
bool jwt_sign(const cjose_jwk_t *key, const char *alg, const char *type, const char *kid,
	      const json_t *claims, struct pk_buf *out);

/* A member that is a string, else "not given". */
struct pk_str jwt_member(const json_t *object, const char *name);

/* RFC 7638: what a public key of kty RSA or EC is called; false for any other. */
bool jwt_thumbprint(const json_t *key, unsigned char ret[static JWT_THUMBPRINT]);

#endif
