/* A request that was pushed takes the place of what the browser brought: of that, the name of the client
 * counts and nothing else (RFC 9126 4, RFC 9101 5). The browser is not sent anywhere while it is not
 * known which request this is. */
#include "base/text.h"
#include "sandbox/push.h"

static bool run(struct exchange *x)
{
	if (!param(x, "request_uri").len)
		return true;
	x->evidence = param(x, "request_uri");
	return x->provider->path[PUSH].len && pk_form_count(&x->form, PK_STR("request_uri")) == 1 &&
	       push_take(x);
}

const struct check check_request_pushed = {
	.name = "request-pushed",
	.status = 400,
	.code = "invalid_request_uri",
	.text = "The request_uri is unknown, used or expired, or another client pushed it.",
	.fault = "request-uri-invalid",
	.reference = "RFC 9126 4",
	.fix = "Push a request for each login, and send the browser here within its expires_in.",
	.run = run,
};
