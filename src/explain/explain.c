/*
 * The engine: builds the flow, asks every rule, and puts what they found in order. What follows from
 * bytes comes before what only the dialect says, and that before what the provider's words say; a
 * rule that cannot see what it needs says nothing, and what it missed is listed.
 */
#include "explain/rule.h"
#include "explain/shown.h"
#include "base/err.h"
#include "base/text.h"

#include <string.h>

/*
 * The sections of the fault list, in its order. Within equal confidence, what stands first is the
 * more special. What a section finds `of_exchange` is over once the code got its tokens, whatever
 * fails later.
 */
/* clang-format off */
static const struct section {
	const struct rule *rules;
	bool of_exchange;
} sections[] = {
	{rules_pair,         true},
	{rules_pkce,         true},
	{rules_code,         true},
	{rules_redirect,     true},
	{rules_client,       false},
	{rules_request,      false},
	{rules_pushed,       true},
	{rules_dpop,         false},
	{rules_state,        false},
	{rules_pkce_refresh, false},
	{rules_after,        false},
	{rules_id_token,     false},
	{rules_metadata,     false},
	{rules_logout,       false},
	{rules_server,       false},
	{rules_pair_aside,   false},
};
/* clang-format on */

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

void show(struct pk_finding *finding, const struct flow_part *part, const char *parameter,
	  struct pk_str got, struct pk_str want)
{
	if (finding->evidence_count < PK_EVIDENCE_MAX)
		finding->evidence[finding->evidence_count++] =
			(struct pk_evidence){.event = part && part->event ? part->index : -1,
					     .parameter = parameter,
					     .got = got,
					     .want = want};
}

void show_secret(struct pk_finding *finding, const struct flow_part *part, const char *parameter,
		 struct pk_str got, struct pk_str want)
{
	const size_t before = finding->evidence_count;

	show(finding, part, parameter, got, want);
	if (finding->evidence_count > before)
		finding->evidence[before].secret = true;
}

/* A provider that knows of no PKCE compares nothing, whatever is sent. */
static bool is_ignored(const struct flow *flow, const struct rule *rules)
{
	const struct pk_dialect *dialect = flow->dialect;

	return (rules == rules_pair || rules == rules_pair_aside) && dialect &&
	       (dialect->pkce == PK_PKCE_OFF || dialect->pkce == PK_PKCE_REFUSED) &&
	       !pk_list_has(&dialect->unconfirmed, PK_STR("pkce"));
}

static void note_checked(struct pk_report *report, const struct rule *rule)
{
	if (report->checked_count < PK_CHECKED_MAX)
		report->checked[report->checked_count++] = rule->fault;
}

/* Behind the findings of the same or better confidence. */
static void add_finding(struct pk_report *report, const struct pk_finding *finding)
{
	size_t at = report->finding_count;

	while (at > 0 && report->finding[at - 1].confidence > finding->confidence)
		at--;
	if (at == PK_FINDINGS_MAX)
		return;
	if (report->finding_count == PK_FINDINGS_MAX)
		report->finding_count--;
	memmove(&report->finding[at + 1], &report->finding[at],
		(report->finding_count - at) * sizeof(*finding));
	report->finding[at] = *finding;
	report->finding_count++;
}

static void ask(const struct flow *flow, const struct rule *rule, struct pk_report *report,
		struct pk_report *weaknesses)
{
	struct pk_finding finding = {.fault = pk_fault_find(pk_str(rule->fault))};

	if (flow->succeeded && !rule->after_success)
		return;
	switch (rule->look(flow, &finding)) {
	case NOT_VISIBLE:
		break;
	case ABSENT:
		note_checked(report, rule);
		break;
	case PRESENT:
		add_finding(report, &finding);
		break;
	case WEAKNESS:
		add_finding(weaknesses, &finding);
		break;
	}
}

/* Whether a fault makes logins fail, or is found in those that succeed too. */
static bool is_cause(const struct pk_fault *fault)
{
	for (size_t i = 0; i < SECTIONS; i++)
		for (const struct rule *rule = sections[i].rules; rule->fault; rule++)
			if (strcmp(rule->fault, fault->id) == 0)
				return !rule->after_success;
	return false;
}

