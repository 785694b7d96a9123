/* The verifier belongs to the challenge, in the dialect's encoding. RFC 7636 4.6; compared in
 * constant time. Where it does not, the likeliest mistakes are tried, for the log. */
#include "base/text.h"
#include "proofkey_unsafe.h"
#include "sandbox/check.h"

static bool matches(const struct exchange *x, struct pk_str verifier)
{
	const struct pk_str challenge = pk_challenge_str(&x->grant->challenge);

	if (x->grant->method == METHOD_PLAIN)
		return pk_unsafe_challenge_plain_verify(verifier, challenge, NULL) == PK_OK;
	return pk_challenge_verify(verifier, challenge, x->dialect->challenge, NULL) == PK_OK;
}

static const char *diagnose(const struct exchange *x, struct pk_str verifier)
{
	const struct pk_str challenge = pk_challenge_str(&x->grant->challenge);
	const bool hex = x->dialect->challenge == PK_CHALLENGE_HEX;

	if (x->grant->method == METHOD_PLAIN)
		return NULL;
	if (pk_str_equal_secret(verifier, challenge))
		return "challenge-is-verifier";
	if (pk_challenge_verify(verifier, challenge,
				hex ? PK_CHALLENGE_BASE64URL : PK_CHALLENGE_HEX, NULL) == PK_OK)
		return hex ? "challenge-not-hex" : "challenge-is-hex";
	return NULL;
}

static bool run(struct exchange *x)
{
	const struct pk_str verifier = param(x, "code_verifier");

	if (x->grant->method == METHOD_NONE || matches(x, verifier))
		return true;
	x->fault = diagnose(x, verifier);
	return false;
}

const struct check check_verifier_matches = {
	.name = "verifier-matches",
	.status = 400,
	.code = "invalid_grant",
	.text = "The code_verifier does not belong to the code_challenge.",
	.fault = "verifier-mismatch",
	.reference = "RFC 7636 4.6",
	.run = run,
};
