/* RFC 7662 2.1: who asks about a token proves who they are, so that nobody tries tokens out here; a
 * public client cannot. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return !client_is_public(x->client);
}

const struct check check_client_confidential = {
	.name = "client-confidential",
	.status = 401,
	.code = "invalid_client",
	.text = "A public client cannot ask about tokens.",
	.fault = "secret-missing",
	.reference = "RFC 7662 2.1",
	.run = run,
};
