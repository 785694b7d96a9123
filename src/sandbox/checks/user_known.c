/* Who decides is one of the people of the sandbox; the page offers nobody else. */
#include "base/text.h"
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const struct pk_str id = pk_form_get(&x->decision, PK_STR("user"));

	x->person = person_find(id);
	/* Who denies need not say who they are. */
	return x->person ||
	       pk_str_equal(pk_form_get(&x->decision, PK_STR("decision")), PK_STR("deny"));
}

const struct check check_user_known = {
	.name = "user-known",
	.status = 400,
	.code = "invalid_request",
	.text = "There is no such user.",
	.fault = "provider-error",
	.reference = "RFC 6749 4.1.1",
	.fix = "Choose one of the users on the page.",
	.run = run,
};
