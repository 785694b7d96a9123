/* The checks in their order, at each endpoint: see the table in steps.c. */
#ifndef SANDBOX_STEPS_H
#define SANDBOX_STEPS_H

#include "sandbox/check.h"

/* Runs the checks of the exchange's endpoint and answers: with the first refusal, or with what was
 * asked for. */
void steps_run(struct exchange *x);

#endif
