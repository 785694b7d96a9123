/*
 * What became of the right code: fetched by something else than the person, given twice, used
 * twice, or late (RFC 6749 4.1.2: a code is used once, and soon). The events of the capture and
 * their times show it; words come last, for most providers say the same of a code that is used,
 * old or unknown.
 */
#include "explain/rules_code.h"
#include "base/text.h"
#include "explain/flow_reply.h"
#include "explain/words.h"

#include <strings.h>

/* RFC 6749 4.1.2: "A maximum authorization code lifetime of 10 minutes is RECOMMENDED." */
#define CODE_SECONDS 600
#define SOON_SECONDS 10 /* nobody's codes are that short-lived */

static const struct pk_str nothing;

/* ---- Fetched by something else ---- */

/* The header with which browsers mark a prefetch, or NULL. */
static const char *prefetch_header(const struct flow_part *callback)
{
	static const char *const headers[] = {"Sec-Purpose", "Purpose", "X-Moz"};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		const struct pk_str value = flow_header(&callback->event->request, headers[i]);

		if (value.len >= 8 && strncasecmp(value.ptr, "prefetch", 8) == 0)
			return headers[i];
	}
	return NULL;
}

/* The callbacks with the code of this login: how many came from a prefetch, and how many from a
 * person. */
struct fetches {
	const struct flow_part *prefetch;
	size_t by_person;
};

static struct fetches count_fetches(const struct flow *flow)
{
	struct fetches fetches = {0};

	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];

		if (part->event->kind != PK_EVENT_CALLBACK || !code_given(flow).len ||
		    !pk_str_equal(flow_value(part, "code"), code_given(flow)))
			continue;
		if (prefetch_header(part))
			fetches.prefetch = part;
		else
			fetches.by_person++;
	}
	return fetches;
}

static bool is_prefetched(const struct flow *flow)
{
	return count_fetches(flow).prefetch != NULL;
}

enum verdict look_code_prefetched(const struct flow *flow, struct pk_finding *finding)
{
	const struct fetches fetches = count_fetches(flow);
	const char *header;

	if (!flow->callback.event || !code_given(flow).len)
		return NOT_VISIBLE;
	if (!fetches.prefetch)
		return ABSENT;
	header = prefetch_header(fetches.prefetch);
	finding->confidence = fetches.by_person ? PK_PROVED : PK_LIKELY;
	if (!fetches.by_person)
		finding->detail = PK_STR("The person's own visit to the callback is not visible.");
	show(finding, fetches.prefetch, header,
	     flow_header(&fetches.prefetch->event->request, header), nothing);
	return PRESENT;
}

/* ---- Given twice ---- */

/* Whether a login with this state began between two events: then the second callback is that
 * one's. */
static bool begins_between(const struct flow *flow, struct pk_str state, int from, int to)
{
	for (int i = from; i < to; i++)
		if (flow->part[i].event->kind == PK_EVENT_AUTHORIZE &&
		    pk_str_equal(flow_value(&flow->part[i], "state"), state))
			return true;
	return false;
}

static const struct flow_part *other_callback(const struct flow *flow)
{
	const struct pk_str state = flow_value(&flow->callback, "state");
	const int ours = flow->callback.index;

	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];
		const struct pk_str code = flow_value(part, "code");

		if (part->event->kind == PK_EVENT_CALLBACK && code.len &&
		    pk_str_equal(flow_value(part, "state"), state) &&
		    !pk_str_equal(code, code_given(flow)) &&
		    !begins_between(flow, state, ours < part->index ? ours : part->index,
				    ours < part->index ? part->index : ours))
			return part;
	}
	return NULL;
}

/* A client that sends the same state each time has two callbacks with it too, one for each login:
 * proved only with the authorize request at hand. */
enum verdict look_code_two_for_one_state(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *other;

	if (!code_given(flow).len || !flow_value(&flow->callback, "state").len)
		return NOT_VISIBLE;
	other = other_callback(flow);
	if (!other)
		return ABSENT;
	finding->confidence = flow->authorize.event ? PK_PROVED : PK_LIKELY;
	finding->detail = flow_text(flow, "The other code came in event %d.", other->index);
	show_secret(finding, &flow->callback, "code", code_given(flow), nothing);
	show_secret(finding, other, "code", flow_value(other, "code"), nothing);
	return PRESENT;
}

/* ---- Used twice ---- */

/* A request that was redirected, or found no endpoint, used nothing. */
static bool was_received(const struct flow_part *part)
{
	const struct pk_message *reply = &part->event->reply;

	return !reply->present ||
	       (reply->status / 100 != 3 && reply->status != 404 && reply->status != 405);
}

