/* JSON of providers: pointers, texts and numbers in odd shapes. */
#include "setting.h"

#include "base/text.h"
#include "protocol/json.h"

static void pointers_walk_objects_and_arrays(void **state)
{
	static const struct {
		const char *pointer, *want;
	} rows[] = {
		{"/a", "1"},          {"/b/c", "2"},   {"/l/0", "3"},   {"/l/1/d", "4"},
		{"/x~1y", "5"},       {"/x~0y", "6"},  {"/x~01y", "7"}, {"/", "8"},
		{"/l/2", NULL},       {"/l/-1", NULL}, {"/l/-", NULL},  {"/a/b", NULL},
		{"/nothing", NULL},   {"", NULL},      {"a", NULL},     {"/b/c/", NULL},
		{"/l/9999999", NULL},
	};
	json_t *root =
		pk_json_parse(PK_STR("{\"a\":\"1\",\"b\":{\"c\":\"2\"},\"l\":[\"3\",{\"d\":\"4\"}],"
				     "\"x/y\":\"5\",\"x~y\":\"6\",\"x~1y\":\"7\",\"\":\"8\"}"));

	(void)state;
	assert_non_null(root);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const json_t *value = pk_json_at(root, pk_str(rows[i].pointer));

		if (rows[i].want)
			assert_string_equal(json_string_value(value), rows[i].want);
		else
			assert_null(json_string_value(value));
	}
	assert_null(pk_json_at(root, pk_str(NULL)));
	assert_null(pk_json_at(NULL, PK_STR("/a")));
	json_decref(root);
}

static void a_segment_longer_than_any_key_is_not_there(void **state)
{
	char pointer[200];
	json_t *root = pk_json_parse(PK_STR("{\"a\":1}"));

	(void)state;
	memset(pointer, 'a', sizeof(pointer));
	pointer[0] = '/';
	assert_null(pk_json_at(root, (struct pk_str){pointer, sizeof(pointer)}));
	json_decref(root);
}

static void texts_are_strings_and_whole_numbers(void **state)
{
	static const struct {
		const char *document, *want;
	} rows[] = {
		{"[\"a\"]", "a"},        {"[12]", "12"},
		{"[-1]", "-1"},          {"[\"\"]", NULL},
		{"[1.5]", NULL},         {"[true]", NULL},
		{"[null]", NULL},        {"[{}]", NULL},
		{"[[\"a\"]]", NULL},     {"[]", NULL},
		{"[\"a\\nb\"]", NULL},   {"[\"\\u001f\"]", NULL},
		{"[\"\\u007f\"]", NULL}, {"[\"\\u00e4\"]", "\xc3\xa4"},
	};
	unsigned char memory[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pk_arena arena = pk_arena(memory, sizeof(memory));
		json_t *root = pk_json_parse(pk_str(rows[i].document));
		struct pk_str text = PK_STR("untouched");

		assert_non_null(root);
		assert_err(pk_json_text(&arena, pk_json_at(root, PK_STR("/0")), &text), PK_OK);
		if (rows[i].want)
			assert_text(text, rows[i].want);
		else
			assert_not_given(text);
		json_decref(root);
	}
}

static void a_text_that_does_not_fit_is_an_error(void **state)
{
	unsigned char memory[3];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	json_t *root = pk_json_parse(PK_STR("[\"abcd\"]"));
	struct pk_str text;

	(void)state;
	assert_err(pk_json_text(&arena, pk_json_at(root, PK_STR("/0")), &text), PK_ERR_NO_SPACE);
	json_decref(root);
}

static void what_is_refused(void **state)
{
	(void)state;
	assert_null(pk_json_parse(pk_str(NULL)));
	assert_null(pk_json_parse(PK_STR("")));
	assert_null(pk_json_parse(PK_STR("1")));
	assert_null(pk_json_parse(PK_STR("{\"a\":1,\"a\":1}")));
	assert_null(pk_json_parse(PK_STR("[1,]")));
	assert_null(pk_json_parse(PK_STR("[NaN]")));
	assert_null(pk_json_parse(PK_STR("[1] [2]")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pointers_walk_objects_and_arrays),
		cmocka_unit_test(a_segment_longer_than_any_key_is_not_there),
		cmocka_unit_test(texts_are_strings_and_whole_numbers),
		cmocka_unit_test(a_text_that_does_not_fit_is_an_error),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
