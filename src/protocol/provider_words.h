/* The provider's own words, as evidence. They are hostile input: cut, and reduced to the characters
 * that RFC 6749 5.2 allows. */
#ifndef PROTOCOL_PROVIDER_WORDS_H
#define PROTOCOL_PROVIDER_WORDS_H

#include "proofkey.h"

#include <jansson.h>

/* Writes `error`, and `number` and `text` behind it with a space between, into `why`, which may be
 * NULL, as may what is pointed to. */
void pk_provider_words(struct pk_why *why, struct pk_str error, struct pk_str number,
		       struct pk_str text);

/* Whether a reply says no, whatever its HTTP status is: the dialect's boolean is false, or there is
 * an error where the dialect has it or where RFC 6749 5.2 has it. */
bool pk_reply_refuses(const struct pk_dialect *dialect, const json_t *root);

/* Writes what a reply says; `error` is where this endpoint has it, NULL where it has none. */
void pk_provider_words_of_reply(struct pk_why *why, const struct pk_dialect *dialect,
				const json_t *root, const json_t *error);

#endif
