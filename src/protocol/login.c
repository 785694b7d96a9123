/* A login: what its operator configured, and where its provider's endpoints are. */
#include "protocol/login.h"
#include "protocol/redirect_uri.h"
#include "base/err.h"
#include "base/text.h"

#define TENANT_MAX 64 /* characters */

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

/* A tenant is a path segment, and at some providers a part of the host: only what stands for itself
 * in both, and not what a path resolves away. */
bool pk_tenant_is_one(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '.' || c == '_' || c == '-' || c == '~'))
			return false;
	}
	return text.len > 0 && text.len <= TENANT_MAX && !pk_str_equal(text, PK_STR(".")) &&
	       !pk_str_equal(text, PK_STR(".."));
}

static enum pk_err tenant(const struct pk_login *login, struct pk_str *ret, struct pk_why *why)
{
	if (login->tenant.len && !login->dialect->tenant.len)
		return pk_refuse(why, PK_ERR_VARIABLE_REFUSED, "tenant", "%.*s has no tenants",
				 PK_ARG(login->dialect->title));
	if (!login->dialect->tenant.len)
		return pk_refuse(why, PK_ERR_DIALECT_INCOMPLETE, "tenant",
				 "an endpoint has {tenant} and the dialect has no default for it");
	if (login->tenant.len && !pk_tenant_is_one(login->tenant))
		return pk_refuse(why, PK_ERR_VARIABLE_REFUSED, "tenant",
				 "a tenant is at most %d letters, digits and . _ - ~", TENANT_MAX);
	*ret = login->tenant.len ? login->tenant : login->dialect->tenant;
	return PK_OK;
}

/* RFC 7519 4.1.1 wants one issuer, and a provider of many tenants may have one for each, named in
 * its tokens only. What cannot be known here stays as it is; the sandbox knows its tenants. */
static enum pk_err tenant_of_token(const struct pk_login *login, struct pk_str *ret,
				   struct pk_why *why)
{
	if (login->sandbox.len)
		return tenant(login, ret, why);
	*ret = PK_STR("{tenantid}");
	return PK_OK;
}

/* clang-format off */
static const struct variable {
	struct pk_str word;
	enum pk_err (*value)(const struct pk_login *, struct pk_str *, struct pk_why *);
} variables[] = {
	{{"{host}", 6},      host},
	{{"{region}", 8},    region},
	{{"{tenant}", 8},    tenant},
	{{"{tenantid}", 10}, tenant_of_token},
};
/* clang-format on */

static const struct variable *variable_at(struct pk_str text)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		if (pk_str_starts(text, variables[i].word))
			return &variables[i];
	return NULL;
}

static enum pk_err write_filled(const struct pk_login *login, struct pk_str url, struct pk_buf *out,
				struct pk_why *why)
{
	while (url.len) {
		const size_t brace = pk_str_find(url, '{');

		pk_buf_put(out, pk_str_first(url, brace));
		url = pk_str_from(url, brace);
		if (!url.len)
			break;

		const struct variable *variable = variable_at(url);
		struct pk_str value;

		if (!variable)
			return pk_refuse(why, PK_ERR_DIALECT_VALUE, NULL,
					 "an endpoint has a { that is no {host}, {region} or "
					 "{tenant}");
		TRY(variable->value(login, &value, why));
		pk_buf_put(out, value);
		url = pk_str_from(url, variable->word.len);
	}
	return PK_OK;
}

/* What stands behind the host, with its slash; "not given" where there is nothing. */
static struct pk_str behind_host(struct pk_str url)
{
	struct pk_str rest = url;

	(void)pk_str_cut(&rest, '/'); /* https: */
	(void)pk_str_cut(&rest, '/');
	rest = pk_str_from(rest, pk_str_find(rest, '/'));
	return rest.len ? rest : (struct pk_str){0};
}

/* What was discovered at the sandbox has its address already. */
static bool is_at_sandbox(const struct pk_login *login, struct pk_str url)
{
	return pk_str_starts(url, login->sandbox) && url.len > login->sandbox.len &&
	       url.ptr[login->sandbox.len] == '/';
}

/* The sandbox has every provider under its own name, with the provider's own path. */
static enum pk_err write_at_sandbox(const struct pk_login *login, struct pk_str path,
				    struct pk_buf *out, struct pk_why *why)
{
	pk_buf_put(out, login->sandbox);
	pk_buf_char(out, '/');
	pk_buf_put(out, login->dialect->name);
	return write_filled(login, path, out, why);
}

