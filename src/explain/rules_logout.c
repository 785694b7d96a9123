/*
 * Logout tokens that the provider posted to the client (OpenID Connect Back-Channel Logout 2.6): the
 * claims that must be there, and the one that must not, so that no ID token passes for one.
 */
#include "explain/flow_provider.h"
#include "explain/jwt_text.h"
#include "explain/rule.h"
#include "base/text.h"

#define LOGOUT_EVENT "http://schemas.openid.net/event/backchannel-logout"

static const struct pk_str nothing;

static struct pk_str text_of(const struct flow *flow, const json_t *value)
{
	return flow_text(
		flow, "%.*s",
		PK_ARG(((struct pk_str){json_string_value(value), json_string_length(value)})));
}

static bool is_for(const json_t *aud, struct pk_str client)
{
	const char *text = json_string_value(aud);

	if (text && pk_str_equal(pk_str(text), client))
		return true;
	for (size_t i = 0; i < json_array_size(aud); i++) {
		text = json_string_value(json_array_get(aud, i));
		if (text && pk_str_equal(pk_str(text), client))
			return true;
	}
	return false;
}

/* Shows the first thing that is wrong with the token; false where nothing is. */
static bool show_wrong(const struct flow *flow, const struct flow_part *part,
		       const struct jwt_text *token, struct pk_finding *finding)
{
	static const char *const needed[] = {"iss", "aud", "iat", "jti"};
	const json_t *claims = token->claims;
	const struct pk_str client =
		flow->authorize.event ? flow_client_id(flow, &flow->authorize) : nothing;
	const struct pk_str alg = text_of(flow, json_object_get(token->header, "alg"));
	const struct pk_str iss = text_of(flow, json_object_get(claims, "iss"));

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!json_object_get(claims, needed[i]))
			show(finding, part, needed[i], nothing, PK_STR("a claim of every one"));
	if (!alg.len || pk_str_equal(alg, PK_STR("none")))
		show(finding, part, "alg", alg, PK_STR("a signature"));
	else if (!json_is_object(json_object_get(json_object_get(claims, "events"), LOGOUT_EVENT)))
		show(finding, part, "events", nothing, PK_STR(LOGOUT_EVENT));
	else if (!json_object_get(claims, "sub") && !json_object_get(claims, "sid"))
		show(finding, part, "sub", nothing, PK_STR("sub or sid"));
	else if (json_object_get(claims, "nonce"))
		show(finding, part, "nonce", text_of(flow, json_object_get(claims, "nonce")),
		     PK_STR("none: an ID token has one"));
	else if (client.len && json_object_get(claims, "aud") &&
		 !is_for(json_object_get(claims, "aud"), client))
		show(finding, part, "aud", text_of(flow, json_object_get(claims, "aud")), client);
	else if (iss.len && flow->dialect && flow->dialect->issuer.len &&
		 !flow_is_issuer(flow, iss))
		show(finding, part, "iss", iss, flow_issuer(flow, &finding->confidence));
	return finding->evidence_count > 0;
}

static enum verdict look_logout_token(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *part = NULL;
	struct jwt_text token = {NULL, NULL};
	bool wrong;

	for (size_t i = 0; i < flow->capture->count; i++)
		if (flow_param(&flow->part[i], "logout_token"))
			part = &flow->part[i];
	if (!part)
		return NOT_VISIBLE;
	finding->confidence = PK_PROVED;
	if (!jwt_text_read(flow->arena, flow_value(part, "logout_token"), &token)) {
		finding->detail = PK_STR("It is no JSON Web Token.");
		wrong = true;
	} else {
		wrong = show_wrong(flow, part, &token, finding);
	}
	jwt_text_free(&token);
	return wrong ? PRESENT : ABSENT;
}

/* clang-format off */
const struct rule rules_logout[] = {
	{"logout-token-invalid", look_logout_token, true},
	{NULL, NULL, false},
};
/* clang-format on */
