/* A login's endpoints, with the variables filled in. */
#ifndef PROTOCOL_LOGIN_H
#define PROTOCOL_LOGIN_H

#include "proofkey.h"

/* Writes the endpoint `url` of the login's dialect: {host} and {region} replaced, or at the sandbox
 * where the login has one. */
enum pk_err pk_endpoint_write(const struct pk_login *login, struct pk_str url, struct pk_buf *out,
			      struct pk_why *why);

#endif
