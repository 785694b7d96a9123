/* The columns of a dialect, for whoever lists them: the reader, the writer, the manual's test. */
#ifndef PROTOCOL_DIALECT_H
#define PROTOCOL_DIALECT_H

#include "proofkey.h"

enum pk_column_type {
	PK_COLUMN_TEXT,
	PK_COLUMN_LIST,
	PK_COLUMN_CHOICE,
	PK_COLUMN_BOOL,
	PK_COLUMN_NUMBER
};

struct pk_column {
	const char *key;
	enum pk_column_type type;
	size_t offset;              /* into struct pk_dialect */
	const char *const *choices; /* of a choice, in the order of its enum, NULL at the end */
	bool required;
};

extern const struct pk_column pk_columns[];
extern const size_t pk_column_count;

/* What a key that is not given says. */
extern const struct pk_dialect pk_dialect_defaults;

/* Whether a login can work with these columns together; the columns themselves are well formed. */
enum pk_err pk_dialect_check(const struct pk_dialect *dialect, struct pk_why *why);

/* The refusal of that check, or NULL where the dialect has no words of its own for it. */
const struct pk_refusal *pk_dialect_refusal(const struct pk_dialect *dialect, struct pk_str check);

#endif
