/* A public client on this machine could be anybody who has taken its name, so nobody is signed in to it
 * without a page (RFC 8252 8.6): prompt=none is too little there. */
#include "sandbox/sign_in.h"

static bool run(struct exchange *x)
{
	return !shows_no_page(x) || x->sandbox->options.auto_approve ||
	       !client_is_public(x->client);
}

const struct check check_client_unmistakable = {
	.name = "client-unmistakable",
	.status = 400,
	.code = "interaction_required",
	.text = "A public client gets nothing here without a page.",
	.fault = "provider-error",
	.reference = "RFC 8252 8.6",
	.fix = "Start the login again without prompt=none.",
	.run = run,
};
