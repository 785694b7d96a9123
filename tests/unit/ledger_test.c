/* The sandbox's ledger: what it finds, what it forgets, and that it never grows. */
#include "sandbox/ledger.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define MILLION 1000000

static struct pk_str issue(struct ledger *ledger, const struct grant *grant, enum ticket_kind kind,
			   struct pk_str suffix, char memory[static TICKET_TEXT_MAX])
{
	struct pk_buf out = pk_buf(memory, TICKET_TEXT_MAX);

	ledger_issue(ledger, grant, kind, 1000, suffix, &out);
	assert_false(out.overflow);
	return pk_buf_str(&out);
}

static void a_text_finds_its_grant(void **state)
{
	struct ledger *ledger = ledger_new(4, 8);
	struct grant *const grant = ledger_grant(ledger);
	char memory[TICKET_TEXT_MAX];
	const struct pk_str code = issue(ledger, grant, TICKET_CODE, PK_STR("*1!"), memory);
	struct grant *found = NULL;

	(void)state;
	assert_int_equal(code.len, 43 + 3);
	assert_true(pk_str_ends(code, PK_STR("*1!")));
	assert_non_null(ledger_find(ledger, TICKET_CODE, code, &found));
	assert_ptr_equal(found, grant);
	ledger_free(ledger);
}

static void a_code_is_no_access_token(void **state)
{
	struct ledger *ledger = ledger_new(4, 8);
	char memory[TICKET_TEXT_MAX];
	const struct pk_str code =
		issue(ledger, ledger_grant(ledger), TICKET_CODE, PK_STR(""), memory);
	struct grant *found = NULL;

	(void)state;
	assert_null(ledger_find(ledger, TICKET_ACCESS, code, &found));
	assert_null(ledger_find(ledger, TICKET_REFRESH, code, &found));
	ledger_free(ledger);
}

static void every_altered_character_misses(void **state)
{
	struct ledger *ledger = ledger_new(4, 8);
	char memory[TICKET_TEXT_MAX];
	const struct pk_str code =
		issue(ledger, ledger_grant(ledger), TICKET_CODE, PK_STR(""), memory);
	struct grant *found = NULL;

	(void)state;
	for (size_t i = 0; i < code.len; i++) {
		memory[i] ^= 1;
		assert_null(ledger_find(ledger, TICKET_CODE, code, &found));
		memory[i] ^= 1;
		assert_null(ledger_find(ledger, TICKET_CODE, pk_str_first(code, i), &found));
	}
	assert_non_null(ledger_find(ledger, TICKET_CODE, code, &found));
	assert_null(ledger_find(ledger, TICKET_CODE, (struct pk_str){0}, &found));
	ledger_free(ledger);
}

static void the_newest_takes_the_place_of_the_oldest(void **state)
{
	struct ledger *ledger = ledger_new(4, 4);
	char first[TICKET_TEXT_MAX];
	char other[TICKET_TEXT_MAX];
	struct grant *const grant = ledger_grant(ledger);
	const struct pk_str code = issue(ledger, grant, TICKET_CODE, PK_STR(""), first);
	struct grant *found = NULL;

	(void)state;
	for (int i = 0; i < 3; i++)
		(void)issue(ledger, grant, TICKET_ACCESS, PK_STR(""), other);
	assert_non_null(ledger_find(ledger, TICKET_CODE, code, &found));
	(void)issue(ledger, grant, TICKET_ACCESS, PK_STR(""), other);
	assert_null(ledger_find(ledger, TICKET_CODE, code, &found));
	ledger_free(ledger);
}

/* The text of a grant that has made room must not find the one that took its place. */
static void a_text_never_finds_another_grant(void **state)
{
	struct ledger *ledger = ledger_new(2, 16);
	char memory[TICKET_TEXT_MAX];
	const struct pk_str code =
		issue(ledger, ledger_grant(ledger), TICKET_CODE, PK_STR(""), memory);
	struct grant *found = NULL;

	(void)state;
	(void)ledger_grant(ledger);
	assert_non_null(ledger_find(ledger, TICKET_CODE, code, &found));
	(void)ledger_grant(ledger);
	assert_null(ledger_find(ledger, TICKET_CODE, code, &found));
	ledger_free(ledger);
}

/* A million grants through rings of a few: under a sanitizer this also shows that the chains of the
 * index stay whole while tickets leave them from the middle. */
static void a_million_grants_take_no_more_memory(void **state)
{
	struct ledger *ledger = ledger_new(7, 64);
	struct grant *found = NULL;

	(void)state;
	for (int i = 0; i < MILLION; i++) {
		struct grant *const grant = ledger_grant(ledger);
		char memory[TICKET_TEXT_MAX];
		const struct pk_str code = issue(ledger, grant, TICKET_CODE, PK_STR(""), memory);

		assert_non_null(ledger_find(ledger, TICKET_CODE, code, &found));
		assert_ptr_equal(found, grant);
	}
	ledger_free(ledger);
}

/* A sanitizer sees whether the texts of a grant that made room were given back. */
static void texts_are_copies(void **state)
{
	struct ledger *ledger = ledger_new(2, 2);
	char scope[] = "openid profile", challenge[] = "challenge";

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct grant *const grant = ledger_grant(ledger);

		assert_int_equal(grant->scope.len + grant->challenge.len, 0);
		assert_true(ledger_keep_texts(grant, pk_str(scope), pk_str(challenge)));
		assert_true(ledger_keep_nonce(grant, PK_STR("nonce")));
		scope[0] = challenge[0] = 'x';
		assert_true(pk_str_equal(grant->scope, PK_STR("openid profile")));
		assert_true(pk_str_equal(grant->challenge, PK_STR("challenge")));
		assert_true(ledger_keep_texts(grant, PK_STR(""), PK_STR("")));
		assert_int_equal(grant->scope.len + grant->challenge.len, 0);
		scope[0] = 'o';
		challenge[0] = 'c';
	}
	ledger_free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_finds_its_grant),
		cmocka_unit_test(a_code_is_no_access_token),
		cmocka_unit_test(every_altered_character_misses),
		cmocka_unit_test(the_newest_takes_the_place_of_the_oldest),
		cmocka_unit_test(a_text_never_finds_another_grant),
		cmocka_unit_test(a_million_grants_take_no_more_memory),
		cmocka_unit_test(texts_are_copies),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
