/* RFC 9449 10: dpop_jkt is a SHA-256 thumbprint, to which the code is bound. In a pushed request it
 * names the key of the proof that came with it (10.1). */
#include "base/encode.h"
#include "sandbox/check.h"

#include <string.h>

static bool run(struct exchange *x)
{
	const struct pk_str key = param(x, "dpop_jkt");
	unsigned char holder[sizeof(x->holder)];
	size_t size;

	if (!key.len || !x->dialect->dpop)
		return true;
	return pk_base64url_decode(key, holder, sizeof(holder), &size) && size == sizeof(holder) &&
	       (!x->proven || memcmp(holder, x->holder, sizeof(holder)) == 0);
}

const struct check check_proof_key_readable = {
	.name = "proof-key-readable",
	.status = 400,
	.code = "invalid_request",
	.text = "dpop_jkt is not the thumbprint of the key that is proven.",
	.fault = "dpop-proof-invalid",
	.reference = "RFC 9449 10",
	.fix = "Send the base64url of the SHA-256 thumbprint (RFC 7638) of the DPoP key.",
	.run = run,
};
