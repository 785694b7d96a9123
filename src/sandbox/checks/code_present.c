/* RFC 6749 4.1.3: code is REQUIRED. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return param(x, "code").len > 0;
}

const struct check check_code_present = {
	.name = "code-present",
	.status = 400,
	.code = "invalid_request",
	.text = "The parameter code is missing.",
	.fault = "code-altered",
	.reference = "RFC 6749 4.1.3",
	.run = run,
};
