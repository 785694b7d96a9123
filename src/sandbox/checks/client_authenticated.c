/* The client is who it says (RFC 6749 3.2.1): a confidential one by its secret, a public one by its
 * name alone, where the provider has such. The client_id of the body may not name another client
 * than the header. */
#include "base/text.h"
#include "sandbox/credentials.h"

/* Why there is no client of this name. */
static const char *diagnose(const struct exchange *x, const struct credentials *sent)
{
	if (sent->id.len)
		return "secret-rejected";
	return param(x, "client_id").len ? "client-id-parameter" : "client-id-missing";
}

static bool run(struct exchange *x)
{
	const struct pk_str named = pk_form_get(&x->form, x->dialect->client_id_parameter);
	struct credentials sent;

	if (!credentials_read(x, &sent))
		return false;

	const struct client *client = client_find(sent.id);

	if (!client) {
		x->fault = diagnose(x, &sent);
		return false;
	}
	if (named.len && !pk_str_equal(named, client->id)) {
		x->fault = "client-differs";
		return false;
	}
	x->client = client;
	if (client_is_public(client) && dialect_has_public_clients(x->dialect))
		return true;
	if (!sent.secret.len) {
		x->fault = "secret-missing";
		return false;
	}
	return !client_is_public(client) && pk_str_equal_secret(sent.secret, client->secret);
}

const struct check check_client_authenticated = {
	.name = "client-authenticated",
	.status = 401,
	.code = "invalid_client",
	.text = "The client is unknown or did not authenticate.",
	.fault = "secret-rejected",
	.reference = "RFC 6749 3.2.1",
	.run = run,
};
