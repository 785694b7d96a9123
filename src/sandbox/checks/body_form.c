/* The kind of the body: a form (RFC 6749 3.2, Appendix B), or JSON where the dialect says so. A
 * request without a body has none. */
#include "base/text.h"
#include "sandbox/check.h"

#include <strings.h>

static bool type_is(struct pk_str type, struct pk_str wanted)
{
	return type.len == wanted.len && strncasecmp(type.ptr, wanted.ptr, wanted.len) == 0;
}

static bool run(struct exchange *x)
{
	const struct pk_str form = PK_STR("application/x-www-form-urlencoded");
	const struct pk_str json = PK_STR("application/json");
	const bool wants_json = x->dialect->token_request == PK_REQUEST_JSON &&
				x->endpoint != AUTHORIZE && x->endpoint != DECIDE;
	struct pk_str header = http_header(x->http, "Content-Type");
	const struct pk_str type = pk_str_trim(pk_str_cut(&header, ';'));

	if (!method_is(x, "POST") || request_is_query(x))
		return true;
	if (revokes_by_bearer(x) && !http_body(x->http).len)
		return true;
	if (type_is(type, wants_json ? json : form))
		return true;
	if (!type.len)
		x->fault = "content-type-missing";
	else if (wants_json)
		x->fault = "body-form-not-json";
	return false;
}

const struct check check_body_form = {
	.name = "body-form",
	.status = 400,
	.code = "invalid_request",
	.text = "The body has not the content type that this endpoint takes.",
	.fault = "body-json-not-form",
	.reference = "RFC 6749 3.2",
	.fix = "Send the parameters as application/x-www-form-urlencoded.",
	.run = run,
};
