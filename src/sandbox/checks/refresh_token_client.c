/* RFC 6749 6: "the refresh token is bound to the client to which it was issued". Before it is looked
 * at further: another client cannot end the grant by using it. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return x->grant->client == x->client;
}

const struct check check_refresh_token_client = {
	.name = "refresh-token-client",
	.status = 400,
	.code = "invalid_grant",
	.text = "The refresh token was given to another client.",
	.fault = "refresh-client-changed",
	.reference = "RFC 6749 6",
	.run = run,
};
