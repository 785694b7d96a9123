/*
 * PKCE on one side alone (RFC 7636 4.3 to 4.6, RFC 9700 4.8.2): seen in the two requests
 * themselves. Whether a challenge has to be there at all is for the dialect to say, and only then
 * for the provider's words.
 */
#include "base/text.h"
#include "explain/rules_pair.h"
#include "explain/shown.h"
#include "explain/words.h"

#include <strings.h>

static const struct pk_str nothing;

/* RFC 6749 3.1: "Parameters sent without a value MUST be treated as if they were omitted". */
static bool has(const struct flow_part *part, const char *name)
{
	return flow_value(part, name).len > 0;
}

static bool is_pkce(const struct flow *flow, enum pk_pkce pkce)
{
	return flow->dialect && flow->dialect->pkce == pkce;
}

static void show_no_challenge(const struct flow *flow, struct pk_finding *finding)
{
	show(finding, &flow->authorize, "code_challenge", nothing,
	     pair_wants_hex(flow) ? PK_STR("the SHA-256 of a code_verifier, 64 hex digits")
				  : PK_STR("the SHA-256 of a code_verifier, as base64url"));
}

/* A token request that has a verifier says more: look_verifier_without_challenge(). */
static enum verdict look_challenge_missing(const struct flow *flow, struct pk_finding *finding)
{
	const bool required = is_pkce(flow, PK_PKCE_REQUIRED);
	enum words words;

	if (!shown_authorize(flow))
		return NOT_VISIBLE;
	if (has(&flow->authorize, "code_challenge") ||
	    has(&flow->authorize, "code_challenge_method") || has(&flow->token, "code_verifier"))
		return ABSENT;
	words = words_on(flow, "challenge-missing", NULL);
	if (!required && words == WORDS_SILENT)
		return ABSENT;
	finding->confidence = required ? PK_PROVED : words_confidence(words);
	finding->detail =
		has(&flow->token, "client_secret") || flow->token.basic
			? PK_STR("The client secret of the token request does not replace it.")
			: PK_STR("A client secret or other scopes would not replace it.");
	show_no_challenge(flow, finding);
	(void)words_show(flow, "challenge-missing", finding);
	return PRESENT;
}

static enum verdict look_verifier_missing(const struct flow *flow, struct pk_finding *finding)
{
	struct pk_finding unused = {0};

	if (!shown_authorize(flow) || !shown_exchange(flow))
		return NOT_VISIBLE;
	if (!flow->challenge.len || has(&flow->token, "code_verifier") ||
	    look_verifier_wrong_parameter(flow, &unused) == PRESENT)
		return ABSENT;
	finding->confidence = PK_PROVED;
	if (flow_param(&flow->token, "code_verifier"))
		finding->detail = PK_STR("code_verifier is there, without a value: what was kept "
					 "was gone when the token request was made.");
	show(finding, &flow->token, "code_verifier", nothing,
	     PK_STR("the verifier of this challenge"));
	show(finding, &flow->authorize, "code_challenge", flow->challenge, nothing);
	return PRESENT;
}

static enum verdict look_verifier_without_challenge(const struct flow *flow,
						    struct pk_finding *finding)
{
	if (!shown_authorize(flow) || !shown_exchange(flow))
		return NOT_VISIBLE;
	if (has(&flow->authorize, "code_challenge") ||
	    has(&flow->authorize, "code_challenge_method") || !has(&flow->token, "code_verifier") ||
	    is_pkce(flow, PK_PKCE_OFF))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show_no_challenge(flow, finding);
	show_secret(finding, &flow->token, "code_verifier",
		    flow_value(&flow->token, "code_verifier"), nothing);
	return PRESENT;
}

/* By the dialect where it refuses PKCE; where it merely knows of none, if the provider's words do
 * not say that it was something else. */
static enum verdict look_pkce_not_supported(const struct flow *flow, struct pk_finding *finding)
{
	const bool refused = is_pkce(flow, PK_PKCE_REFUSED) && flow->failed;
	const bool off = is_pkce(flow, PK_PKCE_OFF) && flow->failed;
	enum words words;

	if (!shown_authorize(flow) && !shown_exchange(flow))
		return NOT_VISIBLE;
	if (!flow->challenge.len && !has(&flow->token, "code_verifier"))
		return ABSENT;
	words = words_show(flow, "pkce-not-supported", finding);
	if (words == WORDS_SILENT && !off && !refused)
		return ABSENT;
	finding->confidence = words_confidence(words);
	if (refused && !pk_list_has(&flow->dialect->unconfirmed, PK_STR("pkce")))
		finding->confidence = PK_PROVED;
	else if ((off || refused) && !words_deny(flow, "pkce-not-supported"))
		finding->confidence = PK_LIKELY;
	if (flow->challenge.len)
		show(finding, &flow->authorize, "code_challenge", flow->challenge, PK_STR("none"));
	if (has(&flow->token, "code_verifier"))
		show_secret(finding, &flow->token, "code_verifier",
			    flow_value(&flow->token, "code_verifier"), PK_STR("none"));
	return PRESENT;
}

/* "code_verifier", "code verifier", "verifier is missing": every text about it has the word. */
static bool names_verifier(struct pk_str text)
{
	static const struct pk_str word = {"verifier", 8};

	for (size_t i = 0; i + word.len <= text.len; i++)
		if (strncasecmp(text.ptr + i, word.ptr, word.len) == 0)
			return true;
	return false;
}

static enum verdict look_refresh_asks_verifier(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->refresh.event || !flow->reply.visible)
		return NOT_VISIBLE;
	if (flow->reply.success || flow_param(&flow->refresh, "code_verifier") ||
	    !(names_verifier(flow->reply.text) || names_verifier(flow->reply.error)))
		return ABSENT;
	finding->confidence = PK_LIKELY;
	if (flow->reply.error.len)
		show(finding, &flow->refresh, "error", flow->reply.error, nothing);
	if (flow->reply.text.len)
		show(finding, &flow->refresh, "error_description", flow->reply.text, nothing);
	return PRESENT;
}

/* clang-format off */
const struct rule rules_pkce[] = {
	{"challenge-missing",          look_challenge_missing,          false},
	{"verifier-missing",           look_verifier_missing,           false},
	{"verifier-without-challenge", look_verifier_without_challenge, false},
	{"pkce-not-supported",         look_pkce_not_supported,         false},
	{NULL, NULL, false},
};

const struct rule rules_pkce_refresh[] = {
	{"refresh-asks-verifier",      look_refresh_asks_verifier,      false},
	{NULL, NULL, false},
};
/* clang-format on */
