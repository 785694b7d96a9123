/* Writing JSON documents in a dialect's shape. */
#ifndef SANDBOX_DOCUMENT_H
#define SANDBOX_DOCUMENT_H

#include "proofkey.h"

#include <jansson.h>

/* Sets a member of the document itself. */
void document_set(json_t *document, struct pk_str name, struct pk_str value);
void document_set_number(json_t *document, struct pk_str name, int64_t value);

/* Sets the value at an RFC 6901 pointer and makes the objects on the way to it; an empty pointer
 * sets nothing. */
void document_put(json_t *document, struct pk_str pointer, struct pk_str value);
void document_put_true(json_t *document, struct pk_str pointer);

#endif
