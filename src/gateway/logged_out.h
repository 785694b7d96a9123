/* The way back from a logout that went on at the provider. */
#ifndef GATEWAY_LOGGED_OUT_H
#define GATEWAY_LOGGED_OUT_H

#include "gateway/front.h"

#define LOGGED_OUT_STATE_MAX 256 /* the longest state */

/* Writes the state that comes back with this browser, which gets a cookie for that where it has
 * none (OpenID Connect RP-Initiated Logout 1.0, 2). */
void logged_out_state(struct front *front, struct http_request *request, struct pk_buf *out);

#endif
