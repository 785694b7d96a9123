/* The claims that ID tokens and logout tokens have in common (RFC 7519 4.1). */
#ifndef PROTOCOL_CLAIMS_H
#define PROTOCOL_CLAIMS_H

#include "proofkey.h"

#include <jansson.h>

/* `iss` is the login's issuer, byte for byte: PK_ERR_ID_TOKEN_ISSUER. */
enum pk_err pk_claims_issuer(const json_t *claims, const struct pk_login *login,
			     struct pk_why *why);

/* `aud` names this client: PK_ERR_ID_TOKEN_AUDIENCE. With others beside it, or where `azp` is
 * there, `azp` is this client too. */
enum pk_err pk_claims_audience(const json_t *claims, const struct pk_login *login,
			       struct pk_why *why);

/* `exp` is ahead (PK_ERR_ID_TOKEN_EXPIRED), `iat` and, where it is there, `nbf` are not
 * (PK_ERR_ID_TOKEN_TIME). */
enum pk_err pk_claims_times(const json_t *claims, int64_t now, int64_t *ret_issued_at,
			    int64_t *ret_expires_at, struct pk_why *why);

/* A NumericDate (RFC 7519 2), its fraction cut off; false for anything else, text included. */
bool pk_claims_time(const json_t *value, int64_t *ret);

/* A subject as OpenID Connect Core 2 has it: 1 to 255 printable ASCII characters. */
bool pk_claims_is_subject(const json_t *value);

#endif
