/* The rules of what comes after the login, each in the file that looks at its part. */
#ifndef EXPLAIN_RULES_AFTER_H
#define EXPLAIN_RULES_AFTER_H

#include "explain/flow_reply.h"
#include "explain/rule.h"

/* rules_after_use.c: which refresh token was used when */
rule_fn look_refresh_race;
rule_fn look_refresh_reply_lost;
rule_fn look_refresh_not_replaced;
rule_fn look_provider_session_gone;

/* rules_after_none.c: no refresh token at all */
rule_fn look_refresh_erased;
rule_fn look_refresh_absent;

/* rules_after_request.c: where and by whom */
rule_fn look_refresh_client_changed;
rule_fn look_refresh_endpoint_wrong;
rule_fn look_revoke_malformed;

/* rules_after_lifetime.c */
rule_fn look_lifetime_hard_coded;

/* The refresh token of a token request; "not given" where it has none, or a word that stands for
 * none. */
struct pk_str refresh_token_of(const struct flow_part *part);

/* The reply of a token event; not visible for any other. */
struct flow_reply after_reply(const struct flow *flow, const struct flow_part *part);

/* The event before `before` whose reply gave this refresh token, or NULL. */
const struct flow_part *after_issuer(const struct flow *flow, struct pk_str refresh_token,
				     int before);

/* The last event before `before` whose reply gave tokens, or NULL. */
const struct flow_part *after_success(const struct flow *flow, int before);

#endif