enum pk_err pk_endpoint_write(const struct pk_login *login, struct pk_str url, struct pk_buf *out,
			      struct pk_why *why)
{
	if (!url.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, NULL,
				 "%.*s has no such endpoint, or it is yet to be discovered",
				 PK_ARG(login->dialect->title));
	if (!login->sandbox.len || is_at_sandbox(login, url))
		return write_filled(login, url, out, why);

	const struct pk_str path = behind_host(url);

	return write_at_sandbox(login, path.len ? path : PK_STR("/"), out, why);
}

enum pk_err pk_issuer_write(const struct pk_login *login, struct pk_buf *out, struct pk_why *why)
{
	const struct pk_str issuer = login->dialect->issuer;

	if (!issuer.len) {
		pk_buf_put(out, login->issuer);
		return PK_OK;
	}
	if (!login->sandbox.len || is_at_sandbox(login, issuer))
		return write_filled(login, issuer, out, why);
	return write_at_sandbox(login, behind_host(issuer), out, why);
}

/* RFC 8414 2: "a URL that uses the "https" scheme and has no query or fragment components" */
static enum pk_err check_issuer(struct pk_str issuer, struct pk_why *why)
{
	struct pk_uri uri;

	if (!pk_uri_split(issuer, &uri) || uri.query.ptr || uri.fragment.ptr ||
	    pk_str_find(issuer, '{') < issuer.len ||
	    (!pk_str_equal(uri.scheme, PK_STR("https")) && !pk_uri_is_loopback(issuer)))
		return pk_refuse(why, PK_ERR_VARIABLE_REFUSED, "issuer",
				 "an issuer is an https:// URL without query and fragment");
	return PK_OK;
}

/* Each endpoint that there is can be written; those that there are not can be discovered. */
static enum pk_err check_endpoints(const struct pk_login *login, struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	const struct pk_str endpoints[] = {
		dialect->authorize_url, dialect->token_url,       dialect->refresh_url,
		dialect->revoke_url,    dialect->userinfo_url,    dialect->introspect_url,
		dialect->par_url,       dialect->end_session_url, dialect->jwks_url,
	};
	char memory[1024];
	struct pk_buf issuer = pk_buf(memory, sizeof(memory));

	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		struct pk_buf url = pk_buf(memory, sizeof(memory));

		if (!endpoints[i].len)
			continue;
		TRY(pk_endpoint_write(login, endpoints[i], &url, why));
		if (url.overflow)
			return pk_refuse(why, PK_ERR_NO_SPACE, NULL,
					 "an endpoint is longer than %zu characters",
					 sizeof(memory));
	}
	if (login->issuer.len)
		TRY(check_issuer(login->issuer, why));
	TRY(pk_issuer_write(login, &issuer, why));
	if (issuer.overflow)
		return pk_refuse(why, PK_ERR_NO_SPACE, "issuer",
				 "the issuer is longer than %zu characters", sizeof(memory));
	if (!dialect->authorize_url.len && !issuer.len)
		return pk_refuse(why, PK_ERR_VARIABLE_MISSING, "issuer",
				 "%.*s is found by its issuer: issuer = "
				 "\"https://login.example.com\"",
				 PK_ARG(dialect->title));
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
	struct pk_str unused;

	if (!login->client_id.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "client_id",
				 "the login has no client id (%.*s calls it %.*s)",
				 PK_ARG(dialect->title), PK_ARG(dialect->client_id_parameter));
	TRY(check_endpoints(login, why));
	if (login->region.len)
		TRY(region(login, &unused, why));
	if (login->tenant.len)
		TRY(tenant(login, &unused, why));
	for (size_t i = 0; i < login->scopes.count; i++)
		if (!is_scope(login->scopes.item[i], dialect->scope_separator))
			return pk_refuse(why, PK_ERR_ARGUMENT, "scopes",
					 "scopes are given as a list, one each: {\"a\", \"b\"}");
	for (size_t i = 0; i < dialect->scopes_required.count; i++)
		if (!pk_list_has(&login->scopes, dialect->scopes_required.item[i]))
			return pk_refuse(why, PK_ERR_ARGUMENT, "scopes",
					 "%.*s refuses a login without the scope %.*s",
					 PK_ARG(dialect->title),
					 PK_ARG(dialect->scopes_required.item[i]));
	if (!login->redirect_uri.len)
		return pk_refuse(why, PK_ERR_REDIRECT_URI, "redirect_uri",
				 "the login has no redirect URI");
	if (login->sandbox.len && pk_uri_is_loopback(login->redirect_uri))
		return PK_OK;
	return pk_redirect_uris_check(dialect, &login->redirect_uri, 1, why);
}
