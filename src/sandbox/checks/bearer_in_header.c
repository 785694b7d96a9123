/* A token in the URL ends in logs; it is taken in the header only, but where the provider wants it
 * in the URL and nowhere else. RFC 6750 2.3, RFC 9700 4.3.2. */
#include "base/text.h"
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	struct pk_form query;

	if (x->dialect->userinfo_token == PK_USERINFO_TOKEN_QUERY)
		return true;
	return pk_form_parse(x->arena, http_query(x->http), &query, NULL) == PK_OK &&
	       !pk_form_count(&query, PK_STR("access_token")) &&
	       http_header_count(x->http, "Authorization") <= 1;
}

const struct check check_bearer_in_header = {
	.name = "bearer-in-header",
	.status = 400,
	.code = "invalid_request",
	.text = "The access token stands in the Authorization header, once, and never in the URL.",
	.fault = "parameter-in-query",
	.reference = "RFC 6750 2.3",
	.run = run,
};
