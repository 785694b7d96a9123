/* What an authorize request says, for the URL and for whoever pushes it ahead (RFC 9126). */
#ifndef PROTOCOL_AUTHORIZE_H
#define PROTOCOL_AUTHORIZE_H

#include "proofkey.h"

/* Writes the parameters of the authorize request, form-encoded, without a mark before them. The
 * writer's overflow is the caller's to look at. */
enum pk_err pk_authorize_query_write(const struct pk_login *login, struct pk_str state,
				     struct pk_str nonce, const struct pk_challenge *challenge,
				     struct pk_buf *out, struct pk_why *why);

/* Whether this login sends a challenge, and so a verifier: the provider neither ignores nor refuses
 * it. */
bool pk_login_has_challenge(const struct pk_login *login);

#endif
