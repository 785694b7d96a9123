/* prompt=none shows no page, so the person must be signed in, since not too long ago, and be the one
 * that is meant (OpenID Connect Core 3.1.2.1, 3.1.2.6). With --auto-approve somebody always is. */
#include "sandbox/sign_in.h"

static bool run(struct exchange *x)
{
	const struct session *session = sign_in_session(x);
	const struct pk_str hint = param(x, "login_hint");

	if (!shows_no_page(x) || x->sandbox->options.auto_approve)
		return true;
	return session && !sign_in_must_be_new(x, session) &&
	       (!x->hinted || x->hinted == session->person) &&
	       (!hint.len || person_find(hint) == session->person);
}

const struct check check_signed_in = {
	.name = "signed-in",
	.status = 400,
	.code = "login_required",
	.text = "Nobody is signed in here who could be sent back without a page.",
	.fault = "provider-session-gone",
	.reference = "OpenID Connect Core 3.1.2.6",
	.fix = "Start the login again without prompt=none.",
	.run = run,
};
