/* Who asks for the logout: client_id, and whom id_token_hint was given to, which are the same client
 * (RP-Initiated Logout 2). */
#include "base/text.h"
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const struct pk_str id = param(x, "client_id");

	x->client = id.len ? client_find(id) : x->hinted_for;
	x->evidence = id;
	return !id.len || (x->client && (!x->hinted || x->client == x->hinted_for));
}

const struct check check_logout_client = {
	.name = "logout-client",
	.status = 400,
	.code = "invalid_request",
	.text = "The client_id is unknown, or is not that of the id_token_hint.",
	.fault = "client-differs",
	.reference = "OpenID Connect RP-Initiated Logout 2",
	.fix = "Send the client_id that the ID token was given to, or none.",
	.run = run,
};
