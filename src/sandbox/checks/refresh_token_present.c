/* RFC 6749 6: refresh_token is REQUIRED. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return param(x, "refresh_token").len > 0;
}

const struct check check_refresh_token_present = {
	.name = "refresh-token-present",
	.status = 400,
	.code = "invalid_request",
	.text = "The parameter refresh_token is missing.",
	.fault = "refresh-token-erased",
	.reference = "RFC 6749 6",
	.run = run,
};
