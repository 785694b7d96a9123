/*
 * Seals: the published vectors of XAES-256-GCM, and what an attacker may try on a seal that he
 * carries (a cookie) or can write (a row of the store): change it, cut it, move it, make it anew.
 */
#include "vault/seal.h"
#include "vault/xaes.h"
#include "base/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define PLAIN "subject=ada&login=rfc7636"
#define TEXT_MAX 8192

static const uint8_t nonce[SEAL_NONCE] = "ABCDEFGHIJKLMNOPQRSTUVW";
static const struct subkey old_key = {{1, 1, 1, 1}, {0x11}}, new_key = {{2, 2, 2, 2}, {0x22}};

static struct token_sealer *sealer_of(struct subkey key)
{
	struct token_sealer *sealer = token_sealer_new(&key, 1);

	assert_non_null(sealer);
	return sealer;
}

/* The seal of PLAIN, bound to "session", as text in `memory`. */
static struct pk_str seal_plain(struct token_sealer *sealer, char memory[static TEXT_MAX])
{
	struct pk_buf out = pk_buf(memory, TEXT_MAX);

	token_seal(sealer, nonce, PK_STR("session"), PK_STR(PLAIN), &out);
	assert_false(out.overflow);
	return pk_buf_str(&out);
}

static enum seal_result open_text(struct token_sealer *sealer, struct pk_str bound,
				  struct pk_str text, struct pk_str *ret)
{
	static char memory[TEXT_MAX];

	assert_true(text.len <= sizeof(memory));
	return token_open(sealer, bound, text, memory, ret);
}

