/* The fault list: what can go wrong with a login, whose move it is, and what to do. */
#ifndef EXPLAIN_FAULT_H
#define EXPLAIN_FAULT_H

#include "proofkey.h"

struct pk_fault {
	const char *id;
	const char *blame;
	const char *reference; /* "RFC 7636 4.6", or "" */
	const char *title;
	const char *fix;
};

/* The fault of that id, or NULL. */
const struct pk_fault *pk_fault_find(struct pk_str id);

/* The list in its order; NULL past its end. */
const struct pk_fault *pk_fault_at(size_t index);

#endif
