/*
 * Attempts in `state`, as attackers get hold of them: changed in every byte, cut, from another
 * installation, made for another purpose; and the verifier, which neither the state alone nor the
 * cookie alone leads to.
 */
#include "setting.h"

#include "base/encode.h"
#include "gateway/attempt.h"
#include "gateway/session.h"

#include <sodium.h>

static const struct keys keys = {
	.key = {{{1, 2, 3, 4}, "the attempt key of this test...."}, {{5, 6, 7, 8}, "an old one"}},
	.count = 2,
};
static struct token_sealer *sealer;

static int make_sealer(void **state)
{
	(void)state;
	sealer = token_sealer_new(keys.key, keys.count);
	return sodium_init() < 0 || !sealer;
}

static int free_sealer(void **state)
{
	(void)state;
	token_sealer_free(sealer);
	return 0;
}

static struct attempt sample(void)
{
	struct attempt attempt = {
		.created_at = 1764000000,
		.login = PK_STR("tiktok"),
		.return_to = PK_STR("https://app.example.com/videos"),
	};

	memcpy(attempt.id, "0123456789abcdef", sizeof(attempt.id));
	attempt_browser(PK_STR("aGVsbG8gZnJvbSBhIGJyb3c"), attempt.browser);
	return attempt;
}

static struct pk_str seal(struct token_sealer *with, const struct attempt *attempt,
			  char memory[static STATE_MAX])
{
	struct pk_buf out = pk_buf(memory, STATE_MAX);

	attempt_seal(with, attempt, &out);
	assert_false(out.overflow);
	return pk_buf_str(&out);
}

static enum attempt_result open_state(struct pk_str text, struct attempt *ret)
{
	static char memory[STATE_MAX];

	return attempt_open(sealer, text, memory, ret);
}

static void opens_what_was_sealed(void **state)
{
	const struct attempt attempt = sample();
	struct attempt opened;
	char memory[STATE_MAX];

	(void)state;
	assert_int_equal(open_state(seal(sealer, &attempt, memory), &opened), ATTEMPT_OPENED);
	assert_memory_equal(opened.id, attempt.id, sizeof(attempt.id));
	assert_memory_equal(opened.browser, attempt.browser, sizeof(attempt.browser));
	assert_int_equal(opened.created_at, attempt.created_at);
	assert_text(opened.login, "tiktok");
	assert_text(opened.return_to, "https://app.example.com/videos");
}

/* C-01: RFC 9700 4.7: the state may not be guessed; two attempts never share one. */
static void no_two_states_are_equal(void **state)
{
	const struct attempt attempt = sample();
	char first[STATE_MAX], second[STATE_MAX];

	(void)state;
	assert_false(pk_str_equal(seal(sealer, &attempt, first), seal(sealer, &attempt, second)));
	assert_true(seal(sealer, &attempt, first).len >= PK_STATE_MIN);
}

/* It passes through URLs, logs and providers as it is. */
static void a_state_is_url_safe(void **state)
{
	const struct attempt attempt = sample();
	char memory[STATE_MAX];
	const struct pk_str text = seal(sealer, &attempt, memory);

	(void)state;
	for (size_t i = 0; i < text.len; i++)
		assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_",
				       text.ptr[i]));
	assert_false(text_has(text, "tiktok"));
}

static void every_character_counts(void **state)
{
	const struct attempt attempt = sample();
	struct attempt opened;
	char memory[STATE_MAX];
	const struct pk_str text = seal(sealer, &attempt, memory);
	size_t altered = 0;

	(void)state;
	for (size_t i = 0; i < text.len; i++) {
		const char kept = memory[i];

		memory[i] = kept == 'A' ? 'B' : 'A';

		const enum attempt_result result = open_state(text, &opened);

		assert_int_not_equal(result, ATTEMPT_OPENED);
		altered += result == ATTEMPT_ALTERED;
		memory[i] = '=';
		assert_int_equal(open_state(text, &opened), ATTEMPT_UNKNOWN);
		memory[i] = kept;
	}
	/* All but those of the key's id, and a last one whose unused bits are not zero. */
	assert_in_range(altered, text.len - 8, text.len - 5);
	assert_int_equal(open_state(text, &opened), ATTEMPT_OPENED);
}

static void cut_or_longer_opens_nothing(void **state)
{
	const struct attempt attempt = sample();
	struct attempt opened;
	char memory[STATE_MAX];
	const struct pk_str text = seal(sealer, &attempt, memory);

	(void)state;
	for (size_t len = 0; len < text.len; len++)
		assert_int_not_equal(open_state((struct pk_str){text.ptr, len}, &opened),
				     ATTEMPT_OPENED);
	memory[text.len] = 'A';
	assert_int_not_equal(open_state((struct pk_str){text.ptr, text.len + 1}, &opened),
			     ATTEMPT_OPENED);
}

