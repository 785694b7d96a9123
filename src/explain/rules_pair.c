/*
 * The pair: verifier and challenge (RFC 7636). Most of it is provable from the authorize and the
 * token request alone: pk_relate() says what turns the one into the other, and each rule is about
 * one thing that should not have happened on the way. What the provider says is hardly asked.
 */
#include "explain/rules_pair.h"
#include "base/encode.h"
#include "base/text.h"

#include <sodium.h>

/* clang-format off */
const struct rule rules_pair[] = {
	{"placeholder-not-substituted",   look_placeholder_not_substituted,   false},
	{"challenge-missing-with-method", look_challenge_missing_with_method, false},
	{"challenge-of-empty-value",      look_challenge_of_empty_value,      false},
	{"challenge-base64-of-hex",       look_challenge_base64_of_hex,       false},
	{"challenge-digest-as-text",      look_challenge_digest_as_text,      false},
	{"challenge-hashes-raw-bytes",    look_challenge_hashes_raw_bytes,    false},
	{"challenge-double-hashed",       look_challenge_double_hashed,       false},
	{"challenge-wrong-hash",          look_challenge_wrong_hash,          false},
	{"challenge-utf16",               look_challenge_utf16,               false},
	{"verifier-whitespace",           look_verifier_whitespace,           false},
	{"verifier-quoted",               look_verifier_quoted,               false},
	{"verifier-percent-encoded",      look_verifier_percent_encoded,      false},
	{"verifier-truncated",            look_verifier_truncated,            false},
	{"verifier-is-challenge",         look_verifier_is_challenge,         false},
	{"challenge-is-verifier",         look_challenge_is_verifier,         false},
	{"verifier-is-state",             look_verifier_is_state,             false},
	{"verifier-wrong-parameter",      look_verifier_wrong_parameter,      false},
	{"verifier-of-another-login",     look_verifier_of_another_login,     false},
	{"challenge-not-hex",             look_challenge_not_hex,             false},
	{"challenge-is-hex",              look_challenge_is_hex,              false},
	{"challenge-standard-base64",     look_challenge_standard_base64,     false},
	{"challenge-padded",              look_challenge_padded,              false},
	{"challenge-plain",               look_challenge_plain,               false},
	{"method-missing",                look_method_missing,                false},
	{"method-misspelt",               look_method_misspelt,               false},
	{"verifier-too-short",            look_verifier_too_short,            false},
	{"verifier-too-long",             look_verifier_too_long,             false},
	{"verifier-bad-characters",       look_verifier_bad_characters,       false},
	{"verifier-mismatch",             look_verifier_mismatch,             false},
	{NULL, NULL, false},
};

/* Accepted by every provider, which makes it a fault of logins that succeed. */
const struct rule rules_pair_aside[] = {
	{"verifier-is-sample",            look_verifier_is_sample,            true},
	{NULL, NULL, false},
};
/* clang-format on */

bool pair_wants_hex(const struct flow *flow)
{
	return flow->dialect && flow->dialect->challenge == PK_CHALLENGE_HEX;
}

#define CHALLENGE_MAX (2 * crypto_hash_sha256_BYTES)

static struct pk_buf s256(struct pk_str verifier, bool hex, char memory[static CHALLENGE_MAX])
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	struct pk_buf out = pk_buf(memory, CHALLENGE_MAX);

	crypto_hash_sha256(digest, (const unsigned char *)verifier.ptr, verifier.len);
	if (hex)
		pk_hex_encode(&out, digest, sizeof(digest));
	else
		pk_base64url_encode(&out, digest, sizeof(digest));
	return out;
}

struct pk_str pair_challenge_of(const struct flow *flow, struct pk_str verifier)
{
	char memory[CHALLENGE_MAX];
	const struct pk_buf right = s256(verifier, pair_wants_hex(flow), memory);

	return verifier.ptr ? flow_text(flow, "%.*s", PK_ARG(right)) : (struct pk_str){0};
}

bool pair_belongs(struct pk_str verifier, struct pk_str challenge)
{
	char memory[CHALLENGE_MAX];

	for (int hex = 0; hex <= 1 && verifier.len && challenge.len; hex++) {
		const struct pk_buf right = s256(verifier, hex, memory);

		if (pk_str_equal(pk_buf_str(&right), challenge))
			return true;
	}
	return false;
}

enum pair_method pair_method(const struct flow *flow)
{
	const struct pk_dialect *dialect = flow->dialect;

	if (!flow->method.len)
		return dialect && (dialect->method_missing == PK_METHOD_MISSING_S256 ||
				   !dialect->challenge_method.len)
			       ? METHOD_S256
			       : METHOD_ABSENT;
	if (pk_str_equal(flow->method, PK_STR("S256")) ||
	    (dialect && pk_str_equal(flow->method, dialect->challenge_method)))
		return METHOD_S256;
	return pk_str_equal(flow->method, PK_STR("plain")) ? METHOD_PLAIN : METHOD_OTHER;
}

bool pair_is_unset(struct pk_str value)
{
	static const char *const words[] = {"undefined",        "null", "None",  "[object Object]",
					    "[object Promise]", "NaN",  "false", "nil"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pk_str_equal(value, pk_str(words[i])))
			return true;
	return false;
}

const char *pair_name(const struct flow *flow, struct pk_str name)
{
	const struct pk_str text = flow_text(flow, "%.*s%c", PK_ARG(name), '\0');

	return text.ptr ? text.ptr : "parameter";
}

/* What stuck to the verifier is no part of what the right challenge would be of. */
static bool has_own_challenge(const struct pk_relation *relation)
{
	return relation->found &&
	       (!relation->verifier || relation->verifier == PK_TRANSFORM_RAW_BYTES ||
		relation->verifier == PK_TRANSFORM_UTF16);
}

void pair_show_challenge(const struct flow *flow, struct pk_finding *finding)
{
	show(finding, &flow->authorize, "code_challenge", flow->challenge,
	     has_own_challenge(&flow->relation) ? pair_challenge_of(flow, flow->verifier)
						: (struct pk_str){0});
}

enum verdict pair_verdict(const struct flow *flow, struct pk_finding *finding, bool is)
{
	if (!flow->verifier.len || !flow->challenge.len)
		return NOT_VISIBLE;
	if (!is)
		return ABSENT;
	finding->confidence = PK_PROVED;
	pair_show_challenge(flow, finding);
	show_secret(finding, &flow->token, "code_verifier", flow->verifier, (struct pk_str){0});
	return PRESENT;
}
