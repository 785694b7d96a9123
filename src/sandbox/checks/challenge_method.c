/*
 * The method is S256, spelt so, or plain where the dialect takes it. Without one the dialect's
 * default holds: RFC 7636 4.3 says plain, and where plain is off that is an error and never S256 in
 * silence. What is found here decides how the verifier is compared.
 */
#include "base/text.h"
#include "sandbox/check.h"

static struct pk_str method_of(const struct exchange *x)
{
	static const struct pk_str assumed[] = {
		[PK_METHOD_MISSING_PLAIN] = {"plain", 5},
		[PK_METHOD_MISSING_S256] = {"S256", 4},
		[PK_METHOD_MISSING_REFUSED] = {"", 0},
	};
	const struct pk_str sent = param(x, "code_challenge_method");

	return sent.len ? sent : assumed[x->dialect->method_missing];
}

static bool run(struct exchange *x)
{
	const struct pk_str method = method_of(x);

	x->method = METHOD_NONE;
	if (x->dialect->pkce == PK_PKCE_OFF || x->dialect->pkce == PK_PKCE_REFUSED ||
	    !param(x, "code_challenge").len)
		return true;
	if (pk_str_equal(method, PK_STR("S256")))
		x->method = METHOD_S256;
	else if (pk_str_equal(method, PK_STR("plain")) && x->dialect->plain)
		x->method = METHOD_PLAIN;
	if (x->method != METHOD_NONE)
		return true;
	if (!param(x, "code_challenge_method").len)
		x->fault = "method-missing";
	else if (pk_str_equal(method, PK_STR("plain")))
		x->fault = "challenge-plain";
	return false;
}

const struct check check_challenge_method = {
	.name = "challenge-method",
	.status = 400,
	.code = "invalid_request",
	.text = "The code_challenge_method is missing or not supported; use S256.",
	.fault = "method-misspelt",
	.reference = "RFC 7636 4.3, 4.4.1",
	.fix = "Send code_challenge_method=S256, in these four characters.",
	.run = run,
};
