/* A challenge was sent, so the verifier must be: or PKCE protects nobody. RFC 9700 2.1.1, RFC 7636
 * 4.5. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return x->grant->method == METHOD_NONE || param(x, "code_verifier").len;
}

const struct check check_verifier_present = {
	.name = "verifier-present",
	.status = 400,
	.code = "invalid_grant",
	.text = "The parameter code_verifier is required, since a code_challenge was sent.",
	.fault = "verifier-missing",
	.reference = "RFC 7636 4.5",
	.run = run,
};
