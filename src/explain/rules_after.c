/*
 * After the login: refreshes and revocations, over all token events of the capture in their order
 * (RFC 6749 6, RFC 7009, RFC 9700 4.14). A capture may hold the tokens of several persons, so a
 * refresh token is followed from the reply that gave it, and never taken for the one before it.
 */
#include "explain/rules_after.h"
#include "explain/rules_pair.h"
#include "base/text.h"

/* clang-format off */
const struct rule rules_after[] = {
	{"refresh-race",               look_refresh_race,           false},
	{"refresh-reply-lost",         look_refresh_reply_lost,     false},
	{"refresh-token-not-replaced", look_refresh_not_replaced,   false},
	{"refresh-token-erased",       look_refresh_erased,         false},
	{"refresh-token-absent",       look_refresh_absent,         false},
	{"refresh-client-changed",     look_refresh_client_changed, false},
	{"refresh-endpoint-wrong",     look_refresh_endpoint_wrong, false},
	{"provider-session-gone",      look_provider_session_gone,  false},
	{"revoke-malformed",           look_revoke_malformed,       false},
	{"lifetime-hard-coded",        look_lifetime_hard_coded,    true},
	{NULL, NULL, false},
};
/* clang-format on */

struct pk_str refresh_token_of(const struct flow_part *part)
{
	const struct pk_str token = flow_value(part, "refresh_token");

	return token.len && !pair_is_unset(token) ? token : (struct pk_str){0};
}

struct flow_reply after_reply(const struct flow *flow, const struct flow_part *part)
{
	return flow->replies[part->index];
}

const struct flow_part *after_issuer(const struct flow *flow, struct pk_str refresh_token,
				     int before)
{
	for (int i = before - 1; i >= 0 && refresh_token.len; i--)
		if (pk_str_equal(after_reply(flow, &flow->part[i]).refresh_token, refresh_token))
			return &flow->part[i];
	return NULL;
}

const struct flow_part *after_success(const struct flow *flow, int before)
{
	for (int i = before - 1; i >= 0; i--)
		if (after_reply(flow, &flow->part[i]).success)
			return &flow->part[i];
	return NULL;
}
