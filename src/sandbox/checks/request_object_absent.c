/* OpenID Connect Core 6.1: who does not read request objects says so, and does not go on as if there
 * were none: what is in them may forbid it. */
#include "sandbox/sign_in.h"

static bool run(struct exchange *x)
{
	return !speaks_openid(x) || !param(x, "request").len;
}

const struct check check_request_object_absent = {
	.name = "request-object-absent",
	.status = 400,
	.code = "request_not_supported",
	.text = "Request objects are not read here: send the parameters themselves, or push them.",
	.fault = "provider-error",
	.reference = "OpenID Connect Core 6.1",
	.fix = "Send the parameters in the URL.",
	.run = run,
};
