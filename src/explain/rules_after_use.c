/*
 * One refresh token, used more than once. Where the provider gives a new one with each refresh, the
 * second use of the old one is refused, and the whole grant may be revoked (RFC 9700 4.14.2). Why it
 * came twice, the times tell and what else became of the new one.
 */
#include "explain/rules_after.h"
#include "explain/words.h"
#include "base/text.h"

#define RACE_SECONDS 30.0

/* The other use of the refresh token that replaced it, or may have: its reply is not visible. */
struct replaced {
	const struct flow_part *by; /* NULL: there is none */
	struct flow_reply reply;
	double seconds; /* from that use to this one; negative: unknown */
};

static double seconds_between(const struct flow_part *a, const struct flow_part *b)
{
	double seconds;

	if (a->event->at < 0 || b->event->at < 0)
		return -1;
	seconds = b->event->at - a->event->at;
	return seconds < 0 ? -seconds : seconds;
}

static bool may_replace(const struct flow *flow, const struct flow_reply *reply,
			struct pk_str token)
{
	if (!reply->visible)
		return !flow->dialect || flow->dialect->refresh_rotates;
	return reply->success && reply->refresh_token.len &&
	       !pk_str_equal(reply->refresh_token, token);
}

/* A use of `token` by another request than `part`: the nearest before it, else one sent just
 * after it, for of two that are sent at once either may be served first. */
static struct replaced find_replaced(const struct flow *flow, const struct flow_part *part)
{
	const struct pk_str token = refresh_token_of(part);
	const int count = (int)flow->capture->count;

	for (int step = 1; step <= count && token.len; step++) {
		const int i = step <= part->index ? part->index - step : step;
		struct replaced found;

		if (i < 0 || i >= count || i == part->index ||
		    !pk_str_equal(refresh_token_of(&flow->part[i]), token) ||
		    flow->part[i].event->kind != PK_EVENT_TOKEN ||
		    flow_param(&flow->part[i], "token"))
			continue;
		found = (struct replaced){.by = &flow->part[i],
					  .reply = after_reply(flow, &flow->part[i]),
					  .seconds = seconds_between(&flow->part[i], part)};
		if (may_replace(flow, &found.reply, token) &&
		    (i < part->index ||
		     (found.reply.visible && found.seconds >= 0 && found.seconds <= RACE_SECONDS)))
			return found;
	}
	return (struct replaced){0};
}

static bool is_race(const struct replaced *replaced)
{
	return replaced->by && replaced->reply.visible && replaced->seconds >= 0 &&
	       replaced->seconds <= RACE_SECONDS;
}

/* Whether the client went on with what that reply gave it: then the reply was not lost. */
static bool was_used(const struct flow *flow, const struct replaced *replaced)
{
	for (int i = replaced->by->index + 1; i < (int)flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];
		const struct pk_str bearer = flow_header(&part->event->request, "Authorization");
		const struct pk_str access = replaced->reply.access_token;

		if (pk_str_equal(refresh_token_of(part), replaced->reply.refresh_token) ||
		    (access.len && (pk_str_ends(bearer, access) ||
				    pk_str_equal(flow_value(part, "token"), access))))
			return true;
	}
	return false;
}

/* It came again sooner than the new access token can have run out. */
static bool is_retry(const struct flow *flow, const struct replaced *replaced)
{
	const int64_t lifetime = replaced->reply.expires_in;

	if (!replaced->reply.visible)
		return true;
	return replaced->seconds >= 0 && !was_used(flow, replaced) &&
	       replaced->seconds < (lifetime > 0 ? (double)lifetime / 2 : 300);
}

static void show_use(const struct flow *flow, struct pk_finding *finding,
		     const struct replaced *replaced)
{
	show_secret(finding, &flow->refresh, "refresh_token", refresh_token_of(&flow->refresh),
		    replaced->reply.refresh_token);
	show_secret(finding, replaced->by, "refresh_token", refresh_token_of(replaced->by),
		    (struct pk_str){0});
}

/* The token that is refused came from a refresh that was itself one of two with one token: the
 * provider took that for theft and revoked what both got. */
