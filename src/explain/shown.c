/*
 * What is not in a capture is not missing from a request. Of a reply alone, of a request whose
 * body nobody recorded, of one that was pushed to the provider beforehand (RFC 9126) or signed
 * (RFC 9101) nothing can be said; and another grant than that of a code has neither a verifier nor
 * a redirect URI.
 */
#include "explain/shown.h"
#include "base/text.h"
#include "explain/flow_reply.h"

bool shown_authorize(const struct flow *flow)
{
	const struct flow_part *authorize = &flow->authorize;

	if (!authorize->event || !authorize->event->request.present ||
	    flow_param(authorize, "request_uri") || flow_param(authorize, "request"))
		return false;
	return flow_param(authorize, "response_type") || flow_client_id(flow, authorize).ptr;
}

bool shown_exchange(const struct flow *flow)
{
	const struct flow_part *token = &flow->token;

	if (!token->event || !token->event->request.present)
		return false;
	return flow_param(token, "code") ||
	       pk_str_equal(flow_value(token, "grant_type"), PK_STR("authorization_code"));
}

bool shown_exchanged(const struct flow *flow)
{
	struct flow_reply reply;

	if (!flow->token.event || (!flow->refresh.event && !flow->revoke.event))
		return false;
	flow_read_reply(flow, flow->token.event, &reply);
	return reply.success;
}
