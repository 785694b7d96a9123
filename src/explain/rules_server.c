/*
 * What a provider, or what stands before it, does wrong by itself: it fails, has had enough, is slow,
 * or is gone in the middle. Seen by the status and the times of what was captured; whatever the
 * client did wrong comes before this.
 */
#include "explain/rule.h"
#include "explain/words.h"
#include "base/text.h"

#include <string.h>

#define SLOW_SECONDS 10 /* after which clients stop waiting: ten is what most begin with */

static const struct pk_str nothing;

/* ---- What was answered ---- */

/* The last of the requests that is answered with such a status, or NULL. */
static const struct flow_part *answered_with(const struct flow *flow, int from, int to)
{
	const struct flow_part *const asked[] = {flow->emptied, flow_asked(flow), &flow->authorize};

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		if (asked[i] && asked[i]->event && asked[i]->event->reply.status >= from &&
		    asked[i]->event->reply.status <= to)
			return asked[i];
	return NULL;
}

static void show_status(const struct flow *flow, struct pk_finding *finding,
			const struct flow_part *part)
{
	finding->confidence = PK_PROVED;
	show(finding, part, "HTTP status", flow_text(flow, "%d", part->event->reply.status),
	     nothing);
}

/* By the status, or by the words that stand in a redirect for one (RFC 6749 4.1.2.1). */
static enum verdict by_status_or_words(const struct flow *flow, struct pk_finding *finding,
				       const char *fault, int from, int to)
{
	const struct flow_part *part = answered_with(flow, from, to);
	struct pk_str wait;
	enum words words;

	if (!flow->reply.visible && !flow->callback.event && !flow->authorize_error.visible)
		return NOT_VISIBLE;
	if (part) {
		show_status(flow, finding, part);
		wait = flow_header(&part->event->reply, "Retry-After");
		if (wait.len)
			show(finding, part, "Retry-After", wait, nothing);
		return PRESENT;
	}
	words = words_show(flow, fault, finding);
	finding->confidence = words_confidence(words);
	return words == WORDS_SILENT ? ABSENT : PRESENT;
}

static enum verdict look_server_error(const struct flow *flow, struct pk_finding *finding)
{
	return by_status_or_words(flow, finding, "server-error", 500, 599);
}

static enum verdict look_rate_limited(const struct flow *flow, struct pk_finding *finding)
{
	return by_status_or_words(flow, finding, "rate-limited", 429, 429);
}

/* ---- What was not answered, or late ---- */

static bool is_answered(const struct pk_event *event)
{
	return event->reply.status || event->reply.header_count || event->reply.body.len;
}

/* Whoever captured this captured replies too. */
static bool has_other_replies(const struct flow *flow, const struct flow_part *part)
{
	for (size_t i = 0; i < flow->capture->count; i++)
		if ((int)i != part->index && flow->part[i].event->kind != PK_EVENT_CALLBACK &&
		    is_answered(flow->part[i].event))
			return true;
	return false;
}

static const struct flow_part *slowest(const struct flow *flow)
{
	const struct flow_part *found = NULL;

	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];

		/* A person who reads a page is not a slow server, and neither is the client. */
		if ((part->event->kind == PK_EVENT_TOKEN || part->event->kind == PK_EVENT_OTHER) &&
		    part->event->took >= SLOW_SECONDS &&
		    (!found || part->event->took > found->event->took))
			found = part;
	}
	return found;
}

static enum verdict look_reply_slow(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *part = slowest(flow);

	if (!flow_asked(flow))
		return NOT_VISIBLE;
	if (!part)
		return ABSENT;
	finding->confidence = PK_LIKELY;
	finding->detail = is_answered(part->event)
				  ? nothing
				  : PK_STR("No reply to it is in the capture: nobody waited for it "
					   "any longer.");
	show(finding, part, "time", flow_text(flow, "%.1f s", part->event->took),
	     flow_text(flow, "less than %d s", SLOW_SECONDS));
	return PRESENT;
}

/* A request to which nothing came. A page's script that was not let read its reply looks the same,
 * and has a rule of its own; so has a refresh that came again. */
static enum verdict look_dropped(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = flow_asked(flow);

	if (!asked || !asked->event->request.present)
		return NOT_VISIBLE;
	if (is_answered(asked->event))
		return ABSENT;
	if (!asked->event->reply.present && !has_other_replies(flow, asked))
		return NOT_VISIBLE;
	finding->confidence = PK_LIKELY;
	finding->detail = PK_STR("There are other replies in the capture, and none to this.");
	if (asked->event->reply.present)
		finding->detail = PK_STR("It was waited for, and there was none.");
	show(finding, asked, "HTTP status", nothing, PK_STR("a reply"));
	return PRESENT;
}

/* ---- What was answered oddly ---- */

/* No login fails by it but in a client that takes the text for a number. */
static enum verdict look_expires_in_text(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = flow_asked(flow);

	if (!asked || !flow->reply.success)
		return NOT_VISIBLE;
	if (!flow->reply.expires_in_text || !flow->dialect ||
	    flow->dialect->expires_in == PK_EXPIRES_IN_TEXT ||
	    pk_list_has(&flow->dialect->unconfirmed, PK_STR("expires_in")))
		return ABSENT;
	finding->confidence = PK_PROVED;
	show(finding, asked, "expires_in",
	     flow_text(flow, "\"%lld\"", (long long)flow->reply.expires_in),
	     flow_text(flow, "%lld", (long long)flow->reply.expires_in));
	return WEAKNESS;
}

/* clang-format off */
const struct rule rules_server[] = {
	{"rate-limited",       look_rate_limited,    false},
	{"server-error",       look_server_error,    false},
	{"reply-slow",         look_reply_slow,      true},
	{"connection-dropped", look_dropped,         false},
	{"expires-in-text",    look_expires_in_text, true},
	{NULL, NULL, false},
};
/* clang-format on */
