/*
 * What of a captured value may be shown. A secret is shortened so that two can be told apart and
 * neither can be used; foreign characters are written out, so that no value moves a terminal's
 * cursor or passes for another.
 */
#ifndef EXPLAIN_REDACT_H
#define EXPLAIN_REDACT_H

#include "proofkey.h"

#define REDACT_MAX 64 /* bytes of a shortened secret */

/* The first four characters, the length and the first 8 hex digits of the SHA-256; of a secret
 * under 12 characters, length and hash alone. "Not given" stays so. The view is into `memory`. */
struct pk_str redact(struct pk_str secret, char memory[static REDACT_MAX]);

/* Writes a byte: printable ASCII as it is, all else as \xNN, which is tame_width() characters. */
void tame_put(struct pk_buf *out, char c);
size_t tame_width(char c);

#endif
