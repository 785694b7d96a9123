/* RFC 9126 2.1: "If the authorization server receives a request_uri parameter in the pushed request, it
 * MUST reject it." */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return !pk_form_count(&x->form, PK_STR("request_uri"));
}

const struct check check_request_not_nested = {
	.name = "request-not-nested",
	.status = 400,
	.code = "invalid_request",
	.text = "A pushed request holds no request_uri.",
	.fault = "request-uri-invalid",
	.reference = "RFC 9126 2.1",
	.run = run,
};
