/* All dialects at once, for finding the one that a capture speaks. A file that is wrong is an error
 * here too: without it, another dialect could be taken for the one that was meant. */
#include "cli/explain.h"

bool explain_dialects_load(const char *directory, struct explain_dialects *ret, char *error,
			   size_t size)
{
	struct dialect_names names;

	ret->count = 0;
	if (!dialect_list(directory, &names, error, size))
		return false;
	for (size_t i = 0; i < names.count; i++) {
		if (!dialect_load(directory, pk_str(names.name[i]), &ret->file[i], error, size))
			return false;
		ret->dialect[i] = &ret->file[i].dialect;
		ret->count++;
	}
	return true;
}

bool explain_dialects_have(const struct explain_dialects *dialects, struct pk_str name)
{
	for (size_t i = 0; i < dialects->count; i++)
		if (pk_str_equal(dialects->dialect[i]->name, name))
			return true;
	return false;
}

void explain_dialects_free(struct explain_dialects *dialects)
{
	if (!dialects)
		return;
	for (size_t i = 0; i < dialects->count; i++)
		dialect_file_free(&dialects->file[i]);
	dialects->count = 0;
}
