/* The rules of state, session and user, each in the file that looks at its part; what they share. */
#ifndef EXPLAIN_RULES_STATE_H
#define EXPLAIN_RULES_STATE_H

#include "explain/rule.h"

/* rules_state_cookie.c: what the client keeps of a login */
rule_fn look_cookie_lost;
rule_fn look_cookie_unreadable;
rule_fn look_login_unknown;
rule_fn look_took_too_long;

/* rules_state_scope.c */
rule_fn look_scope_not_granted;

/* rules_state_answer.c: what the provider answered */
rule_fn look_user_denied;
rule_fn look_issuer_mismatch;
rule_fn look_provider_error;

/* The callback ended the login: the client went no further. */
bool state_stopped_there(const struct flow *flow);

#endif
