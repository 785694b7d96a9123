/*
 * The person says yes, and to what: of the scopes that were asked for, those that were left
 * switched on, and those that the dialect does not let anybody switch off or log in without. A page that grants more
 * than was asked for has been altered; what it adds is not looked at. RFC 6749 3.3, 4.1.2.1.
 */
#include "base/text.h"
#include "sandbox/check.h"

static bool is_switched_on(const struct pk_form *decision, struct pk_str scope)
{
	for (size_t i = 0; i < decision->count; i++)
		if (pk_str_equal(decision->param[i].name, PK_STR("scope")) &&
		    pk_str_equal(decision->param[i].value, scope))
			return true;
	return false;
}

static bool run(struct exchange *x)
{
	const struct pk_list asked = x->scopes;

	if (!pk_str_equal(pk_form_get(&x->decision, PK_STR("decision")), PK_STR("allow")))
		return false;
	x->scopes.count = 0;
	for (size_t i = 0; i < asked.count; i++)
		if (scope_is_fixed(x->dialect, asked.item[i]) ||
		    is_switched_on(&x->decision, asked.item[i]))
			x->scopes.item[x->scopes.count++] = asked.item[i];
	return x->scopes.count || !asked.count;
}

const struct check check_user_consents = {
	.name = "user-consents",
	.status = 403,
	.code = "access_denied",
	.text = "The user denied the request.",
	.fault = "user-denied",
	.reference = "RFC 6749 4.1.2.1",
	.fix = "Nothing is wrong: the user said no.",
	.run = run,
};
