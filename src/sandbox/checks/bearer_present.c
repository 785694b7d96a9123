/* RFC 6750 3.1: who sends no token at all is asked for one, without an error. */
#include "sandbox/credentials.h"

static bool run(struct exchange *x)
{
	return credentials_bearer(x).len > 0;
}

const struct check check_bearer_present = {
	.name = "bearer-present",
	.status = 401,
	.code = "",
	.text = "",
	.fault = "provider-error",
	.reference = "RFC 6750 3.1",
	.run = run,
};
