/* Which providers there are, and which of their paths is which endpoint: the path of the real URL,
 * so that a client changes its host and nothing else. */
#include "sandbox/provider.h"
#include "base/text.h"
#include "protocol/redirect_uri.h"

#include <stdio.h>
#include <stdlib.h>

static struct pk_str path_of(struct pk_str url)
{
	struct pk_uri parts;

	if (!url.len || !pk_uri_split(url, &parts))
		return (struct pk_str){0};
	return parts.path.len ? parts.path : PK_STR("/");
}

/* A refresh has its own address at some providers; at the others grant_type tells it. */
static void read_paths(struct provider *provider)
{
	const struct pk_dialect *dialect = &provider->file.dialect;

	provider->path[AUTHORIZE] = path_of(dialect->authorize_url);
	provider->path[DECIDE] = PK_STR("/_sandbox/decide");
	provider->path[PUSH] = path_of(dialect->par_url);
	provider->path[TOKEN] = path_of(dialect->token_url);
	provider->path[REFRESH] = path_of(dialect->refresh_url);
	provider->path[REVOKE] = path_of(dialect->revoke_url);
	provider->path[INTROSPECT] = path_of(dialect->introspect_url);
	provider->path[USERINFO] = path_of(dialect->userinfo_url);
	provider->path[END_SESSION] = path_of(dialect->end_session_url);
	provider->path[DISCOVERY] = path_of(dialect->discovery_url);
	provider->path[JWKS] = path_of(dialect->jwks_url);
	provider->issuer_path = path_of(dialect->issuer);
	if (pk_str_ends(provider->issuer_path, PK_STR("/")))
		provider->issuer_path.len--;
}

bool providers_load(const char *directory, struct providers *ret, char *error, size_t size)
{
	struct dialect_names names;

	*ret = (struct providers){0};
	if (!dialect_list(directory, &names, error, size))
		return false;
	ret->item = calloc(names.count + 1, sizeof(*ret->item));
	if (!ret->item) {
		(void)snprintf(error, size, "no memory for %zu dialects", names.count);
		return false;
	}
	for (size_t i = 0; i < names.count; i++) {
		struct provider *provider = &ret->item[i];

		if (!dialect_load(directory, pk_str(names.name[i]), &provider->file, error, size)) {
			providers_free(ret);
			return false;
		}
		ret->count++;
		read_paths(provider);
	}
	return true;
}

void providers_free(struct providers *providers)
{
	for (size_t i = 0; i < providers->count; i++)
		dialect_file_free(&providers->item[i].file);
	free(providers->item);
	*providers = (struct providers){0};
}

const struct provider *provider_find(const struct providers *providers, struct pk_str name)
{
	for (size_t i = 0; i < providers->count; i++)
		if (pk_str_equal(providers->item[i].file.dialect.name, name))
			return &providers->item[i];
	return NULL;
}

/* A template is text with at most one {tenant}, which stands between slashes; so does the {tenantid}
 * of an issuer. */
static bool matches(struct pk_str template, struct pk_str path, struct pk_str *ret_tenant)
{
	const size_t brace = pk_str_find(template, '{');

	if (brace == template.len)
		return pk_str_equal(path, template);
	if (!pk_str_starts(path, pk_str_first(template, brace)))
		return false;
	path = pk_str_from(path, brace);

	const size_t slash = pk_str_find(path, '/');

	*ret_tenant = pk_str_first(path, slash);
	return slash > 0 && pk_str_equal(pk_str_from(path, slash),
					 pk_str_from(template, pk_str_find(template, '}') + 1));
}

/* A provider that does not see at its token endpoint which tenant is meant has one only. */
static bool has_tenant(const struct provider *provider, struct pk_str tenant)
{
	const struct pk_str token = provider->path[TOKEN];

	return pk_str_find(token, '{') < token.len ||
	       pk_str_equal(tenant, provider->file.dialect.tenant);
}

static struct pk_str without_slash(struct pk_str path)
{
	return path.len > 1 && pk_str_ends(path, PK_STR("/")) ? pk_str_first(path, path.len - 1)
							      : path;
}

/* The page where a browser comes first opens with and without a slash at its end, since servers send
 * it from one to the other. To programs these are two paths. */
static bool is_endpoint(const struct provider *provider, int endpoint, struct pk_str path,
			struct pk_str *ret_tenant)
{
	const struct pk_str template = provider->path[endpoint];

	if (!template.len)
		return false;
	return endpoint == AUTHORIZE
		       ? matches(without_slash(template), without_slash(path), ret_tenant)
		       : matches(template, path, ret_tenant);
}

bool provider_match(const struct provider *provider, struct pk_str path, enum endpoint *ret,
		    struct pk_str *ret_tenant)
{
	/* The metadata of the usual tenant, without naming it. */
	*ret = DISCOVERY;
	*ret_tenant = provider->file.dialect.tenant;
	if (provider->path[DISCOVERY].len &&
	    pk_str_equal(path, PK_STR("/.well-known/openid-configuration")))
		return true;
	for (int i = 0; i < ENDPOINT_COUNT; i++) {
		*ret_tenant = provider->file.dialect.tenant;
		if (is_endpoint(provider, i, path, ret_tenant)) {
			*ret = (enum endpoint)i;
			return has_tenant(provider, *ret_tenant);
		}
	}
	return false;
}

const struct provider *provider_by_well_known(const struct providers *providers, struct pk_str path,
					      struct pk_str *ret_tenant)
{
	static const struct pk_str start = {"/.well-known/oauth-authorization-server/", 40};
	const struct pk_str rest = pk_str_from(path, start.len);
	const size_t slash = pk_str_find(rest, '/');
	const struct provider *provider = provider_find(providers, pk_str_first(rest, slash));

	if (!pk_str_starts(path, start) || !provider || !provider->path[DISCOVERY].len)
		return NULL;
	*ret_tenant = provider->file.dialect.tenant;
	if (!matches(provider->issuer_path, pk_str_from(rest, slash), ret_tenant))
		return NULL;
	return has_tenant(provider, *ret_tenant) ? provider : NULL;
}

void provider_url(const struct provider *provider, const char *base, struct pk_str tenant,
		  struct pk_str path, struct pk_buf *out)
{
	const size_t brace = pk_str_find(path, '{');

	pk_buf_put(out, pk_str(base));
	pk_buf_char(out, '/');
	pk_buf_put(out, provider->file.dialect.name);
	pk_buf_put(out, pk_str_first(path, brace));
	if (brace == path.len)
		return;
	pk_buf_put(out, tenant);
	pk_buf_put(out, pk_str_from(path, pk_str_find(path, '}') + 1));
}
