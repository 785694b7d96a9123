/* The way back to the client: its redirect URI with the answer's parameters. */
#ifndef SANDBOX_CALLBACK_H
#define SANDBOX_CALLBACK_H

#include "sandbox/check.h"

struct callback {
	struct pk_buf url;
	size_t start; /* of the parameters that are added */
};

/* Nothing may be taken from the exchange's arena between these. The redirect URI must be known to
 * be the client's. */
void callback_open(struct callback *callback, struct exchange *x);
void callback_put(struct callback *callback, struct pk_str name, struct pk_str value);
void callback_send(struct callback *callback, struct exchange *x);

#endif
