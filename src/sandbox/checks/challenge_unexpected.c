/* A few providers refuse what they do not know, and PKCE with it. RFC 6749 3.1 says otherwise: "The
 * authorization server MUST ignore unrecognized request parameters." */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return x->dialect->pkce != PK_PKCE_REFUSED ||
	       (!param(x, "code_challenge").len && !param(x, "code_challenge_method").len);
}

const struct check check_challenge_unexpected = {
	.name = "challenge-unexpected",
	.status = 400,
	.code = "invalid_request",
	.text = "This provider does not take a code_challenge.",
	.fault = "pkce-not-supported",
	.reference = "RFC 6749 3.1",
	.fix = "Leave out code_challenge and code_challenge_method at this provider.",
	.run = run,
};
