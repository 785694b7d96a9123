/* Dialects by name: which file a name stands for, and what is refused. */
#include "io/dialect_file.h"
#include "base/text.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char sound[] = "title = \"Mine\"\n"
			    "source = \"me\"\n"
			    "checked = \"2026-11-21\"\n"
			    "authorize_url = \"https://a.example/a\"\n"
			    "token_url = \"https://a.example/t\"\n"
			    "client_auth = {\"none\"}\n"
			    "pkce = \"required\"\n"
			    "redirect_rules = {\"https\"}\n"
			    "token_subject = \"/sub\"\n";

/* A directory of the test's own, and the file that it puts there. */
struct place {
	char directory[64];
	char path[128];
};

static int make_place(void **state)
{
	struct place *const place = calloc(1, sizeof(*place));

	strcpy(place->directory, "/tmp/proofkey-dialect-XXXXXX");
	*state = place;
	return mkdtemp(place->directory) ? 0 : -1;
}

static int remove_place(void **state)
{
	struct place *const place = *state;

	if (place->path[0])
		unlink(place->path);
	rmdir(place->directory);
	free(place);
	return 0;
}

static void name_file(struct place *place, const char *name)
{
	snprintf(place->path, sizeof(place->path), "%s/%s", place->directory, name);
}

static void put_file(struct place *place, const char *name, const void *text, size_t len)
{
	name_file(place, name);

	FILE *const file = fopen(place->path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void assert_refused(const char *directory, const char *name, const char *words)
{
	struct dialect_file file;
	char error[256];

	assert_false(dialect_load(directory, pk_str(name), &file, error, sizeof(error)));
	assert_non_null(strstr(error, words));
	assert_null(file.memory);
}

static void a_built_in_dialect_is_found_by_name(void **state)
{
	struct dialect_file file;
	char error[256];

	(void)state;
	assert_true(dialect_load(NULL, PK_STR("rfc7636"), &file, error, sizeof(error)));
	assert_true(pk_str_equal(file.dialect.name, PK_STR("rfc7636")));
	assert_null(file.path.ptr);
	dialect_file_free(&file);
}

static void a_name_that_leaves_the_directory_is_refused(void **state)
{
	const char *const names[] = {
		"../rfc7636", "a/b", "RFC7636",
		"",           ".",   "-x",
		"a.conf",     "a b", "abcdefghijklmnopqrstuvwxyzabcdefghijklmno"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_refused(NULL, names[i], "no name of a provider");
		assert_refused("/tmp", names[i], "no name of a provider");
	}
}

static void a_name_that_nobody_has_is_refused(void **state)
{
	(void)state;
	assert_refused(NULL, "nobody", "there is no provider nobody");
}

static void a_file_goes_before_the_built_in_one(void **state)
{
	struct place *const place = *state;
	struct dialect_file file, moved;
	char error[256];

	put_file(place, "rfc7636.conf", sound, sizeof(sound) - 1);
	assert_true(dialect_load(place->directory, PK_STR("rfc7636"), &file, error, sizeof(error)));
	moved = file;
	memset(&file, 0, sizeof(file));
	assert_true(pk_str_equal(moved.dialect.title, PK_STR("Mine")));
	assert_true(pk_str_equal(moved.dialect.name, PK_STR("rfc7636")));
	assert_true(pk_str_equal(moved.path, pk_str(place->path)));
	dialect_file_free(&moved);
}

static void without_a_file_it_is_the_built_in_one(void **state)
{
	const struct place *const place = *state;
	struct dialect_file file;
	char error[256];

	assert_true(dialect_load(place->directory, PK_STR("rfc7636"), &file, error, sizeof(error)));
	assert_null(file.path.ptr);
	dialect_file_free(&file);
}

static void a_wrong_file_is_told_with_its_line_and_not_replaced(void **state)
{
	static const char wrong[] = "title = \"Mine\"\nno such thing\n";
	struct place *const place = *state;
	struct dialect_file file;
	char error[256], expected[160];

	put_file(place, "rfc7636.conf", wrong, sizeof(wrong) - 1);
	assert_false(
		dialect_load(place->directory, PK_STR("rfc7636"), &file, error, sizeof(error)));
	snprintf(expected, sizeof(expected), "%s:2: ", place->path);
	assert_memory_equal(error, expected, strlen(expected));
	assert_int_equal(file.why.line, 2);
}

static void a_file_that_is_too_long_is_refused(void **state)
{
	struct place *const place = *state;
	char *const text = malloc(DIALECT_FILE_MAX + 1);

	memset(text, '\n', DIALECT_FILE_MAX + 1);
	memcpy(text, sound, sizeof(sound) - 1);
	put_file(place, "rfc7636.conf", text, DIALECT_FILE_MAX + 1);
	assert_refused(place->directory, "rfc7636", "longer");

	struct dialect_file file;
	char error[256];

	put_file(place, "rfc7636.conf", text, DIALECT_FILE_MAX);
	free(text);
	assert_true(dialect_load(place->directory, PK_STR("rfc7636"), &file, error, sizeof(error)));
	dialect_file_free(&file);
}

static void a_fifo_does_not_hold_up_who_opens_it(void **state)
{
	struct place *const place = *state;

	name_file(place, "rfc7636.conf");
	assert_int_equal(mkfifo(place->path, 0600), 0);
	assert_refused(place->directory, "rfc7636", "not a file");
}

static void a_directory_that_is_not_there_is_refused(void **state)
{
	struct dialect_names names;
	char error[256];

	(void)state;
	assert_refused("/nonexistent", "rfc7636", "/nonexistent: ");
	assert_false(dialect_list("/nonexistent", &names, error, sizeof(error)));
}

static void the_list_joins_both_and_is_sorted(void **state)
{
	struct place *const place = *state;
	struct dialect_names built_in, names;
	char error[256];

	put_file(place, "acme.conf", sound, sizeof(sound) - 1);
	assert_true(dialect_list(NULL, &built_in, error, sizeof(error)));
	assert_true(dialect_list(place->directory, &names, error, sizeof(error)));
	assert_int_equal(names.count, built_in.count + 1);
	assert_string_equal(names.name[0], "acme");
	for (size_t i = 1; i < names.count; i++)
		assert_true(strcmp(names.name[i - 1], names.name[i]) < 0);
}

static void a_file_of_another_kind_is_passed_over(void **state)
{
	struct place *const place = *state;
	struct dialect_names built_in, names;
	char error[256];

	put_file(place, "README.conf", sound, sizeof(sound) - 1);
	assert_true(dialect_list(NULL, &built_in, error, sizeof(error)));
	assert_true(dialect_list(place->directory, &names, error, sizeof(error)));
	assert_int_equal(names.count, built_in.count);
}

static void a_path_is_loaded_under_the_name_of_its_file(void **state)
{
	struct place *const place = *state;
	struct dialect_file file;
	char error[256];

	put_file(place, "acme-2.conf", sound, sizeof(sound) - 1);
	assert_true(dialect_load_path(place->path, &file, error, sizeof(error)));
	assert_true(pk_str_equal(file.dialect.name, PK_STR("acme-2")));
	dialect_file_free(&file);
	assert_false(dialect_load_path("/dev/null", &file, error, sizeof(error)));
	assert_int_equal(file.why.err, PK_OK);
}

static void the_environment_names_the_directory(void **state)
{
	(void)state;
	unsetenv("PROOFKEY_PROVIDERS");
	assert_null(dialect_directory());
	setenv("PROOFKEY_PROVIDERS", "", 1);
	assert_null(dialect_directory());
	setenv("PROOFKEY_PROVIDERS", "/etc/dialects", 1);
	assert_string_equal(dialect_directory(), "/etc/dialects");
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_built_in_dialect_is_found_by_name),
		cmocka_unit_test(a_name_that_leaves_the_directory_is_refused),
		cmocka_unit_test(a_name_that_nobody_has_is_refused),
		IN_PLACE(a_file_goes_before_the_built_in_one),
		IN_PLACE(without_a_file_it_is_the_built_in_one),
		IN_PLACE(a_wrong_file_is_told_with_its_line_and_not_replaced),
		IN_PLACE(a_file_that_is_too_long_is_refused),
		IN_PLACE(a_fifo_does_not_hold_up_who_opens_it),
		cmocka_unit_test(a_directory_that_is_not_there_is_refused),
		IN_PLACE(the_list_joins_both_and_is_sorted),
		IN_PLACE(a_file_of_another_kind_is_passed_over),
		IN_PLACE(a_path_is_loaded_under_the_name_of_its_file),
		cmocka_unit_test(the_environment_names_the_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
