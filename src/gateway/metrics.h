/*
 * What the processes count, for GET /metrics: in memory that they share, so that whichever front is
 * asked answers for all, and that the supervisor keeps, so that nothing is forgotten when a process
 * dies or the configuration is read again. No label is a text from outside.
 */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include "proofkey.h"

#define METRICS_TEXT_MAX 262144 /* no text of the metrics is longer */

#define METRIC_FAULTS 256 /* of the fault list; the last is for what is not in it */

/* Durations are counted by their length, and added up. */
#define METRIC_TIMES 11                       /* bounds, and all that is longer */
#define METRIC_TIMES_CELLS (METRIC_TIMES + 1) /* and the sum, in microseconds */

/* What the keeper asks a provider for. */
enum upstream {
	UPSTREAM_CODE,
	UPSTREAM_REFRESH,
	UPSTREAM_REVOKE,
	UPSTREAM_USERINFO,
	UPSTREAM_METADATA,
	UPSTREAM_KEYS,
	UPSTREAM_PUSH,
	UPSTREAMS
};

/* What comes of that: no reply at all, or its status by the hundred; anything odd is the first. */
#define UPSTREAM_STATUS 6

/* The statuses that the broker answers with: a list in metrics_text.c. */
#define BROKER_STATUS 13

/* Logins are counted at places of their own, whose names are in the shared memory; the last one is for
 * those for which there is no place left. */
#define METRIC_LOGINS 65
#define METRIC_LOGIN_MAX 64 /* bytes of a name */

/* What comes of a refresh. */
enum refreshed {
	REFRESHED,
	REFRESHED_ELSEWHERE,
	REFRESH_RETRYING,
	REFRESH_ENDED,
	REFRESH_OUTCOMES
};

/* The counters. Those of a family follow one another; see metrics_text.c. */
enum metric {
	METRIC_LOGINS_STARTED,
	METRIC_LOGINS_FINISHED,
	METRIC_SESSIONS_ENDED,
	METRIC_CHECKS_YES,
	METRIC_CHECKS_NO,
	METRIC_GRANTS_LOCKED,
	METRIC_GRANTS_RESEALED,
	METRIC_STORE_FAILED_READS,
	METRIC_STORE_FAILED_WRITES,
	METRIC_DIED, /* by role */
	METRIC_BROKER = METRIC_DIED + 3,
	METRIC_UPSTREAM = METRIC_BROKER + BROKER_STATUS,
	METRIC_UPSTREAM_TIMES = METRIC_UPSTREAM + UPSTREAMS * UPSTREAM_STATUS,
	METRIC_STORE_TIMES =
		METRIC_UPSTREAM_TIMES + UPSTREAMS * METRIC_TIMES_CELLS, /* by vault_access */
	METRIC_LEASE_TIMES = METRIC_STORE_TIMES + 2 * METRIC_TIMES_CELLS,
	METRIC_REFRESHES = METRIC_LEASE_TIMES + METRIC_TIMES_CELLS, /* by login and outcome */
	METRIC_PROVIDERS = METRIC_REFRESHES + METRIC_LOGINS * REFRESH_OUTCOMES, /* and status */
	METRIC_LOGIN_FAULTS = METRIC_PROVIDERS + METRIC_LOGINS * UPSTREAM_STATUS,
	METRIC_REFRESH_FAULTS = METRIC_LOGIN_FAULTS + METRIC_FAULTS,
	METRIC_ENDED_FAULTS = METRIC_REFRESH_FAULTS + METRIC_FAULTS,
	METRIC__END = METRIC_ENDED_FAULTS + METRIC_FAULTS
};

/* What is so now; the keeper says it. */
enum gauge {
	GAUGE_STORE_UP,
	GAUGE_OVERDUE,
	GAUGE_GRANTS, /* by grant_state */
	GAUGE__END = GAUGE_GRANTS + 4
};

struct metrics; /* a mapping of the shared memory */

/* Makes the shared memory, with every counter at zero; -1 with errno. */
int metrics_create(void);

/* Maps it, for one process; NULL with errno. `fd` may be closed then. */
struct metrics *metrics_map(int fd);
void metrics_unmap(struct metrics *metrics);

void metrics_count(struct metrics *metrics, enum metric metric);

/* One more at the place of `index` behind `metric`, of a family that has as many. */
void metrics_count_at(struct metrics *metrics, enum metric metric, size_t index);

/* One more with this fault, of the family that begins at `metric`. A fault that is not in the list
 * counts as "unlisted". */
void metrics_count_fault(struct metrics *metrics, enum metric metric, struct pk_str fault);

/* The place of a status in the family METRIC_BROKER. */
size_t metrics_broker_status(int status);

/* The place of a login, always the same one; its name is a to z, 0 to 9, - and _. Its counters are
 * shown from now on. */
size_t metrics_login(struct metrics *metrics, struct pk_str name);

/* Writes the name of a place, and a NUL; false where there is none. */
bool metrics_login_name(const struct metrics *metrics, size_t place,
			char ret[static METRIC_LOGIN_MAX + 1]);

/* Something took so long; `index` as above. */
void metrics_time_at(struct metrics *metrics, enum metric metric, size_t index,
		     uint64_t microseconds);

/* The monotonic clock in microseconds, for that and for whatever else a process times. */
uint64_t metrics_clock(void);

/* From now on this is so; or nobody knows. */
void metrics_set(struct metrics *metrics, enum gauge gauge, int64_t value);
void metrics_forget(struct metrics *metrics, enum gauge gauge);

/* The sum over all processes; what was set, false where nobody knows. */
uint64_t metrics_sum(const struct metrics *metrics, enum metric metric, size_t index);
bool metrics_gauge(const struct metrics *metrics, enum gauge gauge, int64_t *ret);

/* The upper bound of the durations that are counted there, in microseconds; 0: there is none. */
uint64_t metrics_bound(size_t index);

/* Writes all of it as Prometheus reads it (text format 0.0.4): metrics_text.c. */
void metrics_write(const struct metrics *metrics, struct pk_buf *out);

#endif
