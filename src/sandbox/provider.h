/* The providers that the sandbox plays: each a dialect, and the paths of its endpoints. */
#ifndef SANDBOX_PROVIDER_H
#define SANDBOX_PROVIDER_H

#include "io/dialect_file.h"
#include "sandbox/endpoint.h"

struct provider {
	struct dialect_file file;
	/* "/realms/{tenant}/token", as in the dialect's URLs; "not given" where the provider has no
	 * such endpoint. */
	struct pk_str path[ENDPOINT_COUNT];
	struct pk_str issuer_path; /* of its issuer, without a slash at the end */
};

struct providers {
	struct provider *item;
	size_t count;
};

/* Loads all that there are, from `directory` (may be NULL) and built in; false with a sentence. */
bool providers_load(const char *directory, struct providers *ret, char *error, size_t size);
void providers_free(struct providers *providers);

const struct provider *provider_find(const struct providers *providers, struct pk_str name);

/* Which of its endpoints a path, without the provider's name, is; {tenant} is any one segment. */
bool provider_match(const struct provider *provider, struct pk_str path, enum endpoint *ret,
		    struct pk_str *ret_tenant);

/* The provider whose metadata are at this path: /.well-known/oauth-authorization-server and the path
 * of its issuer (RFC 8414 3.1). NULL where there is none. */
const struct provider *provider_by_well_known(const struct providers *providers, struct pk_str path,
					      struct pk_str *ret_tenant);

/* Writes the address at which the sandbox has this path of the dialect. */
void provider_url(const struct provider *provider, const char *base, struct pk_str tenant,
		  struct pk_str path, struct pk_buf *out);

#endif
