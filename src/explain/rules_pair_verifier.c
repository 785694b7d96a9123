/*
 * What became of the verifier between the two requests (RFC 7636 4.1: 43 to 128 unreserved
 * characters; 4.5: sent as it was made). Its own characters prove some of it; that it belongs to
 * the challenge once something is taken off or put on proves the rest.
 */
#include "explain/rules_pair.h"
#include "base/text.h"
#include "explain/reading.h"

static const struct pk_str nothing;

/* ---- Its shape ---- */

static bool is_cut(const struct flow *flow)
{
	return flow->relation.verifier == PK_TRANSFORM_TRUNCATED || pair_uncut(flow).ptr;
}

static bool has_something_on_it(const struct flow *flow)
{
	return flow->relation.verifier == PK_TRANSFORM_WHITESPACE ||
	       flow->relation.verifier == PK_TRANSFORM_QUOTES ||
	       flow->relation.verifier == PK_TRANSFORM_PERCENT;
}

/* A provider that does not look at the shape takes whatever belongs to the challenge: no login fails
 * by it there. */
static enum verdict unless_taken(const struct flow *flow)
{
	const bool taken = flow->dialect &&
			   flow->dialect->verifier_shape == PK_VERIFIER_SHAPE_UNCHECKED &&
			   !pair_is_unset(flow->verifier);

	return taken ? WEAKNESS : PRESENT;
}

static enum verdict of_length(const struct flow *flow, struct pk_finding *finding)
{
	finding->confidence = PK_PROVED;
	finding->detail =
		pair_is_unset(flow->verifier)
			? flow_text(flow, "It is the word \"%.*s\": there was no value.",
				    PK_ARG(flow->verifier))
			: flow_text(flow, "It has %zu character%s; %d to %d are allowed.",
				    flow->verifier.len, flow->verifier.len == 1 ? "" : "s",
				    PK_VERIFIER_MIN, PK_VERIFIER_MAX);
	show_secret(finding, &flow->token, "code_verifier", flow->verifier, nothing);
	return unless_taken(flow);
}

enum verdict look_verifier_too_short(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->verifier.len)
		return NOT_VISIBLE;
	if (flow->verifier.len >= PK_VERIFIER_MIN || pair_is_no_verifier(flow) || is_cut(flow))
		return ABSENT;
	return of_length(flow, finding);
}

enum verdict look_verifier_too_long(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->verifier.len)
		return NOT_VISIBLE;
	if (flow->verifier.len <= PK_VERIFIER_MAX || pair_is_no_verifier(flow) ||
	    has_something_on_it(flow))
		return ABSENT;
	return of_length(flow, finding);
}

static bool is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

enum verdict look_verifier_bad_characters(const struct flow *flow, struct pk_finding *finding)
{
	size_t at = 0;

	if (!flow->verifier.len)
		return NOT_VISIBLE;
	while (at < flow->verifier.len && is_unreserved(flow->verifier.ptr[at]))
		at++;
	if (at == flow->verifier.len || pair_is_no_verifier(flow) || has_something_on_it(flow) ||
	    pair_is_unset(flow->verifier))
		return ABSENT;
	finding->confidence = PK_PROVED;
	finding->detail = flow_text(flow, "Byte 0x%02x at position %zu, counted from 1.",
				    (unsigned char)flow->verifier.ptr[at], at + 1);
	show_secret(finding, &flow->token, "code_verifier", flow->verifier, nothing);
	return unless_taken(flow);
}

/* ---- What stuck to it, or to its challenge ---- */

/* One sentence for each place where it can have been. */
struct places {
	const char *sent, *hashed, *challenge;
};

static enum verdict look_for_glue(const struct flow *flow, struct pk_finding *finding,
				  enum pk_transform what, const struct places *places)
{
	enum pk_transform on_sent, on_challenge;
	const struct pk_str bare = reading_bare(flow->verifier, &on_sent);
	const struct pk_str bare_challenge = reading_bare(flow->challenge, &on_challenge);

