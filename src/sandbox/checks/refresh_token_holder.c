/* RFC 9449 5: the refresh token of a public client is bound to the key that it was given for; that of a
 * confidential one is bound to the client by its secret already. */
#include "sandbox/dpop.h"

static bool run(struct exchange *x)
{
	return !x->ticket->bound || dpop_is_holder(x, x->ticket->holder);
}

const struct check check_refresh_token_holder = {
	.name = "refresh-token-holder",
	.status = 400,
	.code = "invalid_grant",
	.text = "The refresh token is bound to another DPoP key.",
	.fault = "dpop-proof-invalid",
	.reference = "RFC 9449 5",
	.run = run,
};
