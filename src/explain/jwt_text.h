/* JSON Web Tokens as far as they can be read without a key (RFC 7519): three parts with two dots,
 * JSON in the first two. */
#ifndef EXPLAIN_JWT_TEXT_H
#define EXPLAIN_JWT_TEXT_H

#include "proofkey.h"

#include <jansson.h>

#define JWT_MAX 16384 /* bytes of a part; what is longer is not read */

struct jwt_text {
	json_t *header, *claims; /* objects; NULL where the text is no token that can be read */
};

/* Whether both parts are there and are objects. Free it in either case. */
bool jwt_text_read(struct pk_arena *arena, struct pk_str text, struct jwt_text *ret);
void jwt_text_free(struct jwt_text *jwt);

#endif
