/* Files that are built into the program: providers/, web/ and the script of a store. */
#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name; /* without its folder; NULL ends the table */
	const char *text; /* with a NUL behind it */
	size_t len;
};

extern const struct embedded embedded_providers[];
extern const struct embedded embedded_redis[];
extern const struct embedded embedded_web[];

#endif
