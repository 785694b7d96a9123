/* The client is who it says (RFC 6749 3.2.1): a confidential one by its secret, a public one by its
 * name alone, where the provider has such. The client_id of the body may not name another client
 * than the header. Where a token revokes itself, it is the proof, and must live (RFC 6750 3.1). */
#include "base/text.h"
#include "sandbox/credentials.h"

/* Why there is no client of this name. */
static const char *diagnose(const struct exchange *x, const struct credentials *sent)
{
	if (sent->id.len)
		return "secret-rejected";
	return param(x, "client_id").len ? "client-id-parameter" : "client-id-missing";
}

/* A secret of three parts, where secrets are signed: secret-jwt looks at it. */
static bool is_jwt_for_the_next_check(const struct exchange *x, struct pk_str secret)
{
	return x->dialect->client_secret_audience.len && pk_str_find(secret, '.') < secret.len;
}

static bool is_proved_by_token(struct exchange *x)
{
	x->ticket =
		ledger_find(x->sandbox->ledger, TICKET_ACCESS, credentials_bearer(x), &x->grant);
	if (x->ticket && x->grant->provider == x->provider && x->now < x->ticket->expires_at &&
	    !x->ticket->spent && !x->grant->ended)
		return true;
	x->fault = "provider-session-gone";
	return false;
}

static bool run(struct exchange *x)
{
	if (revokes_by_bearer(x))
		return is_proved_by_token(x);

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
	if (client_is_public(client) && dialect_has_client(x->dialect, client))
		return true;
	if (!sent.secret.len) {
		x->fault = "secret-missing";
		return false;
	}
	if (client_is_public(client))
		return false;
	return is_jwt_for_the_next_check(x, sent.secret) ||
	       pk_str_equal_secret(sent.secret, client->secret);
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