/* C2SP XAES-256-GCM, "Test vectors". */
static void xaes_published_vectors(void **state)
{
	static const struct {
		uint8_t key_byte;
		const char *bound;
		const char *sealed;
	} vectors[] = {
		{0x01, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{0x03, "c2sp.org/XAES-256-GCM",
		 "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	};
	const uint8_t *text_nonce = (const uint8_t *)"ABCDEFGHIJKLMNOPQRSTUVWX";
	const struct pk_str plain = PK_STR("XAES-256-GCM");

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct pk_str bound = pk_str(vectors[i].bound);
		uint8_t key[XAES_KEY], sealed[12 + XAES_TAG], opened[12];
		char hex[2 * sizeof(sealed) + 1];
		struct xaes xaes;

		memset(key, vectors[i].key_byte, sizeof(key));
		assert_true(xaes_init(&xaes, key));
		assert_true(xaes_seal(&xaes, text_nonce, &bound, 1, plain, sealed));
		sodium_bin2hex(hex, sizeof(hex), sealed, sizeof(sealed));
		assert_string_equal(hex, vectors[i].sealed);
		assert_true(xaes_open(&xaes, text_nonce, &bound, 1,
				      (struct pk_str){(const char *)sealed, sizeof(sealed)},
				      opened));
		assert_memory_equal(opened, plain.ptr, plain.len);
		xaes_wipe(&xaes);
	}
}

/* What is bound is one text, in however many parts it is given. */
static void xaes_bound_parts_are_joined(void **state)
{
	const struct pk_str parts[] = {PK_STR("c2sp.org/"), PK_STR(""), PK_STR("XAES-256-GCM")};
	uint8_t key[XAES_KEY], sealed[12 + XAES_TAG];
	char hex[2 * sizeof(sealed) + 1];
	struct xaes xaes;

	(void)state;
	memset(key, 0x03, sizeof(key));
	assert_true(xaes_init(&xaes, key));
	assert_true(xaes_seal(&xaes, (const uint8_t *)"ABCDEFGHIJKLMNOPQRSTUVWX", parts, 3,
			      PK_STR("XAES-256-GCM"), sealed));
	sodium_bin2hex(hex, sizeof(hex), sealed, sizeof(sealed));
	assert_string_equal(hex, "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
	xaes_wipe(&xaes);
}

static void token_opens_what_it_sealed(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 300, SEAL_TOKEN_MAX};
	static char plain[SEAL_TOKEN_MAX], memory[TEXT_MAX];
	struct token_sealer *sealer = sealer_of(old_key);
	struct pk_str opened;

	(void)state;
	randombytes_buf(plain, sizeof(plain));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct pk_buf out = pk_buf(memory, sizeof(memory));

		token_seal(sealer, nonce, PK_STR("session"), (struct pk_str){plain, sizes[i]},
			   &out);
		assert_false(out.overflow);
		assert_int_equal(out.len, SEAL_TOKEN_LEN(sizes[i]));
		assert_int_equal(open_text(sealer, PK_STR("session"), pk_buf_str(&out), &opened),
				 SEAL_OPENED);
		assert_int_equal(opened.len, sizes[i]);
		assert_memory_equal(opened.ptr, plain, sizes[i]);
	}
	token_sealer_free(sealer);
}

static void token_too_long_to_seal_overflows(void **state)
{
	static char plain[SEAL_TOKEN_MAX + 1], memory[TEXT_MAX];
	struct token_sealer *sealer = sealer_of(old_key);
	struct pk_buf large = pk_buf(memory, sizeof(memory)), small = pk_buf(memory, 20);

	(void)state;
	token_seal(sealer, nonce, PK_STR("session"), (struct pk_str){plain, sizeof(plain)}, &large);
	assert_true(large.overflow);
	token_seal(sealer, nonce, PK_STR("session"), PK_STR(PLAIN), &small);
	assert_true(small.overflow);
	token_sealer_free(sealer);
}

static void token_needs_its_purpose(void **state)
{
	char memory[TEXT_MAX];
	struct token_sealer *sealer = sealer_of(old_key);
	const struct pk_str text = seal_plain(sealer, memory);
	struct pk_str opened = PK_STR("untouched");

	(void)state;
	assert_int_equal(open_text(sealer, PK_STR("attempt"), text, &opened), SEAL_ALTERED);
	assert_int_equal(open_text(sealer, PK_STR(""), text, &opened), SEAL_ALTERED);
	assert_string_equal(opened.ptr, "untouched");
	token_sealer_free(sealer);
}

static void token_of_another_key_is_unknown(void **state)
{
	char memory[TEXT_MAX];
	struct token_sealer *sealer = sealer_of(old_key), *other = sealer_of(new_key);
	const struct pk_str text = seal_plain(sealer, memory);
	struct pk_str opened;

	(void)state;
	assert_int_equal(open_text(other, PK_STR("session"), text, &opened), SEAL_UNKNOWN_KEY);
	token_sealer_free(sealer);
	token_sealer_free(other);
}

/* Another key under the same id, and a seal whose id was rewritten to one in the ring. */
static void token_key_id_proves_nothing(void **state)
{
	const struct subkey impostor = {{1, 1, 1, 1}, {0x33}};
	char memory[TEXT_MAX];
	uint8_t bytes[TEXT_MAX];
	struct token_sealer *sealer = sealer_of(old_key), *fake = sealer_of(impostor),
			    *other = sealer_of(new_key);
	struct pk_buf renamed = pk_buf(memory, sizeof(memory));
	struct pk_str opened;
	size_t size;

	(void)state;
	assert_int_equal(open_text(sealer, PK_STR("session"), seal_plain(fake, memory), &opened),
			 SEAL_ALTERED);
	assert_true(pk_base64url_decode(seal_plain(other, memory), bytes, sizeof(bytes), &size));
	memcpy(bytes, old_key.id, KEY_ID);
	pk_base64url_encode(&renamed, bytes, size);
	assert_int_equal(open_text(sealer, PK_STR("session"), pk_buf_str(&renamed), &opened),
			 SEAL_ALTERED);
	token_sealer_free(sealer);
	token_sealer_free(fake);
	token_sealer_free(other);
}

/* The same key under two ids: the id itself is authenticated. */
static void token_key_id_is_bound(void **state)
{
	struct subkey twins[] = {old_key, old_key};
	char memory[TEXT_MAX];
	uint8_t bytes[TEXT_MAX];
	struct token_sealer *sealer;
	struct pk_buf renamed = pk_buf(memory, sizeof(memory));
	struct pk_str opened;
	size_t size;

	(void)state;
	memcpy(twins[1].id, new_key.id, KEY_ID);
	sealer = token_sealer_new(twins, 2);
	assert_non_null(sealer);
	assert_true(pk_base64url_decode(seal_plain(sealer, memory), bytes, sizeof(bytes), &size));
	memcpy(bytes, new_key.id, KEY_ID);
	pk_base64url_encode(&renamed, bytes, size);
	assert_int_equal(open_text(sealer, PK_STR("session"), pk_buf_str(&renamed), &opened),
			 SEAL_ALTERED);
	token_sealer_free(sealer);
}

static void token_with_any_bit_flipped_stays_shut(void **state)
{
	char memory[TEXT_MAX], changed[TEXT_MAX];
	uint8_t bytes[TEXT_MAX];
	struct token_sealer *sealer = sealer_of(old_key);
	struct pk_str opened;
	size_t size;

	(void)state;
	assert_true(pk_base64url_decode(seal_plain(sealer, memory), bytes, sizeof(bytes), &size));
	for (size_t bit = 0; bit < size * 8; bit++) {
		struct pk_buf out = pk_buf(changed, sizeof(changed));

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		pk_base64url_encode(&out, bytes, size);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(open_text(sealer, PK_STR("session"), pk_buf_str(&out), &opened),
				 bit / 8 < KEY_ID ? SEAL_UNKNOWN_KEY : SEAL_ALTERED);
	}
	assert_int_equal(open_text(sealer, PK_STR("session"), seal_plain(sealer, memory), &opened),
			 SEAL_OPENED);
	token_sealer_free(sealer);
}

static void token_with_any_character_changed_stays_shut(void **state)
{
	char memory[TEXT_MAX];
	struct token_sealer *sealer = sealer_of(old_key);
	const struct pk_str text = seal_plain(sealer, memory);
	struct pk_str opened;

	(void)state;
	for (size_t i = 0; i < text.len; i++)
		for (int c = 0; c < 256; c++) {
			const char right = memory[i];

			memory[i] = (char)c;
			if (memory[i] != right)
				assert_int_not_equal(
					open_text(sealer, PK_STR("session"), text, &opened),
					SEAL_OPENED);
			memory[i] = right;
		}
	assert_int_equal(open_text(sealer, PK_STR("session"), text, &opened), SEAL_OPENED);
	token_sealer_free(sealer);
}

static void token_cut_or_extended_stays_shut(void **state)
{
	char memory[TEXT_MAX];
	struct token_sealer *sealer = sealer_of(old_key);
	const struct pk_str text = seal_plain(sealer, memory);
	struct pk_str opened;

	(void)state;
	for (size_t len = 0; len < text.len; len++)
		assert_int_not_equal(open_text(sealer, PK_STR("session"),
					       (struct pk_str){text.ptr, len}, &opened),
				     SEAL_OPENED);
	memset(memory + text.len, 'A', 8);
	for (size_t more = 1; more <= 8; more++)
		assert_int_not_equal(open_text(sealer, PK_STR("session"),
					       (struct pk_str){text.ptr, text.len + more}, &opened),
				     SEAL_OPENED);
	token_sealer_free(sealer);
}

static void token_that_is_no_seal_is_malformed(void **state)
{
	static char longest[SEAL_TOKEN_LEN(SEAL_TOKEN_MAX) + 1];
	struct token_sealer *sealer = sealer_of(old_key);
	const struct pk_str texts[] = {
		{NULL, 0},
		PK_STR(""),
		PK_STR("session"),
		PK_STR("                                                                      "),
		{longest, sizeof(longest)},
		{longest, SEAL_TOKEN_LEN(0) - 1},
	};
	struct pk_str opened;

	(void)state;
	memset(longest, 'A', sizeof(longest));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(open_text(sealer, PK_STR("session"), texts[i], &opened),
				 SEAL_MALFORMED);
	token_sealer_free(sealer);
}

/* What failed to open leaves nothing of the plain text behind. */
static void token_altered_leaves_no_plain_text(void **state)
{
	char memory[TEXT_MAX], opened_memory[TEXT_MAX] = {0};
	struct token_sealer *sealer = sealer_of(old_key);
	const struct pk_str text = seal_plain(sealer, memory);
	struct pk_str opened;

	(void)state;
	assert_int_equal(token_open(sealer, PK_STR("session"), text, opened_memory, &opened),
			 SEAL_OPENED);
	assert_non_null(memmem(opened_memory, text.len, PLAIN, sizeof(PLAIN) - 1));
	assert_int_equal(token_open(sealer, PK_STR("attempt"), text, opened_memory, &opened),
			 SEAL_ALTERED);
	assert_null(memmem(opened_memory, text.len, PLAIN, sizeof(PLAIN) - 1));
	assert_null(memmem(opened_memory, text.len, "ada", 3));
	token_sealer_free(sealer);
}

static void token_keys_rotate(void **state)
{
	const struct subkey ring[] = {new_key, old_key};
	char old_memory[TEXT_MAX], new_memory[TEXT_MAX];
	struct token_sealer *before = sealer_of(old_key), *during = token_sealer_new(ring, 2),
			    *after = sealer_of(new_key);
	const struct pk_str old_text = seal_plain(before, old_memory);
	struct pk_str new_text, opened;

	(void)state;
	assert_non_null(during);
	new_text = seal_plain(during, new_memory);
	assert_int_equal(open_text(during, PK_STR("session"), old_text, &opened), SEAL_OPENED);
	assert_int_equal(open_text(during, PK_STR("session"), new_text, &opened), SEAL_OPENED);
	assert_int_equal(open_text(before, PK_STR("session"), new_text, &opened), SEAL_UNKNOWN_KEY);
	assert_int_equal(open_text(after, PK_STR("session"), new_text, &opened), SEAL_OPENED);
	assert_int_equal(open_text(after, PK_STR("session"), old_text, &opened), SEAL_UNKNOWN_KEY);
	token_sealer_free(before);
	token_sealer_free(during);
	token_sealer_free(after);
}

static void sealer_needs_one_to_sixteen_keys(void **state)
{
	struct subkey keys[KEYRING_MAX + 1] = {0};

	(void)state;
	assert_null(token_sealer_new(keys, 0));
	assert_null(token_sealer_new(keys, KEYRING_MAX + 1));
	token_sealer_free(NULL);
}

static struct pk_str vault_seal_plain(char memory[static TEXT_MAX])
{
	struct pk_buf out = pk_buf(memory, sizeof(PLAIN) - 1 + SEAL_OVERHEAD);

	vault_seal(&old_key, nonce, PK_STR("place"), PK_STR(PLAIN), &out);
	assert_false(out.overflow);
	return pk_buf_str(&out);
}

static void vault_seal_opens_in_its_place_only(void **state)
{
	const struct subkey ring[] = {new_key, old_key};
	char memory[TEXT_MAX], opened_memory[TEXT_MAX];
	const struct pk_str sealed = vault_seal_plain(memory);
	struct pk_str opened;

	(void)state;
	assert_int_equal(vault_open(ring, 2, PK_STR("place"), sealed, opened_memory, &opened),
			 SEAL_OPENED);
	assert_int_equal(opened.len, sizeof(PLAIN) - 1);
	assert_memory_equal(opened.ptr, PLAIN, opened.len);
	assert_int_equal(vault_open(ring, 2, PK_STR("plac"), sealed, opened_memory, &opened),
			 SEAL_ALTERED);
	assert_int_equal(vault_open(ring, 1, PK_STR("place"), sealed, opened_memory, &opened),
			 SEAL_UNKNOWN_KEY);
}

static void vault_seal_damaged_stays_shut(void **state)
{
	char memory[TEXT_MAX], opened_memory[TEXT_MAX];
	const struct pk_str sealed = vault_seal_plain(memory);
	struct pk_str opened;

	(void)state;
	for (size_t bit = 0; bit < sealed.len * 8; bit++) {
		memory[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_equal(
			vault_open(&old_key, 1, PK_STR("place"), sealed, opened_memory, &opened),
			bit / 8 < KEY_ID ? SEAL_UNKNOWN_KEY : SEAL_ALTERED);
		memory[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t len = 0; len < sealed.len; len++)
		assert_int_equal(vault_open(&old_key, 1, PK_STR("place"),
					    (struct pk_str){sealed.ptr, len}, opened_memory,
					    &opened),
				 len < SEAL_OVERHEAD ? SEAL_MALFORMED : SEAL_ALTERED);
	assert_int_equal(vault_open(&old_key, 1, PK_STR("place"), sealed, opened_memory, &opened),
			 SEAL_OPENED);
}

static void vault_seal_needs_its_room(void **state)
{
	char memory[sizeof(PLAIN) - 1 + SEAL_OVERHEAD - 1];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	(void)state;
	vault_seal(&old_key, nonce, PK_STR("place"), PK_STR(PLAIN), &out);
	assert_true(out.overflow);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xaes_published_vectors),
		cmocka_unit_test(xaes_bound_parts_are_joined),
		cmocka_unit_test(token_opens_what_it_sealed),
		cmocka_unit_test(token_too_long_to_seal_overflows),
		cmocka_unit_test(token_needs_its_purpose),
		cmocka_unit_test(token_of_another_key_is_unknown),
		cmocka_unit_test(token_key_id_proves_nothing),
		cmocka_unit_test(token_key_id_is_bound),
		cmocka_unit_test(token_with_any_bit_flipped_stays_shut),
		cmocka_unit_test(token_with_any_character_changed_stays_shut),
		cmocka_unit_test(token_cut_or_extended_stays_shut),
		cmocka_unit_test(token_that_is_no_seal_is_malformed),
		cmocka_unit_test(token_altered_leaves_no_plain_text),
		cmocka_unit_test(token_keys_rotate),
		cmocka_unit_test(sealer_needs_one_to_sixteen_keys),
		cmocka_unit_test(vault_seal_opens_in_its_place_only),
		cmocka_unit_test(vault_seal_damaged_stays_shut),
		cmocka_unit_test(vault_seal_needs_its_room),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
