/* Digests that went through a text encoding, and what of them came out at its other end. */
#ifndef EXPLAIN_DIGEST_TEXT_H
#define EXPLAIN_DIGEST_TEXT_H

#include "proofkey.h"

/* The ways in which runtimes turn bytes that are no text into text, by number; `out` gets what is
 * left. False past the last. */
bool digest_as_text(size_t way, const uint8_t *digest, size_t size, struct pk_buf *out);

#endif
