/* RFC 6749 4.1.3: "ensure that the authorization code was issued to the authenticated confidential
 * client, or if the client is public, ensure that the code was issued to "client_id" in the
 * request". Before everything else about the code: another client can neither burn nor test it. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return x->grant->client == x->client;
}

const struct check check_code_client = {
	.name = "code-client",
	.status = 400,
	.code = "invalid_grant",
	.text = "The code was given to another client.",
	.fault = "client-differs",
	.reference = "RFC 6749 4.1.3",
	.run = run,
};
