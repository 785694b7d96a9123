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
		provider->authorize = path_of(provider->file.dialect.authorize_url);
		provider->token = path_of(provider->file.dialect.token_url);
		provider->revoke = path_of(provider->file.dialect.revoke_url);
		provider->userinfo = path_of(provider->file.dialect.userinfo_url);
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

void provider_url(const struct provider *provider, const char *base, struct pk_str path,
		  struct pk_buf *out)
{
	pk_buf_put(out, pk_str(base));
	pk_buf_char(out, '/');
	pk_buf_put(out, provider->file.dialect.name);
	pk_buf_put(out, path);
}
