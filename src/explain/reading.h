/* Readings of a challenge: which bytes it would be the writing of, in every way of writing that
 * somebody has used. */
#ifndef EXPLAIN_READING_H
#define EXPLAIN_READING_H

#include "proofkey_explain.h"

#define READING_MAX 512 /* characters of a challenge, and bytes that it may stand for */
#define READINGS_MAX 12

struct reading {
	enum pk_transform glued;    /* taken off before: NONE, WHITESPACE, QUOTES, PERCENT */
	enum pk_transform encoding; /* as in struct pk_relation */
	bool upper_case;
	bool numbers; /* the bytes stood there as decimal numbers with commas between them */
	uint8_t bytes[READING_MAX];
	size_t size;
};

/* A list of readings, the simplest first. */
struct readings {
	struct reading reading[READINGS_MAX];
	size_t count;
};

/* Adds the readings of `text` as it is: hex, base64 in its kinds, and what was written twice. */
void reading_add(struct readings *readings, struct pk_str text, enum pk_transform glued);

/* All readings of a challenge: as it is, without what stuck to it, and percent-decoded once more.
 * */
void reading_of_challenge(struct readings *ret, struct pk_str challenge);

/* Takes off both ends what no verifier and no challenge has there: white space, a byte order
 * mark, quotes, brackets, the b of b'..'. `ret_glued` says what it was: NONE, WHITESPACE or
 * QUOTES. */
struct pk_str reading_bare(struct pk_str text, enum pk_transform *ret_glued);

#endif
