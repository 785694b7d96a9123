/* Views, writers and lists: their edges. */
#include "setting.h"

#include "base/text.h"

static void not_given_is_not_empty(void **state)
{
	(void)state;
	assert_not_given(pk_str(NULL));
	assert_non_null(pk_str("").ptr);
	assert_true(pk_str_equal(pk_str(NULL), pk_str("")));
	assert_true(pk_str_equal_secret(pk_str(NULL), pk_str("")));
}

static void equality_sees_every_byte(void **state)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz";

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		char other[sizeof(text)];

		memcpy(other, text, sizeof(text));
		other[i] ^= 1;
		assert_false(pk_str_equal(PK_STR(text), pk_str(other)));
		assert_false(pk_str_equal_secret(PK_STR(text), pk_str(other)));
	}
	assert_false(pk_str_equal(PK_STR("abc"), PK_STR("abcd")));
	assert_false(pk_str_equal_secret(PK_STR("abc"), PK_STR("abcd")));
	assert_true(pk_str_equal(PK_STR("a\0b"), PK_STR("a\0b")));
	assert_false(pk_str_equal(PK_STR("a\0b"), PK_STR("a\0c")));
}

static void cutting_tells_nothing_left_from_an_empty_rest(void **state)
{
	struct pk_str text = PK_STR("a,,b,");

	(void)state;
	assert_text(pk_str_cut(&text, ','), "a");
	assert_text(pk_str_cut(&text, ','), "");
	assert_text(pk_str_cut(&text, ','), "b");
	assert_non_null(text.ptr);
	assert_text(pk_str_cut(&text, ','), "");
	assert_not_given(text);
	assert_text(pk_str_cut(&text, ','), "");
}

static void parts_stay_inside(void **state)
{
	(void)state;
	assert_text(pk_str_from(PK_STR("abc"), 3), "");
	assert_text(pk_str_from(PK_STR("abc"), SIZE_MAX), "");
	assert_text(pk_str_first(PK_STR("abc"), SIZE_MAX), "abc");
	assert_not_given(pk_str_from(pk_str(NULL), 1));
	assert_int_equal(pk_str_find(pk_str(NULL), 'a'), 0);
	assert_true(pk_str_starts(PK_STR("abc"), PK_STR("")));
	assert_false(pk_str_starts(PK_STR("ab"), PK_STR("abc")));
	assert_true(pk_str_ends(PK_STR("abc"), PK_STR("bc")));
	assert_false(pk_str_ends(PK_STR("bc"), PK_STR("abc")));
	assert_text(pk_str_trim(PK_STR(" \t\r\n")), "");
	assert_text(pk_str_trim(PK_STR("\r\n a b\t")), "a b");
}

static void numbers_are_whole_and_bounded(void **state)
{
	static const char *const not_numbers[] = {
		"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "1e1", "256", "99999999999999999999"};
	int64_t number = -7;

	(void)state;
	for (size_t i = 0; i < sizeof(not_numbers) / sizeof(not_numbers[0]); i++)
		assert_false(pk_str_number(pk_str(not_numbers[i]), 255, &number));
	assert_int_equal(number, -7);
	assert_true(pk_str_number(PK_STR("255"), 255, &number));
	assert_int_equal(number, 255);
	assert_true(pk_str_number(PK_STR("9223372036854775807"), INT64_MAX, &number));
	assert_true(number == INT64_MAX);
	assert_false(pk_str_number(PK_STR("9223372036854775808"), INT64_MAX, &number));
}

static void a_bound_below_ten_holds(void **state)
{
	int64_t number;

	(void)state;
	for (int64_t max = 0; max < 10; max++)
		for (char digit = '0'; digit <= '9'; digit++)
			assert_int_equal(pk_str_number((struct pk_str){&digit, 1}, max, &number),
					 digit - '0' <= max);
}

static void lists_split_and_refuse_the_33rd(void **state)
{
	struct pk_list list;
	char text[2 * PK_LIST_MAX + 2];

	(void)state;
	assert_err(pk_list_split(PK_STR(" a  b "), ' ', &list), PK_OK);
	assert_int_equal(list.count, 2);
	assert_true(pk_list_has(&list, PK_STR("b")));
	assert_false(pk_list_has(&list, PK_STR("")));
	assert_err(pk_list_split(pk_str(NULL), ' ', &list), PK_OK);
	assert_int_equal(list.count, 0);

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? ' ' : 'x';
	assert_err(pk_list_split((struct pk_str){text, sizeof(text) - 2}, ' ', &list), PK_OK);
	assert_int_equal(list.count, PK_LIST_MAX);
	assert_err(pk_list_split((struct pk_str){text, sizeof(text)}, ' ', &list), PK_ERR_NO_SPACE);
}

static void overflow_writes_nothing_and_stays(void **state)
{
	char memory[5] = "....";
	struct pk_buf buf = pk_buf(memory, 4);

	(void)state;
	pk_buf_put(&buf, PK_STR("abc"));
	assert_false(buf.overflow);
	pk_buf_put(&buf, PK_STR("de"));
	assert_true(buf.overflow);
	pk_buf_char(&buf, 'f');
	assert_true(buf.overflow);
	assert_text(pk_buf_str(&buf), "abc");
	assert_string_equal(memory, "abc.");
}

static void numbers_are_written(void **state)
{
	char memory[64];
	struct pk_buf buf = pk_buf(memory, sizeof(memory));

	(void)state;
	pk_buf_number(&buf, 0);
	pk_buf_char(&buf, ' ');
	pk_buf_number(&buf, INT64_MIN);
	pk_buf_char(&buf, ' ');
	pk_buf_number(&buf, INT64_MAX);
	assert_text(pk_buf_str(&buf), "0 -9223372036854775808 9223372036854775807");
}

/* RFC 6749 5.2: %x20-21 / %x23-5B / %x5D-7E */
static void taming_leaves_what_the_rfc_allows(void **state)
{
	char all[256], out[257];

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	pk_text_tame(out, sizeof(out), (struct pk_str){all, sizeof(all)});
	for (int i = 0; i < 256; i++) {
		const bool allowed = i >= 0x20 && i <= 0x7e && i != '"' && i != '\\';

		assert_int_equal(out[i], allowed ? i : '?');
	}
	pk_text_tame(out, 4, PK_STR("abcdef"));
	assert_string_equal(out, "abc");
	pk_text_tame(out, 1, PK_STR("abcdef"));
	assert_string_equal(out, "");
	pk_text_tame(out, 4, pk_str(NULL));
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_given_is_not_empty),
		cmocka_unit_test(equality_sees_every_byte),
		cmocka_unit_test(cutting_tells_nothing_left_from_an_empty_rest),
		cmocka_unit_test(parts_stay_inside),
		cmocka_unit_test(numbers_are_whole_and_bounded),
		cmocka_unit_test(a_bound_below_ten_holds),
		cmocka_unit_test(lists_split_and_refuse_the_33rd),
		cmocka_unit_test(overflow_writes_nothing_and_stays),
		cmocka_unit_test(numbers_are_written),
		cmocka_unit_test(taming_leaves_what_the_rfc_allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
