/*
 * Placeholders: a template, a page of documentation or a shell that was copied and not filled in.
 * The shape of a value is all there is to go by, so only shapes that no real value has count.
 */
#include "explain/rules_pair.h"
#include "base/text.h"

#include <strings.h>

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

#define NAME_MAX_LEN 40 /* longer texts in braces are values that somebody wrapped */

/* Words as they name a variable: letters, digits, _ - . and spaces, the first a letter. */
static bool is_name(struct pk_str text)
{
	text = pk_str_trim(text);
	if (!text.len || text.len > NAME_MAX_LEN || !(is_letter(text.ptr[0]) || text.ptr[0] == '_'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];

		if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '_' && c != '-' && c != '.' &&
		    c != ' ')
			return false;
	}
	return true;
}

/* The brackets of templates, shells and manuals; the longer of two that begin alike first. */
static const struct brackets {
	const char *open, *close;
} brackets[] = {
	{"{{", "}}"}, {"${{", "}}"}, {"${", "}"}, {"#{", "}"}, {"$(", ")"},  {"<%=", "%>"},
	{"{", "}"},   {"<", ">"},    {"[", "]"},  {"%", "%"},  {"__", "__"},
};

static bool is_bracketed(struct pk_str value)
{
	for (size_t i = 0; i < sizeof(brackets) / sizeof(brackets[0]); i++) {
		const struct pk_str open = pk_str(brackets[i].open),
				    close = pk_str(brackets[i].close);

		if (value.len > open.len + close.len && pk_str_starts(value, open) &&
		    pk_str_ends(value, close) &&
		    is_name(pk_str_first(pk_str_from(value, open.len),
					 value.len - open.len - close.len)))
			return true;
	}
	return value.len > 1 && value.ptr[0] == '$' && is_name(pk_str_from(value, 1)) &&
	       pk_str_find(value, '.') == value.len;
}

static bool starts_as(struct pk_str value, const char *start)
{
	const struct pk_str wanted = pk_str(start);

	return value.len > wanted.len && strncasecmp(value.ptr, start, wanted.len) == 0;
}

/* "YOUR_CLIENT_KEY", "your-app-id", "REPLACE_ME": words that ask to be replaced. */
static bool is_request(struct pk_str value)
{
	static const char *const starts[] = {"your_",    "your-",    "your ",    "insert_",
					     "insert-",  "replace_", "replace-", "change_me",
					     "changeme", "<your"};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if ((starts_as(value, starts[i]) || pk_str_equal(value, pk_str(starts[i]))) &&
		    is_name(value))
			return true;
	return starts_as(value, "<your");
}

/* "CODE_VERIFIER" as the value of code_verifier: its name in capitals. */
static bool is_own_name(struct pk_str name, struct pk_str value)
{
	bool capitals = value.len > 0;

	for (size_t i = 0; i < value.len; i++)
		capitals &= value.ptr[i] < 'a' || value.ptr[i] > 'z';
	return name.len == value.len && capitals && is_letter(value.ptr[0]) &&
	       strncasecmp(name.ptr, value.ptr, name.len) == 0;
}

/* https://{host}/callback: no URI has a brace or a < in it (RFC 3986 2). */
static bool is_within_uri(struct pk_str value)
{
	static const char marks[][2] = {{'{', '}'}, {'<', '>'}};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const struct pk_str rest = pk_str_from(value, pk_str_find(value, marks[i][0]) + 1);
		const size_t end = pk_str_find(rest, marks[i][1]);

		if (end < rest.len && is_name(pk_str_first(rest, end)))
			return true;
	}
	return false;
}

bool pair_is_placeholder(struct pk_str name, struct pk_str value)
{
	if (!value.len)
		return false;
	return is_bracketed(value) || is_request(value) || is_own_name(name, value) ||
	       (pk_str_equal(name, PK_STR("redirect_uri")) && is_within_uri(value));
}

/* Short values may be wrapped in brackets and still be right. */
static bool belongs_all_the_same(const struct flow *flow, struct pk_str name)
{
	return flow->relation.found && (pk_str_equal(name, PK_STR("code_verifier")) ||
					pk_str_equal(name, PK_STR("code_challenge")));
}

/* Should it be a value after all, it is one that nobody else may read. */
static bool is_secret(struct pk_str name)
{
	static const char *const names[] = {"client_secret", "code_verifier", "code",
					    "refresh_token"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (pk_str_equal(name, pk_str(names[i])))
			return true;
	return false;
}

/* Shows each that is there. */
static bool look_in(const struct flow *flow, const struct flow_part *part,
		    struct pk_finding *finding)
{
	const struct pk_str none = {0};
	bool present = false;

	for (size_t i = 0; i < part->count; i++) {
		const struct flow_param *param = &part->param[i];

		if (!pair_is_placeholder(param->name, param->value) ||
		    belongs_all_the_same(flow, param->name))
			continue;
		finding->confidence = PK_PROVED;
		if (is_secret(param->name))
			show_secret(finding, part, pair_name(flow, param->name), param->value,
				    none);
		else
			show(finding, part, pair_name(flow, param->name), param->value, none);
		present = true;
	}
	return present;
}

enum verdict look_placeholder_not_substituted(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *const parts[] = {&flow->authorize, &flow->token, &flow->refresh};
	bool visible = false, present = false;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		visible |= parts[i]->event != NULL;
		present |= look_in(flow, parts[i], finding);
	}
	return present ? PRESENT : visible ? ABSENT : NOT_VISIBLE;
}
