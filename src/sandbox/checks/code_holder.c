/* RFC 9449 10: a code that was asked for under a key is redeemed with a proof of that key. */
#include "sandbox/dpop.h"

static bool run(struct exchange *x)
{
	return !x->grant->bound || dpop_is_holder(x, x->grant->key);
}

const struct check check_code_holder = {
	.name = "code-holder",
	.status = 400,
	.code = "invalid_dpop_proof",
	.text = "The code is bound to another DPoP key.",
	.fault = "dpop-proof-invalid",
	.reference = "RFC 9449 10",
	.run = run,
};
