/* Where refresh tokens rotate, one that comes again was stolen, or its thief is the one who came
 * before; nobody can tell, so the whole family ends. RFC 9700 4.14.2. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	if (x->ticket->spent)
		x->grant->ended = true;
	return !x->ticket->spent;
}

const struct check check_refresh_token_unused = {
	.name = "refresh-token-unused",
	.status = 400,
	.code = "invalid_grant",
	.text = "The refresh token has been replaced; all tokens of this login are revoked.",
	.fault = "refresh-token-not-replaced",
	.reference = "RFC 9700 4.14.2",
	.run = run,
};
