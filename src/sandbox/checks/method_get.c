/* Metadata and keys are read, and nothing else. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return method_is(x, "GET");
}

const struct check check_method_get = {
	.name = "method-get",
	.status = 405,
	.code = "invalid_request",
	.text = "This document is fetched with GET.",
	.fault = "provider-error",
	.reference = "RFC 8414 3.1",
	.run = run,
};
