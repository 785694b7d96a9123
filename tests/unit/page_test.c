/* Pages: values cannot become markup, and a template that does not fit its fields stops the
 * program. */
#include "io/page_template.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char memory[4096];

static const struct page_field fields[] = {
	{"name", {"<b>\"O'Hara\" & {{title}}</b>", 27}},
	{"title", {"T", 1}},
	{"inner", {"<p>made</p>", 11}},
	{"empty", {"", 0}},
	{"absent", {NULL, 0}},
};

static void assert_fills(const char *template, const char *wanted)
{
	struct pk_buf out = pk_buf(memory, sizeof(memory) - 1);

	page_fill(&out, "test", pk_str(template), fields, sizeof(fields) / sizeof(fields[0]));
	assert_false(out.overflow);
	memory[out.len] = '\0';
	assert_string_equal(memory, wanted);
}

static void fills_in_escaped_values(void **state)
{
	(void)state;
	assert_fills("a {{title}} b {{title}}", "a T b T");
	assert_fills("{{name}}", "&lt;b&gt;&quot;O&#39;Hara&quot; &amp; {{title}}&lt;/b&gt;");
	assert_fills("[{{empty}}{{absent}}]", "[]");
}

static void fills_in_raw_values_where_the_template_says_so(void **state)
{
	(void)state;
	assert_fills("<div>{{{inner}}}</div>", "<div><p>made</p></div>");
	assert_fills("{{inner}}", "&lt;p&gt;made&lt;/p&gt;");
}

static void leaves_everything_else_alone(void **state)
{
	(void)state;
	assert_fills("", "");
	assert_fills("a { b } c }} d <e>", "a { b } c }} d <e>");
}

static void says_when_there_is_no_room(void **state)
{
	struct pk_buf out = pk_buf(memory, 10);

	(void)state;
	page_fill(&out, "test", PK_STR("{{name}}"), fields, 1);
	assert_true(out.overflow);
}

static int ending(const char *template, const char *file)
{
	const pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct pk_buf out = pk_buf(memory, sizeof(memory));

		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		if (file)
			page_render(&out, file, fields, 5);
		else
			page_fill(&out, "test", pk_str(template), fields, 5);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void a_template_that_does_not_fit_ends_the_program(void **state)
{
	(void)state;
	assert_int_equal(ending("{{title}}", NULL), 0);
	assert_int_equal(ending("{{titel}}", NULL), SIGABRT);
	assert_int_equal(ending("{{ title }}", NULL), SIGABRT);
	assert_int_equal(ending("{{{title}}", NULL), SIGABRT);
	assert_int_equal(ending("{{title", NULL), SIGABRT);
	assert_int_equal(ending("{{", NULL), SIGABRT);
	assert_int_equal(ending(NULL, "no-such.html"), SIGABRT);
}

static void escapes_all_that_could_end_a_text_or_an_attribute(void **state)
{
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	(void)state;
	page_escape(&out, PK_STR("&<>\"'\xc3\xa4`="));
	assert_true(pk_str_equal(pk_buf_str(&out), PK_STR("&amp;&lt;&gt;&quot;&#39;\xc3\xa4`=")));
}

static void has_the_style_sheet(void **state)
{
	(void)state;
	assert_true(page_file("style.css").len > 0);
	assert_null(page_file("no-such.css").ptr);
	assert_null(page_file("../meson.build").ptr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_in_escaped_values),
		cmocka_unit_test(fills_in_raw_values_where_the_template_says_so),
		cmocka_unit_test(leaves_everything_else_alone),
		cmocka_unit_test(says_when_there_is_no_room),
		cmocka_unit_test(a_template_that_does_not_fit_ends_the_program),
		cmocka_unit_test(escapes_all_that_could_end_a_text_or_an_attribute),
		cmocka_unit_test(has_the_style_sheet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