	if (!flow->challenge.len)
		return NOT_VISIBLE;
	finding->confidence = PK_PROVED;
	if (flow->relation.verifier == what && on_sent) {
		finding->detail = pk_str(places->sent);
		show_secret(finding, &flow->token, "code_verifier", flow->verifier, bare);
	} else if (flow->relation.verifier == what) {
		finding->detail = pk_str(places->hashed);
		show(finding, &flow->authorize, "code_challenge", flow->challenge,
		     pair_challenge_of(flow, flow->verifier));
	} else if (pair_shape(flow).glued == what) {
		finding->detail = pk_str(places->challenge);
		show(finding, &flow->authorize, "code_challenge", flow->challenge, bare_challenge);
	} else {
		return flow->verifier.len ? ABSENT : NOT_VISIBLE;
	}
	return PRESENT;
}

enum verdict look_verifier_whitespace(const struct flow *flow, struct pk_finding *finding)
{
	static const struct places places = {
		.sent = "It was sent with the white space and hashed without it.",
		.hashed = "It was hashed with the white space, a line end for example, and sent "
			  "without it.",
		.challenge = "It stuck to the challenge.",
	};

	return look_for_glue(flow, finding, PK_TRANSFORM_WHITESPACE, &places);
}

enum verdict look_verifier_quoted(const struct flow *flow, struct pk_finding *finding)
{
	static const struct places places = {
		.sent = "It was sent with the quotes or brackets and hashed without them.",
		.hashed = "It was hashed with quotes or brackets and sent without them.",
		.challenge = "They stuck to the challenge.",
	};

	return look_for_glue(flow, finding, PK_TRANSFORM_QUOTES, &places);
}

enum verdict look_verifier_percent_encoded(const struct flow *flow, struct pk_finding *finding)
{
	return pair_verdict(flow, finding, flow->relation.verifier == PK_TRANSFORM_PERCENT);
}

/* ---- What it lost ---- */

static bool is_beginning(struct pk_str beginning, struct pk_str whole)
{
	return whole.len > beginning.len && pk_str_starts(whole, beginning);
}

struct pk_str pair_uncut(const struct flow *flow)
{
	const struct pk_str sent = flow->verifier, stored = flow->capture->stored_verifier;

	if (!sent.len || flow->relation.found)
		return nothing;
	if (is_beginning(sent, stored) &&
	    (!flow->challenge.len || pair_belongs(stored, flow->challenge)))
		return stored;
	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct pk_str other = flow_value(&flow->part[i], "code_verifier");

		if (is_beginning(sent, other) && pair_belongs(other, flow->challenge))
			return other;
	}
	return nothing;
}

/* How much of the verifier the challenge is of; 0 where it is of more than was sent. */
static size_t hashed_length(const struct flow *flow)
{
	size_t len = flow->verifier.len - 1;

	while (len && !pair_belongs(pk_str_first(flow->verifier, len), flow->challenge))
		len--;
	return len;
}

enum verdict look_verifier_truncated(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str whole = pair_uncut(flow);

	if (!flow->verifier.len)
		return NOT_VISIBLE;
	if (flow->relation.verifier == PK_TRANSFORM_TRUNCATED) {
		const size_t len = hashed_length(flow);

		if (len)
			finding->detail = flow_text(flow,
						    "The challenge is of its first %zu characters, "
						    "and %zu were sent.",
						    len, flow->verifier.len);
	} else if (whole.ptr) {
		finding->detail = flow_text(flow, "%zu characters were sent, of %zu.",
					    flow->verifier.len, whole.len);
	} else {
		return flow->challenge.len ? ABSENT : NOT_VISIBLE;
	}
	finding->confidence = PK_PROVED;
	show_secret(finding, &flow->token, "code_verifier", flow->verifier, whole);
	if (flow->challenge.len)
		show(finding, &flow->authorize, "code_challenge", flow->challenge, nothing);
	return PRESENT;
}
