/* RFC 6749 3.1 and 3.2: "Request and response parameters MUST NOT be included more than once." Two
 * readers of a request must not read two things in it. */
#include "base/text.h"
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	for (size_t i = 0; i < x->form.count; i++)
		if (pk_form_count(&x->form, x->form.param[i].name) > 1)
			return false;
	return true;
}

const struct check check_parameters_once = {
	.name = "parameters-once",
	.status = 400,
	.code = "invalid_request",
	.text = "A parameter is there more than once.",
	.fault = "parameter-duplicated",
	.reference = "RFC 6749 3.1",
	.fix = "Send each parameter once.",
	.run = run,
};