static enum verdict look_burnt(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *issuer =
		after_issuer(flow, refresh_token_of(&flow->refresh), flow->refresh.index);
	const struct pk_str token = issuer ? refresh_token_of(issuer) : (struct pk_str){0};

	for (int i = 0; i < flow->refresh.index && token.len; i++) {
		const struct flow_part *other = &flow->part[i];
		const double seconds = seconds_between(issuer, other);

		if (other == issuer || !pk_str_equal(refresh_token_of(other), token) ||
		    seconds < 0 || seconds > RACE_SECONDS)
			continue;
		finding->confidence = PK_LIKELY;
		finding->detail = flow_text(
			flow, "Events %d and %d refreshed with one token; this one came of that.",
			issuer->index < i ? issuer->index : i,
			issuer->index < i ? i : issuer->index);
		show_secret(finding, other, "refresh_token", token, (struct pk_str){0});
		return PRESENT;
	}
	return ABSENT;
}

/* What only the provider's words say. */
static enum verdict look_said(const struct flow *flow, const char *fault,
			      struct pk_finding *finding)
{
	const enum words words = words_show(flow, fault, finding);

	if (words == WORDS_SILENT)
		return ABSENT;
	finding->confidence = words_confidence(words);
	return PRESENT;
}

enum verdict look_refresh_race(const struct flow *flow, struct pk_finding *finding)
{
	struct replaced replaced;

	if (!flow->refresh.event)
		return NOT_VISIBLE;
	replaced = find_replaced(flow, &flow->refresh);
	if (is_race(&replaced)) {
		finding->confidence = PK_PROVED;
		finding->detail =
			flow_text(flow, "Event %d sent the same refresh token, %.1f seconds apart.",
				  replaced.by->index, replaced.seconds);
		show_use(flow, finding, &replaced);
		return PRESENT;
	}
	if (replaced.by)
		return ABSENT;
	return look_burnt(flow, finding) == PRESENT ? PRESENT
						    : look_said(flow, "refresh-race", finding);
}

enum verdict look_refresh_reply_lost(const struct flow *flow, struct pk_finding *finding)
{
	struct replaced replaced;

	if (!flow->refresh.event)
		return NOT_VISIBLE;
	replaced = find_replaced(flow, &flow->refresh);
	if (!replaced.by || is_race(&replaced) || !is_retry(flow, &replaced))
		return ABSENT;
	finding->confidence = replaced.reply.visible ? PK_PROVED : PK_LIKELY;
	finding->detail =
		flow_text(flow, "Event %d refreshed with the same token%s.", replaced.by->index,
			  replaced.reply.visible ? " and was answered with a new one"
						 : "; its reply is not in the capture");
	show_use(flow, finding, &replaced);
	return PRESENT;
}

/* One login gave all the tokens of the capture, so that the last one given is the one to use. */
static bool is_one_login(const struct flow *flow)
{
	size_t logins = 0;

	for (int i = 0; i < flow->refresh.index; i++)
		logins += after_reply(flow, &flow->part[i]).success &&
			  !refresh_token_of(&flow->part[i]).len;
	return logins <= 1;
}

/* The last reply gave another token than is used, and none of the capture gave this one. */
static bool is_from_before(const struct flow *flow, struct pk_str *ret_given)
{
	const struct pk_str token = refresh_token_of(&flow->refresh);
	const struct flow_part *last = after_success(flow, flow->refresh.index);

	if (!last || !token.len || !is_one_login(flow) ||
	    after_issuer(flow, token, flow->refresh.index))
		return false;
	*ret_given = after_reply(flow, last).refresh_token;
	/* What was cut or lengthened on its way to the store is no older one. */
	return ret_given->len && !pk_str_starts(*ret_given, token) &&
	       !pk_str_starts(token, *ret_given);
}

enum verdict look_refresh_not_replaced(const struct flow *flow, struct pk_finding *finding)
{
	struct replaced replaced;
	struct pk_str given;

	if (!flow->refresh.event)
		return NOT_VISIBLE;
	replaced = find_replaced(flow, &flow->refresh);
	if (replaced.by) {
		if (is_race(&replaced) || is_retry(flow, &replaced))
			return ABSENT;
		finding->confidence = PK_PROVED;
		finding->detail =
			flow_text(flow, "Event %d replaced it by a new one.", replaced.by->index);
		show_use(flow, finding, &replaced);
		return PRESENT;
	}
	if (is_from_before(flow, &given)) {
		finding->confidence = PK_LIKELY;
		show_secret(finding, &flow->refresh, "refresh_token",
			    refresh_token_of(&flow->refresh), given);
		return PRESENT;
	}
	return look_said(flow, "refresh-token-not-replaced", finding);
}

enum verdict look_provider_session_gone(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->refresh.event)
		return NOT_VISIBLE;
	if (find_replaced(flow, &flow->refresh).by)
		return ABSENT;
	return look_said(flow, "provider-session-gone", finding);
}
