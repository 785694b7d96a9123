/*
 * Faults on demand: what a server can get wrong, armed by whoever tests an app, for the next
 * request, for several, for one client, or for good. A fault is used up by the request in which it
 * takes effect. See the table in faults.c.
 */
#ifndef SANDBOX_FAULTS_H
#define SANDBOX_FAULTS_H

#include "sandbox/armed.h"
#include "sandbox/check.h"

/* The rows, in the order of the table; NULL past its end. */
const struct fault_row *fault_at(size_t index);
const struct fault_row *fault_row_find(struct pk_str id);
const char *fault_id(const struct fault_row *row);

/* Whether it may be sent to that endpoint: faults of replies anywhere, others where they are. */
bool fault_can_be_at(const struct fault_row *row, enum endpoint endpoint);

/* Arms it, in place of the same for the same provider, client and endpoint; false when there are
 * FAULTS_ARMED_MAX. */
bool fault_arm(struct faults *faults, const struct armed *armed);

/* Disarms a row, or all (NULL). */
void fault_disarm(struct faults *faults, const struct fault_row *row);

/* Whether this fault is to be produced in this exchange, now. It is used up by that. */
bool fault_is(struct exchange *x, const char *id);

/* The places where faults take effect, in the order in which an exchange meets them. Before any
 * check; true: it is answered. */
bool fault_interrupts(struct exchange *x);

/* After a check that passed: whether it is to refuse all the same. */
bool fault_refuses(struct exchange *x, const struct check *check);

/* After all checks: true: it is answered. */
bool fault_ends(struct exchange *x);

#endif
