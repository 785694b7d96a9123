/* The rules of the client, each in the file that looks at one of its marks; and what they share. */
#ifndef EXPLAIN_RULES_CLIENT_H
#define EXPLAIN_RULES_CLIENT_H

#include "explain/rule.h"

/* rules_client_id.c: which client it is */
rule_fn look_client_id_parameter;
rule_fn look_client_id_missing;
rule_fn look_client_differs;

/* rules_client_basic.c: the Authorization header */
rule_fn look_basic_malformed;
rule_fn look_basic_not_form_encoded;

/* rules_client_secret.c: that it proves itself, and how */
rule_fn look_secret_from_public_client;
rule_fn look_secret_missing;
rule_fn look_client_auth_method;
rule_fn look_client_auth_twice;
rule_fn look_secret_rejected;

/* rules_client_assertion.c: signed instead of a secret */
rule_fn look_assertion_invalid;

/* The first parameter that has a value under one of the names that some provider has for it: the
 * dialect's name first. NULL without one. */
const struct flow_param *client_id_param(const struct flow *flow, const struct flow_part *part);
const struct flow_param *client_secret_param(const struct flow *flow, const struct flow_part *part);

/* Whether the parameter has the name that the dialect has for it; true where none is known. */
bool client_is_named_right(const struct flow *flow, const struct flow_param *param,
			   struct pk_str name);

/* Whether the provider's answer is about the client: who speaks of the grant has let it in. */
bool client_is_refused(const struct flow *flow);

/* How sure a mistake in the client's proof is to be what the login died of: a provider that went on
 * to the grant may have passed over it. */
enum pk_confidence client_sure(const struct flow *flow);

/* Verdict of the provider's words alone, which are shown. */
enum verdict client_by_words(const struct flow *flow, struct pk_finding *finding,
			     const char *fault);

#endif
