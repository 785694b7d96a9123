/*
 * The method at the endpoints that a browser or a reader comes to: GET must be there, POST may be
 * (RFC 6749 3.1, OpenID Connect Core 3.1.2.1). User info has both by OpenID Connect (Core 5.3.1),
 * and one of them where the provider has made its own.
 */
#include "sandbox/check.h"

static bool is_taken(const struct exchange *x, const char *method, enum pk_userinfo_method which)
{
	return method_is(x, method) && (x->endpoint != USERINFO || x->dialect->issuer.len ||
					x->dialect->userinfo_method == which);
}

static bool run(struct exchange *x)
{
	if (is_taken(x, "GET", PK_USERINFO_GET) || is_taken(x, "POST", PK_USERINFO_POST))
		return true;
	x->evidence = http_method(x->http);
	return false;
}

const struct check check_method_get_or_post = {
	.name = "method-get-or-post",
	.status = 405,
	.code = "invalid_request",
	.text = "This endpoint does not take that method.",
	.fault = "provider-error",
	.reference = "RFC 6749 3.1",
	.fix = "Send the browser to the authorize URL; do not call it with another method.",
	.run = run,
};
