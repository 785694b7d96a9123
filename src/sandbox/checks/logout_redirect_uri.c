/* The browser is sent to a URI that is registered, by somebody who has said which client they are, or not
 * at all (RP-Initiated Logout 3). What is registered is what is for logins: any on this machine, and
 * those of the command line. */
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const struct pk_str uri = param(x, "post_logout_redirect_uri");

	x->evidence = uri;
	return !uri.len ||
	       (x->client && redirect_uri_is_registered(uri, &x->sandbox->options.redirect_uris));
}

const struct check check_logout_redirect_uri = {
	.name = "logout-redirect-uri",
	.status = 400,
	.code = "invalid_request",
	.text = "The post_logout_redirect_uri is not registered, or no id_token_hint or client_id "
		"says whose it is.",
	.fault = "redirect-uri-unregistered",
	.reference = "OpenID Connect RP-Initiated Logout 3",
	.fix = "Send id_token_hint too, and a URI on this machine, or start the sandbox with "
	       "--redirect-uri URI.",
	.run = run,
};
