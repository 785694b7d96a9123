/*
 * After the login: refreshes and revocations, over all token events of the capture in their order (RFC
 * 6749 6, RFC 7009, RFC 9700 4.14).
 */
#include "explain/rule.h"
#include "explain/flow_provider.h"
#include "explain/flow_reply.h"
#include "explain/words.h"
#include "base/text.h"

#define RACE_SECONDS 30.0

static struct pk_str refresh_token(const struct flow_part *part)
{
	return flow_value(part, "refresh_token");
}

static bool is_refresh(const struct flow_part *part)
{
	return part->event->kind == PK_EVENT_TOKEN &&
	       pk_str_equal(flow_value(part, "grant_type"), PK_STR("refresh_token"));
}

/* The last token event before the failing refresh that has the same refresh token. */
static const struct flow_part *earlier_use(const struct flow *flow)
{
	for (int i = flow->refresh.index - 1; i >= 0; i--)
		if (is_refresh(&flow->part[i]) && refresh_token(&flow->refresh).len &&
		    pk_str_equal(refresh_token(&flow->part[i]), refresh_token(&flow->refresh)))
			return &flow->part[i];
	return NULL;
}

/* The last reply before the refresh that gave tokens, and which event it answered. */
static const struct flow_part *last_success(const struct flow *flow, struct flow_reply *ret)
{
	for (int i = flow->refresh.index - 1; i >= 0; i--) {
		if (flow->part[i].event->kind != PK_EVENT_TOKEN)
			continue;
		flow_read_reply(flow->arena, flow->part[i].event, ret);
		if (ret->success)
			return &flow->part[i];
	}
	return NULL;
}

static double seconds_between(const struct flow_part *a, const struct flow_part *b)
{
	return a->event->at < 0 || b->event->at < 0 ? -1 : b->event->at - a->event->at;
}

static enum verdict look_race(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *earlier;
	double seconds;

	if (!flow->refresh.event)
		return NOT_VISIBLE;
	earlier = earlier_use(flow);
	if (!earlier)
		return ABSENT;
	seconds = seconds_between(earlier, &flow->refresh);
	if (seconds < 0 || seconds > RACE_SECONDS || !earlier->event->reply.present)
		return ABSENT;
	finding->confidence = PK_PROVED;
	finding->detail =
		flow_text(flow, "The same refresh token was sent %.1f seconds before, in event %d.",
			  seconds, earlier->index);
	show_secret(finding, &flow->refresh, "refresh_token", refresh_token(&flow->refresh),
		    (struct pk_str){0});
	return PRESENT;
}

/* The new token of a reply that arrived is used by and by. */
static bool is_used_later(const struct flow *flow, const struct flow_part *since,
			  struct pk_str token)
{
	for (int i = since->index + 1; i < flow->refresh.index; i++)
		if (token.len && is_refresh(&flow->part[i]) &&
		    pk_str_equal(refresh_token(&flow->part[i]), token))
			return true;
	return false;
}

static enum verdict look_reply_lost(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *earlier;
	struct flow_reply reply;

	if (!flow->refresh.event)
		return NOT_VISIBLE;
	earlier = earlier_use(flow);
	if (!earlier)
		return ABSENT;
	flow_read_reply(flow->arena, earlier->event, &reply);
	/* No reply at all was captured, or one that gave tokens and was not used. */
	if ((reply.visible && !reply.success) || is_used_later(flow, earlier, reply.refresh_token))
		return ABSENT;
	finding->confidence = reply.visible ? PK_PROVED : PK_LIKELY;
	finding->detail =
		flow_text(flow, "Event %d refreshed with the same token%s.", earlier->index,
			  reply.visible ? ", and got new ones" : "; its reply did not arrive");
	show_secret(finding, &flow->refresh, "refresh_token", refresh_token(&flow->refresh),
		    reply.refresh_token);
	return PRESENT;
}

static enum verdict look_not_replaced(const struct flow *flow, struct pk_finding *finding)
{
	struct flow_reply reply;

	if (!flow->refresh.event)
		return NOT_VISIBLE;
	if (!last_success(flow, &reply) || !reply.refresh_token.len ||
	    !refresh_token(&flow->refresh).len)
		return NOT_VISIBLE;
	if (pk_str_equal(reply.refresh_token, refresh_token(&flow->refresh)))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show_secret(finding, &flow->refresh, "refresh_token", refresh_token(&flow->refresh),
		    reply.refresh_token);
	return PRESENT;
}

/* There was one once: in the request or reply of an earlier event. */
static bool had_refresh_token(const struct flow *flow)
{
	for (int i = 0; i < flow->refresh.index; i++) {
		struct flow_reply reply;

		if (flow->part[i].event->kind != PK_EVENT_TOKEN)
			continue;
		flow_read_reply(flow->arena, flow->part[i].event, &reply);
		if (reply.refresh_token.len || refresh_token(&flow->part[i]).len)
			return true;
	}
	return false;
}

static enum verdict look_erased(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->refresh.event)
		return NOT_VISIBLE;
	if (refresh_token(&flow->refresh).len || !had_refresh_token(flow))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show_secret(finding, &flow->refresh, "refresh_token", refresh_token(&flow->refresh),
		    PK_STR("the last one that was given"));
	return PRESENT;
}

/* The ways in which providers want to be asked for a refresh token. */
static bool asks_for_one(const struct flow_part *authorize)
{
	static const struct {
		const char *parameter, *value;
	} ways[] = {{"access_type", "offline"},
		    {"token_access_type", "offline"},
		    {"duration", "permanent"}};
	const struct pk_str scope = flow_value(authorize, "scope");

	for (size_t i = 0; i + 7 <= scope.len; i++)
		if (pk_str_equal(pk_str_first(pk_str_from(scope, i), 7), PK_STR("offline")))
			return true;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (pk_str_equal(flow_value(authorize, ways[i].parameter), pk_str(ways[i].value)))
			return true;
	return false;
}

