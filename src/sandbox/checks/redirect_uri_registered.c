/* The redirect URI must be one of the client's, compared byte for byte (RFC 9700 2.1); any port on
 * this machine will do (RFC 8252 7.3). From here on, and no earlier, errors go back to it. */
#include "base/text.h"
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const struct pk_str uri = param(x, "redirect_uri");

	if (pk_form_count(&x->form, PK_STR("redirect_uri")) > 1) {
		x->fault = "parameter-duplicated";
		return false;
	}
	if (!uri.len) {
		x->fault = "redirect-uri-missing";
		return false;
	}
	if (!redirect_uri_is_registered(uri, &x->sandbox->options.redirect_uris)) {
		x->evidence = uri;
		if (pk_str_find(uri, '#') < uri.len)
			x->fault = "redirect-uri-breaks-rules";
		return false;
	}
	x->redirect_uri = uri;
	return true;
}

const struct check check_redirect_uri_registered = {
	.name = "redirect-uri-registered",
	.status = 400,
	.code = "invalid_request",
	.text = "The redirect URI is missing or not registered for this client.",
	.fault = "redirect-uri-unregistered",
	.reference = "RFC 9700 2.1",
	.fix = "Use a redirect URI on 127.0.0.1, [::1] or localhost, without a fragment, or "
	       "register "
	       "yours: proofkey sandbox --redirect-uri URI.",
	.run = run,
};
