/* What pk_callback() hands to pk_token_request(). Included by these two and nobody else; a test
 * reads the includes. */
#ifndef PROTOCOL_CALLBACK_H
#define PROTOCOL_CALLBACK_H

#include "proofkey.h"

struct pk_grant_code {
	struct pk_secret code;
	const struct pk_login *login; /* the one whose callback it came in: it is redeemed nowhere
					 else (RFC 9700 4.4) */
};

#endif
