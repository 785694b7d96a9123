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

/* What stands for {tenant} in the URL of a request to that endpoint; "not given" where it went elsewhere or has none. */
struct pk_str flow_tenant(const struct pk_dialect *dialect, struct pk_str endpoint,
			  const struct flow_part *part);

/* Whether an endpoint's host is for the login to say: no host is the wrong one then. */
bool flow_has_any_host(struct pk_str endpoint);

/* Whether the path begins with the dialect's name, as those of a sandbox do. */
bool flow_is_at_sandbox(const struct flow *flow, const struct flow_part *part);

/* Whether a text is the issuer of this flow's dialect, which has one: byte for byte, its variables as the requests have them; at a sandbox
 * with the sandbox's address and the dialect's name before the path. */
bool flow_is_issuer(const struct flow *flow, struct pk_str iss);

/* The issuer that flow_is_issuer() knows, and how sure it is that no other would do. */
struct pk_str flow_issuer(const struct flow *flow, enum pk_confidence *ret_sure);

#endif
