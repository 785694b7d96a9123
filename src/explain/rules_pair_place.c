/*
 * The right value in the wrong place, another value in its place, and what is left when nothing
 * else relates the two halves (RFC 7636 4.5 and 4.6). All of it is equality of captured bytes, or
 * of their SHA-256.
 */
#include "explain/rules_pair.h"
#include "base/text.h"
#include "explain/reading.h"

#include <sodium.h>

static const struct pk_str nothing;

static bool is_right(const struct flow *flow)
{
	return pair_belongs(flow->verifier, flow->challenge);
}

/* ---- The same text twice ---- */

/* Whether the stored verifier is the one that the challenge is of. */
static bool is_stored_right(const struct flow *flow)
{
	return pair_belongs(flow->capture->stored_verifier, flow->challenge);
}

/* Whether a text could be a challenge at this provider. */
static bool is_like_challenge(const struct flow *flow, struct pk_str text)
{
	struct readings readings;

	reading_of_challenge(&readings, text);
	for (size_t i = 0; i < readings.count; i++) {
		const struct reading *reading = &readings.reading[i];
		const bool hex = reading->encoding == PK_TRANSFORM_HEX;

		if (reading->size == crypto_hash_sha256_BYTES && !reading->glued &&
		    (hex || reading->encoding == PK_TRANSFORM_BASE64URL) &&
		    (!flow->dialect || hex == pair_wants_hex(flow)))
			return true;
	}
	return false;
}

/* S256 was meant: under plain the two are the same and ought to be. */
static bool is_meant_as_s256(const struct flow *flow)
{
	const enum pair_method method = pair_method(flow);

	return method == METHOD_S256 || method == METHOD_OTHER;
}

enum verdict look_verifier_is_challenge(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->verifier.len || !flow->challenge.len)
		return NOT_VISIBLE;
	if (!pk_str_equal(flow->verifier, flow->challenge) || pair_is_no_verifier(flow) ||
	    pair_is_unset(flow->verifier))
		return ABSENT;
	/* What the client stored as its verifier was made as one. */
	if (pk_str_equal(flow->verifier, flow->capture->stored_verifier))
		return ABSENT;
	if (!is_stored_right(flow) &&
	    !(is_meant_as_s256(flow) && is_like_challenge(flow, flow->verifier)))
		return ABSENT;
	finding->confidence = PK_PROVED;
	if (!is_stored_right(flow))
		finding->detail = PK_STR("Both requests hold the same text. It has the form of a "
					 "challenge; if it was made as the verifier, it is the "
					 "challenge that is wrong.");
	show_secret(finding, &flow->token, "code_verifier", flow->verifier,
		    is_stored_right(flow) ? flow->capture->stored_verifier : nothing);
	show_secret(finding, &flow->authorize, "code_challenge", flow->challenge, nothing);
	return PRESENT;
}

enum verdict look_challenge_is_verifier(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->verifier.len || !flow->challenge.len)
		return NOT_VISIBLE;
	if (flow->relation.hash != PK_TRANSFORM_PLAIN || !is_meant_as_s256(flow) ||
	    is_stored_right(flow) || pair_is_no_verifier(flow) || pair_is_unset(flow->verifier))
		return ABSENT;
	finding->confidence = PK_PROVED;
	if (flow->relation.encoding)
		finding->detail = PK_STR("It was encoded and never hashed.");
	show_secret(finding, &flow->authorize, "code_challenge", flow->challenge,
		    pair_challenge_of(flow, flow->verifier));
	return PRESENT;
}

/* ---- Something else in its slot, or it in another one ---- */

static bool is_a_state(const struct flow *flow, struct pk_str text)
{
	return text.len && (pk_str_equal(text, flow_value(&flow->authorize, "state")) ||
			    pk_str_equal(text, flow_value(&flow->callback, "state")) ||
			    pk_str_equal(text, flow->capture->stored_state));
}

bool pair_is_no_verifier(const struct flow *flow)
{
	return pair_is_placeholder(PK_STR("code_verifier"), flow->verifier) ||
	       (is_a_state(flow, flow->verifier) && !is_right(flow));
}

enum verdict look_verifier_is_state(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->verifier.len ||
	    (!flow->authorize.event && !flow->callback.event && !flow->capture->stored_state.len))
		return NOT_VISIBLE;
	if (!is_a_state(flow, flow->verifier) || is_right(flow))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show_secret(finding, &flow->token, "code_verifier", flow->verifier, nothing);
	show_secret(finding,
		    flow_param(&flow->authorize, "state") ? &flow->authorize : &flow->callback,
		    "state", flow->verifier, nothing);
	return PRESENT;
}

