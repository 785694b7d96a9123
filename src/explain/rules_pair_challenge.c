/*
 * How the challenge is written (RFC 7636 4.2, or the dialect's hex). The pair proves it where both
 * halves are visible; a challenge alone shows it by its shape, since no right one looks like that.
 */
#include "explain/rules_pair.h"
#include "base/text.h"
#include "explain/reading.h"
#include "explain/words.h"

#include <sodium.h>

/* Whether this shape cannot be that of a verifier, which a challenge may be where plain is
 * assumed. */
static bool is_no_verifier(enum pk_transform encoding)
{
	return encoding == PK_TRANSFORM_BASE64 || encoding == PK_TRANSFORM_BASE64URL_PADDED;
}

struct pair_shape pair_shape(const struct flow *flow)
{
	const struct pk_relation *relation = &flow->relation;
	const enum pair_method method = pair_method(flow);
	struct readings readings;

	if (relation->found)
		return (struct pair_shape){relation->challenge, relation->encoding,
					   relation->upper_case};
	if (method == METHOD_PLAIN)
		return (struct pair_shape){0};
	reading_of_challenge(&readings, flow->challenge);
	for (size_t i = 0; i < readings.count; i++) {
		const struct reading *reading = &readings.reading[i];

		if (reading->size != crypto_hash_sha256_BYTES || reading->numbers ||
		    (method == METHOD_ABSENT && !is_no_verifier(reading->encoding)))
			continue;
		return (struct pair_shape){reading->glued, reading->encoding, reading->upper_case};
	}
	return (struct pair_shape){0};
}

static bool is_lower_hex(struct pk_str challenge)
{
	if (challenge.len != 2 * crypto_hash_sha256_BYTES)
		return false;
	for (size_t i = 0; i < challenge.len; i++) {
		const char c = challenge.ptr[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

static enum verdict present(const struct flow *flow, struct pk_finding *finding,
			    enum pk_confidence confidence)
{
	finding->confidence = confidence;
	pair_show_challenge(flow, finding);
	return PRESENT;
}

enum verdict look_challenge_not_hex(const struct flow *flow, struct pk_finding *finding)
{
	const struct pair_shape shape = pair_shape(flow);

	if (!flow->challenge.len || !flow->dialect)
		return NOT_VISIBLE;
	if (!pair_wants_hex(flow) || is_lower_hex(flow->challenge) ||
	    !(shape.encoding == PK_TRANSFORM_BASE64URL || shape.encoding == PK_TRANSFORM_BASE64 ||
	      shape.encoding == PK_TRANSFORM_BASE64URL_PADDED || shape.upper_case))
		return ABSENT;
	if (shape.upper_case)
		finding->detail = PK_STR("It is hex, but in upper case.");
	else if (flow->relation.found && !flow->relation.hash && !flow->relation.verifier)
		finding->detail = PK_STR("The verifier is the right one: its hash was written as "
					 "base64url, as RFC 7636 says and this provider does not.");
	return present(flow, finding,
		       flow->relation.found || !pk_list_has(&flow->dialect->unconfirmed,
							    PK_STR("challenge"))
			       ? PK_PROVED
			       : PK_LIKELY);
}

/* Where the provider is not known, RFC 7636 is only likely to be what it goes by. */
static enum verdict is_hex_for_unknown(const struct flow *flow, struct pk_finding *finding,
				       const struct pair_shape *shape)
{
	if (!flow->relation.found || !flow->reply.visible || flow->reply.success)
		return NOT_VISIBLE;
	if (shape->encoding != PK_TRANSFORM_HEX)
		return ABSENT;
	finding->detail = PK_STR("The provider is not known; RFC 7636 wants base64url.");
	return present(flow, finding,
		       shape->upper_case ||
				       words_on(flow, "verifier-mismatch", NULL) != WORDS_SILENT
			       ? PK_LIKELY
			       : PK_POSSIBLE);
}

enum verdict look_challenge_is_hex(const struct flow *flow, struct pk_finding *finding)
{
	const struct pair_shape shape = pair_shape(flow);

	if (!flow->challenge.len)
		return NOT_VISIBLE;
	if (!flow->dialect)
		return is_hex_for_unknown(flow, finding, &shape);
	if (pair_wants_hex(flow) || shape.encoding != PK_TRANSFORM_HEX)
		return ABSENT;
	return present(flow, finding, PK_PROVED);
}

enum verdict look_challenge_base64_of_hex(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->challenge.len)
		return NOT_VISIBLE;
	if (pair_shape(flow).encoding != PK_TRANSFORM_BASE64URL_OF_HEX)
		return ABSENT;
	if (pair_wants_hex(flow))
		finding->detail = PK_STR("This provider wants the hex digits themselves, without "
					 "the base64url around them.");
	return present(flow, finding, PK_PROVED);
}

/* No provider is known that takes these two: RFC 7636 has base64url without padding, others hex. */
static enum verdict look_for(const struct flow *flow, struct pk_finding *finding,
			     enum pk_transform encoding)
{
	if (!flow->challenge.len)
		return NOT_VISIBLE;
	if (pair_shape(flow).encoding != encoding || pair_wants_hex(flow))
		return ABSENT;
	return present(flow, finding, PK_PROVED);
}

enum verdict look_challenge_standard_base64(const struct flow *flow, struct pk_finding *finding)
{
	const enum verdict verdict = look_for(flow, finding, PK_TRANSFORM_BASE64);

	if (verdict == PRESENT && pk_str_find(flow->challenge, ' ') < flow->challenge.len)
		finding->detail =
			PK_STR("Its + was not percent-encoded, so it arrived as a space.");
	return verdict;
}

enum verdict look_challenge_padded(const struct flow *flow, struct pk_finding *finding)
{
	return look_for(flow, finding, PK_TRANSFORM_BASE64URL_PADDED);
}
