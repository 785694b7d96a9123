/* RFC 6749 3.1.1: a request without response_type is refused with an error of its own. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return param(x, "response_type").len > 0;
}

const struct check check_response_type_present = {
	.name = "response-type-present",
	.status = 400,
	.code = "invalid_request",
	.text = "The parameter response_type is missing.",
	.fault = "provider-error",
	.reference = "RFC 6749 3.1.1",
	.fix = "Send response_type=code.",
	.run = run,
};
