/*
 * Session cookies under attack: changed in every character, cut, of another installation, made for
 * another purpose, ended; and that the longest that a provider can say still fits into a cookie.
 */
#include "setting.h"

#include "gateway/attempt.h"
#include "gateway/session.h"

#include <sodium.h>

static const struct subkey keys[] = {{{1, 2, 3, 4}, "the session key of this test"},
				     {{5, 6, 7, 8}, "an old one"}};
static struct token_sealer *sealer;

static int make_sealer(void **state)
{
	(void)state;
	sealer = token_sealer_new(keys, 2);
	return sodium_init() < 0 || !sealer;
}

static int free_sealer(void **state)
{
	(void)state;
	token_sealer_free(sealer);
	return 0;
}

#define ISSUED 1764000000
#define ENDS 1764003600

static struct session sample(void)
{
	return (struct session){
		.id = "0123456789abcde",
		.issued_at = ISSUED,
		.expires_at = ENDS,
		.login = PK_STR("tiktok"),
		.subject = PK_STR("ada"),
		.name = PK_STR("Ada Lovelace"),
		.email = PK_STR("ada@example.com"),
	};
}

static struct pk_str seal(struct token_sealer *with, const struct session *session,
			  char memory[static SESSION_TEXT_MAX])
{
	struct pk_buf out = pk_buf(memory, SESSION_TEXT_MAX);

	assert_true(session_seal(with, session, &out));
	return pk_buf_str(&out);
}

static bool open_at(struct pk_str cookie, int64_t now, struct session *ret)
{
	static char memory[SESSION_TEXT_MAX];

	return session_open(sealer, cookie, now, memory, ret);
}

static void opens_what_was_sealed(void **state)
{
	const struct session session = sample();
	char memory[SESSION_TEXT_MAX];
	struct session opened;

	(void)state;
	assert_true(open_at(seal(sealer, &session, memory), ISSUED, &opened));
	assert_memory_equal(opened.id, session.id, SESSION_ID);
	assert_int_equal(opened.issued_at, ISSUED);
	assert_int_equal(opened.expires_at, ENDS);
	assert_text(opened.login, "tiktok");
	assert_text(opened.subject, "ada");
	assert_text(opened.name, "Ada Lovelace");
	assert_text(opened.email, "ada@example.com");
}

/* The provider's session that it stands on: there or not, and nothing else changes by it. */
static void a_session_at_the_provider(void **state)
{
	struct session session = sample(), opened;
	char memory[SESSION_TEXT_MAX];
	size_t without;

	(void)state;
	without = seal(sealer, &session, memory).len;
	assert_true(open_at(seal(sealer, &session, memory), ISSUED, &opened));
	assert_false(opened.has_sid);
	session.has_sid = true;
	session_sid(session.login, PK_STR("s-1"), session.sid);
	assert_true(open_at(seal(sealer, &session, memory), ISSUED, &opened));
	assert_true(opened.has_sid);
	assert_memory_equal(opened.sid, session.sid, SESSION_ID);
	assert_memory_equal(opened.id, session.id, SESSION_ID);
	assert_int_equal(opened.expires_at, ENDS);
	assert_text(opened.login, "tiktok");
	assert_text(opened.email, "ada@example.com");
	assert_int_equal(seal(sealer, &session, memory).len - without, (SESSION_ID * 4 + 2) / 3);
}

/* Of one login and one name, and where the one ends and the other begins matters. */
static void names_of_sessions_at_providers(void **state)
{
	static const char *const pairs[][2] = {{"a", "b"},  {"b", "a"},  {"ab", ""}, {"", "ab"},
					       {"a", "bc"}, {"ab", "c"}, {"a", "B"}};
	uint8_t names[7][SESSION_ID], again[SESSION_ID];

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		session_sid(pk_str(pairs[i][0]), pk_str(pairs[i][1]), names[i]);
		session_sid(pk_str(pairs[i][0]), pk_str(pairs[i][1]), again);
		assert_memory_equal(names[i], again, SESSION_ID);
		for (size_t other = 0; other < i; other++)
			assert_memory_not_equal(names[i], names[other], SESSION_ID);
	}
}

static void what_was_not_given_is_empty(void **state)
{
	struct session session = {.expires_at = 1, .subject = PK_STR("x")};
	char memory[SESSION_TEXT_MAX];
	struct session opened;

	(void)state;
	assert_true(open_at(seal(sealer, &session, memory), 0, &opened));
	assert_text(opened.login, "");
	assert_text(opened.subject, "x");
	assert_text(opened.name, "");
	assert_text(opened.email, "");
}

static void ends_to_the_second(void **state)
{
	const struct session session = sample();
	char memory[SESSION_TEXT_MAX];
	const struct pk_str cookie = seal(sealer, &session, memory);
	struct session opened;

	(void)state;
	assert_true(open_at(cookie, ENDS - 1, &opened));
	assert_false(open_at(cookie, ENDS, &opened));
	assert_false(open_at(cookie, ENDS + 1, &opened));
	assert_false(open_at(cookie, INT64_MAX, &opened));
}

