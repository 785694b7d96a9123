/* Refusing with evidence. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "proofkey.h"

/* Hands a refusal on to the caller. */
#define TRY(expression)                                                                            \
	do {                                                                                       \
		const enum pk_err try_err = (expression);                                          \
		if (try_err != PK_OK)                                                              \
			return try_err;                                                            \
	} while (0)

/* Fills `why` (when there is one) and gives `err` back. `parameter` is a static name or NULL. The
 * text must hold no secret. */
enum pk_err pk_refuse(struct pk_why *why, enum pk_err err, const char *parameter,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Hands on what writing into an arena came to: PK_ERR_NO_SPACE with its evidence, anything else as
 * it is. */
enum pk_err pk_space(struct pk_why *why, enum pk_err err);

#endif
