/* The parts of `proofkey provider`, a file each. Each gives the exit status. */
#ifndef CLI_PROVIDER_H
#define CLI_PROVIDER_H

#include "proofkey.h"

#include <jansson.h>

#define PROVIDER_URIS_MAX 64

struct provider_options {
	const char *command;   /* for messages: "proofkey provider" */
	const char *directory; /* of dialects that go before the built-in ones, or NULL */
	const char *operand;   /* NAME or FILE, where there is one */
	struct pk_str uri[PROVIDER_URIS_MAX];
	size_t uri_count;
	bool json;
};

int provider_list(const struct provider_options *options);
int provider_show(const struct provider_options *options);
int provider_lint(const struct provider_options *options);
int provider_check(const struct provider_options *options);

/* The value of a key of the dialect as JSON, of the kind that the key has; NULL without memory. */
json_t *dialect_value(const struct pk_dialect *dialect, struct pk_str key);

#endif
