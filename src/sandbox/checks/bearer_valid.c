/* The access token is one that this provider gave, lives, and has not been revoked. RFC 6750 3.1. */
#include "sandbox/credentials.h"

static bool run(struct exchange *x)
{
	x->ticket =
		ledger_find(x->sandbox->ledger, TICKET_ACCESS, credentials_bearer(x), &x->grant);
	if (!x->ticket || x->grant->provider != x->provider)
		return false;
	if (x->now >= x->ticket->expires_at)
		x->fault = "lifetime-hard-coded";
	return x->now < x->ticket->expires_at && !x->ticket->spent && !x->grant->ended;
}

const struct check check_bearer_valid = {
	.name = "bearer-valid",
	.status = 401,
	.code = "invalid_token",
	.text = "The access token is unknown, expired or revoked.",
	.fault = "provider-session-gone",
	.reference = "RFC 6750 3.1",
	.run = run,
};
