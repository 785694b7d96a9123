/*
 * A refresh without a refresh token: it was thrown away, or there never was one because none was
 * asked for. How to ask for one is each provider's own: a scope, or a parameter.
 */
#include "explain/rules_after.h"
#include "explain/words.h"
#include "base/text.h"

#include <string.h>

/* The last event before the refresh in which there was a refresh token, or NULL. */
static const struct flow_part *last_seen(const struct flow *flow)
{
	for (int i = flow->refresh.index - 1; i >= 0; i--)
		if (flow->part[i].event->kind == PK_EVENT_TOKEN &&
		    (after_reply(flow, &flow->part[i]).refresh_token.len ||
		     refresh_token_of(&flow->part[i]).len))
			return &flow->part[i];
	return NULL;
}

enum verdict look_refresh_erased(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *seen, *last;
	enum words words;

	if (!flow->refresh.event || !flow->refresh.count)
		return NOT_VISIBLE;
	if (refresh_token_of(&flow->refresh).len)
		return ABSENT;
	seen = last_seen(flow);
	if (!seen) {
		words = flow->authorize.event ? WORDS_SILENT
					      : words_show(flow, "refresh-token-erased", finding);
		finding->confidence = words_confidence(words);
		return words == WORDS_SILENT ? ABSENT : PRESENT;
	}
	last = after_success(flow, flow->refresh.index);
	if (last && !after_reply(flow, last).refresh_token.len) {
		finding->confidence = PK_PROVED;
		finding->detail = flow_text(flow, "The reply in event %d had none.", last->index);
	} else {
		finding->confidence = PK_LIKELY;
		finding->detail = flow_text(flow, "There was one in event %d, and none is sent.",
					    seen->index);
	}
	show_secret(finding, &flow->refresh, "refresh_token",
		    flow_value(&flow->refresh, "refresh_token"),
		    refresh_token_of(seen).len ? refresh_token_of(seen)
					       : after_reply(flow, seen).refresh_token);
	return PRESENT;
}

static bool has_scope(struct pk_str scopes, struct pk_str wanted)
{
	const size_t len = wanted.len;

	for (size_t i = 0; i + len <= scopes.len; i++) {
		const struct pk_str rest = pk_str_from(scopes, i);

		if (pk_str_starts(rest, wanted) &&
		    (i == 0 || memchr(" ,+/", scopes.ptr[i - 1], 4)) &&
		    (rest.len == len || memchr(" ,+", rest.ptr[len], 3)))
			return true;
	}
	return false;
}

static bool asks_for_one(const struct flow_part *authorize)
{
	static const char *const scopes[] = {"offline_access", "offline.access", "offline",
					     "refresh_token"};
	static const struct {
		const char *parameter, *value;
	} ways[] = {{"access_type", "offline"},
		    {"token_access_type", "offline"},
		    {"duration", "permanent"}};

	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
		if (has_scope(flow_value(authorize, "scope"), pk_str(scopes[i])))
			return true;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (pk_str_equal(flow_value(authorize, ways[i].parameter), pk_str(ways[i].value)))
			return true;
	return false;
}

/* In the dialect's way, "scope=offline_access" or "access_type=offline"; without the dialect in any
 * way that is known. */
static bool asked_for_one(const struct flow *flow)
{
	struct pk_str value = flow->dialect ? flow->dialect->refresh_asked_by : (struct pk_str){0};
	const struct pk_str name = pk_str_cut(&value, '=');

	if (!name.len)
		return asks_for_one(&flow->authorize);
	if (pk_str_equal(name, PK_STR("scope")) ||
	    pk_str_equal(name, flow->dialect->scope_parameter))
		return has_scope(flow_scope(flow, &flow->authorize), value);
	return pk_str_equal(flow_named(&flow->authorize, name), value);
}

static struct pk_str way_to_ask(const struct flow *flow)
{
	return flow->dialect && flow->dialect->refresh_asked_by.len
		       ? flow->dialect->refresh_asked_by
		       : PK_STR("offline_access, or what this provider has instead");
}

enum verdict look_refresh_absent(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->refresh.event || !flow->refresh.count || !flow->authorize.event)
		return NOT_VISIBLE;
	if (refresh_token_of(&flow->refresh).len || last_seen(flow) || asked_for_one(flow))
		return ABSENT;
	finding->confidence = after_success(flow, flow->refresh.index) ? PK_PROVED : PK_LIKELY;
	show_secret(finding, &flow->refresh, "refresh_token",
		    flow_value(&flow->refresh, "refresh_token"), (struct pk_str){0});
	show(finding, &flow->authorize, "scope", flow_scope(flow, &flow->authorize),
	     way_to_ask(flow));
	return PRESENT;
}
