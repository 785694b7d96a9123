/* RFC 6749 2.3: "The client MUST NOT use more than one authentication method in each request." */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const struct pk_str secret = pk_form_get(&x->form, x->dialect->client_secret_parameter);
	const size_t headers = http_header_count(x->http, "Authorization");

	return headers + (secret.len > 0) <= 1;
}

const struct check check_client_auth_once = {
	.name = "client-auth-once",
	.status = 400,
	.code = "invalid_request",
	.text = "The client authenticates in one way: in the Authorization header or in the body.",
	.fault = "client-auth-twice",
	.reference = "RFC 6749 2.3",
	.run = run,
};
