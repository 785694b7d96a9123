/*
 * A login without a code challenge is refused where the provider requires PKCE, and for a public
 * client at every provider that knows it. RFC 9700 2.1.1: "Public clients MUST use PKCE"; RFC 7636
 * 4.4.1. A method without a challenge is half a pair, whoever sends it.
 */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const enum pk_pkce policy = x->dialect->pkce;

	if (policy == PK_PKCE_OFF || policy == PK_PKCE_REFUSED || param(x, "code_challenge").len)
		return true;
	if (param(x, "code_challenge_method").len) {
		x->fault = "challenge-missing-with-method";
		return false;
	}
	return policy != PK_PKCE_REQUIRED && !client_is_public(x->client);
}

const struct check check_challenge_present = {
	.name = "challenge-present",
	.status = 400,
	.code = "invalid_request",
	.text = "The parameter code_challenge is required.",
	.fault = "challenge-missing",
	.reference = "RFC 7636 4.4.1",
	.fix = "Send code_challenge and code_challenge_method.",
	.run = run,
};
