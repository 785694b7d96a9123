/* A public client redeems from a browser, which says so with an Origin header; any other client has
 * none. Providers that hold their registrations against this refuse each in the other's place. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const bool from_browser = http_header_count(x->http, "Origin") > 0;

	return !x->dialect->origin_from_public_clients ||
	       from_browser == client_is_public(x->client);
}

const struct check check_origin = {
	.name = "origin",
	.status = 400,
	.code = "invalid_request",
	.text = "Tokens are redeemed with an Origin header by public clients, and without by "
		"others.",
	.fault = "origin-header",
	.reference = "RFC 6454 7",
	.run = run,
};
