/* OpenID Connect Core 3.1.2.1: "If this parameter contains none with any other value, an error is
 * returned." max_age is a number of seconds. */
#include "base/text.h"
#include "sandbox/sign_in.h"

static bool run(struct exchange *x)
{
	const struct pk_str prompt = param(x, "prompt");
	const struct pk_str max_age = param(x, "max_age");
	int64_t seconds;

	if (!speaks_openid(x))
		return true;
	if (prompt_has(x, "none") && !pk_str_equal(prompt, PK_STR("none")))
		return false;
	return !max_age.len || pk_str_number(max_age, INT32_MAX, &seconds);
}

const struct check check_prompt_readable = {
	.name = "prompt-readable",
	.status = 400,
	.code = "invalid_request",
	.text = "prompt=none stands alone, and max_age is a number of seconds.",
	.fault = "provider-error",
	.reference = "OpenID Connect Core 3.1.2.1",
	.fix = "Ask for no page, or for a page; not for both.",
	.run = run,
};
