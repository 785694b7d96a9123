/* A refresh token ends when it has not been used for the dialect's time. RFC 9700 4.14.2. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return x->now < x->ticket->expires_at;
}

const struct check check_refresh_token_unexpired = {
	.name = "refresh-token-unexpired",
	.status = 400,
	.code = "invalid_grant",
	.text = "The refresh token has expired.",
	.fault = "provider-session-gone",
	.reference = "RFC 9700 4.14.2",
	.run = run,
};
