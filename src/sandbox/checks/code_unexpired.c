/* A code lives shortly (RFC 6749 4.1.2: ten minutes at most); how shortly is the dialect's. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return x->now < x->ticket->expires_at;
}

const struct check check_code_unexpired = {
	.name = "code-unexpired",
	.status = 400,
	.code = "invalid_grant",
	.text = "The code has expired.",
	.fault = "code-expired",
	.reference = "RFC 6749 4.1.2",
	.run = run,
};
