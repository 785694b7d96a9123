/* PKCE against the published vectors, and against what people get wrong. */
#include "setting.h"

#include "proofkey_unsafe.h"

#define BASE64URL_OF_HEX                                                                           \
	"MTNkMzFlOTYxYTFhZDhlYzJmMTZiMTBjNGM5ODJlMDg3NmE4NzhhZDZkZjE0NDU2NmVlMTg5NGFjYjcwZjljMw"
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

/* RFC 7636 B; the test suite of Glewlwyd; TikTok's own client library. */
static const struct {
	const char *verifier, *challenge;
	enum pk_challenge_encoding encoding;
} pairs[] = {
	{VERIFIER, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", PK_CHALLENGE_BASE64URL},
	{VERIFIER, "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3",
	 PK_CHALLENGE_HEX},
	{"XvkLR4XIl4DbkFz3RLEZUBStp8yIjvF8UtfRv0nkK8DqmrBtWvHmEuyBL2enyLF9",
	 "V0UN9ToT-UnbxeIx7imQdhFjsAZTmuARpHyuD2ajIIo", PK_CHALLENGE_BASE64URL},
	{"6nwfKTI6ODJmm89xBbvX0mOLbk0PbLY2sNS2o9vFixHU8hAktkQw3PwJHX1GAf69",
	 "GE8iHoAZ3H6to1ERRDVLx8iJD0XLHF0XjmfxWoAibQE", PK_CHALLENGE_BASE64URL},
	{"gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns",
	 "e6a178b120743d08509508f269652b0bdf91e29332921bc9e9744fd3dd41bfef", PK_CHALLENGE_HEX},
	{"Q6TYgUOmuBlhmw1IgAVSPJQ4t14sf.CdD4f3.ZR2ZLpCumYzIkMD4b7-DFwoffCs",
	 "RtCijE5rcEGI6whAhWqZ_IYU2IXriofWoGPBYlEaRCQ", PK_CHALLENGE_BASE64URL},
	{"Q6TYgUOmuBlhmw1IgAVSPJQ4t14sf.CdD4f3.ZR2ZLpCumYzIkMD4b7-DFwoffCs",
	 "46d0a28c4e6b704188eb0840856a99fc8614d885eb8a87d6a063c162511a4424", PK_CHALLENGE_HEX},
};

/* C-04 */
static void published_pairs_come_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct pk_verifier verifier;
		struct pk_challenge challenge;

		assert_err(pk_verifier_take(pk_str(pairs[i].verifier), &verifier, NULL), PK_OK);
		pk_challenge_make(&verifier, pairs[i].encoding, &challenge);
		assert_text(pk_challenge_str(&challenge), pairs[i].challenge);
		assert_err(pk_challenge_verify(pk_str(pairs[i].verifier),
					       pk_str(pairs[i].challenge), pairs[i].encoding, NULL),
			   PK_OK);
	}
}

/* C-02, C-03 */
static void entropy_becomes_a_verifier(void **state)
{
	static const uint8_t appendix_b[32] = {
		116, 24,  223, 180, 151, 153, 224, 37,  79, 250, 96, 125, 216, 173, 187, 186,
		22,  212, 37,  77,  105, 214, 191, 240, 91, 88,  5,  88,  83,  132, 141, 121};
	uint8_t most[PK_ENTROPY_MAX + 1] = {0};
	struct pk_verifier verifier;

	(void)state;
	assert_err(pk_verifier_make(appendix_b, sizeof(appendix_b), &verifier), PK_OK);
	assert_text(pk_verifier_str(&verifier), VERIFIER);
	assert_err(pk_verifier_make(most, PK_ENTROPY_MAX, &verifier), PK_OK);
	assert_int_equal(verifier.len, PK_VERIFIER_MAX);
	assert_err(pk_verifier_make(most, PK_ENTROPY_MIN - 1, &verifier), PK_ERR_ARGUMENT);
	assert_err(pk_verifier_make(most, PK_ENTROPY_MAX + 1, &verifier), PK_ERR_ARGUMENT);
}

/* C-02 */
static void a_verifier_has_43_to_128_characters(void **state)
{
	char text[PK_VERIFIER_MAX + 1];
	struct pk_verifier verifier;
	struct pk_why why;

	(void)state;
	memset(text, '~', sizeof(text));
	for (size_t len = 0; len <= sizeof(text); len++) {
		const enum pk_err want = len < PK_VERIFIER_MIN   ? PK_ERR_VERIFIER_TOO_SHORT
					 : len > PK_VERIFIER_MAX ? PK_ERR_VERIFIER_TOO_LONG
								 : PK_OK;

		assert_err(pk_verifier_take((struct pk_str){text, len}, &verifier, &why), want);
	}
	assert_err(pk_verifier_take(PK_STR("XvkLR4XIl4DbkFz3RLEZUBStp8yIjvF8UtfRv0nkww"), &verifier,
				    &why),
		   PK_ERR_VERIFIER_TOO_SHORT);
	assert_string_equal(why.detail, "it has 42 characters, 43 are the fewest");
}

