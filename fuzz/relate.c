/*
 * What turns a verifier into a challenge. Whatever was found is checked the other way round where
 * that can be done without the search: a right pair must verify, and one that verifies must be
 * found as right, whatever the texts.
 */
#include "must.h"

#include "base/text.h"
#include "proofkey_explain.h"

#include <string.h>

static bool is_right(const struct pk_relation *relation, enum pk_transform encoding)
{
	return relation->found && !relation->verifier && !relation->challenge && !relation->hash &&
	       !relation->upper_case && relation->encoding == encoding;
}

static bool verifies(struct pk_str verifier, struct pk_str challenge,
		     enum pk_challenge_encoding encoding)
{
	return pk_challenge_verify(verifier, challenge, encoding, NULL) == PK_OK;
}

/* A name for everything, and "none" for nothing alone. */
static void check_name(const struct pk_relation *relation)
{
	must((strcmp(pk_relation_name(relation), "none") != 0) ==
	     (relation->found &&
	      (relation->verifier || relation->challenge || relation->hash || relation->encoding)));
	must(relation->found || (!relation->verifier && !relation->hash && !relation->encoding));
}

static void try_pair(struct pk_str verifier, struct pk_str challenge)
{
	const struct pk_relation relation = pk_relate(verifier, challenge);

	check_name(&relation);
	if (verifies(verifier, challenge, PK_CHALLENGE_BASE64URL))
		must(is_right(&relation, PK_TRANSFORM_BASE64URL));
	if (verifies(verifier, challenge, PK_CHALLENGE_HEX))
		must(is_right(&relation, PK_TRANSFORM_HEX));
	if (relation.hash == PK_TRANSFORM_PLAIN && !relation.verifier && !relation.encoding)
		must(pk_str_equal(verifier, challenge));
}

/* The right challenges of a verifier that is allowed. */
static void try_verifier(struct pk_str text)
{
	struct pk_verifier verifier;
	struct pk_challenge challenge;

	if (pk_verifier_take(text, &verifier, NULL) != PK_OK)
		return;
	pk_challenge_make(&verifier, PK_CHALLENGE_BASE64URL, &challenge);
	try_pair(text, pk_challenge_str(&challenge));
	pk_challenge_make(&verifier, PK_CHALLENGE_HEX, &challenge);
	try_pair(text, pk_challenge_str(&challenge));
}

/* The input is a line with the verifier, and the rest is the challenge. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pk_str challenge = {(const char *)data, size};
	const struct pk_str verifier = pk_str_cut(&challenge, '\n');

	try_pair(verifier, challenge);
	try_pair(challenge, verifier);
	try_verifier(verifier);
	return 0;
}
