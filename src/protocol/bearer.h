/* A token in the Authorization header (RFC 6750 2.1). */
#ifndef PROTOCOL_BEARER_H
#define PROTOCOL_BEARER_H

#include "proofkey.h"

/* Adds the header to `request`. PK_ERR_ARGUMENT without a token, PK_ERR_REPLY_INCOMPLETE for one
 * that could end its line. */
enum pk_err pk_bearer_add(struct pk_arena *arena, struct pk_secret token,
			  struct pk_http_request *request, struct pk_why *why);

#endif
