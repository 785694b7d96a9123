/* A provider may repeat in its error what it was sent: a code, a verifier, a client secret. */
#ifndef GATEWAY_ECHO_H
#define GATEWAY_ECHO_H

#include "proofkey.h"

/* Whether `secret` stands in `text`, also where the text is JSON and escapes it with backslashes.
 * One of fewer than 8 characters is no secret that could be told from a word. */
bool echo_has(struct pk_str text, struct pk_str secret);

#endif
