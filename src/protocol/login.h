/* A login's endpoints and issuer, with the variables filled in. */
#ifndef PROTOCOL_LOGIN_H
#define PROTOCOL_LOGIN_H

#include "proofkey.h"

/* Writes the endpoint `url` of the login's dialect: {host}, {region} and {tenant} replaced, or at
 * the sandbox where the login has one. PK_ERR_ARGUMENT for an endpoint that there is not. */
enum pk_err pk_endpoint_write(const struct pk_login *login, struct pk_str url, struct pk_buf *out,
			      struct pk_why *why);

/*
 * Writes the issuer that this login expects: the dialect's, or the login's own, or the sandbox's
 * where the login has one; nothing where none is known. {tenantid} in it stays, because it stands
 * for what only the token says: the `tid` of an ID token.
 */
enum pk_err pk_issuer_write(const struct pk_login *login, struct pk_buf *out, struct pk_why *why);

/* Whether this can be a {tenant}: at most 64 letters, digits and . _ - ~ */
bool pk_tenant_is_one(struct pk_str text);

#endif
