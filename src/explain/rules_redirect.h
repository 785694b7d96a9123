/* The rules of the redirect URI, in the files that look at it; and what they share. */
#ifndef EXPLAIN_RULES_REDIRECT_H
#define EXPLAIN_RULES_REDIRECT_H

#include "explain/rule.h"

/* rules_redirect_provider.c: what the provider takes */
rule_fn look_redirect_breaks_rules;
rule_fn look_redirect_unregistered;

/* Whether this provider is known, or says, to want an IP address where localhost was sent. */
bool redirect_localhost_refused(const struct flow *flow, struct pk_finding *finding);

/* Whether a code came back to the redirect URI: then the provider took it. */
bool redirect_was_taken(const struct flow *flow);

/* The URI of the authorize request or, where that is not visible, the one that the client says it
 * stored. */
struct pk_str redirect_asked(const struct flow *flow);

/* Whether the URI was encoded once more than it was decoded. */
bool redirect_is_encoded(const struct flow *flow, struct pk_str uri);

#endif
