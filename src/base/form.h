/*
 * A parsed query or form body (RFC 6749 Appendix B): every parameter decoded exactly once, in its
 * order, repeated ones kept so that they can be refused.
 */
#ifndef BASE_FORM_H
#define BASE_FORM_H

#include "proofkey.h"

#define PK_FORM_MAX 64 /* parameters; more are refused */

struct pk_param {
	struct pk_str name;
	struct pk_str value;
};

struct pk_form {
	struct pk_param param[PK_FORM_MAX];
	size_t count;
};

/* PK_ERR_FORM_SYNTAX for a broken percent sign or a NUL, PK_ERR_FORM_TOO_LARGE, PK_ERR_NO_SPACE. */
enum pk_err pk_form_parse(struct pk_arena *arena, struct pk_str text, struct pk_form *ret,
			  struct pk_why *why);

/* The first value of that name, or "not given". */
struct pk_str pk_form_get(const struct pk_form *form, struct pk_str name);

/* How often the name is there. */
size_t pk_form_count(const struct pk_form *form, struct pk_str name);

#endif
