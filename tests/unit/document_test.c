/* Documents in a dialect's shape: pointers that lead through objects and arrays, and what is put
 * there. */
#include "sandbox/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Compares what was made, and releases it. */
static void is(json_t *document, const char *wanted)
{
	char *text = json_dumps(document, JSON_COMPACT);

	assert_string_equal(text, wanted);
	free(text);
	json_decref(document);
}

static json_t *with(const char *pointer, const char *value)
{
	json_t *document = json_object();

	document_put_typed(document, pk_str(pointer), pk_str(value));
	return document;
}

static void a_pointer_makes_its_way(void **state)
{
	(void)state;
	is(with("/a", "x"), "{\"a\":\"x\"}");
	is(with("/a/b/c", "x"), "{\"a\":{\"b\":{\"c\":\"x\"}}}");
	is(with("/data/0", "x"), "{\"data\":[\"x\"]}");
	is(with("/data/0/id", "x"), "{\"data\":[{\"id\":\"x\"}]}");
	is(with("/a/0/1", "x"), "{\"a\":[[null,\"x\"]]}");
	is(with("/0/a", "x"), "{\"0\":{\"a\":\"x\"}}");
	is(with("/a~1b/c~0d", "x"), "{\"a/b\":{\"c~d\":\"x\"}}");
	is(with("", "x"), "{}");
	is(with("a", "x"), "{}");
}

static void an_array_is_bounded(void **state)
{
	json_t *document = json_object();

	(void)state;
	is(with("/a/16", "x"), "{\"a\":{\"16\":\"x\"}}");
	is(with("/a/99999999999999999999", "x"), "{\"a\":{\"99999999999999999999\":\"x\"}}");
	document_put(document, PK_STR("/a/0"), PK_STR("x"));
	document_put(document, PK_STR("/a/16"), PK_STR("y"));
	document_put(document, PK_STR("/a/name"), PK_STR("z"));
	is(document, "{\"a\":[\"x\"]}");
}

static void what_is_there_is_kept(void **state)
{
	json_t *document = json_object();

	(void)state;
	document_put(document, PK_STR("/a/b"), PK_STR("x"));
	document_put(document, PK_STR("/a/c"), PK_STR("y"));
	document_put_bool(document, PK_STR("/l/1"), true);
	document_put_bool(document, PK_STR("/l/0"), false);
	is(document, "{\"a\":{\"b\":\"x\",\"c\":\"y\"},\"l\":[false,true]}");
}

static void a_number_has_one_way_to_be_written(void **state)
{
	static const struct {
		const char *value;
		const char *wanted;
	} values[] = {
		{"0", "{\"a\":0}"},
		{"10007", "{\"a\":10007}"},
		{"999999999999999", "{\"a\":999999999999999}"},
		{"1000000000000000", "{\"a\":\"1000000000000000\"}"},
		{"007", "{\"a\":\"007\"}"},
		{"-1", "{\"a\":\"-1\"}"},
		{"1.5", "{\"a\":\"1.5\"}"},
		{"", "{\"a\":\"\"}"},
		{"true", "{\"a\":true}"},
		{"false", "{\"a\":false}"},
		{"True", "{\"a\":\"True\"}"},
		{"\xff", "{}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		is(with("/a", values[i].value), values[i].wanted);
}

static void pairs_are_decoded_once(void **state)
{
	json_t *document = json_object();

	(void)state;
	document_put_more(document, PK_STR("/a/b=1&/c=x%26y%2520&&/d&=e&/f=%zz&/g~1=h"));
	is(document, "{\"a\":{\"b\":1},\"c\":\"x&y%20\",\"d\":\"\",\"g/\":\"h\"}");
}

static void an_object_is_made_or_found(void **state)
{
	json_t *document = json_object();
	json_t *inner = document_object(document, PK_STR("/data/0"));

	(void)state;
	assert_ptr_equal(document_object(document, PK_STR("")), document);
	document_set(inner, PK_STR("token"), PK_STR("t"));
	assert_ptr_equal(document_object(document, PK_STR("/data/0")), inner);
	assert_ptr_equal(document_object(document, PK_STR("/data/name")), document);
	is(document, "{\"data\":[{\"token\":\"t\"}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pointer_makes_its_way),
		cmocka_unit_test(an_array_is_bounded),
		cmocka_unit_test(what_is_there_is_kept),
		cmocka_unit_test(a_number_has_one_way_to_be_written),
		cmocka_unit_test(pairs_are_decoded_once),
		cmocka_unit_test(an_object_is_made_or_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
