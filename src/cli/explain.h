/* The dialects that an explanation may be about. */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "io/dialect_file.h"

struct explain_dialects {
	struct dialect_file file[DIALECT_NAMES_MAX];
	const struct pk_dialect *dialect[DIALECT_NAMES_MAX];
	size_t count;
};

/* Loads all that there are; `directory` may be NULL. False with one sentence in `error`, and then
 * what was loaded still has to be freed. */
bool explain_dialects_load(const char *directory, struct explain_dialects *ret, char *error,
			   size_t size);

bool explain_dialects_have(const struct explain_dialects *dialects, struct pk_str name);

void explain_dialects_free(struct explain_dialects *dialects);

#endif
