/*
 * What the fronts count, for GET /metrics: in memory that they share, so that whichever is asked
 * answers for all, and that the supervisor keeps, so that nothing is forgotten when a front dies or
 * the configuration is read again. No label is a text from outside.
 */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include "proofkey.h"

#define METRICS_TEXT_MAX 65536 /* no text of the metrics is longer */

enum metric {
	METRIC_LOGINS_STARTED,
	METRIC_LOGINS_FINISHED,
	METRIC_SESSIONS_ENDED,
	METRIC_CHECKS_YES,
	METRIC_CHECKS_NO,
	METRIC__END
};

struct metrics; /* a mapping of the shared memory */

/* Makes the shared memory, with every counter at zero; -1 with errno. */
int metrics_create(void);

/* Maps it, for one process; NULL with errno. `fd` may be closed then. */
struct metrics *metrics_map(int fd);
void metrics_unmap(struct metrics *metrics);

void metrics_count(struct metrics *metrics, enum metric metric);

/* A login that failed with this fault. One that is not in the list counts as "unlisted". */
void metrics_count_failure(struct metrics *metrics, struct pk_str fault);

/* Writes the sums over all processes as Prometheus reads them (text format 0.0.4). */
void metrics_write(const struct metrics *metrics, struct pk_buf *out);

#endif
