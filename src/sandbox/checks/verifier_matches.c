/* The verifier belongs to the challenge, in the dialect's encoding. RFC 7636 4.6; compared in
 * constant time. How it looks is verifier-shape's matter: a provider that does not look at it takes
 * any text that fits. Where none does, the likeliest mistakes are tried, for the log. */
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/check.h"

#include <sodium.h>

static bool matches(struct pk_str verifier, struct pk_str challenge,
		    enum pk_challenge_encoding encoding)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	char memory[PK_CHALLENGE_MAX];
	struct pk_buf right = pk_buf(memory, sizeof(memory));

	crypto_hash_sha256(digest, (const unsigned char *)verifier.ptr, verifier.len);
	if (encoding == PK_CHALLENGE_HEX)
		pk_hex_encode(&right, digest, sizeof(digest));
	else
		pk_base64url_encode(&right, digest, sizeof(digest));
	return pk_str_equal_secret(pk_buf_str(&right), challenge);
}

static const char *diagnose(const struct exchange *x, struct pk_str verifier,
			    struct pk_str challenge)
{
	const bool hex = x->dialect->challenge == PK_CHALLENGE_HEX;

	if (x->grant->method == METHOD_PLAIN)
		return NULL;
	if (pk_str_equal_secret(verifier, challenge))
		return "challenge-is-verifier";
	if (matches(verifier, challenge, hex ? PK_CHALLENGE_BASE64URL : PK_CHALLENGE_HEX))
		return hex ? "challenge-not-hex" : "challenge-is-hex";
	return NULL;
}

static bool run(struct exchange *x)
{
	const struct pk_str verifier = param(x, "code_verifier");
	const struct pk_str challenge = x->grant->challenge;

	if (x->grant->method == METHOD_NONE)
		return true;
	if (x->grant->method == METHOD_PLAIN ? pk_str_equal_secret(verifier, challenge)
					     : matches(verifier, challenge, x->dialect->challenge))
		return true;
	x->fault = diagnose(x, verifier, challenge);
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
