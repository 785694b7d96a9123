/* The error table, and evidence that can be shown. */
#include "setting.h"

#include "base/err.h"
#include "base/text.h"

static bool is_blame(const char *word)
{
	return pk_str_equal(pk_str(word), PK_STR("caller")) ||
	       pk_str_equal(pk_str(word), PK_STR("client")) ||
	       pk_str_equal(pk_str(word), PK_STR("provider")) ||
	       pk_str_equal(pk_str(word), PK_STR("user")) ||
	       pk_str_equal(pk_str(word), PK_STR("browser"));
}

static void every_error_says_whose_move_it_is(void **state)
{
	(void)state;
	assert_string_equal(pk_err_info(PK_OK)->name, "OK");
	for (int i = 1; i < PK_ERR_COUNT; i++) {
		const struct pk_err_info *info = pk_err_info((enum pk_err)i);

		assert_true(is_blame(info->blame));
		assert_true(strlen(info->sentence) > 10);
		assert_non_null(info->reference);
		assert_non_null(info->fault);
		for (int j = 1; j < i; j++)
			assert_string_not_equal(info->name, pk_err_info((enum pk_err)j)->name);
	}
}

static void a_number_that_is_no_error_has_a_name_too(void **state)
{
	(void)state;
	assert_string_equal(pk_err_info((enum pk_err)PK_ERR_COUNT)->name, "ARGUMENT");
	assert_string_equal(pk_err_info((enum pk_err)9999)->name, "ARGUMENT");
}

static void refusing_overwrites_the_whole_evidence(void **state)
{
	struct pk_why why;

	(void)state;
	memset(&why, 0x55, sizeof(why));
	assert_err(pk_refuse(&why, PK_ERR_CODE_MISSING, "code", "%d of %s", 3, "them"),
		   PK_ERR_CODE_MISSING);
	assert_err(why.err, PK_ERR_CODE_MISSING);
	assert_string_equal(why.parameter, "code");
	assert_string_equal(why.detail, "3 of them");
	assert_int_equal(why.line, 0);
	assert_int_equal(why.status, 0);
	assert_string_equal(why.provider_error, "");
	assert_string_equal(why.provider_text, "");
	assert_err(pk_refuse(NULL, PK_ERR_CODE_MISSING, NULL, "nobody asks"), PK_ERR_CODE_MISSING);
}

static void long_evidence_is_cut(void **state)
{
	char text[1000];
	struct pk_why why;

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_err(pk_refuse(&why, PK_ERR_ARGUMENT, NULL, "%.*s", (int)sizeof(text), text),
		   PK_ERR_ARGUMENT);
	assert_int_equal(strlen(why.detail), sizeof(why.detail) - 1);
}

/* The detail quotes what operators and providers wrote; a terminal obeys what it is shown. */
static void evidence_is_printable(void **state)
{
	struct pk_why why;

	(void)state;
	assert_err(pk_refuse(&why, PK_ERR_ARGUMENT, NULL, "say \"%s\"", "\x1b[31m\r\n\x7f\xc3"),
		   PK_ERR_ARGUMENT);
	assert_string_equal(why.detail, "say \"?[31m????\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_says_whose_move_it_is),
		cmocka_unit_test(a_number_that_is_no_error_has_a_name_too),
		cmocka_unit_test(refusing_overwrites_the_whole_evidence),
		cmocka_unit_test(long_evidence_is_cut),
		cmocka_unit_test(evidence_is_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
