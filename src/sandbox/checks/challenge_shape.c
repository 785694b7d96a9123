/*
 * A challenge that cannot be a SHA-256 in the dialect's encoding can only fail, and the earlier it
 * does the nearer it is to its cause (RFC 7636 4.2). Providers that do not look say so in their
 * dialect; the login then fails at the token endpoint.
 */
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/check.h"

#define HEX_LEN 64
#define BASE64URL_LEN PK_BASE64URL_LEN(32)

static bool is_hex(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!((text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
		      (text.ptr[i] >= 'a' && text.ptr[i] <= 'f')))
			return false;
	return text.len == HEX_LEN;
}

static bool is_base64url(struct pk_str text)
{
	unsigned char bytes[32];
	size_t size;

	return text.len == BASE64URL_LEN && pk_base64url_decode(text, bytes, sizeof(bytes), &size);
}

static bool has_any(struct pk_str text, const char *characters)
{
	for (; *characters; characters++)
		if (pk_str_find(text, *characters) < text.len)
			return true;
	return false;
}

static bool is_base64_of_hex(struct pk_str text)
{
	char decoded[HEX_LEN];
	size_t size;

	return pk_base64url_decode(text, decoded, sizeof(decoded), &size) &&
	       is_hex((struct pk_str){decoded, size});
}

/* The row of the fault list that a wrong shape points at, or NULL. */
static const char *diagnose(struct pk_str text)
{
	if (is_hex(text))
		return "challenge-is-hex";
	if (is_base64url(text))
		return "challenge-not-hex";
	if (is_base64_of_hex(text))
		return "challenge-base64-of-hex";
	if (has_any(text, "+/ "))
		return "challenge-standard-base64";
	if (pk_str_ends(text, PK_STR("=")))
		return "challenge-padded";
	return NULL;
}

static bool fits(const struct exchange *x, struct pk_str text)
{
	struct pk_verifier verifier;

	if (x->method == METHOD_PLAIN ||
	    x->dialect->challenge_shape == PK_CHALLENGE_SHAPE_CHARACTERS)
		return pk_verifier_take(text, &verifier, NULL) == PK_OK;
	return x->dialect->challenge == PK_CHALLENGE_HEX ? is_hex(text) : is_base64url(text);
}

static bool run(struct exchange *x)
{
	const struct pk_str text = param(x, "code_challenge");

	if (x->method == METHOD_NONE ||
	    x->dialect->challenge_shape == PK_CHALLENGE_SHAPE_UNCHECKED || fits(x, text))
		return true;
	x->fault = diagnose(text);
	return false;
}

const struct check check_challenge_shape = {
	.name = "challenge-shape",
	.status = 400,
	.code = "invalid_request",
	.text = "The code_challenge is not a SHA-256 in the encoding of this provider.",
	.fault = "challenge-wrong-hash",
	.reference = "RFC 7636 4.2",
	.fix = "Send the SHA-256 of the verifier, encoded as the provider wants it.",
	.run = run,
};
