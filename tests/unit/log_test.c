/*
 * Log lines: one event is one line, whatever its values are made of; no value can start another
 * field or line, and what is too much is left out whole.
 */
#include "setting.h"

#include "base/text.h"
#include "gateway/log.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static char line[16384];

/* Logs with stderr going to a pipe, and reads what came. */
static void capture_at(const char *level, const struct log_field *fields, size_t count)
{
	int ends[2], saved;
	ssize_t got;

	assert_int_equal(pipe(ends), 0);
	saved = dup(STDERR_FILENO);
	assert_true(saved >= 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_event(level, "test.event", fields, count);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(ends[1]);
	got = read(ends[0], line, sizeof(line) - 1);
	close(ends[0]);
	line[got > 0 ? got : 0] = '\0';
}

static void capture(const struct log_field *fields, size_t count)
{
	capture_at("warn", fields, count);
	assert_true(line[0]);
}

static void assert_one_line(void)
{
	const size_t len = strlen(line);
	size_t quotes = 0;

	assert_true(len > 0 && line[len - 1] == '\n');
	assert_ptr_equal(strchr(line, '\n'), line + len - 1);
	for (size_t i = 0; i + 1 < len; i++) {
		assert_in_range(line[i], 0x20, 0x7e);
		quotes += line[i] == '"';
	}
	assert_int_equal(quotes % 2, 0);
}

static void a_line_says_when_who_and_what(void **state)
{
	const struct log_field fields[] = {{"login", PK_STR("first")}, {"text", PK_STR("a b")}};
	struct tm tm = {0};

	(void)state;
	log_process("front");
	capture(fields, 2);
	assert_one_line();
	assert_non_null(strptime(line, "time=%Y-%m-%dT%H:%M:%S", &tm));
	assert_non_null(strstr(line, "Z level=warn process=front event=test.event "
				     "login=first text=\"a b\"\n"));
}

static void what_is_empty_is_left_out(void **state)
{
	const struct log_field fields[] = {
		{"a", PK_STR("")}, {"b", (struct pk_str){0}}, {"c", PK_STR("1")}};

	(void)state;
	capture(fields, 3);
	assert_one_line();
	assert_null(strstr(line, " a="));
	assert_null(strstr(line, " b="));
	assert_non_null(strstr(line, " c=1\n"));
}

static void a_value_stays_in_its_field(void **state)
{
	/* clang-format off */
	static const struct {
		struct pk_str value;
		const char *want;
	} table[] = {
		{{"x\nlevel=info event=login.finished", 33}, " v=\"x?level=info event=login.finished\"\n"},
		{{"x\r\n", 3},                               " v=x??\n"},
		{{"x\" level=info", 13},                     " v=\"x? level=info\"\n"},
		{{"\\\"", 2},                                " v=??\n"},
		{{"a=b", 3},                                 " v=\"a=b\"\n"},
		{{"a,b;c'd", 7},                             " v=\"a,b;c'd\"\n"},
		{{"\x1b[2J", 4},                             " v=?[2J\n"},
		{{"\xc2\x9b" "2J", 4},                       " v=??2J\n"},
		{{"\xe2\x80\xa8", 3},                        " v=???\n"},
		{{"a\0b", 3},                                " v=a?b\n"},
		{{"\x7f", 1},                                " v=?\n"},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		capture(&(struct log_field){"v", table[i].value}, 1);
		assert_one_line();
		if (!strstr(line, table[i].want))
			fail_msg("%s is not in %s", table[i].want, line);
	}
}

/* Every field of a failure at its longest, and a few more. */
static void long_values_are_cut_and_fields_are_whole(void **state)
{
	static char value[100000];
	struct log_field fields[12];
	const char *at = line;
	size_t count = 0;

	(void)state;
	memset(value, 'x', sizeof(value));
	value[10] = ' '; /* quoted */
	for (size_t i = 0; i < 12; i++)
		fields[i] = (struct log_field){"field", {value, sizeof(value)}};
	capture(fields, 12);
	assert_one_line();
	assert_true(strlen(line) <= 4096);
	while ((at = strstr(at + 1, " field=\"xxxxxxxxxx x")))
		count++;
	assert_in_range(count, 6, 11);
	assert_string_equal(line + strlen(line) - 3, "x\"\n");
}

static void a_sentence_is_a_field(void **state)
{
	(void)state;
	capture(&(struct log_field){"text", PK_STR("5 fronts and a keeper")}, 1);
	assert_non_null(strstr(line, " text=\"5 fronts and a keeper\"\n"));
}

static void what_matters_less_is_left_out(void **state)
{
	static const char *const levels[LOG_LEVELS] = {"error", "warn", "info", "debug"};
	const struct log_field field = {"a", PK_STR("1")};

	(void)state;
	for (int threshold = 0; threshold < LOG_LEVELS; threshold++) {
		assert_int_equal(log_level_named(pk_str(levels[threshold])), threshold);
		log_threshold((enum log_level)threshold);
		for (int level = 0; level < LOG_LEVELS; level++) {
			capture_at(levels[level], &field, 1);
			assert_int_equal(line[0] != '\0', level <= threshold);
		}
	}
	log_threshold(LOG_LEVEL_INFO);
	assert_int_equal(log_level_named(PK_STR("loud")), LOG_LEVELS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_says_when_who_and_what),
		cmocka_unit_test(what_is_empty_is_left_out),
		cmocka_unit_test(a_value_stays_in_its_field),
		cmocka_unit_test(long_values_are_cut_and_fields_are_whole),
		cmocka_unit_test(a_sentence_is_a_field),
		cmocka_unit_test(what_matters_less_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
