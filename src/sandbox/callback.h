/* The way back to the client: its redirect URI with the answer's parameters, or a page that posts
 * them there. */
#ifndef SANDBOX_CALLBACK_H
#define SANDBOX_CALLBACK_H

#include "sandbox/check.h"

struct callback {
	struct pk_buf out; /* the URL, or the form alone */
	size_t start;      /* of the parameters that are added */
	bool posts;
};

/* Whether the client of this dialect can ask for a response_mode. */
bool callback_has_modes(const struct pk_dialect *dialect);

/* Nothing may be taken from the exchange's arena between these. The redirect URI must be known to
 * be the client's. */
void callback_open(struct callback *callback, struct exchange *x);
void callback_put(struct callback *callback, struct pk_str name, struct pk_str value);

/* Puts each pair of `pairs`, form-encoded. */
void callback_put_more(struct callback *callback, struct pk_str pairs);
void callback_send(struct callback *callback, struct exchange *x);

#endif
