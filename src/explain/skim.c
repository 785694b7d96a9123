/* Strings are skipped from quote to quote, everything else byte by byte; no escape is decoded. */
#include "explain/skim.h"
#include "base/text.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool broken(struct skim *skim)
{
	skim->broken = true;
	return false;
}

static void skip(struct skim *skim, size_t count)
{
	skim->rest = pk_str_from(skim->rest, count);
}

/* The next byte that is no blank, or '\0'. */
static char peek(struct skim *skim)
{
	while (skim->rest.len && is_blank(skim->rest.ptr[0]))
		skip(skim, 1);
	return skim->rest.len ? skim->rest.ptr[0] : '\0';
}

/* The length of the string at the start, with its quotes; 0 where it does not end. */
static size_t string_len(struct pk_str text)
{
	const char *const end = text.ptr + text.len;

	for (const char *at = text.ptr + 1; at < end; at++) {
		const char *before;

		at = memchr(at, '"', (size_t)(end - at));
		if (!at)
			return 0;
		/* An odd number of backslashes makes it a quote within the string. */
		for (before = at; before[-1] == '\\'; before--)
			;
		if ((at - before) % 2 == 0)
			return (size_t)(at - text.ptr) + 1;
	}
	return 0;
}

/* The length of a number or a word. */
static size_t scalar_len(struct pk_str text)
{
	size_t len = 0;

	while (len < text.len && !is_blank(text.ptr[len]) && !memchr(",:]}[{\"", text.ptr[len], 7))
		len++;
	return len;
}

/* The length of an object or array; 0 where its brackets do not match. */
static size_t container_len(struct pk_str text)
{
	char closing[SKIM_DEPTH_MAX];
	size_t depth = 0;

	for (size_t at = 0; at < text.len; at++) {
		const char c = text.ptr[at];

		if (c == '"') {
			const size_t len = string_len(pk_str_from(text, at));

			if (!len)
				return 0;
			at += len - 1;
		} else if (c == '{' || c == '[') {
			if (depth == SKIM_DEPTH_MAX)
				return 0;
			closing[depth++] = c == '{' ? '}' : ']';
		} else if (c == '}' || c == ']') {
			if (closing[--depth] != c)
				return 0;
			if (!depth)
				return at + 1;
		}
	}
	return 0;
}

struct pk_str skim_value(struct skim *skim)
{
	const char first = peek(skim);
	const size_t len = first == '"'                   ? string_len(skim->rest)
			   : first == '{' || first == '[' ? container_len(skim->rest)
							  : scalar_len(skim->rest);
	const struct pk_str value = pk_str_first(skim->rest, len);

	if (!len || skim->broken) {
		skim->broken = true;
		return (struct pk_str){0};
	}
	skip(skim, len);
	return value;
}

bool skim_enter(struct skim *skim, char bracket)
{
	if (skim->broken || peek(skim) != bracket)
		return broken(skim);
	skip(skim, 1);
	return true;
}

/* Steps over the comma before all but the first, and over the bracket at the end. */
static bool has_more(struct skim *skim, char bracket, char opening)
{
	const char before = skim->rest.ptr[-1];
	const char next = peek(skim);

	if (skim->broken)
		return false;
	if (next == bracket) {
		skip(skim, 1);
		return false;
	}
	if (before == opening)
		return true;
	if (next != ',')
		return broken(skim);
	skip(skim, 1);
	return true;
}

bool skim_key(struct skim *skim, struct pk_str *ret)
{
	if (!has_more(skim, '}', '{'))
		return false;
	if (peek(skim) != '"')
		return broken(skim);
	*ret = skim_value(skim);
	if (skim->broken || peek(skim) != ':')
		return broken(skim);
	skip(skim, 1);
	return true;
}

bool skim_element(struct skim *skim)
{
	return has_more(skim, ']', '[');
}

bool skim_is_at_end(struct skim *skim)
{
	return peek(skim) == '\0' && !skim->rest.len;
}
