/* A verifier without a challenge means that somebody took the challenge out on the way. RFC 9700
 * 4.8.2: such a request is refused. A provider without PKCE does not know the parameter. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	if (x->dialect->pkce == PK_PKCE_REFUSED)
		x->fault = "pkce-not-supported";
	return x->grant->method != METHOD_NONE || x->dialect->pkce == PK_PKCE_OFF ||
	       !param(x, "code_verifier").len;
}

const struct check check_verifier_expected = {
	.name = "verifier-expected",
	.status = 400,
	.code = "invalid_grant",
	.text = "A code_verifier was sent, but no code_challenge before.",
	.fault = "verifier-without-challenge",
	.reference = "RFC 9700 4.8.2",
	.run = run,
};
