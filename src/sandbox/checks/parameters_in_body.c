/* Nothing of a token request stands in the URL, where logs and histories keep it. RFC 6749 2.3.1:
 * "The parameters can only be transmitted in the request-body and MUST NOT be included in the
 * request URI." */
#include "base/text.h"
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const struct pk_str never[] = {
		PK_STR("code"),
		PK_STR("code_verifier"),
		PK_STR("grant_type"),
		PK_STR("redirect_uri"),
		PK_STR("access_token"),
		PK_STR("refresh_token"),
		PK_STR("token"),
		x->dialect->client_id_parameter,
		x->dialect->client_secret_parameter,
	};
	struct pk_form query;

	if (request_is_query(x))
		return true;
	if (pk_form_parse(x->arena, http_query(x->http), &query, NULL) != PK_OK)
		return false;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (pk_form_count(&query, never[i]))
			return false;
	return true;
}

const struct check check_parameters_in_body = {
	.name = "parameters-in-body",
	.status = 400,
	.code = "invalid_request",
	.text = "The parameters stand in the body and never in the URL.",
	.fault = "parameter-in-query",
	.reference = "RFC 6749 2.3.1",
	.run = run,
};
