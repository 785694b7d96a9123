/* The code is one that this provider gave, and this tenant of it. For one that it did not, the ways
 * in which codes are damaged are tried, so that the log can say which it was. RFC 6749 4.1.3. */
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/check.h"

static struct ticket *find(struct exchange *x, struct pk_str code)
{
	struct grant *grant;
	struct ticket *ticket = ledger_find(x->sandbox->ledger, TICKET_CODE, code, &grant);

	if (!ticket || !grant_is_of_here(x, grant)) {
		if (ticket && grant->provider == x->provider)
			x->fault = "token-endpoint-wrong";
		return NULL;
	}
	x->grant = grant;
	return ticket;
}

static bool is_still_encoded(struct exchange *x, struct pk_str code)
{
	char memory[TICKET_TEXT_MAX];
	struct pk_buf decoded = pk_buf(memory, sizeof(memory));

	return pk_form_decode(&decoded, code) && !decoded.overflow && find(x, pk_buf_str(&decoded));
}

static bool is_truncated(struct exchange *x, struct pk_str code)
{
	char memory[TICKET_TEXT_MAX];
	struct pk_buf whole = pk_buf(memory, sizeof(memory));

	pk_buf_put(&whole, code);
	pk_buf_put(&whole, x->dialect->code_suffix);
	return x->dialect->code_suffix.len && !whole.overflow && find(x, pk_buf_str(&whole));
}

static const char *diagnose(struct exchange *x, struct pk_str code)
{
	const size_t hash = pk_str_find(code, '#');

	if (is_still_encoded(x, code))
		return "code-still-encoded";
	if (hash < code.len && find(x, pk_str_first(code, hash)))
		return "code-fragment-kept";
	if (is_truncated(x, code))
		return "code-truncated";
	return NULL;
}

static bool run(struct exchange *x)
{
	const struct pk_str code = param(x, "code");

	x->ticket = find(x, code);
	if (x->ticket)
		return true;
	if (!x->fault)
		x->fault = diagnose(x, code);
	return false;
}

const struct check check_code_known = {
	.name = "code-known",
	.status = 400,
	.code = "invalid_grant",
	.text = "The code is not known here.",
	.fault = "code-altered",
	.reference = "RFC 6749 4.1.3",
	.run = run,
};
