/* RFC 6749 4.1.2: "If an authorization code is used more than once, the authorization server MUST
 * deny the request and SHOULD revoke (when possible) all tokens previously issued based on that
 * authorization code." */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	if (x->ticket->spent)
		x->grant->ended = true;
	return !x->ticket->spent;
}

const struct check check_code_unused = {
	.name = "code-unused",
	.status = 400,
	.code = "invalid_grant",
	.text = "The code has been used already; what it gave is revoked.",
	.fault = "code-reused",
	.reference = "RFC 6749 4.1.2",
	.run = run,
};
