/* The sandbox's clocks: one that nobody can set back, and the one that everybody reads. */
#ifndef SANDBOX_CLOCK_H
#define SANDBOX_CLOCK_H

#include <stdint.h>

/* Milliseconds since some moment before the program started. It is not the wall clock: nobody's
 * login ends because a computer's time was set. */
int64_t now(void);

/* Seconds since 1970, for what is read elsewhere: the times in a token. */
int64_t wall_clock(void);

/* The same with its fraction. */
double wall_clock_exact(void);

#endif
