/* A client revokes its own tokens only (RFC 7009 2.1). A token that is not known passes: it cannot
 * be used, which is all that was asked for (2.2). token_type_hint is not needed and not read. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	if (revokes_by_bearer(x))
		return true;

	const struct pk_str token = pk_form_get(&x->form, x->dialect->revoke_token_parameter);
	struct ledger *ledger = x->sandbox->ledger;

	x->ticket = ledger_find(ledger, TICKET_REFRESH, token, &x->grant);
	if (!x->ticket)
		x->ticket = ledger_find(ledger, TICKET_ACCESS, token, &x->grant);
	if (x->ticket && x->grant->provider != x->provider)
		x->ticket = NULL;
	return !x->ticket || x->grant->client == x->client;
}

const struct check check_token_client = {
	.name = "token-client",
	.status = 400,
	.code = "unauthorized_client",
	.text = "The token was given to another client.",
	.fault = "client-differs",
	.reference = "RFC 7009 2.1",
	.run = run,
};
