/* Signed tokens in the compact form (RFC 7515, RFC 7519). */
#ifndef PROTOCOL_JOSE_H
#define PROTOCOL_JOSE_H

#include "proofkey.h"

#include <jansson.h>

struct pk_jws {
	struct pk_str token;
	enum pk_id_token_alg alg; /* the one that is right, whatever the token says */
	struct pk_str type; /* "logout+jwt", the one typed kind that is right; or "not given" */
	struct pk_str jwks; /* for RS256 and ES256 */
	struct pk_secret secret; /* for HS256 */
};

/* The claims of a token whose signature is right; the caller releases them. PK_ERR_ID_TOKEN_SYNTAX,
 * _ALG, _KEY_UNKNOWN, _SIGNATURE or PK_ERR_SECRET_MISSING. */
enum pk_err pk_jws_verify(const struct pk_jws *jws, json_t **ret, struct pk_why *why);

#endif
