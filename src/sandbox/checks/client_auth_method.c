/* The way in which the client proves itself is one that the dialect takes; a public client has
 * nothing to prove itself with and sends no secret. RFC 6749 2.3, 2.3.1. */
#include "base/text.h"
#include "sandbox/credentials.h"

static bool run(struct exchange *x)
{
	struct credentials sent;

	if (!credentials_read(x, &sent) || (!sent.basic && !sent.secret.len))
		return true; /* what is missing, client-authenticated says */

	const struct client *client = client_find(sent.id);

	if (client && client_is_public(client)) {
		x->fault = "secret-from-public-client";
		return false;
	}
	return pk_list_has(&x->dialect->client_auth, sent.basic ? PK_STR("basic") : PK_STR("post"));
}

const struct check check_client_auth_method = {
	.name = "client-auth-method",
	.status = 401,
	.code = "invalid_client",
	.text = "The client authenticates in a way that it must not use here.",
	.fault = "client-auth-method",
	.reference = "RFC 6749 2.3",
	.run = run,
};
