/*
 * Words of a command line after the quoting of three shells: POSIX sh with bash's $'..', the
 * command processor of Windows with the argument rules of its C runtime, and PowerShell. Nothing
 * is expanded: where a value would come from a variable or another command it is not known, and the
 * command is refused.
 */
#include "explain/shell_words.h"
#include "base/arena.h"
#include "base/text.h"

#include <sodium.h>
#include <string.h>

static const char unknown_value[] =
	"the value of a shell variable or command is not known here; write it out";

static bool starts(struct pk_str text, const char *start)
{
	return pk_str_starts(text, pk_str(start));
}

static bool has(struct pk_str text, const char *part)
{
	return text.ptr && memmem(text.ptr, text.len, part, strlen(part));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_word_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static void skip(struct shell_words *words, size_t count)
{
	words->rest = pk_str_from(words->rest, count);
}

static bool broken(struct shell_words *words, const char *problem)
{
	words->problem = problem;
	return false;
}

/* The length of a line end at the start, 0 where there is none. */
static size_t newline(struct pk_str text)
{
	return starts(text, "\r\n") ? 2 : starts(text, "\n") ? 1 : 0;
}

enum shell shell_guess(struct pk_str command)
{
	const struct pk_str line = pk_str_trim(pk_str_first(command, pk_str_find(command, '\n')));

	if (!line.len)
		return SHELL_POSIX;
	if (line.ptr[line.len - 1] == '^' || has(line, " ^\"") || has(line, "{\"\""))
		return SHELL_CMD;
	return pk_str_ends(line, PK_STR(" `")) ? SHELL_POWERSHELL : SHELL_POSIX;
}

/* ---- POSIX ---- */

/* A $ or ` that would be replaced by something that is not here. */
static bool is_expansion(const struct shell_words *words)
{
	const struct pk_str rest = words->rest;

	if (words->any_variable)
		return false;
	if (rest.ptr[0] == '`')
		return true;
	return rest.ptr[0] == '$' && rest.len > 1 &&
	       (is_word_character(rest.ptr[1]) || memchr("({?@*!$#", rest.ptr[1], 8));
}

static bool single_quoted(struct shell_words *words, struct pk_buf *out)
{
	const struct pk_str inside = pk_str_from(words->rest, 1);
	const size_t end = pk_str_find(inside, '\'');

	if (end == inside.len)
		return broken(words, "a single quote is not closed");
	pk_buf_put(out, pk_str_first(inside, end));
	skip(words, end + 2);
	return true;
}

/* POSIX 2.2.3: within double quotes a backslash escapes $ ` " \ and a newline, and stays
 * otherwise. */
static bool double_quoted(struct shell_words *words, struct pk_buf *out)
{
	const struct pk_str start = words->rest;

	for (skip(words, 1); words->rest.len; skip(words, 1)) {
		const char c = words->rest.ptr[0];

		if (c == '"') {
			skip(words, 1);
			return true;
		}
		if (is_expansion(words))
			return broken(words, unknown_value);
		if (c == '\\' && words->rest.len > 1) {
			const size_t line_end = newline(pk_str_from(words->rest, 1));

			if (line_end) {
				skip(words, line_end);
				continue;
			}
			if (memchr("$`\"\\", words->rest.ptr[1], 4)) {
				pk_buf_char(out, words->rest.ptr[1]);
				skip(words, 1);
				continue;
			}
		}
		pk_buf_char(out, c);
	}
	words->rest = start;
	return broken(words, "a double quote is not closed");
}

/* Up to `max` digits of that base at the start; how many there were. */
static size_t read_digits(struct pk_str text, unsigned base, size_t max, uint32_t *ret)
{
	size_t count = 0;

	*ret = 0;
	for (; count < max && count < text.len; count++) {
		const char c = text.ptr[count];
		const unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
				       : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
				       : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
							      : base;

		if (digit >= base)
			break;
		*ret = *ret * base + digit;
	}
	return count;
}

static void put_utf8(struct pk_buf *out, uint32_t c)
{
	if (c < 0x80) {
		pk_buf_char(out, (char)c);
		return;
	}
	if (c < 0x800) {
		pk_buf_char(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			pk_buf_char(out, (char)(0xe0 | c >> 12));
		} else {
			pk_buf_char(out, (char)(0xf0 | (c >> 18 & 7)));
			pk_buf_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		pk_buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	pk_buf_char(out, (char)(0x80 | (c & 0x3f)));
}

/* An escape of bash's $'..' that is a number: \x41 \101 \u0041 \U00000041. Its length behind the
 * backslash, 0 where it is none. */
static size_t numeric_escape(struct pk_str text, struct pk_buf *out)
{
	static const struct {
		char letter;
		unsigned base;
		size_t max;
	} rows[] = {{'x', 16, 2}, {'u', 16, 4}, {'U', 16, 8}};
	uint32_t value;
	size_t count = read_digits(text, 8, 3, &value);

	if (count) {
		pk_buf_char(out, (char)(value & 0xff));
		return count;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (text.ptr[0] != rows[i].letter)
			continue;
		count = read_digits(pk_str_from(text, 1), rows[i].base, rows[i].max, &value);
		if (!count)
			return 0;
		if (rows[i].letter == 'x')
			pk_buf_char(out, (char)value);
		else
			put_utf8(out, value);
		return count + 1;
	}
	return 0;
}

/* One escape of $'..'; `rest` stands behind the backslash. An unknown one stays as it is. */
static void ansi_escape(struct shell_words *words, struct pk_buf *out)
{
	static const char letters[] = "abeEfnrtv\\'\"?";
	static const char values[] = "\a\b\033\033\f\n\r\t\v\\'\"?";
	const char *at = memchr(letters, words->rest.ptr[0], sizeof(letters) - 1);
	size_t len = 1;

	if (at) {
		pk_buf_char(out, values[at - letters]);
	} else if (words->rest.ptr[0] == 'c' && words->rest.len > 1) {
		pk_buf_char(out, (char)(words->rest.ptr[1] & 0x1f));
		len = 2;
	} else {
		len = numeric_escape(words->rest, out);
		if (!len) {
			pk_buf_char(out, '\\');
			pk_buf_char(out, words->rest.ptr[0]);
			len = 1;
		}
	}
	skip(words, len);
}

static bool ansi_quoted(struct shell_words *words, struct pk_buf *out)
{
	const struct pk_str start = words->rest;

	skip(words, 2);
	while (words->rest.len) {
		const char c = words->rest.ptr[0];

		skip(words, 1);
		if (c == '\'')
			return true;
		if (c == '\\' && words->rest.len)
			ansi_escape(words, out);
		else
			pk_buf_char(out, c);
	}
	words->rest = start;
	return broken(words, "a $' quote is not closed");
}

/* One piece of a word: a quoted part, an escape or a character. */
static bool posix_piece(struct shell_words *words, struct pk_buf *out)
{
	if (starts(words->rest, "$'"))
		return ansi_quoted(words, out);
	if (starts(words->rest, "$\""))
		skip(words, 1);
	if (words->rest.ptr[0] == '\'')
		return single_quoted(words, out);
	if (words->rest.ptr[0] == '"')
		return double_quoted(words, out);
	if (is_expansion(words))
		return broken(words, unknown_value);
	if (words->rest.ptr[0] == '\\' && words->rest.len > 1)
		skip(words, 1);
	pk_buf_char(out, words->rest.ptr[0]);
	skip(words, 1);
	return true;
}

/* ---- PowerShell ---- */

static bool powershell_double_quoted(struct shell_words *words, struct pk_buf *out)
{
	static const char letters[] = "nrt0abfv";
	static const char values[] = "\n\r\t\0\a\b\f\v";
	const struct pk_str start = words->rest;

	for (skip(words, 1); words->rest.len; skip(words, 1)) {
		char c = words->rest.ptr[0];

		if (starts(words->rest, "\"\"") || (c == '`' && words->rest.len > 1)) {
			const char *at;

			skip(words, 1);
			at = memchr(letters, words->rest.ptr[0], sizeof(letters) - 1);
			c = c == '`' && at ? values[at - letters] : words->rest.ptr[0];
		} else if (c == '"') {
			skip(words, 1);
			return true;
		} else if (c == '$' && is_expansion(words)) {
			return broken(words, unknown_value);
		}
		pk_buf_char(out, c);
	}
	words->rest = start;
	return broken(words, "a double quote is not closed");
}

static bool powershell_piece(struct shell_words *words, struct pk_buf *out)
{
	if (words->rest.ptr[0] == '"')
		return powershell_double_quoted(words, out);
	if (words->rest.ptr[0] == '\'') {
		if (!single_quoted(words, out))
			return false;
		/* Two of them are one, and the text goes on. */
		if (starts(words->rest, "'"))
			pk_buf_char(out, '\'');
		return true;
	}
	if (words->rest.ptr[0] == '$' && is_expansion(words))
		return broken(words, unknown_value);
	if (words->rest.ptr[0] == '`' && words->rest.len > 1)
		skip(words, 1);
	pk_buf_char(out, words->rest.ptr[0]);
	skip(words, 1);
	return true;
}

/* ---- What these two share: blanks, ends, comments, redirections ---- */

static bool is_escape(const struct shell_words *words, char c)
{
	return c == (words->shell == SHELL_POWERSHELL ? '`' : '\\');
}

static void skip_blanks(struct shell_words *words)
{
	while (words->rest.len) {
		const size_t line_end = newline(pk_str_from(words->rest, 1));

		if (is_escape(words, words->rest.ptr[0]) && line_end)
			skip(words, 1 + line_end);
		else if (is_blank(words->rest.ptr[0]) && !newline(words->rest))
			skip(words, 1);
		else
			break;
	}
}

static bool ends_word(const struct shell_words *words)
{
	return !words->rest.len || is_blank(words->rest.ptr[0]) ||
	       memchr("\n;&|<>", words->rest.ptr[0], 6);
}

/* Reads a word, or what is left of one; false: see `problem`. */
static bool read_pieces(struct shell_words *words, struct pk_buf *out)
{
	while (!ends_word(words)) {
		const size_t line_end = newline(pk_str_from(words->rest, 1));

		if (is_escape(words, words->rest.ptr[0]) && line_end)
			skip(words, 1 + line_end);
		else if (words->shell == SHELL_POWERSHELL ? !powershell_piece(words, out)
							  : !posix_piece(words, out))
			return false;
	}
	return true;
}

/* > FILE, 2>&1, < FILE: where the reply went is of no interest. */
static bool skip_redirection(struct shell_words *words)
{
	struct pk_buf none = pk_arena_open(words->arena);

	while (words->rest.len && memchr("<>&|", words->rest.ptr[0], 4))
		skip(words, 1);
	skip_blanks(words);
	return read_pieces(words, &none);
}

static bool is_number(struct pk_str text)
{
	int64_t number;

	return pk_str_number(text, 99, &number);
}

static enum shell_token read_end(struct shell_words *words)
{
	if (!words->rest.len)
		return SHELL_LINE;

	const bool line = words->rest.ptr[0] == '\n' || words->rest.ptr[0] == '\r';

	if (line)
		skip(words, newline(words->rest));
	while (!line && words->rest.len && memchr(";&|", words->rest.ptr[0], 3))
		skip(words, 1);
	return line ? SHELL_LINE : SHELL_NEXT;
}

/* What was read of a word that is broken may be half a secret, and the arena's wipe covers only
 * what is kept. */
static enum shell_token give_up(struct pk_buf *out)
{
	sodium_memzero(out->ptr, out->len);
	return SHELL_BROKEN;
}

static enum shell_token next_word(struct shell_words *words, struct pk_str *ret)
{
	for (;;) {
		struct pk_buf out = pk_arena_open(words->arena);

		skip_blanks(words);
		if (words->rest.len && words->rest.ptr[0] == '#')
			skip(words, pk_str_find(words->rest, '\n'));
		if (!words->rest.len || newline(words->rest) ||
		    (memchr(";&|", words->rest.ptr[0], 3) && !starts(words->rest, "&>")))
			return read_end(words);

		words->start = words->rest.ptr;
		if (!read_pieces(words, &out))
			return give_up(&out);
		if (words->rest.len && memchr("<>", words->rest.ptr[0], 2) &&
		    (words->rest.ptr == words->start || is_number(pk_buf_str(&out)))) {
			if (!skip_redirection(words))
				return SHELL_BROKEN;
			continue;
		}
		if (words->rest.ptr == words->start && starts(words->rest, "&>")) {
			if (!skip_redirection(words))
				return SHELL_BROKEN;
			continue;
		}
		return pk_arena_close(words->arena, &out, ret) == PK_OK ? SHELL_WORD : SHELL_FULL;
	}
}

/* ---- Windows: first the command processor, then the program's own splitting ---- */

/* Takes the carets away, up to the command's end. A caret makes the next character plain, except
 * within quotes; one before a line end joins the lines, and then the next line's first character is
 * the plain one. */
static bool cmd_unescape(struct shell_words *words)
{
	struct pk_buf out = pk_arena_open(words->arena);
	bool quoted = false;

	words->start = words->rest.ptr;
	while (words->rest.len && !newline(words->rest)) {
		char c = words->rest.ptr[0];

		if (!quoted && memchr("&|", c, 2))
			break;
		quoted ^= c == '"';
		if (c == '^' && !quoted) {
			skip(words, 1);
			skip(words, newline(words->rest));
			if (!words->rest.len)
				break;
			if (starts(words->rest, "\r\n"))
				skip(words, 1);
			c = words->rest.ptr[0];
		}
		pk_buf_char(&out, c);
		skip(words, 1);
	}
	words->cmd_ready = true;
	return pk_arena_close(words->arena, &out, &words->cmd) == PK_OK;
}

/* A run of backslashes escapes only before a quote: half of them stay, and an odd one makes the
 * quote plain. Gives the number of bytes that were read. */
static size_t cmd_backslashes(struct pk_str text, struct pk_buf *out)
{
	size_t run = 0;

	while (run < text.len && text.ptr[run] == '\\')
		run++;

	const bool before_quote = run < text.len && text.ptr[run] == '"';

	for (size_t i = 0; i < (before_quote ? run / 2 : run); i++)
		pk_buf_char(out, '\\');
	if (!before_quote || run % 2 == 0)
		return run;
	pk_buf_char(out, '"');
	return run + 1;
}

static bool cmd_word(struct shell_words *words, struct pk_buf *out)
{
	bool quoted = false;

	while (words->cmd.len) {
		const char c = words->cmd.ptr[0];
		size_t len = 1;

		if (!quoted && (is_blank(c) || c == '\n'))
			break;
		if (c == '\\') {
			len = cmd_backslashes(words->cmd, out);
		} else if (quoted && starts(words->cmd, "\"\"")) {
			pk_buf_char(out, '"');
			len = 2;
		} else if (c == '"') {
			quoted = !quoted;
		} else {
			pk_buf_char(out, c);
		}
		words->cmd = pk_str_from(words->cmd, len);
	}
	return !quoted || broken(words, "a double quote is not closed");
}

static enum shell_token cmd_next(struct shell_words *words, struct pk_str *ret)
{
	struct pk_buf out;

	if (!words->cmd_ready && !cmd_unescape(words))
		return SHELL_FULL;
	while (words->cmd.len && (is_blank(words->cmd.ptr[0]) || words->cmd.ptr[0] == '\n'))
		words->cmd = pk_str_from(words->cmd, 1);
	if (!words->cmd.len) {
		words->cmd_ready = false;
		return read_end(words);
	}
	out = pk_arena_open(words->arena);
	if (!cmd_word(words, &out))
		return give_up(&out);
	return pk_arena_close(words->arena, &out, ret) == PK_OK ? SHELL_WORD : SHELL_FULL;
}

enum shell_token shell_next(struct shell_words *words, struct pk_str *ret)
{
	return words->shell == SHELL_CMD ? cmd_next(words, ret) : next_word(words, ret);
}
