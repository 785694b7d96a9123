/* RFC 7009 2.1, RFC 7662 2.1: the token is REQUIRED, in the dialect's parameter. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	if (x->endpoint == INTROSPECT)
		return param(x, "token").len > 0;
	return revokes_by_bearer(x) ||
	       pk_form_get(&x->form, x->dialect->revoke_token_parameter).len > 0;
}

const struct check check_token_present = {
	.name = "token-present",
	.status = 400,
	.code = "invalid_request",
	.text = "The token that this is about is missing.",
	.fault = "revoke-malformed",
	.reference = "RFC 7009 2.1",
	.run = run,
};