/* Once a cause is proved, what the provider's words merely allow is no news. */
static void drop_guesses(struct pk_report *report)
{
	bool proved = false;
	size_t kept = 0;

	for (size_t i = 0; i < report->finding_count; i++) {
		const struct pk_finding *finding = &report->finding[i];
		const bool cause = is_cause(finding->fault);

		proved |= cause && finding->confidence == PK_PROVED;
		if (!proved || !cause || finding->confidence != PK_POSSIBLE)
			report->finding[kept++] = *finding;
	}
	report->finding_count = kept;
}

static bool knows_no_cause(const struct pk_report *report)
{
	return !report->finding_count ||
	       pk_str_equal(pk_str(report->finding[0].fault->id), PK_STR("provider-error"));
}

/* Behind all else, where no cause is known: what the provider wrote may still be one. */
static void add_weaknesses(struct pk_report *report, const struct pk_report *weaknesses)
{
	for (size_t i = 0; i < weaknesses->finding_count && report->finding_count < PK_FINDINGS_MAX;
	     i++)
		report->finding[report->finding_count++] = weaknesses->finding[i];
}

static void note_not_visible(struct pk_report *report, bool visible, const char *what)
{
	if (!visible && report->not_visible_count < PK_NOT_VISIBLE_MAX)
		report->not_visible[report->not_visible_count++] = what;
}

static bool is_right_pair(const struct flow *flow)
{
	const struct pk_relation *relation = &flow->relation;
	const bool hex = flow->dialect && flow->dialect->challenge == PK_CHALLENGE_HEX;

	return relation->found && !relation->verifier && !relation->challenge && !relation->hash &&
	       !relation->upper_case &&
	       (relation->encoding == (hex ? PK_TRANSFORM_HEX : PK_TRANSFORM_BASE64URL) ||
		(!flow->dialect && relation->encoding == PK_TRANSFORM_HEX));
}

/* What the provider wrote is a cause only where nothing else is; beside one it is noise. */
static void drop_words(struct pk_report *report)
{
	for (size_t i = 0; i < report->finding_count && report->finding_count > 1; i++) {
		if (!pk_str_equal(pk_str(report->finding[i].fault->id), PK_STR("provider-error")))
			continue;
		report->finding_count--;
		memmove(&report->finding[i], &report->finding[i + 1],
			(report->finding_count - i) * sizeof(report->finding[0]));
		return;
	}
}

enum pk_err pk_explain(struct pk_arena *arena, const struct pk_capture *capture,
		       const struct pk_dialect *const *dialects, size_t dialect_count,
		       struct pk_report *ret, struct pk_why *why)
{
	struct pk_report weaknesses = {.finding_count = 0};
	struct flow flow;
	bool exchanged;

	TRY(flow_build(arena, capture, dialects, dialect_count, &flow, why));
	*ret = (struct pk_report){.capture = capture, .dialect = flow.dialect};
	exchanged = shown_exchanged(&flow);
	for (size_t i = 0; i < SECTIONS; i++)
		if ((!exchanged || !sections[i].of_exchange) &&
		    !is_ignored(&flow, sections[i].rules))
			for (const struct rule *rule = sections[i].rules; rule->fault; rule++)
				ask(&flow, rule, ret, &weaknesses);
	drop_guesses(ret);
	drop_words(ret);
	if (!flow.failed || knows_no_cause(ret))
		add_weaknesses(ret, &weaknesses);
	note_not_visible(ret, flow.authorize.event != NULL, "authorize request");
	note_not_visible(ret, flow.callback.event != NULL, "callback");
	note_not_visible(ret, flow.token.event && flow.token.event->request.present,
			 "token request");
	note_not_visible(ret, flow.reply.visible || flow.callback_error.visible, "token reply");
	note_not_visible(ret, flow.dialect != NULL, "provider");
	ret->pair_is_right = is_right_pair(&flow);
	return PK_OK;
}
