/* Codes and nothing else: a token in a redirect is not given. RFC 6749 4.1.2.1, RFC 9700 2.1.2. */
#include "base/text.h"
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	return pk_str_equal(param(x, "response_type"), PK_STR("code"));
}

const struct check check_response_type_code = {
	.name = "response-type-code",
	.status = 400,
	.code = "unsupported_response_type",
	.text = "The only response_type is code.",
	.fault = "provider-error",
	.reference = "RFC 6749 4.1.2.1",
	.fix = "Send response_type=code.",
	.run = run,
};