/* Times survive whole, signs and high bits too. */
static void times_of_any_size(void **state)
{
	static const int64_t times[] = {1, 255, 256, INT32_MAX, 1LL << 40, INT64_MAX};
	struct session session = sample(), opened;
	char memory[SESSION_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		session.issued_at = -times[i];
		session.expires_at = times[i];
		assert_true(open_at(seal(sealer, &session, memory), times[i] - 1, &opened));
		assert_int_equal(opened.issued_at, -times[i]);
		assert_int_equal(opened.expires_at, times[i]);
	}
}

/* G-08 */
static void every_character_counts(void **state)
{
	const struct session session = sample();
	char memory[SESSION_TEXT_MAX];
	const struct pk_str cookie = seal(sealer, &session, memory);
	struct session opened;

	(void)state;
	for (size_t i = 0; i < cookie.len; i++) {
		const char kept = memory[i];

		memory[i] = kept == 'A' ? 'B' : 'A';
		assert_false(open_at(cookie, ISSUED, &opened));
		memory[i] = '%';
		assert_false(open_at(cookie, ISSUED, &opened));
		memory[i] = kept;
	}
	assert_true(open_at(cookie, ISSUED, &opened));
}

static void cut_or_longer_opens_nothing(void **state)
{
	const struct session session = sample();
	char memory[SESSION_TEXT_MAX];
	const struct pk_str cookie = seal(sealer, &session, memory);
	struct session opened;

	(void)state;
	for (size_t len = 0; len < cookie.len; len++)
		assert_false(open_at((struct pk_str){cookie.ptr, len}, ISSUED, &opened));
	memory[cookie.len] = 'A';
	assert_false(open_at((struct pk_str){cookie.ptr, cookie.len + 1}, ISSUED, &opened));
	assert_false(open_at((struct pk_str){0}, ISSUED, &opened));
}

static void longer_than_any_session_opens_nothing(void **state)
{
	static char text[1 << 20];
	struct session opened;

	(void)state;
	memset(text, 'A', sizeof(text));
	assert_false(open_at((struct pk_str){text, SESSION_TEXT_MAX + 1}, 0, &opened));
	assert_false(open_at((struct pk_str){text, sizeof(text)}, 0, &opened));
}

/* Another ring, and one that claims our key's id. */
static void another_installation_opens_nothing(void **state)
{
	const struct subkey others[] = {{{9, 9, 9, 9}, "somebody else's"},
					{{1, 2, 3, 4}, "somebody else's"}};
	const struct session session = sample();
	char memory[SESSION_TEXT_MAX];
	struct session opened;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct token_sealer *other = token_sealer_new(&others[i], 1);

		assert_non_null(other);
		assert_false(open_at(seal(other, &session, memory), ISSUED, &opened));
		token_sealer_free(other);
	}
}

static void an_old_key_still_opens(void **state)
{
	struct token_sealer *old = token_sealer_new(&keys[1], 1);
	const struct session session = sample();
	char memory[SESSION_TEXT_MAX];
	struct session opened;

	(void)state;
	assert_non_null(old);
	assert_true(open_at(seal(old, &session, memory), ISSUED, &opened));
	token_sealer_free(old);
}

/* A state that this installation made, under the very key of sessions. */
static void an_attempt_is_no_session(void **state)
{
	const struct attempt attempt = {.login = PK_STR("tiktok")};
	char memory[STATE_MAX];
	struct pk_buf text = pk_buf(memory, sizeof(memory));
	struct session opened;

	(void)state;
	attempt_seal(sealer, &attempt, &text);
	assert_false(text.overflow);
	assert_false(open_at(pk_buf_str(&text), 0, &opened));
}

static struct pk_str many(char c, size_t count, char *memory)
{
	memset(memory, c, count);
	return (struct pk_str){memory, count};
}

static void the_longest_fields_fit_a_cookie(void **state)
{
	char login[SESSION_LOGIN_MAX], subject[PK_SUBJECT_MAX], name[SESSION_NAME_MAX],
		email[SESSION_EMAIL_MAX], memory[SESSION_TEXT_MAX];
	struct session session = sample(), opened;

	(void)state;
	session.login = many('l', sizeof(login), login);
	session.subject = many('s', sizeof(subject), subject);
	session.name = many('n', sizeof(name), name);
	session.email = many('e', sizeof(email), email);

	const struct pk_str cookie = seal(sealer, &session, memory);

	/* RFC 6265 6.1: "At least 4096 bytes per cookie", name and attributes included. */
	assert_true(cookie.len + 200 < 4096);
	assert_true(open_at(cookie, ISSUED, &opened));
	assert_true(pk_str_equal(opened.login, session.login));
	assert_true(pk_str_equal(opened.subject, session.subject));
	assert_true(pk_str_equal(opened.name, session.name));
	assert_true(pk_str_equal(opened.email, session.email));
}

