/* Telling a client that somebody has logged out (OpenID Connect Back-Channel Logout 1.0). */
#ifndef SANDBOX_BACKCHANNEL_H
#define SANDBOX_BACKCHANNEL_H

#include "sandbox/sign_in.h"

#include <event2/event.h>

#define BACKCHANNEL_SECONDS 5 /* for each try, of which there are two */
#define BACKCHANNEL_MAX 64    /* under way at once; what is more is not sent */

/* What is posted goes to `uri`. NULL without memory. */
struct backchannel *backchannel_new(struct event_base *base, const char *uri);
void backchannel_free(struct backchannel *backchannel);

/* Ends the session and its grants, and posts a logout token for each client that has one of them.
 * Returns how many are on their way. */
size_t log_out(struct exchange *x, struct session *session);

#endif
