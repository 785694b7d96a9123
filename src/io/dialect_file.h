/*
 * Dialects by name: from a directory of the operator's, else those that are built in. The name
 * comes from a command line or a configuration, the file from whoever wrote it: both are checked.
 */
#ifndef IO_DIALECT_FILE_H
#define IO_DIALECT_FILE_H

#include "proofkey.h"

#define DIALECT_NAME_MAX 40    /* characters: a to z, 0 to 9 and - */
#define DIALECT_FILE_MAX 65536 /* bytes */
#define DIALECT_NAMES_MAX 128

/* A dialect and the text that it is a view of. May be moved; ends with dialect_file_free(). One
 * that was refused holds nothing but `why`. */
struct dialect_file {
	char *memory;       /* what the dialect's views point into */
	struct pk_str path; /* where it was read; "not given" for one that is built in */
	struct pk_str text;
	struct pk_dialect dialect;
	struct pk_why why; /* what is wrong with the text; `err` is PK_OK where there was no text */
};

/* The dialects that there are, sorted. */
struct dialect_names {
	char name[DIALECT_NAMES_MAX][DIALECT_NAME_MAX + 1];
	size_t count;
};

/* The directory that the environment variable PROOFKEY_PROVIDERS names, or NULL. */
const char *dialect_directory(void);

/* Loads `name`: DIRECTORY/name.conf if it is there, else the one that is built in. `directory` may
 * be NULL. False with one sentence in `error`, for a mistake in the file "FILE:LINE: ...". */
bool dialect_load(const char *directory, struct pk_str name, struct dialect_file *ret, char *error,
		  size_t size);

/* Loads the file at `path`; its name without .conf is the dialect's. */
bool dialect_load_path(const char *path, struct dialect_file *ret, char *error, size_t size);

/* What dialect_load() could load. Files whose name is no dialect's are passed over. */
bool dialect_list(const char *directory, struct dialect_names *ret, char *error, size_t size);

/* NULL-safe, and harmless on what was refused. */
void dialect_file_free(struct dialect_file *file);

#endif
