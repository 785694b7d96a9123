/* With --dpop-nonce a proof holds the nonce that the sandbox gave last: the reply has it, and the client
 * tries again (RFC 9449 8). */
#include "sandbox/dpop.h"

static bool run(struct exchange *x)
{
	return !x->proven || dpop_nonce_is_fresh(x);
}

const struct check check_proof_nonce = {
	.name = "proof-nonce",
	.status = 400,
	.code = "use_dpop_nonce",
	.text = "The DPoP proof needs the nonce of the DPoP-Nonce header.",
	.fault = "dpop-proof-invalid",
	.reference = "RFC 9449 8",
	.run = run,
};
