/* How a client proves itself at the token, revocation and other endpoints (RFC 6749 2.3.1), in the
 * dialect's way. */
#ifndef PROTOCOL_CLIENT_AUTH_H
#define PROTOCOL_CLIENT_AUTH_H

#include "proofkey.h"

struct pk_pair {
	struct pk_str name;
	struct pk_str value;
};

/*
 * Makes the POST of `pairs` to `url`, with the client's identity and proof added: one way and never
 * two. Without a secret the client is public, and PK_ERR_SECRET_MISSING where the dialect has no
 * public clients.
 */
enum pk_err pk_client_post(struct pk_arena *arena, const struct pk_login *login,
			   struct pk_secret secret, struct pk_str url, const struct pk_pair *pairs,
			   size_t count, struct pk_http_request *ret, struct pk_why *why);

/*
 * The same at the token endpoint, where a dialect may have a GET instead, parameters of its own and
 * an Origin header from public clients. The URL of a GET holds the code and the secret.
 */
enum pk_err pk_client_redeem(struct pk_arena *arena, const struct pk_login *login,
			     struct pk_secret secret, struct pk_str url,
			     const struct pk_pair *pairs, size_t count, struct pk_http_request *ret,
			     struct pk_why *why);

#endif
