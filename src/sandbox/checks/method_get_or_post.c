/* The method at the endpoints that a browser or a reader comes to: GET must be there, POST may be
 * (RFC 6749 3.1, OpenID Connect Core 3.1.2.1). */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	if (method_is(x, "GET") || method_is(x, "POST"))
		return true;
	x->evidence = http_method(x->http);
	return false;
}

const struct check check_method_get_or_post = {
	.name = "method-get-or-post",
	.status = 405,
	.code = "invalid_request",
	.text = "This endpoint takes GET and POST.",
	.fault = "provider-error",
	.reference = "RFC 6749 3.1",
	.fix = "Send the browser to the authorize URL; do not call it with another method.",
	.run = run,
};
