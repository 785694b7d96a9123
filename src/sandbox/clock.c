/* Reads the clocks. Trusts the kernel. */
#include "sandbox/clock.h"

#include <time.h>

int64_t now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time); /* fails for no clock that exists */
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

double wall_clock_exact(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_REALTIME, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Not time(), which looks at a clock that is some milliseconds late: a token would be issued before
 * it was asked for. */
int64_t wall_clock(void)
{
	return (int64_t)wall_clock_exact();
}
