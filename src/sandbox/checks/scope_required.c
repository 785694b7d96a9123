/* The scopes without which this provider logs nobody in. OpenID Connect Core 3.1.2.1: "OpenID
 * Connect requests MUST contain the openid scope value." */
#include "base/text.h"
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const struct pk_list *required = &x->dialect->scopes_required;

	if (required->count && !pk_form_get(&x->form, x->dialect->scope_parameter).len)
		return false;
	for (size_t i = 0; i < required->count; i++)
		if (!pk_list_has(&x->scopes, required->item[i]))
			return false;
	return true;
}

const struct check check_scope_required = {
	.name = "scope-required",
	.status = 400,
	.code = "invalid_scope",
	.text = "A scope is missing that this provider does not log in without.",
	.fault = "scope-not-granted",
	.reference = "OpenID Connect Core 3.1.2.1",
	.fix = "Ask for the scopes that the provider requires, too.",
	.run = run,
};
