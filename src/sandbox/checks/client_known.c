/* The client must be registered, and be of a kind that this provider has. RFC 6749 4.1.2.1: while
 * it is not known, the browser is not sent anywhere. */
#include "base/text.h"
#include "sandbox/check.h"

static bool run(struct exchange *x)
{
	const struct pk_str name = x->dialect->client_id_parameter;
	const struct pk_str id = pk_form_get(&x->form, name);

	if (pk_form_count(&x->form, name) > 1) {
		x->fault = "parameter-duplicated";
		return false;
	}
	if (!id.len) {
		x->fault = param(x, "client_id").len ? "client-id-parameter" : "client-id-missing";
		return false;
	}
	x->client = client_find(id);
	if (x->client && dialect_has_client(x->dialect, x->client))
		return true;
	x->evidence = id;
	return false;
}

const struct check check_client_known = {
	.name = "client-known",
	.status = 400,
	.code = "unauthorized_client",
	.text = "The client is not known here, or is of a kind that this provider does not have.",
	.fault = "app-not-approved",
	.reference = "RFC 6749 4.1.2.1",
	.fix = "Use sandbox-client where the provider has confidential clients, sandbox-public where "
	       "it has public ones, in the parameter that the provider reads.",
	.run = run,
};
