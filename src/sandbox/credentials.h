/* What a client sent to prove itself (RFC 6749 2.3.1). */
#ifndef SANDBOX_CREDENTIALS_H
#define SANDBOX_CREDENTIALS_H

#include "sandbox/check.h"

struct credentials {
	bool basic;           /* they came in the Authorization header */
	struct pk_str id;     /* "not given" where there is none */
	struct pk_str secret; /* likewise */
};

/* False where the Authorization header is no Basic header that can be read. The views live as long
 * as the exchange. */
bool credentials_read(struct exchange *x, struct credentials *ret);

/* The access token, from where this provider takes it; "not given" where it is not there. */
struct pk_str credentials_bearer(struct exchange *x);

#endif
