/* RFC 6750 3.1: who sends no token at all is asked for one, without an error. */
#include "sandbox/check.h"

#include <strings.h>

static bool run(struct exchange *x)
{
	const struct pk_str header = http_header(x->http, "Authorization");

	return header.len > 7 && strncasecmp(header.ptr, "Bearer ", 7) == 0;
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
