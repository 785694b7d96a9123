/* Saying no, as the dialect does. */
#ifndef SANDBOX_REFUSAL_H
#define SANDBOX_REFUSAL_H

#include "sandbox/check.h"

/* "token" */
const char *endpoint_name(enum endpoint endpoint);

/* Answers with the refusal of this check, and writes one line with the true cause to stderr. */
void refuse(struct exchange *x, const struct check *check);

#endif
