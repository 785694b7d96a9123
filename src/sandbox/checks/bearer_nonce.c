/* The nonce of a proof at a resource (RFC 9449 9). */
#include "sandbox/dpop.h"

static bool run(struct exchange *x)
{
	return !x->proven || dpop_nonce_is_fresh(x);
}

const struct check check_bearer_nonce = {
	.name = "bearer-nonce",
	.status = 401,
	.code = "use_dpop_nonce",
	.text = "The DPoP proof needs the nonce of the DPoP-Nonce header.",
	.fault = "dpop-proof-invalid",
	.reference = "RFC 9449 9",
	.run = run,
};
