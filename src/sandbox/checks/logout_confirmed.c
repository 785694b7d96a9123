/* What our own page asks is answered once, by the browser that it was shown in: the logout that waits
 * takes the place of what was sent (RP-Initiated Logout 2). */
#include "sandbox/check.h"
#include "sandbox/waiting.h"

static bool run(struct exchange *x)
{
	const struct pk_str id = param(x, "request");
	struct pk_str waiting;

	if (!id.len)
		return true;
	waiting = waiting_take(x->sandbox->waiting, x->provider, id, x->now, x->arena, &x->attempt);
	x->form.count = 0;
	x->confirmed = true;
	return waiting.ptr && pk_form_parse(x->arena, waiting, &x->form, NULL) == PK_OK;
}

const struct check check_logout_confirmed = {
	.name = "logout-confirmed",
	.status = 400,
	.code = "invalid_request",
	.text = "This page has been answered already, or is older than ten minutes.",
	.fault = "provider-session-gone",
	.reference = "OpenID Connect RP-Initiated Logout 2",
	.fix = "Start the logout again from the app.",
	.run = run,
};
