/* An attempt for programs: as the capture that `proofkey explain` reads, as its findings, as HAR. */
#ifndef SANDBOX_ATTEMPT_JSON_H
#define SANDBOX_ATTEMPT_JSON_H

#include "sandbox/attempts.h"

#include <jansson.h>

/* {"id", "provider", "at", "produced", "capture"}, where `produced` are the faults that took effect on
 * demand; the caller's to release. NULL without memory. */
json_t *attempt_json(const struct attempts *attempts, const struct attempt *attempt);

/* An HTTP Archive 1.2. */
json_t *attempt_har(const struct attempt *attempt);

/* The findings as `proofkey explain --json` prints them, to be freed; NULL where there is no memory,
 * or the capture cannot be explained. `ret_verdict` (may be NULL) is the first finding's fault, or
 * NULL. */
char *attempt_explain(const struct attempt *attempt, const char **ret_verdict);

#endif
