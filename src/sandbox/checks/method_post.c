/* What holds a code, a secret or a decision is posted. RFC 6749 3.2: "The client MUST use the HTTP
 * "POST" method when making access token requests." A provider that has it otherwise takes GET, but
 * no HEAD: nobody would see the tokens. */
#include "base/text.h"
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	if (request_is_query(x) && pk_str_equal(http_method(x->http), PK_STR("GET")))
		return true;
	if (method_is(x, "POST"))
		return true;
	x->evidence = http_method(x->http);
	return false;
}

const struct check check_method_post = {
	.name = "method-post",
	.status = 405,
	.code = "invalid_request",
	.text = "This endpoint takes POST.",
	.fault = "post-became-get",
	.reference = "RFC 6749 3.2",
	.fix = "Send the form of the consent page; call the final URL, since a redirect turns POST "
	       "into GET.",
	.run = run,
};
