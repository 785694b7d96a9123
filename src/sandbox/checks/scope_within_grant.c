/* RFC 6749 6: "The requested scope MUST NOT include any scope not originally granted by the resource
 * owner, and if omitted is treated as equal to the scope originally granted". */
#include "base/text.h"
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const struct pk_str separator = x->dialect->scope_separator;
	const char mark = separator.len ? separator.ptr[0] : ' ';
	const struct pk_str granted = x->grant->scope;
	const struct pk_str asked = pk_form_get(&x->form, x->dialect->scope_parameter);
	struct pk_list all = {0};

	x->scopes.count = 0;
	if (pk_list_split(granted, mark, &all) != PK_OK ||
	    pk_list_split(asked.len ? asked : granted, mark, &x->scopes) != PK_OK)
		return false;
	for (size_t i = 0; i < x->scopes.count; i++)
		if (!pk_list_has(&all, x->scopes.item[i]))
			return false;
	return true;
}

const struct check check_scope_within_grant = {
	.name = "scope-within-grant",
	.status = 400,
	.code = "invalid_scope",
	.text = "The scope is wider than what was granted.",
	.fault = "scope-not-granted",
	.reference = "RFC 6749 6",
	.run = run,
};
