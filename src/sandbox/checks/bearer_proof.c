/* RFC 9449 7.1: a token that is bound to a key comes with a proof, of that key and for that token. */
#include "sandbox/credentials.h"
#include "sandbox/dpop.h"

static bool run(struct exchange *x)
{
	if (!x->ticket->bound)
		return true;
	return dpop_check(x, credentials_bearer(x)) && dpop_is_holder(x, x->ticket->holder);
}

const struct check check_bearer_proof = {
	.name = "bearer-proof",
	.status = 401,
	.code = "invalid_dpop_proof",
	.text = "The DPoP proof is missing, not valid, or of another key.",
	.fault = "dpop-proof-invalid",
	.reference = "RFC 9449 7.1",
	.run = run,
};
