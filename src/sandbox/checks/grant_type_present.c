/* RFC 6749 4.1.3: grant_type is REQUIRED. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return param(x, "grant_type").len > 0;
}

const struct check check_grant_type_present = {
	.name = "grant-type-present",
	.status = 400,
	.code = "invalid_request",
	.text = "The parameter grant_type is missing.",
	.fault = "grant-type-wrong",
	.reference = "RFC 6749 4.1.3",
	.run = run,
};
