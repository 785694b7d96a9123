/* Queries and form bodies: decoded once, bounded, nothing hidden. */
#include "setting.h"

#include "base/arena.h"
#include "base/form.h"
#include "base/text.h"

static unsigned char memory[4096];

static enum pk_err parse(struct pk_str text, struct pk_form *form, struct pk_why *why)
{
	struct pk_arena arena = pk_arena(memory, sizeof(memory));

	return pk_form_parse(&arena, text, form, why);
}

static void parameters_are_decoded_once_and_kept_in_order(void **state)
{
	struct pk_form form;

	(void)state;
	assert_err(parse(PK_STR("a=1&b+c=%252F&&a=&d&=e"), &form, NULL), PK_OK);
	assert_int_equal(form.count, 5);
	assert_text(form.param[0].value, "1");
	assert_text(form.param[1].name, "b c");
	assert_text(form.param[1].value, "%2F");
	assert_text(form.param[2].value, "");
	assert_text(form.param[3].name, "d");
	assert_non_null(form.param[3].value.ptr);
	assert_text(form.param[4].name, "");
	assert_int_equal(pk_form_count(&form, PK_STR("a")), 2);
	assert_text(pk_form_get(&form, PK_STR("a")), "1");
	assert_not_given(pk_form_get(&form, PK_STR("z")));
}

static void only_the_first_equals_sign_splits(void **state)
{
	struct pk_form form;

	(void)state;
	assert_err(parse(PK_STR("code=a=b==&state=x"), &form, NULL), PK_OK);
	assert_text(pk_form_get(&form, PK_STR("code")), "a=b==");
	assert_text(pk_form_get(&form, PK_STR("state")), "x");
}

static void nothing_is_an_empty_form(void **state)
{
	struct pk_form form;

	(void)state;
	assert_err(parse(pk_str(NULL), &form, NULL), PK_OK);
	assert_int_equal(form.count, 0);
	assert_err(parse(PK_STR("&&&"), &form, NULL), PK_OK);
	assert_int_equal(form.count, 0);
}

static void a_disguised_name_is_the_same_name(void **state)
{
	struct pk_form form;

	(void)state;
	assert_err(parse(PK_STR("state=a&st%61te=b"), &form, NULL), PK_OK);
	assert_int_equal(pk_form_count(&form, PK_STR("state")), 2);
}

static void broken_encoding_is_refused_with_evidence(void **state)
{
	static const struct pk_str refused[] = {{"a=%", 3},   {"a=%zz", 5},  {"%=1", 3},
						{"a=%00", 5}, {"a%00=1", 6}, {"a=\0b", 4},
						{"\0=1", 3},  {"a=1&b=%", 7}};
	struct pk_form form;
	struct pk_why why;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_err(parse(refused[i], &form, &why), PK_ERR_FORM_SYNTAX);
		assert_err(why.err, PK_ERR_FORM_SYNTAX);
	}
}

static void the_65th_parameter_is_refused(void **state)
{
	char text[2 * (PK_FORM_MAX + 1)];
	struct pk_form form;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '&' : 'a';
	assert_err(parse((struct pk_str){text, sizeof(text) - 2}, &form, NULL), PK_OK);
	assert_int_equal(form.count, PK_FORM_MAX);
	assert_err(parse((struct pk_str){text, sizeof(text)}, &form, NULL), PK_ERR_FORM_TOO_LARGE);
}

static void more_than_the_arena_holds_is_refused(void **state)
{
	static char text[sizeof(memory) + 3];
	struct pk_form form;
	struct pk_why why;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[1] = '=';
	assert_err(parse((struct pk_str){text, sizeof(memory) + 1}, &form, &why), PK_OK);
	assert_err(parse((struct pk_str){text, sizeof(memory) + 2}, &form, &why), PK_ERR_NO_SPACE);
	assert_err(why.err, PK_ERR_NO_SPACE);
}

/* A code in front of a broken percent sign was decoded already; the wipe of the arena covers only
 * what the arena knows of. */
static void a_refused_value_leaves_nothing_in_the_arena(void **state)
{
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_form form;

	(void)state;
	memset(memory, 0, sizeof(memory));
	assert_err(pk_form_parse(&arena, PK_STR("code=s3cret-code%"), &form, NULL),
		   PK_ERR_FORM_SYNTAX);
	pk_arena_wipe(&arena);
	assert_false(text_has((struct pk_str){(char *)memory, sizeof(memory)}, "s3cret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_decoded_once_and_kept_in_order),
		cmocka_unit_test(only_the_first_equals_sign_splits),
		cmocka_unit_test(nothing_is_an_empty_form),
		cmocka_unit_test(a_disguised_name_is_the_same_name),
		cmocka_unit_test(broken_encoding_is_refused_with_evidence),
		cmocka_unit_test(the_65th_parameter_is_refused),
		cmocka_unit_test(more_than_the_arena_holds_is_refused),
		cmocka_unit_test(a_refused_value_leaves_nothing_in_the_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
