/* Reading a provider's JSON: bounded, without surprises, into the arena. */
#ifndef PROTOCOL_JSON_H
#define PROTOCOL_JSON_H

#include "proofkey.h"

#include <jansson.h>

/* The document, or NULL. Repeated keys are refused: two readers of one document must not read two
 * things. */
json_t *pk_json_parse(struct pk_str text);

/* The value at an RFC 6901 pointer such as "/data/user/open_id", or NULL. Only objects and arrays
 * are walked, escapes ~0 ~1 read. */
const json_t *pk_json_at(const json_t *root, struct pk_str pointer);

/* The text of a string as it stands in the document, for as long as that lives; "not given" for
 * anything else. */
struct pk_str pk_json_view(const json_t *value);

/* Whether it is a string that is not empty and has no control character. */
bool pk_json_is_text(const json_t *value);

/* The text of a string, or of a whole number, as a copy; "not given" for an empty string, another
 * type, NULL, and for text with a control character: what reads it next might drop that, and two
 * names would be one. */
enum pk_err pk_json_text(struct pk_arena *arena, const json_t *value, struct pk_str *ret);

/* The same for a subject. Where the dialect has numbers, it is one, or its digits as a text, which
 * some providers send now and then: exactly, for beyond 2^53 a reader of doubles gives one person
 * another's number. */
enum pk_err pk_json_subject(struct pk_arena *arena, const struct pk_dialect *dialect,
			    const json_t *value, struct pk_str *ret);

/* A number of seconds, given as a number or, as some providers do, as text; -1 for anything else
 * and for what is negative. */
int64_t pk_json_seconds(const json_t *value);

#endif
