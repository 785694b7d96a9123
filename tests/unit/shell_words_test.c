/* Words as the three shells hand them to a program. */
#include "setting.h"

#include "explain/shell_words.h"

/* The words of the first command, each in brackets, then how it ended. */
static void assert_words(enum shell shell, const char *text, const char *want)
{
	unsigned char memory[4096];
	char written[1024];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_buf out = pk_buf(written, sizeof(written));
	struct shell_words words = {.arena = &arena, .shell = shell, .rest = pk_str(text)};
	struct pk_str word;
	enum shell_token token;

	while ((token = shell_next(&words, &word)) == SHELL_WORD) {
		pk_buf_put(&out, PK_STR("["));
		pk_buf_put(&out, word);
		pk_buf_put(&out, PK_STR("]"));
	}
	pk_buf_put(&out, token == SHELL_NEXT   ? PK_STR(" next")
			 : token == SHELL_LINE ? PK_STR(" line")
					       : PK_STR(" broken"));
	assert_false(out.overflow);
	assert_text(pk_buf_str(&out), want);
}

static void posix_words(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"a  b\tc", "[a][b][c] line"},
		{"a\nb", "[a] line"},
		{"a \\\n b", "[a][b] line"},
		{"a\\\nb", "[ab] line"},
		{"a \\\r\n b", "[a][b] line"},
		{"'a b'c\"d e\"", "[a bcd e] line"},
		{"'a\\'", "[a\\] line"},
		{"'it'\\''s'", "[it's] line"},
		{"\"a\\\"b\\\\c\\n\\$d\\`\"", "[a\"b\\c\\n$d`] line"},
		{"\"a\\\nb\"", "[ab] line"},
		{"''", "[] line"},
		{"$'a\\nb\\t\\'\\x41\\101\\u00e4\\U0001F600\\cA\\q'",
		 "[a\nb\t'AA\xc3\xa4\xf0\x9f\x98\x80\x01\\q] line"},
		{"$\"a\"", "[a] line"},
		{"a\\ b \\#", "[a b][#] line"},
		{"a # comment ' \nb", "[a] line"},
		{"a#b", "[a#b] line"},
		{"a; b", "[a] next"},
		{"a && b", "[a] next"},
		{"a|b", "[a] next"},
		{"a&b=c", "[a] next"},
		{"a > f 2>&1 < g b &> h", "[a][b] line"},
		{"a >f2", "[a] line"},
		{"a2>f", "[a2] line"},
		{"a $ b$", "[a][$][b$] line"},
		{"a $b", "[a] broken"},
		{"a \"x${b}\"", "[a] broken"},
		{"a `b`", "[a] broken"},
		{"'a", " broken"},
		{"\"a", " broken"},
		{"$'a", " broken"},
		{"a\\", "[a\\] line"},
		{"", " line"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_words(SHELL_POSIX, rows[i].text, rows[i].want);
}

static void windows_words(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"a ^\r\n  b", "[a][b] line"},
		{"\"a b\" c", "[a b][c] line"},
		{"^\"a ^& b^\"", "[a & b] line"},
		{"\"a^b\"", "[a^b] line"},
		{"a^^b ^%", "[a^b][%] line"},
		{"\"a\"\"b\"", "[a\"b] line"},
		{"\"a\\\"b\"", "[a\"b] line"},
		{"\"a\\\\\" b", "[a\\][b] line"},
		{"a\\\\b \\x", "[a\\\\b][\\x] line"},
		{"'a b'", "['a][b'] line"},
		{"^\"a^\n\nb^\"", "[a\nb] line"},
		{"a & b", "[a] next"},
		{"\"a & b\"", "[a & b] line"},
		{"\"a", " broken"},
		{"a\nb", "[a] line"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_words(SHELL_CMD, rows[i].text, rows[i].want);
}

static void powershell_words(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"a `\n b", "[a][b] line"},
		{"'it''s $x'", "[it's $x] line"},
		{"\"a`\"b\"\"c`n`$d\"", "[a\"b\"c\n$d] line"},
		{"\"a$b\"", " broken"},
		{"a\\b; c", "[a\\b] next"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_words(SHELL_POWERSHELL, rows[i].text, rows[i].want);
}

static void shells_are_told_by_the_first_line(void **state)
{
	(void)state;
	assert_int_equal(shell_guess(PK_STR("curl 'x' \\\n -d y")), SHELL_POSIX);
	assert_int_equal(shell_guess(PK_STR("curl \"x\" -d \"y\"")), SHELL_POSIX);
	assert_int_equal(shell_guess(PK_STR("curl ^\"x^\"")), SHELL_CMD);
	assert_int_equal(shell_guess(PK_STR("curl \"x\" ^\r\n -d y")), SHELL_CMD);
	assert_int_equal(shell_guess(PK_STR("curl x -d \"{\"\"a\"\":1}\"")), SHELL_CMD);
	assert_int_equal(shell_guess(PK_STR("curl.exe x `\n -d y")), SHELL_POWERSHELL);
	assert_int_equal(shell_guess(PK_STR("")), SHELL_POSIX);
}

static void a_full_arena_is_no_word(void **state)
{
	unsigned char memory[4];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct shell_words words = {.arena = &arena, .rest = PK_STR("abcdef")};
	struct pk_str word;

	(void)state;
	assert_int_equal(shell_next(&words, &word), SHELL_FULL);
	words = (struct shell_words){.arena = &arena, .shell = SHELL_CMD, .rest = PK_STR("abcdef")};
	assert_int_equal(shell_next(&words, &word), SHELL_FULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(posix_words),
		cmocka_unit_test(windows_words),
		cmocka_unit_test(powershell_words),
		cmocka_unit_test(shells_are_told_by_the_first_line),
		cmocka_unit_test(a_full_arena_is_no_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
