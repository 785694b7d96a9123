/* The rules of the token request as a piece of HTTP, and of the reply to it; each file looks at one
 * side of it. */
#ifndef EXPLAIN_RULES_REQUEST_H
#define EXPLAIN_RULES_REQUEST_H

#include "explain/rule.h"

/* rules_request_body.c: how the parameters are written down */
rule_fn look_body_json_not_form;
rule_fn look_body_form_not_json;
rule_fn look_content_type_missing;

/* rules_request_endpoint.c: where it went, and as what it arrived */
rule_fn look_post_became_get;
rule_fn look_token_endpoint_wrong;

/* rules_request_parameter.c: the parameters themselves */
rule_fn look_parameter_duplicated;
rule_fn look_parameter_in_query;
rule_fn look_grant_type_wrong;

/* rules_request_scope.c */
rule_fn look_scope_separator;

/* rules_request_reply.c: what came back */
rule_fn look_reply_misread;
rule_fn look_reply_not_oauth;

/* rules_request_cors.c: whether a browser let the page read it */
rule_fn look_cors_blocked;

/* Whether the request came as that method, in capitals; false also where it is not known. */
bool request_is(const struct flow_part *part, const char *method);

#endif
