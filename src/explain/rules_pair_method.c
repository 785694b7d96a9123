/*
 * code_challenge_method, and plain (RFC 7636 4.2 and 4.3). A method that is absent means plain by
 * the RFC; what a provider makes of it is a column of its dialect, and where that is unconfirmed or
 * the provider unknown, its absence proves nothing.
 */
#include "explain/rules_pair.h"
#include "base/text.h"
#include "explain/words.h"

static const struct pk_str nothing;

static void show_method(const struct flow *flow, struct pk_finding *finding)
{
	show(finding, &flow->authorize, "code_challenge_method", flow->method,
	     flow->dialect && flow->dialect->challenge_method.len ? flow->dialect->challenge_method
								  : PK_STR("S256"));
}

static bool takes_plain(const struct pk_dialect *dialect, enum pair_method method)
{
	return dialect->plain &&
	       (method == METHOD_PLAIN || dialect->method_missing == PK_METHOD_MISSING_PLAIN);
}

/* Whether the challenge is the verifier, as far as both can be seen. */
static bool is_same_text(const struct flow *flow)
{
	return flow->relation.found && flow->relation.hash == PK_TRANSFORM_PLAIN;
}

enum verdict look_challenge_plain(const struct flow *flow, struct pk_finding *finding)
{
	const enum pair_method method = pair_method(flow);
	enum words words;

	if (!flow->challenge.len || (method == METHOD_ABSENT && !flow->verifier.len))
		return NOT_VISIBLE;
	if (method == METHOD_S256 || method == METHOD_OTHER ||
	    (flow->relation.found && !is_same_text(flow)) ||
	    (method == METHOD_ABSENT && !flow->relation.found))
		return ABSENT;
	finding->confidence = PK_PROVED;
	if (flow->dialect) {
		if (takes_plain(flow->dialect, method))
			return ABSENT;
	} else {
		words = words_on(flow, "challenge-plain", NULL);
		if (words == WORDS_SILENT)
			return NOT_VISIBLE;
		finding->confidence = words_confidence(words);
	}
	show_method(flow, finding);
	show_secret(finding, &flow->authorize, "code_challenge", flow->challenge,
		    is_same_text(flow) ? pair_challenge_of(flow, flow->verifier) : nothing);
	return PRESENT;
}

/* Whether this provider cannot have taken a challenge without a method for what it is. */
static bool refuses_absence(const struct flow *flow)
{
	const struct pk_dialect *dialect = flow->dialect;
	const bool is_digest = flow->relation.found && !is_same_text(flow);

	return dialect->method_missing == PK_METHOD_MISSING_REFUSED || is_digest ||
	       (!flow->relation.found && !dialect->plain);
}

enum verdict look_method_missing(const struct flow *flow, struct pk_finding *finding)
{
	const enum words words = words_on(flow, "method-missing", NULL);
	const bool is_digest = flow->relation.found && !is_same_text(flow);

	if (!flow->challenge.len)
		return NOT_VISIBLE;
	if (pair_method(flow) != METHOD_ABSENT || is_same_text(flow))
		return ABSENT;
	if (flow->dialect && !refuses_absence(flow))
		return ABSENT;
	if (!flow->dialect && !is_digest && words == WORDS_SILENT)
		return NOT_VISIBLE;
	if (flow->dialect)
		finding->confidence =
			pk_list_has(&flow->dialect->unconfirmed, PK_STR("challenge_method"))
				? words_confidence(words)
				: PK_PROVED;
	else
		finding->confidence =
			is_digest && flow->failed ? PK_LIKELY : words_confidence(words);
	if (is_digest)
		finding->detail = PK_STR("The challenge is a hash of the verifier, and without a "
					 "method RFC 7636 takes it for the verifier itself.");
	show_method(flow, finding);
	return PRESENT;
}

enum verdict look_method_misspelt(const struct flow *flow, struct pk_finding *finding)
{
	const enum pair_method method = pair_method(flow);

	if (!flow->authorize.event)
		return NOT_VISIBLE;
	if (method == METHOD_PLAIN && flow->relation.found && !is_same_text(flow))
		finding->detail = PK_STR("The challenge is a hash of the verifier, and plain says "
					 "that it is the verifier itself.");
	else if (method != METHOD_OTHER ||
		 pair_is_placeholder(PK_STR("code_challenge_method"), flow->method))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show_method(flow, finding);
	return PRESENT;
}

enum verdict look_challenge_missing_with_method(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->authorize.event)
		return NOT_VISIBLE;
	if (!flow->method.len || flow->challenge.len)
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, &flow->authorize, "code_challenge", flow->challenge,
	     flow->verifier.len ? pair_challenge_of(flow, flow->verifier) : nothing);
	show(finding, &flow->authorize, "code_challenge_method", flow->method, nothing);
	return PRESENT;
}
