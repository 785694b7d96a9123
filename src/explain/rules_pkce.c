/* PKCE missing on one side (RFC 7636 4.3 to 4.6, RFC 9700 4.8.2): seen in the requests themselves. */
#include "explain/rule.h"
#include "explain/words.h"
#include "base/text.h"

/* RFC 6749 3.1: "Parameters sent without a value MUST be treated as if they were omitted". */
static bool has(const struct flow_part *part, const char *name)
{
	return flow_value(part, name).len > 0;
}

static bool is_pkce_expected(const struct flow *flow)
{
	return !flow->dialect || flow->dialect->pkce != PK_PKCE_OFF;
}

static enum verdict look_challenge_missing(const struct flow *flow, struct pk_finding *finding)
{
	const bool required = flow->dialect && flow->dialect->pkce == PK_PKCE_REQUIRED;
	struct pk_str said = {0};
	const enum words words = words_on(flow, "challenge-missing", &said);

	if (!flow->authorize.event)
		return NOT_VISIBLE;
	if (has(&flow->authorize, "code_challenge") ||
	    has(&flow->authorize, "code_challenge_method"))
		return ABSENT;
	if (!required && words == WORDS_SILENT)
		return ABSENT;
	finding->confidence = required ? PK_PROVED : words_confidence(words);
	finding->detail = flow_text(
		flow,
		"The authorize request has neither code_challenge nor code_challenge_method%s",
		flow_value(&flow->token, "client_secret").len
			? "; the client secret that the token request sends does not replace them."
			: "; a client secret or other scopes would not replace them.");
	show(finding, &flow->authorize, "code_challenge", (struct pk_str){0},
	     PK_STR("the SHA-256 of the code_verifier"));
	if (said.len)
		show(finding, &flow->token, "error", said, (struct pk_str){0});
	return PRESENT;
}

/* The verifier came, but under a name that the provider does not read: that is another fault. */
static bool is_under_other_name(const struct flow *flow)
{
	for (size_t i = 0; i < flow->token.count; i++)
		if (pk_relate(flow->token.param[i].value, flow->challenge).found)
			return true;
	return false;
}

static enum verdict look_verifier_missing(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->authorize.event || !flow->token.event)
		return NOT_VISIBLE;
	if (!flow->challenge.len || has(&flow->token, "code_verifier") || is_under_other_name(flow))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, &flow->authorize, "code_challenge", flow->challenge, (struct pk_str){0});
	show(finding, &flow->token, "code_verifier", (struct pk_str){0},
	     PK_STR("the verifier of this challenge"));
	return PRESENT;
}

static enum verdict look_verifier_without_challenge(const struct flow *flow,
						    struct pk_finding *finding)
{
	if (!flow->authorize.event || !flow->token.event)
		return NOT_VISIBLE;
	if (has(&flow->authorize, "code_challenge") || !has(&flow->token, "code_verifier") ||
	    !is_pkce_expected(flow))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, &flow->authorize, "code_challenge", (struct pk_str){0},
	     PK_STR("the SHA-256 of the code_verifier"));
	show_secret(finding, &flow->token, "code_verifier",
		    flow_value(&flow->token, "code_verifier"), (struct pk_str){0});
	return PRESENT;
}

static enum verdict look_pkce_not_supported(const struct flow *flow, struct pk_finding *finding)
{
	const bool off = flow->dialect && flow->dialect->pkce == PK_PKCE_OFF;
	struct pk_str said = {0};
	const enum words words = words_on(flow, "pkce-not-supported", &said);

	if (!flow->authorize.event && !flow->token.event)
		return NOT_VISIBLE;
	if (!flow->challenge.len && !has(&flow->token, "code_verifier"))
		return ABSENT;
	if (words == WORDS_SILENT && !(off && flow->failed))
		return ABSENT;
	finding->confidence = off ? PK_LIKELY : words_confidence(words);
	show(finding, &flow->authorize, "code_challenge", flow->challenge, PK_STR("none"));
	if (said.len)
		show(finding, &flow->token, "error", said, (struct pk_str){0});
	return PRESENT;
}

/* Whether a text speaks of the verifier, in whatever spelling. */
static bool names_verifier(struct pk_str text)
{
	for (size_t i = 0; i + 8 <= text.len; i++)
		if (pk_str_equal(pk_str_first(pk_str_from(text, i), 8), PK_STR("verifier")))
			return true;
	return false;
}

static enum verdict look_refresh_asks_verifier(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->refresh.event || !flow->reply.visible)
		return NOT_VISIBLE;
	if (flow->reply.success ||
	    !(names_verifier(flow->reply.text) || names_verifier(flow->reply.error)))
		return ABSENT;
	finding->confidence = PK_LIKELY;
	show(finding, &flow->refresh, "error_description", flow->reply.text, (struct pk_str){0});
	return PRESENT;
}

const struct rule rules_pkce[] = {
	{"challenge-missing", look_challenge_missing, false},
	{"verifier-missing", look_verifier_missing, false},
	{"verifier-without-challenge", look_verifier_without_challenge, false},
	{"pkce-not-supported", look_pkce_not_supported, false},
	{"refresh-asks-verifier", look_refresh_asks_verifier, false},
	{NULL, NULL, false},
};