static void a_subject_is_whole_or_refused(void **state)
{
	char long_text[PK_SUBJECT_MAX + 1], memory[SESSION_TEXT_MAX];
	struct session session = sample();
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	(void)state;
	session.subject = many('s', sizeof(long_text), long_text);
	assert_false(session_seal(sealer, &session, &out));
	session.subject = PK_STR("");
	assert_false(session_seal(sealer, &session, &out));
	session = sample();
	session.login = many('l', SESSION_LOGIN_MAX + 1, long_text);
	assert_false(session_seal(sealer, &session, &out));
	assert_int_equal(out.len, 0);
}

/* Half an address is another's; half a name is a name. */
static void an_address_is_whole_or_left_out(void **state)
{
	char long_text[SESSION_EMAIL_MAX + 1], memory[SESSION_TEXT_MAX];
	struct session session = sample(), opened;

	(void)state;
	session.email = many('e', sizeof(long_text), long_text);
	assert_true(open_at(seal(sealer, &session, memory), ISSUED, &opened));
	assert_text(opened.email, "");
}

static void a_name_is_cut_between_characters(void **state)
{
	/* clang-format off */
	static const struct {
		const char *character;
		size_t want; /* bytes of SESSION_NAME_MAX that are used */
	} table[] = {
		{"n", 128},
		{"\xc3\xa9", 128},
		{"\xe3\x81\x82", 126},
		{"\xf0\x9f\x98\x80", 128},
		{"\x80", 0}, /* no UTF-8: only what continues a character that never began */
	};
	/* clang-format on */
	char name[512], memory[SESSION_TEXT_MAX];
	struct session session = sample(), opened;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const size_t len = strlen(table[i].character);

		for (size_t at = 0; at + len <= sizeof(name); at += len)
			memcpy(name + at, table[i].character, len);
		session.name = (struct pk_str){name, sizeof(name) / len * len};
		assert_true(open_at(seal(sealer, &session, memory), ISSUED, &opened));
		assert_int_equal(opened.name.len, table[i].want);
		assert_memory_equal(opened.name.ptr, name, table[i].want);
	}
}

static void without_room_it_says_so(void **state)
{
	const struct session session = sample();
	char memory[SESSION_TEXT_MAX];
	const struct pk_str cookie = seal(sealer, &session, memory);

	(void)state;
	for (size_t cap = 0; cap < cookie.len; cap++) {
		char small[SESSION_TEXT_MAX];
		struct pk_buf out = pk_buf(small, cap);

		assert_false(session_seal(sealer, &session, &out));
	}
}

/* Our key, our purpose, and no session of this version. */
static void a_foreign_format_opens_nothing(void **state)
{
	static const uint8_t nonce[SEAL_NONCE];
	char plain[64] = {1}, memory[SESSION_TEXT_MAX];
	struct session opened;

	(void)state;
	memset(plain + 17, 0x7f, 16); /* times far ahead */
	for (size_t len = 0; len <= 40; len++) {
		struct pk_buf out = pk_buf(memory, sizeof(memory));

		token_seal(sealer, nonce, PK_STR("session"), (struct pk_str){plain, len}, &out);
		assert_false(out.overflow);
		/* Four empty texts behind the times make a whole one. */
		assert_int_equal(open_at(pk_buf_str(&out), 0, &opened), len == 37);
	}
	for (int version = 0; version < 256; version++) {
		struct pk_buf out = pk_buf(memory, sizeof(memory));

		plain[0] = (char)version;
		token_seal(sealer, nonce, PK_STR("session"), (struct pk_str){plain, 37}, &out);
		assert_int_equal(open_at(pk_buf_str(&out), 0, &opened), version == 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_was_sealed),
		cmocka_unit_test(what_was_not_given_is_empty),
		cmocka_unit_test(a_session_at_the_provider),
		cmocka_unit_test(names_of_sessions_at_providers),
		cmocka_unit_test(ends_to_the_second),
		cmocka_unit_test(times_of_any_size),
		cmocka_unit_test(every_character_counts),
		cmocka_unit_test(cut_or_longer_opens_nothing),
		cmocka_unit_test(longer_than_any_session_opens_nothing),
		cmocka_unit_test(another_installation_opens_nothing),
		cmocka_unit_test(an_old_key_still_opens),
		cmocka_unit_test(an_attempt_is_no_session),
		cmocka_unit_test(the_longest_fields_fit_a_cookie),
		cmocka_unit_test(a_subject_is_whole_or_refused),
		cmocka_unit_test(an_address_is_whole_or_left_out),
		cmocka_unit_test(a_name_is_cut_between_characters),
		cmocka_unit_test(without_room_it_says_so),
		cmocka_unit_test(a_foreign_format_opens_nothing),
	};

	return cmocka_run_group_tests(tests, make_sealer, free_sealer);
}
