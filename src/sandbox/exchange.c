/* Reading an exchange's parameters, and its issuer. The parameters are what parameters_readable
 * decoded: hostile, but bounded. */
#include "base/text.h"
#include "protocol/redirect_uri.h"
#include "sandbox/check.h"

#include <string.h>

struct pk_str param(const struct exchange *x, const char *name)
{
	const struct pk_str value = pk_form_get(&x->form, pk_str(name));

	return value.len ? value : (struct pk_str){0};
}

/* RFC 8414 2: an issuer is compared character by character, so its final slash is kept, and none is
 * added. */
void provider_issuer(const struct exchange *x, struct pk_buf *out)
{
	struct pk_uri uri;

	if (pk_uri_split(x->dialect->issuer, &uri))
		provider_url(x->provider, x->sandbox->base, x->tenant, uri.path, out);
}

bool method_is(const struct exchange *x, const char *method)
{
	const struct pk_str sent = http_method(x->http);

	if (pk_str_equal(sent, PK_STR("HEAD")))
		return pk_str_equal(PK_STR("GET"), pk_str(method));
	return pk_str_equal(sent, pk_str(method));
}

bool scope_is_fixed(const struct pk_dialect *dialect, struct pk_str scope)
{
	return pk_list_has(&dialect->scopes_fixed, scope) ||
	       pk_list_has(&dialect->scopes_required, scope);
}

bool grant_is_of_here(const struct exchange *x, const struct grant *grant)
{
	unsigned char tenant[sizeof(grant->tenant)];

	ledger_hash(x->tenant, tenant);
	return grant->provider == x->provider && memcmp(tenant, grant->tenant, sizeof(tenant)) == 0;
}

bool request_is_query(const struct exchange *x)
{
	return x->dialect->token_request == PK_REQUEST_QUERY &&
	       (x->endpoint == TOKEN || x->endpoint == REFRESH);
}

bool revokes_by_bearer(const struct exchange *x)
{
	return x->endpoint == REVOKE && x->dialect->revoke_auth == PK_REVOKE_AUTH_BEARER;
}

bool scope_withholds(const struct exchange *x, struct pk_str scope)
{
	const struct pk_dialect *dialect = x->dialect;
	struct pk_list granted = {0};

	if (!dialect->issuer.len || !pk_list_has(&dialect->scopes, scope))
		return false;
	return pk_list_split(x->grant->scope, dialect->scope_separator.ptr[0], &granted) != PK_OK ||
	       !pk_list_has(&granted, scope);
}
