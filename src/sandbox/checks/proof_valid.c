/* A DPoP proof that comes is right, whether or not the client has to send one (RFC 9449 4.3, 5). It is
 * looked at once the client is known, so that a stranger cannot fill the memory of proofs. */
#include "sandbox/dpop.h"

static bool run(struct exchange *x)
{
	return !x->dialect->dpop || !http_header_count(x->http, "DPoP") ||
	       dpop_check(x, (struct pk_str){0});
}

const struct check check_proof_valid = {
	.name = "proof-valid",
	.status = 400,
	.code = "invalid_dpop_proof",
	.text = "The DPoP proof is not valid.",
	.fault = "dpop-proof-invalid",
	.reference = "RFC 9449 4.3",
	.run = run,
};