/* One that got the tokens, else the first of all. */
static const struct flow_part *earlier_use(const struct flow *flow)
{
	const struct pk_str code = code_sent(flow);
	const struct flow_part *first = NULL;

	for (int i = 0; i < flow->token.index && code.len; i++) {
		const struct flow_part *part = &flow->part[i];

		if (part->event->kind != PK_EVENT_TOKEN || !part->event->request.present ||
		    !pk_str_equal(flow_value(part, "code"), code) || !was_received(part))
			continue;
		if (flow->replies[i].success)
			return part;
		first = first ? first : part;
	}
	return first;
}

static struct pk_str what_came_of(const struct flow *flow, const struct flow_part *earlier)
{
	struct flow_reply reply;

	flow_read_reply(flow, earlier->event, &reply);
	if (reply.success)
		return flow_text(flow,
				 "Event %d had redeemed it and got the tokens: the login "
				 "worked, and only this second try did not.",
				 earlier->index);
	if (reply.visible)
		return flow_text(flow,
				 "Event %d had tried it and failed. Many providers spend a code "
				 "on the first try, so that one shows the cause, and this one "
				 "says nothing.",
				 earlier->index);
	return flow_text(flow, "Event %d had tried it; its answer is not visible.", earlier->index);
}

enum verdict look_code_reused(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *earlier;

	if (!code_sent(flow).len)
		return NOT_VISIBLE;
	if (is_prefetched(flow))
		return ABSENT;
	earlier = earlier_use(flow);
	if (!earlier)
		return code_by_words(flow, finding, "code-reused");
	finding->confidence = PK_PROVED;
	finding->detail = what_came_of(flow, earlier);
	show_secret(finding, &flow->token, "code", code_sent(flow), nothing);
	show_secret(finding, earlier, "code", flow_value(earlier, "code"), nothing);
	return PRESENT;
}

/* ---- Too late ---- */

/* Seconds from the callback to the token request; negative: unknown. */
static double age_of_code(const struct flow *flow)
{
	if (!flow->callback.event || !flow->token.event || flow->callback.event->at < 0 ||
	    flow->token.event->at < 0)
		return -1;
	return flow->token.event->at - flow->callback.event->at;
}

/* What the provider's words are worth beside the clock. Words that are said for expiry alone are
 * always a cause; words that are said for other things too are one only where the clock leaves room
 * for it. */
static enum verdict look_expired_by_words(const struct flow *flow, struct pk_finding *finding,
					  double age)
{
	const bool early = age >= 0 && (age < SOON_SECONDS || flow->dialect);
	const enum verdict verdict = code_by_words(flow, finding, "code-expired");

	if (verdict != PRESENT || !early)
		return verdict;
	if (finding->confidence != PK_LIKELY) {
		finding->evidence_count = 0;
		return ABSENT;
	}
	finding->confidence = PK_POSSIBLE;
	finding->detail = flow_text(
		flow, "It was sent %.0f seconds after it came, which is early enough.", age);
	return PRESENT;
}

/* Expiry is never proved: a provider keeps its own time. The dialect's lifetime says less where no
 * source confirms it. */
static enum pk_confidence confidence_of_age(const struct flow *flow)
{
	if (words_deny(flow, "code-expired"))
		return PK_POSSIBLE;
	if (flow->dialect && pk_list_has(&flow->dialect->unconfirmed, PK_STR("code_lifetime")) &&
	    words_on(flow, "code-expired", NULL) == WORDS_SILENT)
		return PK_POSSIBLE;
	return PK_LIKELY;
}

enum verdict look_code_expired(const struct flow *flow, struct pk_finding *finding)
{
	const double age = age_of_code(flow);
	const long long limit =
		flow->dialect ? (long long)flow->dialect->code_lifetime : CODE_SECONDS;

	if (!code_sent(flow).len)
		return NOT_VISIBLE;
	if (earlier_use(flow))
		return ABSENT;
	if (age <= (double)limit)
		return look_expired_by_words(flow, finding, age);
	finding->confidence = confidence_of_age(flow);
	finding->detail =
		flow->dialect
			? flow_text(flow,
				    "It was sent %.0f seconds after it came; codes of %.*s live "
				    "about %lld.",
				    age, PK_ARG(flow->dialect->title), limit)
			: flow_text(flow,
				    "It was sent %.0f seconds after it came; RFC 6749 recommends "
				    "%lld at most.",
				    age, limit);
	show(finding, &flow->token, "at", flow_text(flow, "%.0f s after the callback", age),
	     flow_text(flow, "at most %lld s", limit));
	(void)words_show(flow, "code-expired", finding);
	return PRESENT;
}
