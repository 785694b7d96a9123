/* RFC 9449 7.2: a token that is bound to a key is never taken as Bearer, and one that is not is never
 * taken as DPoP (7.1). */
#include "sandbox/dpop.h"

static bool run(struct exchange *x)
{
	return x->ticket->bound == dpop_is_scheme(x);
}

const struct check check_bearer_holder = {
	.name = "bearer-holder",
	.status = 401,
	.code = "invalid_token",
	.text = "A token that is bound to a key is shown with the scheme DPoP, and no other is.",
	.fault = "dpop-proof-invalid",
	.reference = "RFC 9449 7.2",
	.run = run,
};
