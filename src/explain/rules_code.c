/*
 * The code: what happened to it between the callback and the token request (RFC 6749 4.1.2, 4.1.3).
 * The two are compared byte for byte, each decoded once, and exactly one way of being different is
 * named. What became of the right code is in rules_code_use.c.
 */
#include "explain/rules_code.h"
#include "base/arena.h"
#include "base/text.h"
#include "explain/rules_body.h"
#include "explain/rules_pair.h"
#include "explain/shown.h"
#include "explain/words.h"

#include <strings.h>

#define CODE_MAX 16384 /* bytes; nothing is said of longer ones */
#define DECODED_MAX 3  /* times that a code is decoded to find out how often it was encoded */
#define IN_COMMON 8    /* characters that two codes do not share by chance */

static const struct pk_str nothing;

/* How the code that was sent differs from the one that came. */
enum difference {
	UNKNOWN, /* one of the two is not in the capture */
	SAME,
	STILL_ENCODED,
	OVER_DECODED,
	JOINED, /* it was put into the body raw: look_body_not_encoded() */
	FRAGMENT_KEPT,
	TRUNCATED,
	ALTERED,
};

struct pk_str code_sent(const struct flow *flow)
{
	return shown_exchange(flow) ? flow_value(&flow->token, "code") : nothing;
}

struct pk_str code_given(const struct flow *flow)
{
	return flow_value(&flow->callback, "code");
}

/* ---- The two codes ---- */

/* A raw + in a callback's query is a space to form decoders and a + to others: none is wrong. */
static bool is_given(const struct flow *flow, struct pk_str code)
{
	const struct flow_param *param = flow_param(&flow->callback, "code");
	const struct pk_str given = param->value;

	if (given.len != code.len)
		return false;
	for (size_t i = 0; i < given.len; i++) {
		const bool plus = given.ptr[i] == ' ' && code.ptr[i] == '+' &&
				  pk_str_find(param->raw, '+') < param->raw.len;

		if (given.ptr[i] != code.ptr[i] && !plus)
			return false;
	}
	return true;
}

static bool is_still_encoded(const struct flow *flow, struct pk_str sent)
{
	for (int i = 0; i < DECODED_MAX; i++) {
		sent = flow_decode(flow->arena, sent);
		if (is_given(flow, sent))
			return true;
	}
	return false;
}

/* As decoders do it that know nothing of forms: a + stays. */
static struct pk_str decode_escapes(const struct flow *flow, struct pk_str text)
{
	struct pk_buf out = pk_arena_open(flow->arena);
	struct pk_str kept;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '+')
			pk_buf_put(&out, PK_STR("%2B"));
		else
			pk_buf_char(&out, text.ptr[i]);
	}
	return pk_arena_close(flow->arena, &out, &kept) == PK_OK ? flow_decode(flow->arena, kept)
								 : text;
}

static bool is_over_decoded(const struct flow *flow, struct pk_str given, struct pk_str sent)
{
	return pk_str_equal(flow_decode(flow->arena, given), sent) ||
	       pk_str_equal(decode_escapes(flow, given), sent);
}

static bool goes_on_with_fragment(struct pk_str given, struct pk_str sent)
{
	return sent.len > given.len && pk_str_starts(sent, given) && sent.ptr[given.len] == '#';
}

static enum difference compare(const struct flow *flow)
{
	const struct pk_str given = code_given(flow), sent = code_sent(flow);

	if (!given.len || !sent.len || given.len > CODE_MAX || sent.len > CODE_MAX)
		return UNKNOWN;
	if (is_given(flow, sent))
		return SAME;
	if (goes_on_with_fragment(given, sent))
		return FRAGMENT_KEPT;
	if (is_still_encoded(flow, sent))
		return STILL_ENCODED;
	if (body_was_joined(flow, "code", given))
		return JOINED;
	if (is_over_decoded(flow, given, sent))
		return OVER_DECODED;
	if (sent.len < given.len && pk_str_starts(given, sent))
		return TRUNCATED;
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
	show_secret(finding, &flow->token, "code", code_sent(flow), code_given(flow));
	return PRESENT;
}

/* What a code tells of itself where the callback is not visible: hardly any provider's has a %, a
 * space or a # in it. */
static enum verdict look_at_itself(const struct flow *flow, struct pk_finding *finding, bool is,
				   struct pk_str want)
{
	if (!is)
		return ABSENT;
	finding->confidence = PK_LIKELY;
	show_secret(finding, &flow->token, "code", code_sent(flow), want);
	return PRESENT;
}

/* Where the provider's codes all end alike, one that does not was cut off. */
static bool lacks_end(const struct flow *flow, struct pk_str code)
{
	return code.len && flow->dialect && flow->dialect->code_suffix.len &&
	       pk_str_starts(code, flow->dialect->code_prefix) &&
	       !pk_str_ends(code, flow->dialect->code_suffix) &&
	       !pk_list_has(&flow->dialect->unconfirmed, PK_STR("code_suffix"));
}

static enum verdict look_still_encoded(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str sent = code_sent(flow), decoded = decode_escapes(flow, sent);

	if (code_given(flow).len || !sent.len)
		return look_at(flow, finding, STILL_ENCODED);
	return look_at_itself(flow, finding, !pk_str_equal(sent, decoded), decoded);
}

