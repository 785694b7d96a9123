/* The refresh token is one that this provider gave, and its grant has not been revoked. RFC 6749 6.
 */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	x->ticket = ledger_find(x->sandbox->ledger, TICKET_REFRESH, param(x, "refresh_token"),
				&x->grant);
	return x->ticket && grant_is_of_here(x, x->grant) && !x->grant->ended;
}

const struct check check_refresh_token_known = {
	.name = "refresh-token-known",
	.status = 400,
	.code = "invalid_grant",
	.text = "The refresh token is not known here, or has been revoked.",
	.fault = "provider-session-gone",
	.reference = "RFC 6749 6",
	.run = run,
};
