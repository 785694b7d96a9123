/* What a browser is known by between leaving for a provider and coming back. */
#ifndef GATEWAY_BROWSER_H
#define GATEWAY_BROWSER_H

#include "gateway/front.h"

/* The cookie that this browser has, or a new one, which goes with the reply. `memory` is for the
 * latter. */
struct pk_str browser_cookie(struct front *front, struct http_request *request,
			     char memory[static BROWSER_TEXT]);

/* The cookie with that hash (attempt.h) among those that came; "not given" where there is none.
 * `ret_seen`: how many came. */
struct pk_str browser_find(const struct front *front, const struct http_request *request,
			   const uint8_t browser[static 16], size_t *ret_seen);

#endif
