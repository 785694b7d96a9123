/* Which provider a capture is of. */
#ifndef EXPLAIN_FLOW_PROVIDER_H
#define EXPLAIN_FLOW_PROVIDER_H

#include "explain/flow.h"

/* The dialect that the capture names, else the one whose endpoints its requests went to; NULL when none fits, or several do. */
const struct pk_dialect *flow_find_dialect(const struct flow *flow,
					   const struct pk_dialect *const *dialects, size_t count);

/* Whether a URL's host and path are those of a dialect's endpoint, its variables filled in with anything. At a sandbox, the path
 * begins with the dialect's name. */
bool flow_is_endpoint(const struct pk_dialect *dialect, struct pk_str endpoint, struct pk_str host,
		      struct pk_str path);

#endif
