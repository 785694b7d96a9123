/* A login: what its operator configured, and where its provider's endpoints are. */
#include "protocol/login.h"
#include "protocol/redirect_uri.h"
#include "base/err.h"
#include "base/text.h"

/* A host goes into a URL as it is: only letters, digits, dots and hyphens, and a port. */
static bool is_host(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '.' || c == '-' || c == ':'))
			return false;
	}
	return text.len > 0 && text.len <= 253;
}

static enum pk_err host(const struct pk_login *login, struct pk_str *ret, struct pk_why *why)
{
	if (!login->host.len)
		return pk_refuse(why, PK_ERR_VARIABLE_MISSING, "host",
				 "%.*s is at a host of your own: host = \"login.example.com\"",
				 PK_ARG(login->dialect->title));
	if (!is_host(login->host))
		return pk_refuse(why, PK_ERR_VARIABLE_REFUSED, "host",
				 "a host is letters, digits, dots and hyphens, and a port");
	*ret = login->host;
	return PK_OK;
}

static enum pk_err region(const struct pk_login *login, struct pk_str *ret, struct pk_why *why)
{
	const struct pk_list *regions = &login->dialect->regions;

	if (!regions->count && login->region.len)
		return pk_refuse(why, PK_ERR_VARIABLE_REFUSED, "region",
				 "%.*s has no regions to choose from",
				 PK_ARG(login->dialect->title));
	if (!regions->count)
		return pk_refuse(why, PK_ERR_DIALECT_INCOMPLETE, "regions",
				 "an endpoint has {region} and the dialect lists none");
	if (login->region.len && !pk_list_has(regions, login->region)) {
		char memory[160];
		struct pk_buf known = pk_buf(memory, sizeof(memory));

		pk_buf_join(&known, regions, PK_STR(", "));
		return pk_refuse(
			why, PK_ERR_VARIABLE_REFUSED, "region",
			"%.*s has no region %.*s; it has %.*s", PK_ARG(login->dialect->title),
			PK_ARG(pk_str_first(login->region, 60)), PK_ARG(pk_buf_str(&known)));
	}
	*ret = login->region.len ? login->region : regions->item[0];
	return PK_OK;
}

/* The sandbox has every provider under its own name, with the provider's own path. */
static void write_at_sandbox(const struct pk_login *login, struct pk_str url, struct pk_buf *out)
{
	struct pk_str rest = url;

	(void)pk_str_cut(&rest, '/'); /* https: */
	(void)pk_str_cut(&rest, '/');
	(void)pk_str_cut(&rest, '/'); /* the host */
	pk_buf_put(out, login->sandbox);
	pk_buf_char(out, '/');
	pk_buf_put(out, login->dialect->name);
	pk_buf_char(out, '/');
	pk_buf_put(out, rest);
}

enum pk_err pk_endpoint_write(const struct pk_login *login, struct pk_str url, struct pk_buf *out,
			      struct pk_why *why)
{
	if (login->sandbox.len) {
		write_at_sandbox(login, url, out);
		return PK_OK;
	}
	while (url.len) {
		const size_t brace = pk_str_find(url, '{');
		struct pk_str value = {0};

		pk_buf_put(out, pk_str_first(url, brace));
		url = pk_str_from(url, brace);
		if (pk_str_starts(url, PK_STR("{host}")))
			TRY(host(login, &value, why));
		else if (pk_str_starts(url, PK_STR("{region}")))
			TRY(region(login, &value, why));
		else if (url.len)
			return pk_refuse(why, PK_ERR_DIALECT_VALUE, NULL,
					 "an endpoint has a { that is neither {host} nor {region}");
		pk_buf_put(out, value);
		url = pk_str_from(url, pk_str_find(url, '}') + 1);
	}
	return PK_OK;
}

static bool is_scope(struct pk_str text, struct pk_str separator)
{
	for (size_t i = 0; i < text.len; i++)
		if (pk_str_find(separator, text.ptr[i]) < separator.len ||
		    (unsigned char)text.ptr[i] <= 0x20)
			return false;
	return text.len > 0;
}

enum pk_err pk_login_check(const struct pk_login *login, struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	const struct pk_str endpoints[] = {dialect->authorize_url, dialect->token_url,
					   dialect->revoke_url, dialect->userinfo_url};

	if (!login->client_id.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "client_id",
				 "the login has no client id (%.*s calls it %.*s)",
				 PK_ARG(dialect->title), PK_ARG(dialect->client_id_parameter));
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		char memory[1024];
		struct pk_buf url = pk_buf(memory, sizeof(memory));

		TRY(pk_endpoint_write(login, endpoints[i], &url, why));
		if (url.overflow)
			return pk_refuse(why, PK_ERR_NO_SPACE, NULL,
					 "an endpoint is longer than %zu characters",
					 sizeof(memory));
	}
	if (login->region.len) {
		struct pk_str value;

		TRY(region(login, &value, why));
	}
	for (size_t i = 0; i < login->scopes.count; i++)
		if (!is_scope(login->scopes.item[i], dialect->scope_separator))
			return pk_refuse(why, PK_ERR_ARGUMENT, "scopes",
					 "scopes are given as a list, one each: {\"a\", \"b\"}");
	if (!login->redirect_uri.len)
		return pk_refuse(why, PK_ERR_REDIRECT_URI, "redirect_uri",
				 "the login has no redirect URI");
	if (login->sandbox.len && pk_uri_is_loopback(login->redirect_uri))
		return PK_OK;
	return pk_redirect_uris_check(dialect, &login->redirect_uri, 1, why);
}
