/* The rules of the pair, each in the file that looks at its half; and what they share. */
#ifndef EXPLAIN_RULES_PAIR_H
#define EXPLAIN_RULES_PAIR_H

#include "explain/rule.h"

/* rules_pair_challenge.c: how the challenge is written */
rule_fn look_challenge_not_hex;
rule_fn look_challenge_is_hex;
rule_fn look_challenge_base64_of_hex;
rule_fn look_challenge_standard_base64;
rule_fn look_challenge_padded;

/* rules_pair_hash.c: what was hashed, and how */
rule_fn look_challenge_hashes_raw_bytes;
rule_fn look_challenge_double_hashed;
rule_fn look_challenge_of_empty_value;
rule_fn look_challenge_digest_as_text;
rule_fn look_challenge_wrong_hash;
rule_fn look_challenge_utf16;

/* rules_pair_verifier.c: what became of the verifier */
rule_fn look_verifier_too_short;
rule_fn look_verifier_too_long;
rule_fn look_verifier_bad_characters;
rule_fn look_verifier_whitespace;
rule_fn look_verifier_quoted;
rule_fn look_verifier_percent_encoded;
rule_fn look_verifier_truncated;

/* rules_pair_method.c: code_challenge_method, and plain */
rule_fn look_challenge_plain;
rule_fn look_method_missing;
rule_fn look_method_misspelt;
rule_fn look_challenge_missing_with_method;

/* rules_pair_place.c: the right value in the wrong place, or another in its place */
rule_fn look_verifier_is_challenge;
rule_fn look_challenge_is_verifier;
rule_fn look_verifier_is_state;
rule_fn look_verifier_wrong_parameter;
rule_fn look_verifier_of_another_login;
rule_fn look_verifier_is_sample;
rule_fn look_verifier_mismatch;

/* rules_pair_placeholder.c */
rule_fn look_placeholder_not_substituted;

/* Whether this provider is known to want the challenge in hex. */
bool pair_wants_hex(const struct flow *flow);

/* The challenge that this verifier should have had at this provider. */
struct pk_str pair_challenge_of(const struct flow *flow, struct pk_str verifier);

/* Whether the challenge is the S256 of the verifier, in base64url or lower-case hex. */
bool pair_belongs(struct pk_str verifier, struct pk_str challenge);

/* What the provider takes the challenge for. */
enum pair_method {
	METHOD_S256,
	METHOD_PLAIN,
	METHOD_ABSENT, /* and what the provider then assumes is for the rule to say */
	METHOD_OTHER,
};
enum pair_method pair_method(const struct flow *flow);

/* How the challenge is written: as the pair shows it, or where the verifier is not visible or
 * belongs to nothing, as its own bytes do. All NONE where neither says. */
struct pair_shape {
	enum pk_transform glued;
	enum pk_transform encoding;
	bool upper_case;
};
struct pair_shape pair_shape(const struct flow *flow);

/* The words that stand where a program had no value. */
bool pair_is_unset(struct pk_str value);

/* Whether a parameter's value is a template's placeholder. */
bool pair_is_placeholder(struct pk_str name, struct pk_str value);

/* Whether the challenge is that of an empty or unset value; what that was. */
bool pair_is_of_nothing(struct pk_str challenge, const char **ret_what);

/* A longer verifier of the capture, stored or sent, that this one is the beginning of; or "not
 * given". */
struct pk_str pair_uncut(const struct flow *flow);

/* Whether what was sent as the verifier is known to be something else: a placeholder, the state. */
bool pair_is_no_verifier(const struct flow *flow);

/* The other request of the capture that this verifier belongs to, or NULL. */
const struct flow_part *pair_other_login(const struct flow *flow);

/* Verdict of a rule that is about how verifier and challenge are related: proved where `is` says
 * so. */
enum verdict pair_verdict(const struct flow *flow, struct pk_finding *finding, bool is);

/* A parameter's name as a C string in the arena. */
const char *pair_name(const struct flow *flow, struct pk_str name);

/* The evidence that most rules of the pair show: the challenge, and the one that belongs to the
 * verifier. */
void pair_show_challenge(const struct flow *flow, struct pk_finding *finding);

#endif
