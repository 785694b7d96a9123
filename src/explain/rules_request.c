/*
 * The token request as a piece of HTTP, and the reply to it (RFC 6749 3.2, 4.1.3, 5). What stands
 * first is nearer to the wire: a request that arrived empty has no parameters to be looked at.
 */
#include "explain/rules_request.h"
#include "base/text.h"

bool request_is(const struct flow_part *part, const char *method)
{
	return part->event && pk_str_equal(part->event->request.method, pk_str(method));
}

const struct rule rules_request[] = {
	{"token-endpoint-wrong", look_token_endpoint_wrong, false},
	{"post-became-get", look_post_became_get, false},
	{"body-json-not-form", look_body_json_not_form, false},
	{"body-form-not-json", look_body_form_not_json, false},
	{"content-type-missing", look_content_type_missing, false},
	{"grant-type-wrong", look_grant_type_wrong, false},
	{"parameter-duplicated", look_parameter_duplicated, false},
	{"parameter-in-query", look_parameter_in_query, false},
	{"scope-separator", look_scope_separator, false},
	{"cors-blocked", look_cors_blocked, true},
	{"reply-misread", look_reply_misread, true},
	{"reply-not-oauth", look_reply_not_oauth, false},
	{NULL, NULL, false},
};