static void longer_than_any_state_is_unknown(void **state)
{
	static char text[1 << 20];
	struct attempt opened;

	(void)state;
	memset(text, 'A', sizeof(text));
	assert_int_equal(open_state((struct pk_str){text, STATE_MAX + 1}, &opened),
			 ATTEMPT_UNKNOWN);
	assert_int_equal(open_state((struct pk_str){text, sizeof(text)}, &opened), ATTEMPT_UNKNOWN);
	assert_int_equal(open_state((struct pk_str){0}, &opened), ATTEMPT_UNKNOWN);
}

static void another_installation_is_told_apart(void **state)
{
	const struct subkey other = {{9, 9, 9, 9}, "the attempt key of somebody else"};
	/* The same id by chance, or by malice. */
	const struct subkey posing = {{1, 2, 3, 4}, "the attempt key of somebody else"};
	struct token_sealer *theirs = token_sealer_new(&other, 1);
	struct token_sealer *faked = token_sealer_new(&posing, 1);
	const struct attempt attempt = sample();
	struct attempt opened;
	char memory[STATE_MAX];

	(void)state;
	assert_non_null(theirs);
	assert_non_null(faked);
	assert_int_equal(open_state(seal(theirs, &attempt, memory), &opened), ATTEMPT_OTHER_KEY);
	assert_int_equal(open_state(seal(faked, &attempt, memory), &opened), ATTEMPT_ALTERED);
	token_sealer_free(theirs);
	token_sealer_free(faked);
}

/* After a rotation, what the old key sealed opens, with the verifier of the old key. */
static void an_old_key_opens_its_own(void **state)
{
	struct token_sealer *old = token_sealer_new(&keys.key[1], 1);
	const struct attempt attempt = sample();
	struct attempt opened;
	char memory[STATE_MAX];

	(void)state;
	assert_non_null(old);
	assert_int_equal(open_state(seal(old, &attempt, memory), &opened), ATTEMPT_OPENED);
	token_sealer_free(old);
}

/* Even under one key: what a seal is for is part of it. */
static void a_session_is_no_attempt(void **state)
{
	struct session session = {.expires_at = INT64_MAX, .subject = PK_STR("ada")};
	const struct attempt attempt = sample();
	char memory[SESSION_TEXT_MAX], state_memory[STATE_MAX], opened_memory[SESSION_TEXT_MAX];
	struct pk_buf cookie = pk_buf(memory, sizeof(memory));
	struct attempt opened;

	(void)state;
	assert_true(session_seal(sealer, &session, &cookie));
	assert_int_equal(open_state(pk_buf_str(&cookie), &opened), ATTEMPT_ALTERED);
	assert_true(session_open(sealer, pk_buf_str(&cookie), 0, opened_memory, &session));
	assert_false(session_open(sealer, seal(sealer, &attempt, state_memory), 0, opened_memory,
				  &session));
}

static void the_longest_fields_fit(void **state)
{
	static char login[SESSION_LOGIN_MAX], return_to[RETURN_TO_MAX + 1];
	struct attempt attempt = sample(), opened;
	char memory[STATE_MAX];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	(void)state;
	memset(login, 'l', sizeof(login));
	memset(return_to, 'r', sizeof(return_to));
	attempt.login = (struct pk_str){login, sizeof(login)};
	attempt.return_to = (struct pk_str){return_to, RETURN_TO_MAX};
	assert_int_equal(open_state(seal(sealer, &attempt, memory), &opened), ATTEMPT_OPENED);
	assert_true(pk_str_equal(opened.login, attempt.login));
	assert_true(pk_str_equal(opened.return_to, attempt.return_to));

	/* What would not open again is not sealed. */
	attempt.return_to.len = sizeof(return_to);
	attempt_seal(sealer, &attempt, &out);
	assert_true(out.overflow);
}

/* What was sealed with our key and is no attempt: a format of another version, say. */
static void a_foreign_format_is_unknown(void **state)
{
	static const char *const plains[] = {"", "x", "\x02\0\0\0\0\0\0\0", "\x01\0\0\0\0\0\0\0"};
	static const uint8_t nonce[SEAL_NONCE];
	struct attempt opened;
	char memory[STATE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(plains) / sizeof(plains[0]); i++) {
		struct pk_buf out = pk_buf(memory, sizeof(memory));

		token_seal(sealer, nonce, PK_STR("attempt"),
			   (struct pk_str){plains[i], i < 2 ? strlen(plains[i]) : 8}, &out);
		assert_false(out.overflow);
		assert_int_equal(open_state(pk_buf_str(&out), &opened), ATTEMPT_UNKNOWN);
	}
}

/* C-01, G-15: Each of the three makes another verifier; the same three make the same one. */
static void the_verifier_needs_key_attempt_and_cookie(void **state)
{
	const uint8_t id[ATTEMPT_ID] = "0123456789abcdef",
		      other_id[ATTEMPT_ID] = "0123456789abcdeg";
	const struct pk_str cookie = PK_STR("cookie"), other_cookie = PK_STR("cookif");
	struct pk_verifier verifier, again, other[3];

	(void)state;
	attempt_verifier(&keys.key[0], id, cookie, &verifier);
	attempt_verifier(&keys.key[0], id, cookie, &again);
	attempt_verifier(&keys.key[1], id, cookie, &other[0]);
	attempt_verifier(&keys.key[0], other_id, cookie, &other[1]);
	attempt_verifier(&keys.key[0], id, other_cookie, &other[2]);
	assert_int_equal(verifier.len, PK_VERIFIER_MIN);
	assert_true(pk_str_equal(pk_verifier_str(&verifier), pk_verifier_str(&again)));
	for (size_t i = 0; i < 3; i++)
		assert_false(pk_str_equal(pk_verifier_str(&verifier), pk_verifier_str(&other[i])));
	assert_err(pk_verifier_take(pk_verifier_str(&verifier), &again, NULL), PK_OK);
}