/* C-02 */
static void every_other_character_is_refused_where_it_stands(void **state)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	struct pk_verifier verifier;
	struct pk_why why;

	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[] = VERIFIER;
		const bool fine = c && strchr(allowed, c);

		text[42] = (char)c;
		assert_err(pk_verifier_take((struct pk_str){text, 43}, &verifier, &why),
			   fine ? PK_OK : PK_ERR_VERIFIER_CHARACTERS);
		if (!fine)
			assert_true(text_has(pk_str(why.detail), "position 42"));
	}
}

/* The evidence is logged; the verifier is a secret. */
static void a_refusal_does_not_show_the_verifier(void **state)
{
	struct pk_why why;

	(void)state;
	assert_err(pk_challenge_verify(PK_STR(VERIFIER), PK_STR("x"), PK_CHALLENGE_HEX, &why),
		   PK_ERR_VERIFIER_MISMATCH);
	assert_false(text_has(pk_str(why.detail), "dBjf"));
	assert_true(text_has(pk_str(why.detail), "hex"));
}

static void nearly_right_challenges_are_wrong(void **state)
{
	static const char *const wrong[] = {
		"",
		"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
		"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
		"e9melhoa2owvfremtjguchaoek1t8urwbugjsstw-cm",
		"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c",
		"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
		VERIFIER,
		"13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3",
		BASE64URL_OF_HEX,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_err(pk_challenge_verify(PK_STR(VERIFIER), pk_str(wrong[i]),
					       PK_CHALLENGE_BASE64URL, NULL),
			   PK_ERR_VERIFIER_MISMATCH);
	assert_err(
		pk_challenge_verify(
			PK_STR(VERIFIER),
			PK_STR("13D31E961A1AD8EC2F16B10C4C982E0876A878AD6DF144566EE1894ACB70F9C3"),
			PK_CHALLENGE_HEX, NULL),
		PK_ERR_VERIFIER_MISMATCH);
}

/* Two absent values must never be "the same". */
static void nothing_does_not_belong_to_nothing(void **state)
{
	(void)state;
	assert_err(pk_challenge_verify(pk_str(NULL), pk_str(NULL), PK_CHALLENGE_BASE64URL, NULL),
		   PK_ERR_VERIFIER_TOO_SHORT);
	assert_err(pk_unsafe_challenge_plain_verify(pk_str(""), pk_str(""), NULL),
		   PK_ERR_VERIFIER_TOO_SHORT);
}

static void plain_is_the_verifier_itself(void **state)
{
	struct pk_verifier verifier;
	struct pk_challenge challenge;

	(void)state;
	assert_err(pk_verifier_take(PK_STR(VERIFIER), &verifier, NULL), PK_OK);
	pk_unsafe_challenge_plain(&verifier, &challenge);
	assert_text(pk_challenge_str(&challenge), VERIFIER);
	assert_err(pk_unsafe_challenge_plain_verify(PK_STR(VERIFIER), pk_challenge_str(&challenge),
						    NULL),
		   PK_OK);
	assert_err(pk_unsafe_challenge_plain_verify(
			   PK_STR(VERIFIER), PK_STR("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
			   NULL),
		   PK_ERR_VERIFIER_MISMATCH);
}

static void wiping_leaves_no_verifier(void **state)
{
	struct pk_verifier verifier;

	(void)state;
	assert_err(pk_verifier_take(PK_STR(VERIFIER), &verifier, NULL), PK_OK);
	pk_verifier_wipe(&verifier);
	for (size_t i = 0; i < sizeof(verifier); i++)
		assert_int_equal(((const unsigned char *)&verifier)[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_pairs_come_out),
		cmocka_unit_test(entropy_becomes_a_verifier),
		cmocka_unit_test(a_verifier_has_43_to_128_characters),
		cmocka_unit_test(every_other_character_is_refused_where_it_stands),
		cmocka_unit_test(a_refusal_does_not_show_the_verifier),
		cmocka_unit_test(nearly_right_challenges_are_wrong),
		cmocka_unit_test(nothing_does_not_belong_to_nothing),
		cmocka_unit_test(plain_is_the_verifier_itself),
		cmocka_unit_test(wiping_leaves_no_verifier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