/* Names under which a verifier goes inside of programs. */
static bool is_name_of_verifier(struct pk_str name)
{
	static const char *const names[] = {"verifier",      "codeVerifier",  "code-verifier",
					    "CodeVerifier",  "pkce_verifier", "pkceVerifier",
					    "code_verifer",  "codeverifier",  "pkce_code_verifier",
					    "code_verifier_"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (pk_str_equal(name, pk_str(names[i])))
			return true;
	return false;
}

static enum verdict show_misplaced(const struct flow *flow, struct pk_finding *finding,
				   const char *name, struct pk_str value,
				   enum pk_confidence confidence)
{
	finding->confidence = confidence;
	show_secret(finding, &flow->token, name, value, nothing);
	if (confidence == PK_PROVED)
		show(finding, &flow->authorize, "code_challenge", flow->challenge, nothing);
	return PRESENT;
}

enum verdict look_verifier_wrong_parameter(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *token = &flow->token;
	const struct pk_str verifier = flow_value(token, "code_verifier");

	if (!token->event)
		return NOT_VISIBLE;
	if (verifier.len && (!flow->challenge.len || flow->relation.found || is_right(flow)))
		return ABSENT;
	for (size_t i = 0; i < token->count; i++)
		if (pair_belongs(token->param[i].value, flow->challenge))
			return show_misplaced(flow, finding, pair_name(flow, token->param[i].name),
					      token->param[i].value, PK_PROVED);
	if (pair_belongs(token->basic_secret, flow->challenge))
		return show_misplaced(flow, finding, "Authorization", token->basic_secret,
				      PK_PROVED);
	for (size_t i = 0; i < token->count && !verifier.len; i++)
		if (is_name_of_verifier(token->param[i].name))
			return show_misplaced(flow, finding, pair_name(flow, token->param[i].name),
					      token->param[i].value, PK_LIKELY);
	return ABSENT;
}

/* ---- Another login's ---- */

/* An earlier exchange of another code with the same verifier: it was kept and used again. */
static bool is_earlier_exchange(const struct flow *flow, const struct flow_part *part)
{
	const struct pk_str code = flow_value(part, "code"),
			    ours = flow_value(&flow->token, "code");

	return part->event->kind == PK_EVENT_TOKEN && part->index < flow->token.index && code.len &&
	       ours.len && !pk_str_equal(pk_str_first(code, 12), pk_str_first(ours, 12)) &&
	       pk_str_equal(flow_value(part, "code_verifier"), flow->verifier);
}

const struct flow_part *pair_other_login(const struct flow *flow)
{
	const struct flow_part *earlier = NULL;

	if (!flow->verifier.len || flow->relation.found)
		return NULL;
	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];

		if (part->event->kind == PK_EVENT_AUTHORIZE &&
		    part->index != flow->authorize.index &&
		    pair_belongs(flow->verifier, flow_value(part, "code_challenge")))
			return part;
		if (!earlier && is_earlier_exchange(flow, part))
			earlier = part;
	}
	return earlier;
}

enum verdict look_verifier_of_another_login(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *other = pair_other_login(flow);

	if (!flow->verifier.len || !flow->challenge.len)
		return NOT_VISIBLE;
	if (!other)
		return ABSENT;
	finding->confidence = PK_PROVED;
	show_secret(finding, &flow->token, "code_verifier", flow->verifier, nothing);
	show(finding, &flow->authorize, "code_challenge", flow->challenge, nothing);
	if (other->event->kind == PK_EVENT_AUTHORIZE) {
		finding->detail = flow_text(
			flow, "It belongs to the authorize request of event %d.", other->index);
		show(finding, other, "code_challenge", flow_value(other, "code_challenge"),
		     nothing);
	} else {
		finding->detail = flow_text(
			flow, "It was sent before, with another code, in event %d.", other->index);
		show_secret(finding, other, "code_verifier", flow->verifier, nothing);
	}
	return PRESENT;
}

/* ---- The example that everybody knows, and what is left ---- */

enum verdict look_verifier_is_sample(const struct flow *flow, struct pk_finding *finding)
{
	static const struct pk_str verifier = {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", 43};

	if (!flow->verifier.len && !flow->challenge.len)
		return NOT_VISIBLE;
	if (!pk_str_equal(flow->verifier, verifier) && !pair_belongs(verifier, flow->challenge))
		return ABSENT;
	finding->confidence = PK_PROVED;
	if (pair_belongs(verifier, flow->challenge))
		show(finding, &flow->authorize, "code_challenge", flow->challenge, nothing);
	if (pk_str_equal(flow->verifier, verifier))
		show_secret(finding, &flow->token, "code_verifier", flow->verifier, nothing);
	return PRESENT;
}

/* What can be said of two halves that have nothing to do with each other. */
static struct pk_str remark(const struct flow *flow)
{
	struct readings readings;

	if (is_stored_right(flow))
		return PK_STR("The stored verifier is the right one; another was sent.");
	if (flow->challenge.len >= 16 &&
	    pk_str_starts(pair_challenge_of(flow, flow->verifier), flow->challenge))
		return PK_STR("The challenge is the beginning of the right one: its end got lost.");
	reading_of_challenge(&readings, flow->challenge);
	for (size_t i = 0; i < readings.count; i++)
		if (readings.reading[i].numbers)
			return PK_STR("The challenge is a list of numbers, as an array turns into "
				      "when it is taken for text, and no hash of anything.");
	return nothing;
}

enum verdict look_verifier_mismatch(const struct flow *flow, struct pk_finding *finding)
{
	struct pk_finding unused = {0};
	const char *what;

	if (!flow->verifier.len || !flow->challenge.len)
		return NOT_VISIBLE;
	if (flow->relation.found || pair_is_no_verifier(flow) ||
	    pair_is_placeholder(PK_STR("code_challenge"), flow->challenge) ||
	    pair_is_of_nothing(flow->challenge, &what) || pair_uncut(flow).ptr ||
	    pair_other_login(flow) || look_verifier_wrong_parameter(flow, &unused) == PRESENT ||
	    look_verifier_too_short(flow, &unused) == PRESENT ||
	    look_verifier_too_long(flow, &unused) == PRESENT ||
	    look_verifier_bad_characters(flow, &unused) == PRESENT ||
	    look_challenge_digest_as_text(flow, &unused) == PRESENT)
		return ABSENT;
	finding->confidence = PK_PROVED;
	finding->detail = remark(flow);
	show(finding, &flow->authorize, "code_challenge", flow->challenge,
	     pair_challenge_of(flow, flow->verifier));
	show_secret(finding, &flow->token, "code_verifier", flow->verifier,
		    is_stored_right(flow) ? flow->capture->stored_verifier : nothing);
	return PRESENT;
}