static enum verdict look_over_decoded(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str sent = code_sent(flow);
	const struct flow_param *param = flow_param(&flow->token, "code");
	enum verdict verdict;

	if (!code_given(flow).len && sent.len)
		return look_at_itself(flow, finding,
				      pk_str_find(pk_str_trim(sent), ' ') < pk_str_trim(sent).len &&
					      pk_str_find(param->raw, '+') == param->raw.len,
				      nothing);
	verdict = look_at(flow, finding, OVER_DECODED);
	if (verdict == PRESENT && !body_tells(flow, "code") &&
	    body_holds_raw(flow->token.event->request.body, param, code_given(flow))) {
		finding->confidence = PK_LIKELY;
		finding->detail = PK_STR("Or it was put into the body without being encoded: the "
					 "provider reads the same.");
	}
	return verdict;
}

static enum verdict look_truncated(const struct flow *flow, struct pk_finding *finding)
{
	enum verdict verdict;

	if (!code_given(flow).len && lacks_end(flow, code_sent(flow)) && flow->failed) {
		finding->confidence = PK_POSSIBLE;
		finding->detail = flow_text(flow, "The codes of this provider end in %.*s.",
					    PK_ARG(flow->dialect->code_suffix));
		show_secret(finding, &flow->token, "code", code_sent(flow), nothing);
		return PRESENT;
	}
	verdict = look_at(flow, finding, TRUNCATED);
	if (verdict == PRESENT)
		finding->detail = flow_text(flow, "%zu of its %zu characters were sent.",
					    code_sent(flow).len, code_given(flow).len);
	return verdict;
}

static enum verdict look_fragment_kept(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str sent = code_sent(flow);

	if (code_given(flow).len || !sent.len)
		return look_at(flow, finding, FRAGMENT_KEPT);
	return look_at_itself(flow, finding,
			      pk_str_ends(sent, PK_STR("#_")) || pk_str_ends(sent, PK_STR("#_=_")),
			      pk_str_first(sent, pk_str_find(sent, '#')));
}

/* ---- Any other code ---- */

static size_t count_in_common(struct pk_str a, struct pk_str b, bool from_end)
{
	size_t count = 0;

	while (count < a.len && count < b.len &&
	       (from_end ? a.ptr[a.len - 1 - count] == b.ptr[b.len - 1 - count]
			 : a.ptr[count] == b.ptr[count]))
		count++;
	return count;
}

static bool is_same_but_case(struct pk_str given, struct pk_str sent)
{
	return sent.len == given.len && strncasecmp(sent.ptr, given.ptr, sent.len) == 0;
}

static struct pk_str how_altered(const struct flow *flow)
{
	const struct pk_str given = code_given(flow), sent = code_sent(flow);
	const size_t same = count_in_common(given, sent, false);

	if (pk_str_equal(sent, flow_value(&flow->callback, "state")))
		return PK_STR("It is the state.");
	if (pk_str_equal(pk_str_trim(sent), given))
		return PK_STR("White space stuck to it.");
	if (is_same_but_case(given, sent))
		return PK_STR("Only the case of letters differs.");
	if (sent.len > given.len && same == given.len)
		return flow_text(flow, "%zu characters were added at its end.",
				 sent.len - given.len);
	return same ? flow_text(flow, "The first %zu characters are the same.", same) : nothing;
}

/* Whether token request and callback are of the same login: else the right callback may just not
 * have been captured. */
static bool belong_together(const struct flow *flow)
{
	const struct pk_str given = code_given(flow), sent = code_sent(flow);

	return flow->relation.found || is_same_but_case(given, sent) ||
	       count_in_common(given, sent, false) >= IN_COMMON ||
	       count_in_common(given, sent, true) >= IN_COMMON ||
	       pk_str_equal(sent, flow_value(&flow->callback, "state"));
}

enum verdict code_by_words(const struct flow *flow, struct pk_finding *finding, const char *fault)
{
	const enum words words = words_show(flow, fault, finding);

	if (words == WORDS_SILENT)
		return ABSENT;
	finding->confidence = words_confidence(words);
	return PRESENT;
}

/* Where the bytes show that it is the code that was given, it was not altered, words or not. */
static enum verdict look_altered(const struct flow *flow, struct pk_finding *finding)
{
	enum verdict verdict;

	if (!code_sent(flow).len)
		return NOT_VISIBLE;
	if (pair_is_placeholder(PK_STR("code"), code_sent(flow)))
		return ABSENT;
	if (compare(flow) == UNKNOWN)
		return code_by_words(flow, finding, "code-altered");
	verdict = look_at(flow, finding, ALTERED);
	if (verdict == PRESENT) {
		finding->confidence = belong_together(flow) ? PK_PROVED : PK_LIKELY;
		finding->detail = how_altered(flow);
	}
	return verdict;
}

/* clang-format off */
const struct rule rules_code[] = {
	{"code-prefetched",        look_code_prefetched,        false},
	{"code-two-for-one-state", look_code_two_for_one_state, false},
	{"code-reused",            look_code_reused,            false},
	{"code-fragment-kept",     look_fragment_kept,          false},
	{"code-still-encoded",     look_still_encoded,          false},
	{"code-over-decoded",      look_over_decoded,           false},
	{"body-not-encoded",       look_body_not_encoded,       false},
	{"code-truncated",         look_truncated,              false},
	{"code-altered",           look_altered,                false},
	{"code-expired",           look_code_expired,           false},
	{NULL, NULL, false},
};
/* clang-format on */
