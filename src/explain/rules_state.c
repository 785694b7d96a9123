/*
 * The state, from the authorize request to the callback (RFC 6749 4.1.2, 10.12). It is held against
 * what was sent and against what the client says that it stored; a state that is weak or missing
 * makes no login fail by itself, and is said only where no cause is known.
 */
#include "explain/rules_state.h"
#include "explain/words.h"
#include "base/text.h"

#include <strings.h>

#define STATE_SHORT 16  /* characters: 96 bits as base64url, and nobody makes fewer on purpose */
#define STATE_UNIFORM 6 /* different characters: 16 random digits have fewer once in a hundred */
#define STATE_PART 8    /* characters that two states share only if one is made from the other */

static struct pk_str sent_state(const struct flow *flow)
{
	return flow_value(&flow->authorize, "state");
}

static struct pk_str returned_state(const struct flow *flow)
{
	return flow_value(&flow->callback, "state");
}

static bool is_answer(const struct flow *flow)
{
	return flow_param(&flow->callback, "code") || flow_param(&flow->callback, "error");
}

bool state_stopped_there(const struct flow *flow)
{
	return flow->callback.event && !flow->token.event;
}

/* What the client stored is of this login, unless another one began, or came back with it, after the callback. */
static bool is_stored_of_this(const struct flow *flow)
{
	const struct pk_str stored = flow->capture->stored_state;

	for (size_t i = (size_t)(flow->callback.index + 1); i < flow->capture->count; i++)
		if (flow->part[i].event->kind == PK_EVENT_AUTHORIZE ||
		    (flow->part[i].event->kind == PK_EVENT_CALLBACK &&
		     pk_str_equal(flow_value(&flow->part[i], "state"), stored) &&
		     !pk_str_equal(flow_value(&flow->part[i], "state"), returned_state(flow))))
			return false;
	return stored.len > 0;
}

/* What the client holds the callback's state against: what it stored, or else what it sent. */
static struct pk_str expected_state(const struct flow *flow)
{
	return is_stored_of_this(flow) ? flow->capture->stored_state : sent_state(flow);
}

/* ---- Missing, weak ---- */

static bool lacks_state(const struct flow *flow)
{
	return flow->callback.event && is_answer(flow) && !returned_state(flow).len;
}

static void show_missing(const struct flow *flow, struct pk_finding *finding)
{
	finding->confidence = PK_PROVED;
	if (flow->authorize.event && !sent_state(flow).len)
		show(finding, &flow->authorize, "state", (struct pk_str){0},
		     PK_STR("128 random bits"));
	else
		show_secret(finding, &flow->callback, "state", (struct pk_str){0},
			    expected_state(flow));
}

/* Whether a state was to be sent at all cannot be seen where the request was signed or pushed. */
static bool sends_none(const struct flow *flow)
{
	return flow->authorize.count && !sent_state(flow).len &&
	       !flow_param(&flow->authorize, "request_uri") &&
	       !flow_param(&flow->authorize, "request");
}

/* Where the provider refuses a state of so few characters. */
static bool is_refused_short(const struct flow *flow)
{
	return flow->failed && !flow->token.event && flow->dialect && flow->authorize.count &&
	       sent_state(flow).len < (size_t)flow->dialect->state_min;
}

/* Where a state was sent and the callback is without it, no client goes on; where none was sent,
 * those that look for none do. */
static enum verdict look_missing(const struct flow *flow, struct pk_finding *finding)
{
	const bool stopped = state_stopped_there(flow);

	if (!sends_none(flow) && !lacks_state(flow))
		return sent_state(flow).len || returned_state(flow).len ? ABSENT : NOT_VISIBLE;
	show_missing(flow, finding);
	return (stopped && !sends_none(flow)) || is_refused_short(flow) ? PRESENT : WEAKNESS;
}

static size_t count_distinct(struct pk_str text)
{
	bool seen[256] = {false};
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++) {
		count += !seen[(unsigned char)text.ptr[i]];
		seen[(unsigned char)text.ptr[i]] = true;
	}
	return count;
}

/* Another authorize request, not this one sent again, that has the same state; or -1. */
static int used_before(const struct flow *flow)
{
	for (int i = 0; i < flow->authorize.index; i++)
		if (flow->part[i].event->kind == PK_EVENT_AUTHORIZE && flow->challenge.len &&
		    pk_str_equal(flow_value(&flow->part[i], "state"), sent_state(flow)) &&
		    !pk_str_equal(flow_value(&flow->part[i], "code_challenge"), flow->challenge))
			return i;
	return -1;
}

static bool is_weak(struct pk_str state)
{
	return state.len < STATE_SHORT || count_distinct(state) < STATE_UNIFORM;
}

static enum verdict look_too_weak(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str state = sent_state(flow);
	const int before = used_before(flow);
	const enum words words = words_show(flow, "state-too-weak", finding);

	if (words != WORDS_SILENT && state.len) {
		finding->confidence = is_refused_short(flow) ? PK_PROVED : words_confidence(words);
		return PRESENT;
	}
	if (!state.len)
		return NOT_VISIBLE;
	if (!is_weak(state) && before < 0)
		return ABSENT;
	finding->confidence = PK_PROVED;
	finding->detail = before < 0
				  ? flow_text(flow, "It has %zu characters, %zu of them different.",
					      state.len, count_distinct(state))
				  : flow_text(flow,
					      "It is also the state of another login, "
					      "event %d.",
					      before);
	show_secret(finding, &flow->authorize, "state", state,
		    PK_STR("22 characters of base64url or more, from a cryptographic source"));
	return is_refused_short(flow) ? PRESENT : WEAKNESS;
}

/* ---- Another than was sent ---- */

typedef bool alteration_fn(const struct flow *flow, struct pk_str sent, struct pk_str returned);

