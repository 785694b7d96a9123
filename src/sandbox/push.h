/* Authorize requests that a client pushed ahead of the browser (RFC 9126). */
#ifndef SANDBOX_PUSH_H
#define SANDBOX_PUSH_H

#include "sandbox/check.h"

#define PUSHED_MILLISECONDS ((int64_t)60 * 1000) /* RFC 9126 2.2: "relatively short" */
#define PUSHED_URI PK_STR("urn:ietf:params:oauth:request_uri:")

/* Takes the pushed request that `request_uri` names in place of the exchange's parameters, once;
 * false where there is none, or it is another client's. */
bool push_take(struct exchange *x);

#endif
