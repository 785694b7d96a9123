/* A code or a refresh token, and nothing else: no passwords (RFC 9700 2.4). A refresh goes on in
 * its own column of the table, or came to it at once, where refreshes have an address of their own.
 * RFC 6749 4.1.3, 6. */
#include "base/text.h"
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const struct pk_str type = param(x, "grant_type");

	if (pk_str_equal(type, PK_STR("authorization_code")))
		return x->endpoint == TOKEN;
	if (!pk_str_equal(type, PK_STR("refresh_token")))
		return false;
	if (x->endpoint == TOKEN && x->dialect->refresh_url.len) {
		x->fault = "refresh-endpoint-wrong";
		return false;
	}
	x->endpoint = REFRESH;
	return true;
}

const struct check check_grant_type_known = {
	.name = "grant-type-known",
	.status = 400,
	.code = "unsupported_grant_type",
	.text = "The grant_type is authorization_code or refresh_token.",
	.fault = "grant-type-wrong",
	.reference = "RFC 6749 5.2",
	.run = run,
};
