/*
 * A decision is about an authorize request that waits for it, and is made once (RFC 6749 4.1.1).
 * The page held the request's random id alone: whatever else a browser sends, the parameters that
 * are checked below are those that came to the authorize endpoint.
 */
#include "base/text.h"
#include "sandbox/check.h"
#include "sandbox/waiting.h"

static bool run(struct exchange *x)
{
	const struct pk_str id = param(x, "request");
	struct pk_str waiting =
		waiting_take(x->sandbox->waiting, x->provider, id, x->now, x->arena, &x->attempt);

	x->decision = x->form;
	x->form.count = 0;
	if (!waiting.ptr)
		return false;
	x->tenant = pk_str_cut(&waiting, '\n');
	return pk_form_parse(x->arena, waiting, &x->form, NULL) == PK_OK;
}

const struct check check_request_waiting = {
	.name = "request-waiting",
	.status = 400,
	.code = "invalid_request",
	.text = "This consent page has been answered already, or is older than ten minutes.",
	.fault = "login-took-too-long",
	.reference = "RFC 6749 4.1.1",
	.fix = "Start the login again from the app.",
	.run = run,
};
