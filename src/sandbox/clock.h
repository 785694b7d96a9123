/* The sandbox's only clock. */
#ifndef SANDBOX_CLOCK_H
#define SANDBOX_CLOCK_H

#include <stdint.h>

/* Milliseconds since some moment before the program started. It is not the wall clock: nobody's
 * login ends because a computer's time was set. */
int64_t now(void);

#endif
