/* Reading an exchange's parameters, and its issuer. The parameters are what parameters_readable
 * decoded: hostile, but bounded. */
#include "base/text.h"
#include "protocol/redirect_uri.h"
#include "sandbox/check.h"

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
