/*
 * Scopes that were asked for and not given (RFC 6749 3.3): at the login, and in a refresh that asks
 * for more than the login got. A reply without `scope` gave what was asked for (RFC 6749 5.1).
 * Providers answer with other spellings of a scope than they take, and leave out those that are not
 * permissions; neither is a refusal.
 */
#include "explain/rules_state.h"
#include "explain/flow_reply.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

/* Cuts the next scope off, in whatever separator; an empty one at the end. */
static struct pk_str next_scope(struct pk_str *left)
{
	size_t start = 0, len = 0;

	while (start < left->len && memchr(" ,+", left->ptr[start], 3))
		start++;
	*left = pk_str_from(*left, start);
	while (len < left->len && !memchr(" ,+", left->ptr[len], 3))
		len++;

	const struct pk_str scope = pk_str_first(*left, len);

	*left = pk_str_from(*left, len);
	return scope;
}

/* Part of the protocol, or a word for many: often not repeated in what was granted. */
static bool is_no_permission(struct pk_str scope)
{
	static const char *const words[] = {"openid",  "offline_access", "offline.access",
					    "offline", "refresh_token",  ".default"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pk_str_ends(scope, pk_str(words[i])))
			return true;
	return false;
}

/* "User.Read" and "https://graph.example/User.Read", "email" and "userinfo.email". */
static bool ends_alike(struct pk_str longer, struct pk_str shorter)
{
	const size_t start = longer.len - shorter.len;

	if (longer.len < shorter.len ||
	    strncasecmp(longer.ptr + start, shorter.ptr, shorter.len) != 0)
		return false;
	return !start || memchr("/.:", longer.ptr[start - 1], 3);
}

static bool is_among(struct pk_str scope, struct pk_str granted)
{
	struct pk_str one;

	while ((one = next_scope(&granted)).len)
		if (ends_alike(one, scope) || ends_alike(scope, one))
			return true;
	return false;
}

/* The first scope of `asked` that is not among `granted`, or an empty one. */
static struct pk_str first_refused(struct pk_str asked, struct pk_str granted)
{
	struct pk_str scope;

	while ((scope = next_scope(&asked)).len)
		if (!is_no_permission(scope) && !is_among(scope, granted))
			return scope;
	return scope;
}

/* What the login was granted: the callback says it where the dialect has it there, else the reply
 * to the exchange. */
static struct pk_str granted_scopes(const struct flow *flow, const struct flow_part **ret_part)
{
	const struct pk_str name =
		flow->dialect ? flow->dialect->callback_scope_parameter : PK_STR("scopes");
	struct flow_reply reply;

	*ret_part = &flow->callback;
	for (size_t i = 0; i < flow->callback.count && name.len; i++)
		if (pk_str_equal(flow->callback.param[i].name, name))
			return flow->callback.param[i].value;
	*ret_part = &flow->token;
	if (!flow->token.event)
		return (struct pk_str){0};
	flow_read_reply(flow, flow->token.event, &reply);
	return reply.success ? reply.scope : (struct pk_str){0};
}

/* RFC 6749 6: a refresh must not ask for what the login was not granted, and fails then. What a
 * person switched off at the login fails no login. */
enum verdict look_scope_not_granted(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *part;
	const struct pk_str granted = granted_scopes(flow, &part);
	const struct pk_str asked = flow_scope(flow, &flow->authorize);
	const struct pk_str wider = first_refused(flow_value(&flow->refresh, "scope"), granted);
	const struct pk_str scope = wider.len ? wider : first_refused(asked, granted);

	if (!granted.len || (!asked.len && !wider.len))
		return NOT_VISIBLE;
	if (!scope.len)
		return ABSENT;
	/* Which names are one and the same scope is known only where the provider is. */
	finding->confidence = flow->dialect ? PK_PROVED : PK_LIKELY;
	if (wider.len) {
		finding->detail =
			flow_text(flow, "The refresh asks for %.*s, which the login did not get.",
				  PK_ARG(pk_str_first(scope, 80)));
		show(finding, &flow->refresh, "scope", flow_value(&flow->refresh, "scope"),
		     granted);
		return flow->failed ? PRESENT : WEAKNESS;
	}
	finding->detail = flow_text(flow, "%.*s was asked for and not granted.",
				    PK_ARG(pk_str_first(scope, 80)));
	show(finding, part, "scope", granted, asked);
	return WEAKNESS;
}
