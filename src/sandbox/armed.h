/* The faults that are armed: see faults.h. */
#ifndef SANDBOX_ARMED_H
#define SANDBOX_ARMED_H

#include "proofkey.h"

struct provider;
#define FAULTS_ARMED_MAX 64
#define FAULT_CLIENT_MAX 128 /* characters */
#define FAULT_TIMES_MAX 1000000
#define FAULT_SECONDS_MAX 600
#define FAULT_SECONDS_USUAL 30
#define FAULT_ALWAYS (-1)

struct fault_row; /* one that can be produced */

struct armed {
	const struct fault_row *row;
	const struct provider *provider; /* NULL: any */
	char client[FAULT_CLIENT_MAX];   /* none: any */
	size_t client_len;
	int endpoint;    /* an enum endpoint where the request must go; -1: where it usually is */
	int64_t times;   /* that are left, or FAULT_ALWAYS */
	int64_t seconds; /* of a reply that is slow, or of Retry-After */
};

struct faults {
	struct armed item[FAULTS_ARMED_MAX];
	size_t count;
};

#endif
