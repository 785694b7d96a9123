/*
 * How the answer is to come back, at providers that can be asked. OAuth 2.0 Form Post Response Mode
 * 2. A provider that posts its answers insists on it as soon as scopes are asked for: what it then
 * sends must not stand in a URL.
 */
#include "base/text.h"
#include "sandbox/callback.h"

static bool run(struct exchange *x)
{
	const struct pk_str mode = param(x, "response_mode");

	if (!callback_has_modes(x->dialect) || pk_str_equal(mode, PK_STR("form_post")))
		return true;
	if (mode.len && !pk_str_equal(mode, PK_STR("query")))
		return false;
	return x->dialect->response_mode != PK_RESPONSE_MODE_FORM_POST ||
	       !pk_form_get(&x->form, x->dialect->scope_parameter).len;
}

const struct check check_response_mode = {
	.name = "response-mode",
	.status = 400,
	.code = "invalid_request",
	.text = "The response_mode is not supported, or must be form_post for these scopes.",
	.fault = "provider-error",
	.reference = "OAuth 2.0 Form Post Response Mode 2",
	.fix = "Send response_mode=form_post, and take the callback as a POST.",
	.run = run,
};
