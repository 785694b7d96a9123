/* The providers that the sandbox plays: each a dialect, and the paths of its endpoints. */
#ifndef SANDBOX_PROVIDER_H
#define SANDBOX_PROVIDER_H

#include "io/dialect_file.h"

struct provider {
	struct dialect_file file;
	struct pk_str authorize; /* paths, "/v2/auth/authorize/", as in the dialect's URLs */
	struct pk_str token;
	struct pk_str revoke;   /* empty where the provider has none */
	struct pk_str userinfo; /* likewise */
};

struct providers {
	struct provider *item;
	size_t count;
};

/* Loads all that there are, from `directory` (may be NULL) and built in; false with a sentence. */
bool providers_load(const char *directory, struct providers *ret, char *error, size_t size);
void providers_free(struct providers *providers);

const struct provider *provider_find(const struct providers *providers, struct pk_str name);

/* Writes the address at which the sandbox has this endpoint of the dialect. */
void provider_url(const struct provider *provider, const char *base, struct pk_str path,
		  struct pk_buf *out);

#endif
