/* A callback that comes twice, with two codes: see the fault code-two-for-one-state. */
#ifndef SANDBOX_TWICE_H
#define SANDBOX_TWICE_H

#include "sandbox/check.h"

/* Sends the browser to `url`, and to the same with the exchange's second code in it. */
void twice_send(struct exchange *x, struct pk_str url);

#endif
