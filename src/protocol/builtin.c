/* The dialects that were built in, from providers/. */
#include "base/embedded.h"
#include "base/text.h"

const char *pk_dialect_text(const char *name)
{
	for (const struct embedded *file = embedded_providers; file->name; file++)
		if (pk_str_equal(pk_str(file->name), pk_str(name)))
			return file->text;
	return NULL;
}

const char *pk_dialect_name(size_t index)
{
	for (const struct embedded *file = embedded_providers; file->name; file++)
		if (index-- == 0)
			return file->name;
	return NULL;
}
