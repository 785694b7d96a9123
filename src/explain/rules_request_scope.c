/*
 * The scopes: joined as the provider joins them (RFC 6749 3.3: by a space), and of those that it
 * knows. A provider that gave a code has taken the scopes.
 */
#include "explain/rules_request.h"
#include "explain/rules_client.h"
#include "explain/words.h"
#include "base/text.h"

#include <string.h>

static const struct pk_str nothing;

static const char separators[] = " ,+;|";

/* Where the first character that may join scopes stands, from `start`; or text.len. */
static size_t find_join(struct pk_str text, size_t start)
{
	while (start < text.len && !(text.ptr[start] && strchr(separators, text.ptr[start])))
		start++;
	return start;
}

/* Whether this character cannot be part of a scope here: a space never is, others where scopes that
 * the dialect knows stand on both sides of it. */
static bool joins(const struct pk_dialect *dialect, struct pk_str scope, size_t at)
{
	size_t start = at;
	struct pk_str before, after;

	if (scope.ptr[at] == ' ')
		return true;
	while (start > 0 && find_join(scope, start - 1) != start - 1)
		start--;
	before = pk_str_first(pk_str_from(scope, start), at - start);
	after = pk_str_first(pk_str_from(scope, at + 1), find_join(scope, at + 1) - at - 1);
	return pk_list_has(&dialect->scopes, before) && pk_list_has(&dialect->scopes, after);
}

/* The first join that is not the dialect's, or scope.len. */
static size_t find_other_join(const struct pk_dialect *dialect, struct pk_str scope)
{
	for (size_t at = find_join(scope, 0); at < scope.len; at = find_join(scope, at + 1))
		if (!pk_str_equal(pk_str_first(pk_str_from(scope, at), 1),
				  dialect->scope_separator) &&
		    joins(dialect, scope, at))
			return at;
	return scope.len;
}

static const char *name_of(struct pk_str separator)
{
	static const struct {
		char separator;
		const char *name;
	} names[] = {{' ', "a space"}, {',', "a comma"}, {'+', "a plus sign"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (separator.len == 1 && separator.ptr[0] == names[i].separator)
			return names[i].name;
	return "another character";
}

static bool has_code(const struct flow *flow)
{
	return flow_value(&flow->callback, "code").len || flow_value(&flow->token, "code").len;
}

/* The provider does not know a scope, or how they are joined: which of the two, the raw text
 * hints. */
static enum verdict look_at_words(const struct flow *flow, const struct flow_param *scope,
				  struct pk_finding *finding)
{
	if (client_by_words(flow, finding, "scope-separator") != PRESENT)
		return ABSENT;
	if (pk_str_find(scope->raw, '+') < scope->raw.len)
		finding->detail = PK_STR("The spaces are written as +; some providers read %20 "
					 "alone.");
	else if (find_join(scope->value, 0) == scope->value.len)
		finding->detail = PK_STR("It is a single scope: this provider does not know it, "
					 "or the app may not ask for it.");
	show(finding, &flow->authorize, "scope", scope->value, (struct pk_str){0});
	return PRESENT;
}

/* Under the dialect's name for it. */
static const struct flow_param *scope_param(const struct flow *flow)
{
	const struct flow_part *authorize = &flow->authorize;

	for (size_t i = 0; i < authorize->count && flow->dialect; i++)
		if (pk_str_equal(authorize->param[i].name, flow->dialect->scope_parameter))
			return &authorize->param[i];
	return flow_param(authorize, "scope");
}

/* A form writes a space as +, and this provider reads a URL otherwise (RFC 3986 knows no such +). */
static bool is_plus_misread(const struct flow *flow, const struct flow_param *scope)
{
	return !flow->dialect->plus_is_space && pk_str_find(scope->raw, '+') < scope->raw.len &&
	       !flow_value(&flow->callback, "code").len;
}

enum verdict look_scope_separator(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_param *scope = scope_param(flow);
	struct pk_str separator;
	size_t at;

	if (!flow->authorize.event || !scope || !scope->value.len)
		return NOT_VISIBLE;
	if (!flow->dialect)
		return look_at_words(flow, scope, finding);
	if (is_plus_misread(flow, scope)) {
		finding->confidence = PK_PROVED;
		finding->detail = PK_STR("The spaces are written as +; this provider reads %20 "
					 "alone.");
		show(finding, &flow->authorize, "scope", scope->raw, nothing);
		return PRESENT;
	}
	separator = flow->dialect->scope_separator;
	at = find_other_join(flow->dialect, scope->value);
	if (at == scope->value.len)
		return look_at_words(flow, scope, finding);
	finding->confidence = has_code(flow) ? PK_LIKELY : PK_PROVED;
	finding->detail = flow_text(flow, "They are joined by %s; this provider wants %s.",
				    name_of(pk_str_first(pk_str_from(scope->value, at), 1)),
				    name_of(separator));
	show(finding, &flow->authorize, "scope", scope->value, (struct pk_str){0});
	return PRESENT;
}