static bool was_decoded(const struct flow *flow, struct pk_str sent, struct pk_str returned)
{
	const struct pk_str once = flow_decode(flow->arena, sent);

	return pk_str_equal(once, returned) ||
	       pk_str_equal(flow_decode(flow->arena, once), returned);
}

static bool was_encoded(const struct flow *flow, struct pk_str sent, struct pk_str returned)
{
	return was_decoded(flow, returned, sent);
}

/* The 64 digits of base64 in one spelling; -1 for anything else. */
static int base64_digit(char c)
{
	if (c == '-' || c == '+' || c == ' ')
		return '+';
	if (c == '_' || c == '/')
		return '/';
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ? c : -1;
}

static struct pk_str unpadded(struct pk_str text)
{
	while (text.len && text.ptr[text.len - 1] == '=')
		text.len--;
	return text;
}

static bool was_respelt(const struct flow *flow, struct pk_str sent, struct pk_str returned)
{
	(void)flow;
	sent = unpadded(sent);
	returned = unpadded(returned);
	if (sent.len != returned.len)
		return false;
	for (size_t i = 0; i < sent.len; i++)
		if (base64_digit(sent.ptr[i]) < 0 ||
		    base64_digit(sent.ptr[i]) != base64_digit(returned.ptr[i]))
			return false;
	return true;
}

static bool was_cut(const struct flow *flow, struct pk_str sent, struct pk_str returned)
{
	(void)flow;
	return returned.len >= STATE_PART && returned.len < sent.len &&
	       pk_str_starts(sent, returned);
}

static bool was_extended(const struct flow *flow, struct pk_str sent, struct pk_str returned)
{
	return was_cut(flow, returned, sent);
}

static bool lost_its_start(const struct flow *flow, struct pk_str sent, struct pk_str returned)
{
	(void)flow;
	return returned.len >= STATE_PART && returned.len < sent.len && pk_str_ends(sent, returned);
}

static bool changed_case(const struct flow *flow, struct pk_str sent, struct pk_str returned)
{
	(void)flow;
	return sent.len == returned.len && strncasecmp(sent.ptr, returned.ptr, sent.len) == 0;
}

/* How the state that came back came to be what it is; NULL when nothing makes one of the other. */
static const char *alteration(const struct flow *flow, struct pk_str sent, struct pk_str returned)
{
	/* clang-format off */
	static const struct {
		alteration_fn *made;
		const char *how;
	} alterations[] = {
		{was_decoded,    "it was decoded once too often, or written into a URL without being encoded"},
		{was_encoded,    "it was encoded once too often"},
		{was_respelt,    "it was written in the other alphabet of base64, or its padding was lost"},
		{was_cut,        "its end was lost"},
		{lost_its_start, "its beginning was lost"},
		{was_extended,   "something was added to its end"},
		{changed_case,   "its letters changed case"},
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(alterations) / sizeof(alterations[0]); i++)
		if (alterations[i].made(flow, sent, returned))
			return alterations[i].how;
	return NULL;
}

static enum verdict look_altered(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str expected = expected_state(flow), returned = returned_state(flow);
	const char *how;

	if (!expected.len || !returned.len)
		return NOT_VISIBLE;
	if (pk_str_equal(expected, returned))
		return ABSENT;
	how = alteration(flow, expected, returned);
	if (!how)
		return ABSENT;
	finding->confidence = PK_PROVED;
	finding->detail =
		pk_str_equal(sent_state(flow), returned)
			? flow_text(flow, "The right state came back; what was stored of it is "
					  "another.")
			: flow_text(flow, "On its way to the provider and back %s.", how);
	show_secret(finding, &flow->callback, "state", returned, expected);
	return PRESENT;
}

/* The authorize request of the capture began this login: the pair says so, or the client refused
 * the callback. Else it may be of a login before, and this one's was not captured. */
static bool is_of_this(const struct flow *flow)
{
	return is_stored_of_this(flow) || state_stopped_there(flow) || flow->relation.found;
}

static enum verdict look_mismatch(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str expected = expected_state(flow), returned = returned_state(flow);

	if (!expected.len || !returned.len || !is_of_this(flow))
		return NOT_VISIBLE;
	if (pk_str_equal(expected, returned) || alteration(flow, expected, returned))
		return ABSENT;
	finding->confidence = PK_PROVED;
	for (size_t i = 0; i < flow->capture->count && !finding->detail.ptr; i++)
		if (flow->part[i].event->kind == PK_EVENT_AUTHORIZE &&
		    (int)i != flow->authorize.index &&
		    (pk_str_equal(flow_value(&flow->part[i], "state"), returned) ||
		     pk_str_equal(flow_value(&flow->part[i], "state"), expected)))
			finding->detail = flow_text(
				flow, "Two logins got mixed up: the other one began in event %zu.",
				i);
	show_secret(finding, &flow->callback, "state", returned, expected);
	return PRESENT;
}

/* clang-format off */
const struct rule rules_state[] = {
	{"login-took-too-long",     look_took_too_long,     false},
	{"login-cookie-lost",       look_cookie_lost,       false},
	{"login-cookie-unreadable", look_cookie_unreadable, false},
	{"login-unknown",           look_login_unknown,     false},
	{"issuer-mismatch",         look_issuer_mismatch,   true},
	{"user-denied",             look_user_denied,       false},
	{"state-missing",           look_missing,           true},
	{"state-altered",           look_altered,           true},
	{"state-mismatch",          look_mismatch,          true},
	{"scope-not-granted",       look_scope_not_granted, true},
	{"state-too-weak",          look_too_weak,          true},
	{"provider-error",          look_provider_error,    false},
	{NULL, NULL, false},
};
/* clang-format on */
