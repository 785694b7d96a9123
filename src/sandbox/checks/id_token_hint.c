/* id_token_hint is a token that this provider gave, to whomever and however long ago (OpenID Connect
 * Core 3.1.2.1, RP-Initiated Logout 2): it says of whom the client speaks, so it has to be ours. */
#include "sandbox/id_token.h"
#include "sandbox/sign_in.h"

static bool run(struct exchange *x)
{
	return !speaks_openid(x) || !param(x, "id_token_hint").len || id_token_hint_read(x);
}

const struct check check_id_token_hint = {
	.name = "id-token-hint",
	.status = 400,
	.code = "invalid_request",
	.text = "The id_token_hint is no ID token of this provider.",
	.fault = "id-token-signature",
	.reference = "OpenID Connect Core 3.1.2.1",
	.fix = "Send the ID token as the token endpoint gave it; it may be expired.",
	.run = run,
};
