/* Writing JSON documents in a dialect's shape. */
#ifndef SANDBOX_DOCUMENT_H
#define SANDBOX_DOCUMENT_H

#include "proofkey.h"
#include "sandbox/people.h"

#include <jansson.h>

/* Sets a member of the document itself. */
void document_set(json_t *document, struct pk_str name, struct pk_str value);
void document_set_number(json_t *document, struct pk_str name, int64_t value);

/* Sets the value at an RFC 6901 pointer and makes the objects on the way to it, and arrays where a
 * segment is a number; an empty pointer sets nothing. */
void document_put(json_t *document, struct pk_str pointer, struct pk_str value);
void document_put_bool(json_t *document, struct pk_str pointer, bool value);

/* The same as a JSON number where `value` is a whole number, true or false where it is one of
 * these words, and as text otherwise. */
void document_put_typed(json_t *document, struct pk_str pointer, struct pk_str value);

/* Puts each pair of `pairs`, form-encoded, the names being pointers, in the same way. */
void document_put_more(json_t *document, struct pk_str pairs);

/* Puts the person's subject, as text or as number, as the dialect has it. */
void document_put_subject(json_t *document, struct pk_str pointer, const struct pk_dialect *dialect,
			  const struct person *person);

/* The object at the pointer, made where there is none: the document itself for an empty one. */
json_t *document_object(json_t *document, struct pk_str pointer);

#endif
