/* prompt=none asks for nothing, so the person must have agreed before, under this sign-in, to all that is
 * asked for (OpenID Connect Core 3.1.2.4, 3.1.2.6). */
#include "base/text.h"
#include "sandbox/sign_in.h"

static bool run(struct exchange *x)
{
	const struct session *session = sign_in_session(x);
	const struct grant *grant;
	struct pk_list granted = {0};

	if (!shows_no_page(x) || x->sandbox->options.auto_approve)
		return true;
	grant = session ? sign_in_granted(x->sandbox->ledger, session, x->client) : NULL;
	if (!grant || !grant_scopes(grant, x->dialect, &granted))
		return false;
	for (size_t i = 0; i < x->scopes.count; i++)
		if (!pk_list_has(&granted, x->scopes.item[i]))
			return false;
	return true;
}

const struct check check_consent_given = {
	.name = "consent-given",
	.status = 400,
	.code = "consent_required",
	.text = "The person has not agreed to this yet.",
	.fault = "scope-not-granted",
	.reference = "OpenID Connect Core 3.1.2.6",
	.fix = "Start the login again without prompt=none.",
	.run = run,
};
