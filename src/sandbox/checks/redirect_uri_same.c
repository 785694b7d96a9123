/* The redirect URI is the one of the authorize request, byte for byte. RFC 6749 4.1.3: "their
 * values MUST be identical". */
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/check.h"

#include <string.h>

#define DECODED_MAX 2048

static bool matches(const struct exchange *x, struct pk_str uri)
{
	unsigned char hash[sizeof(x->grant->redirect_uri)];

	ledger_hash(uri, hash);
	return memcmp(hash, x->grant->redirect_uri, sizeof(hash)) == 0;
}

static const char *diagnose(const struct exchange *x)
{
	const struct pk_str uri = pk_form_get(&x->form, PK_STR("redirect_uri"));
	char memory[DECODED_MAX];
	struct pk_buf decoded = pk_buf(memory, sizeof(memory));

	if (!uri.len)
		return uri.ptr ? "redirect-uri-empty" : "redirect-uri-missing";
	if (pk_form_decode(&decoded, uri) && !decoded.overflow && matches(x, pk_buf_str(&decoded)))
		return "redirect-uri-double-encoded";
	return NULL;
}

static bool run(struct exchange *x)
{
	if (matches(x, param(x, "redirect_uri")))
		return true;
	x->fault = diagnose(x);
	return false;
}

const struct check check_redirect_uri_same = {
	.name = "redirect-uri-same",
	.status = 400,
	.code = "invalid_grant",
	.text = "The redirect_uri is not the one of the authorize request.",
	.fault = "redirect-uri-differs",
	.reference = "RFC 6749 4.1.3",
	.run = run,
};
