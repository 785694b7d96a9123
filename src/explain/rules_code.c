/*
 * The code: what happened to it between the callback and the token request. The two are compared byte
 * for byte, each decoded once; exactly one way of being different is named.
 */
#include "explain/rule.h"
#include "explain/words.h"
#include "base/text.h"

#define PREFETCH_HEADERS 3

/* How the code that was sent differs from the one that came. */
enum difference {
	UNKNOWN, /* one of the two is not in the capture */
	SAME,
	STILL_ENCODED,
	OVER_DECODED,
	NOT_ENCODED, /* it was put into the body raw, and the body's own characters are in it */
	FRAGMENT_KEPT,
	TRUNCATED,
	ALTERED,
};

static struct pk_str sent_code(const struct flow *flow)
{
	return flow_value(&flow->token, "code");
}

static struct pk_str given_code(const struct flow *flow)
{
	return flow_value(&flow->callback, "code");
}

static bool is_plus_read_as_space(struct pk_str given, struct pk_str sent)
{
	bool space = false;

	if (given.len != sent.len)
		return false;
	for (size_t i = 0; i < given.len; i++) {
		const bool plus = given.ptr[i] == '+' && sent.ptr[i] == ' ';

		if (!plus && given.ptr[i] != sent.ptr[i])
			return false;
		space |= plus;
	}
	return space;
}

static enum difference compare(const struct flow *flow)
{
	const struct pk_str given = given_code(flow), sent = sent_code(flow);
	const struct flow_param *param = flow_param(&flow->token, "code");
	const size_t hash = pk_str_find(sent, '#');

	if (!given.len || !sent.len)
		return UNKNOWN;
	if (pk_str_equal(given, sent))
		return SAME;
	if (hash < sent.len && pk_str_starts(pk_str_from(sent, hash), PK_STR("#_")) &&
	    pk_str_equal(pk_str_first(sent, hash), pk_str_first(given, pk_str_find(given, '#'))))
		return FRAGMENT_KEPT;
	if (pk_str_equal(flow_decode(flow->arena, sent), given))
		return STILL_ENCODED;
	/* A raw + in the body is read as a space; an encoded space was one before it was sent. */
	if (is_plus_read_as_space(given, sent))
		return pk_str_find(param->raw, '+') < param->raw.len ? NOT_ENCODED : OVER_DECODED;
	if (pk_str_equal(flow_decode(flow->arena, given), sent))
		return OVER_DECODED;
	if (sent.len < given.len && pk_str_starts(given, sent))
		return given.ptr[sent.len] == '&' || given.ptr[sent.len] == '#' ? NOT_ENCODED
										: TRUNCATED;
	return ALTERED;
}

static enum verdict look_at(const struct flow *flow, struct pk_finding *finding,
			    enum difference wanted)
{
	const enum difference difference = compare(flow);

	if (difference == UNKNOWN)
		return NOT_VISIBLE;
	if (difference != wanted)
		return ABSENT;
	finding->confidence = PK_PROVED;
	show_secret(finding, &flow->token, "code", sent_code(flow), given_code(flow));
	return PRESENT;
}

static enum verdict look_still_encoded(const struct flow *flow, struct pk_finding *finding)
{
	return look_at(flow, finding, STILL_ENCODED);
}

static enum verdict look_over_decoded(const struct flow *flow, struct pk_finding *finding)
{
	return look_at(flow, finding, OVER_DECODED);
}

static enum verdict look_truncated(const struct flow *flow, struct pk_finding *finding)
{
	const enum verdict verdict = look_at(flow, finding, TRUNCATED);

	if (verdict == PRESENT)
		finding->detail = flow_text(flow, "%zu of its %zu characters were sent.",
					    sent_code(flow).len, given_code(flow).len);
	return verdict;
}

/* Also without the callback: no provider ends a code so, and browsers show it so in the address bar. */
static enum verdict look_fragment_kept(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str sent = sent_code(flow);

	if (given_code(flow).len || !sent.len)
		return look_at(flow, finding, FRAGMENT_KEPT);
	if (!pk_str_ends(sent, PK_STR("#_")) && !pk_str_ends(sent, PK_STR("#_=_")))
		return ABSENT;
	finding->confidence = PK_LIKELY;
	show_secret(finding, &flow->token, "code", sent,
		    pk_str_first(sent, pk_str_find(sent, '#')));
	return PRESENT;
}

/* The words of several providers are the same for a code that is used, old or unknown; where the bytes show that it is the one that
 * was given, it was not altered. */
static enum verdict look_altered(const struct flow *flow, struct pk_finding *finding)
{
	return look_at(flow, finding, ALTERED);
}

/* A % that begins no escape can be in no encoded form; with + and & see compare(). */
static bool has_bare_percent(struct pk_str raw)
{
	for (size_t i = 0; i < raw.len; i++) {
		if (raw.ptr[i] != '%')
			continue;
		for (size_t j = i + 1; j < i + 3; j++)
			if (j >= raw.len || !((raw.ptr[j] >= '0' && raw.ptr[j] <= '9') ||
					      (raw.ptr[j] >= 'a' && raw.ptr[j] <= 'f') ||
					      (raw.ptr[j] >= 'A' && raw.ptr[j] <= 'F')))
				return true;
	}
	return false;
}

