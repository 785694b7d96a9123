/* The answers of the endpoints beside the token endpoint: one JSON object, or the provider's no. */
#ifndef PROTOCOL_REPLY_H
#define PROTOCOL_REPLY_H

#include "proofkey.h"

#include <jansson.h>

/* The object in a reply with HTTP 2xx; the caller releases it. `what` names the endpoint in the
 * evidence: "the keys". Anything else is PK_ERR_PROVIDER_REFUSED or PK_ERR_REPLY_NOT_OAUTH. */
enum pk_err pk_reply_object(const struct pk_http_reply *reply, const char *what, json_t **ret,
			    struct pk_why *why);

#endif
