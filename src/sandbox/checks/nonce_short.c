/* The nonce is kept until the ID token repeats it (OpenID Connect Core 3.1.2.1), so it has a limit. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return param(x, "nonce").len <= GRANT_NONCE_MAX;
}

const struct check check_nonce_short = {
	.name = "nonce-short",
	.status = 400,
	.code = "invalid_request",
	.text = "The nonce is longer than 1024 bytes.",
	.fault = "provider-error",
	.reference = "OpenID Connect Core 3.1.2.1",
	.fix = "Send a random nonce of 22 to 64 characters.",
	.run = run,
};
