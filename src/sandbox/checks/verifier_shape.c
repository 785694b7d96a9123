/* The verifier has 43 to 128 characters of A-Z a-z 0-9 - . _ ~ (RFC 7636 4.1), unless the provider
 * does not look. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	struct pk_verifier verifier;

	if (x->grant->method == METHOD_NONE ||
	    x->dialect->verifier_shape == PK_VERIFIER_SHAPE_UNCHECKED)
		return true;

	const enum pk_err err = pk_verifier_take(param(x, "code_verifier"), &verifier, NULL);

	pk_verifier_wipe(&verifier);
	if (err != PK_OK)
		x->fault = pk_err_info(err)->fault;
	return err == PK_OK;
}

const struct check check_verifier_shape = {
	.name = "verifier-shape",
	.status = 400,
	.code = "invalid_request",
	.text = "The code_verifier has 43 to 128 characters of A-Z a-z 0-9 - . _ ~",
	.fault = "verifier-bad-characters",
	.reference = "RFC 7636 4.1",
	.run = run,
};
