/*
 * The report for a program: one JSON object, version 1. It is written by hand, in the order in
 * which a person would read it too. What is not printable ASCII is written as \xNN, so that a
 * capture that is no UTF-8 still makes JSON, and a terminal shows it harmlessly.
 */
#include "explain/redact.h"
#include "explain/report.h"
#include "base/text.h"

/* A value of a capture can be megabytes; nobody compares more than this. */
#define VALUE_MAX 4096

struct json_out {
	struct pk_buf *buf;
	unsigned depth;
	bool first; /* of its object or array */
};

static void new_line(struct json_out *out)
{
	pk_buf_char(out->buf, '\n');
	for (unsigned i = 0; i < out->depth; i++)
		pk_buf_put(out->buf, PK_STR("  "));
}

/* What stands before each item: a comma, unless it is the first, and a line of its own. */
static void next_item(struct json_out *out)
{
	if (!out->first)
		pk_buf_char(out->buf, ',');
	out->first = false;
	new_line(out);
}

static void open_scope(struct json_out *out, char bracket)
{
	pk_buf_char(out->buf, bracket);
	out->depth++;
	out->first = true;
}

static void close_scope(struct json_out *out, char bracket)
{
	out->depth--;
	if (!out->first)
		new_line(out);
	out->first = false;
	pk_buf_char(out->buf, bracket);
}

static void put_escaped(struct pk_buf *out, char c)
{
	char memory[4];
	struct pk_buf tame = pk_buf(memory, sizeof(memory));

	tame_put(&tame, c);
	for (size_t i = 0; i < tame.len; i++) {
		if (memory[i] == '"' || memory[i] == '\\')
			pk_buf_char(out, '\\');
		pk_buf_char(out, memory[i]);
	}
}

/* A string, or null for "not given". */
static void put_text(struct json_out *out, struct pk_str text)
{
	const struct pk_str shown = pk_str_first(text, VALUE_MAX);

	if (!text.ptr) {
		pk_buf_put(out->buf, PK_STR("null"));
		return;
	}
	pk_buf_char(out->buf, '"');
	for (size_t i = 0; i < shown.len; i++)
		put_escaped(out->buf, shown.ptr[i]);
	if (shown.len < text.len) {
		pk_buf_put(out->buf, PK_STR("... ("));
		pk_buf_number(out->buf, (int64_t)text.len);
		pk_buf_put(out->buf, PK_STR(" characters)"));
	}
	pk_buf_char(out->buf, '"');
}

static void put_key(struct json_out *out, const char *key)
{
	next_item(out);
	put_text(out, pk_str(key));
	pk_buf_put(out->buf, PK_STR(": "));
}

static void put_member(struct json_out *out, const char *key, struct pk_str value)
{
	put_key(out, key);
	put_text(out, value);
}

static void put_names(struct json_out *out, const char *key, const char *const *names, size_t count)
{
	put_key(out, key);
	open_scope(out, '[');
	for (size_t i = 0; i < count; i++) {
		next_item(out);
		put_text(out, pk_str(names[i]));
	}
	close_scope(out, ']');
}

static void put_evidence(struct json_out *out, const struct pk_evidence *evidence,
			 bool show_secrets)
{
	char memory[REDACT_MAX];

	next_item(out);
	open_scope(out, '{');
	put_key(out, "event");
	if (evidence->event < 0)
		pk_buf_put(out->buf, PK_STR("null"));
	else
		pk_buf_number(out->buf, evidence->event);
	put_member(out, "parameter", pk_str(evidence->parameter));
	put_member(out, "got", report_value(evidence, evidence->got, show_secrets, memory));
	put_member(out, "want", report_value(evidence, evidence->want, show_secrets, memory));
	close_scope(out, '}');
}

static void put_finding(struct json_out *out, const struct pk_finding *finding, bool show_secrets)
{
	const struct pk_fault *fault = finding->fault;

	next_item(out);
	open_scope(out, '{');
	put_member(out, "fault", pk_str(fault->id));
	put_member(out, "confidence", pk_str(report_confidence(finding->confidence)));
	put_member(out, "blame", pk_str(fault->blame));
	put_member(out, "title", pk_str(fault->title));
	if (finding->detail.ptr)
		put_member(out, "detail", finding->detail);
	put_key(out, "evidence");
	open_scope(out, '[');
	for (size_t i = 0; i < finding->evidence_count; i++)
		put_evidence(out, &finding->evidence[i], show_secrets);
	close_scope(out, ']');
	put_member(out, "fix", pk_str(fault->fix));
	put_member(out, "reference", pk_str(fault->reference));
	close_scope(out, '}');
}

void pk_report_json(const struct pk_report *report, bool show_secrets, struct pk_buf *buf)
{
	const struct pk_finding *verdict = report->finding_count ? &report->finding[0] : NULL;
	struct json_out out = {.buf = buf};

	open_scope(&out, '{');
	put_key(&out, "version");
	pk_buf_number(buf, 1);
	put_member(&out, "provider", report->dialect ? report->dialect->name : (struct pk_str){0});
	put_member(&out, "verdict", pk_str(verdict ? verdict->fault->id : NULL));
	put_member(&out, "confidence",
		   pk_str(verdict ? report_confidence(verdict->confidence) : NULL));
	if (report->pair_is_right)
		put_member(&out, "pair", PK_STR("right"));
	put_key(&out, "findings");
	open_scope(&out, '[');
	for (size_t i = 0; i < report->finding_count; i++)
		put_finding(&out, &report->finding[i], show_secrets);
	close_scope(&out, ']');
	put_names(&out, "checked", report->checked, report->checked_count);
	put_names(&out, "not_visible", report->not_visible, report->not_visible_count);
	close_scope(&out, '}');
	pk_buf_char(buf, '\n');
}