static enum verdict look_not_encoded(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->token.event)
		return NOT_VISIBLE;
	for (size_t i = 0; i < flow->token.count && !flow->token.json_body; i++) {
		const struct flow_param *param = &flow->token.param[i];

		if (param->in_query || !has_bare_percent(param->raw))
			continue;
		finding->confidence = PK_PROVED;
		finding->detail =
			flow_text(flow, "The value of %.*s has a %% that begins no escape.",
				  PK_ARG(pk_str_first(param->name, 40)));
		show_secret(finding, &flow->token, "body", param->raw, (struct pk_str){0});
		return PRESENT;
	}
	return look_at(flow, finding, NOT_ENCODED) == PRESENT ? PRESENT : ABSENT;
}

/* ---- Used twice, too late ---- */

static const struct flow_part *earlier_use(const struct flow *flow)
{
	for (int i = 0; i < flow->token.index; i++) {
		const struct flow_part *part = &flow->part[i];

		if (part->event->kind == PK_EVENT_TOKEN &&
		    pk_str_equal(flow_value(part, "code"), sent_code(flow)) &&
		    !pk_str_equal(flow_value(part, "grant_type"), PK_STR("refresh_token")))
			return part;
	}
	return NULL;
}

static enum verdict look_by_words(const struct flow *flow, struct pk_finding *finding,
				  const char *fault)
{
	struct pk_str said = {0};
	const enum words words = words_on(flow, fault, &said);

	if (words == WORDS_SILENT)
		return ABSENT;
	finding->confidence = words_confidence(words);
	show(finding, &flow->token, "error", said, (struct pk_str){0});
	return PRESENT;
}

static enum verdict look_reused(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *earlier;

	if (!flow->token.event || !sent_code(flow).len)
		return NOT_VISIBLE;
	earlier = earlier_use(flow);
	if (!earlier)
		return look_by_words(flow, finding, "code-reused");
	finding->confidence = PK_PROVED;
	finding->detail = flow_text(flow,
				    "The same code was sent before, in event %d; many providers "
				    "spend a code on the first try, "
				    "also when that try fails.",
				    earlier->index);
	show_secret(finding, &flow->token, "code", sent_code(flow), (struct pk_str){0});
	show_secret(finding, earlier, "code", flow_value(earlier, "code"), (struct pk_str){0});
	return PRESENT;
}

static bool is_prefetch(const struct flow_part *callback)
{
	static const char *const headers[PREFETCH_HEADERS] = {"Sec-Purpose", "Purpose", "X-Moz"};

	for (size_t i = 0; i < PREFETCH_HEADERS; i++)
		if (pk_str_starts(flow_header(&callback->event->request, headers[i]),
				  PK_STR("prefetch")))
			return true;
	return false;
}

static enum verdict look_prefetched(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->callback.event || !given_code(flow).len)
		return NOT_VISIBLE;
	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];

		if (part->event->kind != PK_EVENT_CALLBACK ||
		    !pk_str_equal(flow_value(part, "code"), given_code(flow)) || !is_prefetch(part))
			continue;
		finding->confidence = PK_PROVED;
		show(finding, part, "Sec-Purpose", PK_STR("prefetch"), (struct pk_str){0});
		return PRESENT;
	}
	return ABSENT;
}

static enum verdict look_two_for_one_state(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str state = flow_value(&flow->callback, "state");

	if (!flow->callback.event || !state.len)
		return NOT_VISIBLE;
	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];
		const struct pk_str code = flow_value(part, "code");

		if (part->event->kind != PK_EVENT_CALLBACK || !code.len || !given_code(flow).len ||
		    !pk_str_equal(flow_value(part, "state"), state) ||
		    pk_str_equal(code, given_code(flow)))
			continue;
		finding->confidence = PK_PROVED;
		show_secret(finding, part, "code", code, (struct pk_str){0});
		show_secret(finding, &flow->callback, "code", given_code(flow), (struct pk_str){0});
		return PRESENT;
	}
	return ABSENT;
}

/* The callback's own time, or that of the redirect that led to it. */
static double age_of_code(const struct flow *flow)
{
	if (!flow->callback.event || !flow->token.event || flow->callback.event->at < 0 ||
	    flow->token.event->at < 0)
		return -1;
	return flow->token.event->at - flow->callback.event->at;
}

static enum verdict look_expired(const struct flow *flow, struct pk_finding *finding)
{
	const double age = age_of_code(flow);

	if (!flow->token.event || !sent_code(flow).len)
		return NOT_VISIBLE;
	if (earlier_use(flow))
		return ABSENT;
	if (age < 0)
		return look_by_words(flow, finding, "code-expired");
	if (!flow->dialect || age <= (double)flow->dialect->code_lifetime)
		return age < 10 ? ABSENT : look_by_words(flow, finding, "code-expired");
	finding->confidence = PK_LIKELY;
	finding->detail =
		flow_text(flow, "It was sent %.0f seconds after it came; %.*s gives it %lld.", age,
			  PK_ARG(flow->dialect->title), (long long)flow->dialect->code_lifetime);
	show(finding, &flow->token, "at", flow_text(flow, "%.0f s after the callback", age),
	     flow_text(flow, "at most %lld s", (long long)flow->dialect->code_lifetime));
	return PRESENT;
}

const struct rule rules_code[] = {
	{"code-prefetched", look_prefetched, false},
	{"code-two-for-one-state", look_two_for_one_state, false},
	{"code-reused", look_reused, false},
	{"code-fragment-kept", look_fragment_kept, false},
	{"code-still-encoded", look_still_encoded, false},
	{"code-over-decoded", look_over_decoded, false},
	{"body-not-encoded", look_not_encoded, false},
	{"code-truncated", look_truncated, false},
	{"code-altered", look_altered, false},
	{"code-expired", look_expired, false},
	{NULL, NULL, false},
};