static enum verdict look_absent(const struct flow *flow, struct pk_finding *finding)
{
	struct flow_reply reply;

	if (!flow->refresh.event || !flow->authorize.event)
		return NOT_VISIBLE;
	if (refresh_token(&flow->refresh).len || had_refresh_token(flow) ||
	    asks_for_one(&flow->authorize))
		return ABSENT;
	finding->confidence = last_success(flow, &reply) ? PK_PROVED : PK_LIKELY;
	show(finding, &flow->authorize, "scope", flow_value(&flow->authorize, "scope"),
	     PK_STR("offline_access, or what this provider wants instead"));
	return PRESENT;
}

static enum verdict look_client_changed(const struct flow *flow, struct pk_finding *finding)
{
	struct flow_reply reply;
	const struct flow_part *issued;
	struct pk_str before, now;

	if (!flow->refresh.event)
		return NOT_VISIBLE;
	issued = last_success(flow, &reply);
	if (!issued)
		return NOT_VISIBLE;
	before = flow_client_id(flow, issued);
	now = flow_client_id(flow, &flow->refresh);
	if (!before.len || !now.len)
		return NOT_VISIBLE;
	if (pk_str_equal(before, now))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, &flow->refresh, "client_id", now, before);
	return PRESENT;
}

static enum verdict look_endpoint_wrong(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->refresh.event || !flow->dialect || !flow->refresh.path.len)
		return NOT_VISIBLE;
	if (flow_is_endpoint(flow->dialect, flow->dialect->token_url, flow->refresh.host,
			     flow->refresh.path))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, &flow->refresh, "url", flow->refresh.event->request.url,
	     flow->dialect->token_url);
	return PRESENT;
}

static enum verdict look_hard_coded(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *answered = flow->refresh.event ? &flow->refresh : &flow->token;
	int64_t said;

	if (flow->capture->stored_expires_at == PK_TIME_UNKNOWN || !flow->reply.success ||
	    flow->reply.expires_in == PK_TIME_UNKNOWN || !answered->event ||
	    answered->event->at < 0)
		return NOT_VISIBLE;
	said = (int64_t)answered->event->at + flow->reply.expires_in;
	/* A minute for clocks and for whoever subtracts a margin. */
	if (flow->capture->stored_expires_at <= said + 60)
		return ABSENT;
	finding->confidence = PK_PROVED;
	finding->detail =
		flow_text(flow, "It is stored as %lld seconds later than the provider said.",
			  (long long)(flow->capture->stored_expires_at - said));
	show(finding, answered, "expires_in",
	     flow_text(
		     flow, "%lld s",
		     (long long)(flow->capture->stored_expires_at - (int64_t)answered->event->at)),
	     flow_text(flow, "%lld s", (long long)flow->reply.expires_in));
	return PRESENT;
}

static enum verdict look_session_gone(const struct flow *flow, struct pk_finding *finding)
{
	struct pk_str said = {0};
	enum words words;

	if (!flow->refresh.event)
		return NOT_VISIBLE;
	words = words_on(flow, "provider-session-gone", &said);
	if (words == WORDS_SILENT || earlier_use(flow))
		return ABSENT;
	finding->confidence = words_confidence(words);
	show(finding, &flow->refresh, "error", said, (struct pk_str){0});
	return PRESENT;
}

static enum verdict look_revoke_malformed(const struct flow *flow, struct pk_finding *finding)
{
	struct pk_str name;
	bool there = false;

	if (!flow->revoke.event)
		return NOT_VISIBLE;
	name = flow->dialect ? flow->dialect->revoke_token_parameter : PK_STR("token");
	for (size_t i = 0; i < flow->revoke.count; i++)
		there |= pk_str_equal(flow->revoke.param[i].name, name) &&
			 flow->revoke.param[i].value.len && !flow->revoke.param[i].in_query;
	if (!pk_str_equal(flow->revoke.event->request.method, PK_STR("POST"))) {
		finding->confidence = PK_PROVED;
		show(finding, &flow->revoke, "method", flow->revoke.event->request.method,
		     PK_STR("POST"));
		return PRESENT;
	}
	if (!there) {
		finding->confidence = PK_PROVED;
		show(finding, &flow->revoke, "token", (struct pk_str){0},
		     flow_text(flow, "the token as %.*s, in the body", PK_ARG(name)));
		return PRESENT;
	}
	if (!flow_client_id(flow, &flow->revoke).len) {
		finding->confidence = PK_PROVED;
		show(finding, &flow->revoke, "client_id", (struct pk_str){0},
		     PK_STR("the client's id and proof, as in the token request"));
		return PRESENT;
	}
	return ABSENT;
}

const struct rule rules_after[] = {
	{"refresh-race", look_race, false},
	{"refresh-reply-lost", look_reply_lost, false},
	{"refresh-token-not-replaced", look_not_replaced, false},
	{"refresh-token-erased", look_erased, false},
	{"refresh-token-absent", look_absent, false},
	{"refresh-client-changed", look_client_changed, false},
	{"refresh-endpoint-wrong", look_endpoint_wrong, false},
	{"lifetime-hard-coded", look_hard_coded, true},
	{"provider-session-gone", look_session_gone, false},
	{"revoke-malformed", look_revoke_malformed, false},
	{NULL, NULL, false},
};
