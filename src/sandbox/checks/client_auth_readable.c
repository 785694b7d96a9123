/* A Basic header is base64 of id, colon, secret, the two form-encoded. RFC 6749 2.3.1. */
#include "sandbox/credentials.h"

static bool run(struct exchange *x)
{
	struct credentials credentials;

	return credentials_read(x, &credentials);
}

const struct check check_client_auth_readable = {
	.name = "client-auth-readable",
	.status = 401,
	.code = "invalid_client",
	.text = "The Authorization header is no Basic header that can be read.",
	.fault = "basic-malformed",
	.reference = "RFC 6749 2.3.1",
	.run = run,
};