/* A fixed value: a replica of another version must come to the same verifier. HMAC-SHA256 over the
 * label with its NUL, the id, BLAKE2b-128 of the cookie, and 1. */
static void the_verifier_stays_what_it_is(void **state)
{
	static const char label[] = "proofkey code_verifier 1";
	const uint8_t id[ATTEMPT_ID] = "0123456789abcdef";
	uint8_t text[sizeof(label) + 16 + 16 + 1], block[32];
	char memory[64];
	struct pk_buf want = pk_buf(memory, sizeof(memory));
	struct pk_verifier verifier;

	(void)state;
	memcpy(text, label, sizeof(label));
	memcpy(text + sizeof(label), id, 16);
	attempt_browser(PK_STR("cookie"), text + sizeof(label) + 16);
	text[sizeof(text) - 1] = 1;
	crypto_auth_hmacsha256(block, text, sizeof(text), keys.key[0].key);
	pk_base64url_encode(&want, block, sizeof(block));
	attempt_verifier(&keys.key[0], id, PK_STR("cookie"), &verifier);
	assert_true(pk_str_equal(pk_verifier_str(&verifier), pk_buf_str(&want)));
}

static void the_key_is_the_one_that_sealed(void **state)
{
	struct token_sealer *old = token_sealer_new(&keys.key[1], 1);
	const struct attempt attempt = sample();
	const struct keys other = {.key = {{{9, 9, 9, 9}, "another"}}, .count = 1};
	char memory[STATE_MAX];

	(void)state;
	assert_non_null(old);
	assert_ptr_equal(attempt_key(&keys, seal(sealer, &attempt, memory)), &keys.key[0]);
	assert_ptr_equal(attempt_key(&keys, seal(old, &attempt, memory)), &keys.key[1]);
	assert_null(attempt_key(&other, seal(old, &attempt, memory)));
	assert_null(attempt_key(&keys, PK_STR("AQIDBAA")));
	assert_null(attempt_key(&keys, PK_STR("AQID*AAA")));
	assert_null(attempt_key(&keys, (struct pk_str){0}));
	token_sealer_free(old);
}

/* C-01: the nonce belongs to this attempt in this browser, and says nothing of the verifier. */
static void the_nonce_is_of_one_attempt_in_one_browser(void **state)
{
	const struct attempt attempt = sample();
	const struct pk_str cookie = PK_STR("aGVsbG8gZnJvbSBhIGJyb3c");
	uint8_t other_id[ATTEMPT_ID] = "another attempt";
	char nonce[NONCE_TEXT], again[NONCE_TEXT], other[NONCE_TEXT];
	struct pk_verifier verifier;

	(void)state;
	attempt_nonce(&keys.key[0], attempt.id, cookie, nonce);
	attempt_nonce(&keys.key[0], attempt.id, cookie, again);
	assert_memory_equal(nonce, again, sizeof(nonce));
	attempt_nonce(&keys.key[1], attempt.id, cookie, other);
	assert_memory_not_equal(nonce, other, sizeof(nonce));
	attempt_nonce(&keys.key[0], other_id, cookie, other);
	assert_memory_not_equal(nonce, other, sizeof(nonce));
	attempt_nonce(&keys.key[0], attempt.id, PK_STR("another browser's"), other);
	assert_memory_not_equal(nonce, other, sizeof(nonce));
	attempt_verifier(&keys.key[0], attempt.id, cookie, &verifier);
	assert_int_equal(verifier.len, sizeof(nonce));
	assert_memory_not_equal(nonce, verifier.text, sizeof(nonce));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_was_sealed),
		cmocka_unit_test(no_two_states_are_equal),
		cmocka_unit_test(a_state_is_url_safe),
		cmocka_unit_test(every_character_counts),
		cmocka_unit_test(cut_or_longer_opens_nothing),
		cmocka_unit_test(longer_than_any_state_is_unknown),
		cmocka_unit_test(another_installation_is_told_apart),
		cmocka_unit_test(an_old_key_opens_its_own),
		cmocka_unit_test(a_session_is_no_attempt),
		cmocka_unit_test(the_longest_fields_fit),
		cmocka_unit_test(a_foreign_format_is_unknown),
		cmocka_unit_test(the_verifier_needs_key_attempt_and_cookie),
		cmocka_unit_test(the_verifier_stays_what_it_is),
		cmocka_unit_test(the_key_is_the_one_that_sealed),
		cmocka_unit_test(the_nonce_is_of_one_attempt_in_one_browser),
	};

	return cmocka_run_group_tests(tests, make_sealer, free_sealer);
}
