/* What is kept of an exchange, and which attempt it belongs to. */
#ifndef SANDBOX_RECORDING_H
#define SANDBOX_RECORDING_H

#include "sandbox/check.h"

/* Records the exchange when it is answered. It must live until then. */
void record_exchange(struct exchange *x);

/* Likewise a request below a provider's name that is none of its endpoints, where it looks like a
 * part of a login that missed. */
void record_stray(struct exchange *x);

/* The client that a request says it is of, also where nothing was checked or read yet; or "not
 * given". */
struct pk_str exchange_client(struct exchange *x);

#endif
