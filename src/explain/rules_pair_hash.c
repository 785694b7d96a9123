/*
 * What was hashed for the challenge, and how (RFC 7636 4.2: the SHA-256 of the verifier's ASCII
 * characters). Equality of hashes proves each of these; where the verifier is not visible, sizes
 * and traces of text encodings are what a challenge shows by itself.
 */
#include "explain/rules_pair.h"
#include "base/text.h"
#include "explain/reading.h"

#include <sodium.h>
#include <string.h>

enum verdict look_challenge_hashes_raw_bytes(const struct flow *flow, struct pk_finding *finding)
{
	return pair_verdict(flow, finding,
			    flow->relation.verifier == PK_TRANSFORM_RAW_BYTES &&
				    flow->relation.hash != PK_TRANSFORM_PLAIN);
}

enum verdict look_challenge_double_hashed(const struct flow *flow, struct pk_finding *finding)
{
	return pair_verdict(flow, finding, flow->relation.hash == PK_TRANSFORM_DOUBLE);
}

enum verdict look_challenge_utf16(const struct flow *flow, struct pk_finding *finding)
{
	return pair_verdict(flow, finding, flow->relation.verifier == PK_TRANSFORM_UTF16);
}

/* ---- The hash of nothing ---- */

/* What programs hash when they have no verifier yet: nothing, or the text of "no value". */
/* clang-format off */
static const struct nothing {
	const char *text;
	const char *sentence;
} nothings[] = {
	{"",                 "It is that of the empty text."},
	{"undefined",        "It is that of the word \"undefined\"."},
	{"null",             "It is that of the word \"null\"."},
	{"None",             "It is that of the word \"None\"."},
	{"[object Object]",  "It is that of \"[object Object]\": an object, not its text."},
	{"[object Promise]", "It is that of \"[object Promise]\", which nobody awaited."},
	{"NaN",              "It is that of the word \"NaN\"."},
	{"nil",              "It is that of the word \"nil\"."},
	{"false",            "It is that of the word \"false\"."},
};
/* clang-format on */

bool pair_is_of_nothing(struct pk_str challenge, const char **ret_what)
{
	for (size_t i = 0; i < sizeof(nothings) / sizeof(nothings[0]) && challenge.len; i++) {
		const struct pk_relation relation = pk_relate(pk_str(nothings[i].text), challenge);

		if (!relation.found || relation.verifier == PK_TRANSFORM_TRUNCATED)
			continue;
		*ret_what = nothings[i].sentence;
		return true;
	}
	return false;
}

enum verdict look_challenge_of_empty_value(const struct flow *flow, struct pk_finding *finding)
{
	const char *what;

	if (!flow->challenge.len)
		return NOT_VISIBLE;
	/* A challenge that belongs to a verifier of full length is of something. */
	if (flow->relation.found && flow->verifier.len >= PK_VERIFIER_MIN)
		return ABSENT;
	if (!pair_is_of_nothing(flow->challenge, &what))
		return ABSENT;
	finding->confidence = PK_PROVED;
	finding->detail = pk_str(what);
	show(finding, &flow->authorize, "code_challenge", flow->challenge,
	     flow->verifier.len && !pair_is_unset(flow->verifier)
		     ? pair_challenge_of(flow, flow->verifier)
		     : (struct pk_str){0});
	return PRESENT;
}

/* ---- Another hash, or a digest that is none any more ---- */

/* The first reading of a challenge that is sent as S256; false where there is none, or where it
 * is of hex digits, which are no digest. */
static bool read_s256(const struct flow *flow, struct reading *ret)
{
	struct readings readings;

	if (pair_method(flow) != METHOD_S256 || !flow->method.len)
		return false;
	reading_of_challenge(&readings, flow->challenge);
	if (!readings.count || pair_shape(flow).encoding == PK_TRANSFORM_BASE64URL_OF_HEX)
		return false;
	*ret = readings.reading[0];
	return true;
}

enum verdict look_challenge_wrong_hash(const struct flow *flow, struct pk_finding *finding)
{
	static const struct {
		enum pk_transform hash;
		size_t size;
		const char *sentence;
	} hashes[] = {
		{PK_TRANSFORM_SHA1, crypto_hash_sha256_BYTES * 5 / 8, "It has the size of SHA-1."},
		{PK_TRANSFORM_SHA512, crypto_hash_sha512_BYTES, "It has the size of SHA-512."},
		{PK_TRANSFORM_MD5, crypto_hash_sha256_BYTES / 2, "It has the size of MD5."},
	};
	struct reading reading;

	if (!flow->challenge.len)
		return NOT_VISIBLE;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		const bool proved = flow->relation.hash == hashes[i].hash;

		if (!proved && (flow->verifier.len || !read_s256(flow, &reading) ||
				reading.size != hashes[i].size))
			continue;
		finding->confidence = proved ? PK_PROVED : PK_LIKELY;
		finding->detail = pk_str(hashes[i].sentence);
		pair_show_challenge(flow, finding);
		return PRESENT;
	}
	return ABSENT;
}

/* How often a decoder wrote U+FFFD for what it could not decode. A hash holds it by chance hardly
 * ever once, and not twice. */
static size_t count_replacements(const struct reading *reading)
{
	size_t count = 0;

	for (size_t i = 0; i + 3 <= reading->size; i++)
		count += memcmp(reading->bytes + i, "\xef\xbf\xbd", 3) == 0;
	return count;
}

static bool is_all_ascii(const struct reading *reading)
{
	for (size_t i = 0; i < reading->size; i++)
		if (reading->bytes[i] >= 0x80)
			return false;
	return reading->size == crypto_hash_sha256_BYTES;
}

enum verdict look_challenge_digest_as_text(const struct flow *flow, struct pk_finding *finding)
{
	struct reading reading;

	if (!flow->challenge.len)
		return NOT_VISIBLE;
	finding->confidence = PK_PROVED;
	if (flow->relation.hash == PK_TRANSFORM_TEXT) {
		finding->detail = PK_STR("The verifier's hash gives exactly this challenge when it "
					 "is taken for text, or for a list, first.");
	} else if (!flow->relation.found && read_s256(flow, &reading) &&
		   count_replacements(&reading) > 1) {
		finding->detail = flow_text(flow,
					    "It decodes to %zu replacement characters among "
					    "%zu bytes: what could not be decoded is lost.",
					    count_replacements(&reading), reading.size);
	} else if (!flow->verifier.len && read_s256(flow, &reading) && is_all_ascii(&reading)) {
		finding->confidence = PK_LIKELY;
		finding->detail = PK_STR("Not one of its 32 bytes has its highest bit set; in a "
					 "hash about half of them have.");
	} else {
		return ABSENT;
	}
	pair_show_challenge(flow, finding);
	return PRESENT;
}
