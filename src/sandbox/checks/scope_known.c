/*
 * The scopes are the dialect's, in its separator, and in characters that a scope may have (RFC 6749
 * 3.3). A dialect that lists none takes any. Without the parameter the default is asked for: what
 * the dialect always grants, else its usual one.
 */
#include "base/text.h"
#include "sandbox/check.h"

/* RFC 6749 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ) */
static bool is_scope(struct pk_str scope)
{
	for (size_t i = 0; i < scope.len; i++) {
		const char c = scope.ptr[i];

		if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\')
			return false;
	}
	return true;
}

static bool are_known(const struct pk_dialect *dialect, const struct pk_list *scopes)
{
	for (size_t i = 0; i < scopes->count; i++)
		if (!is_scope(scopes->item[i]) ||
		    (dialect->scopes.count && !pk_list_has(&dialect->scopes, scopes->item[i])))
			return false;
	return true;
}

/* Whether the scopes would be known if the other separator were the right one. */
static bool other_separator_fits(const struct exchange *x, struct pk_str text)
{
	const char other = pk_str_equal(x->dialect->scope_separator, PK_STR(" ")) ? ',' : ' ';
	struct pk_list scopes = {0};

	return pk_list_split(text, other, &scopes) == PK_OK && scopes.count > 1 &&
	       are_known(x->dialect, &scopes);
}

/* A form encoder writes a space as +, which not every provider reads. */
static bool plus_was_meant(const struct exchange *x, struct pk_str text)
{
	struct pk_list scopes = {0};

	return !x->dialect->plus_is_space && pk_list_split(text, '+', &scopes) == PK_OK &&
	       scopes.count > 1 && are_known(x->dialect, &scopes);
}

static void ask_for_the_default(struct exchange *x)
{
	const struct pk_dialect *dialect = x->dialect;

	x->scopes = dialect->scopes_fixed;
	if (!x->scopes.count && dialect->scopes.count)
		x->scopes = (struct pk_list){.item = {dialect->scopes.item[0]}, .count = 1};
}

static bool run(struct exchange *x)
{
	const struct pk_str text = pk_form_get(&x->form, x->dialect->scope_parameter);
	const struct pk_str separator = x->dialect->scope_separator;

	x->scopes.count = 0;
	if (!text.len) {
		ask_for_the_default(x);
		return true;
	}
	if (text.len <= GRANT_SCOPE_MAX &&
	    pk_list_split(text, separator.len ? separator.ptr[0] : ' ', &x->scopes) == PK_OK &&
	    are_known(x->dialect, &x->scopes))
		return true;
	if (other_separator_fits(x, text) || plus_was_meant(x, text))
		x->fault = "scope-separator";
	return false;
}

const struct check check_scope_known = {
	.name = "scope-known",
	.status = 400,
	.code = "invalid_scope",
	.text = "A scope is unknown, malformed, or not separated as this provider separates them.",
	.fault = "scope-not-granted",
	.reference = "RFC 6749 3.3",
	.fix = "Ask for scopes that the provider has, in its separator.",
	.run = run,
};
