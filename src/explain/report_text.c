/*
 * The report for a person who may not know PKCE: what went wrong, how sure that is, the two values
 * one under the other with their difference marked, and what to change. Plain ASCII, 80 columns, so
 * that it fits a terminal, a ticket and a mail. Values are hostile and tamed.
 */
#include "explain/redact.h"
#include "explain/report.h"
#include "base/text.h"

#include <string.h>

#define COLUMNS 80

/* Text that is wrapped: `column` is where the next word goes, `indent` where a new line begins. */
struct page {
	struct pk_buf *out;
	size_t column;
	size_t indent;
};

static void end_line(struct page *page)
{
	pk_buf_char(page->out, '\n');
	page->column = 0;
}

static void move_to(struct page *page, size_t column)
{
	for (; page->column < column; page->column++)
		pk_buf_char(page->out, ' ');
}

/* A word that is longer than a line stays whole: it is a URL or an id that is copied. */
static void put_word(struct page *page, struct pk_str word)
{
	size_t width = 0;

	for (size_t i = 0; i < word.len; i++)
		width += tame_width(word.ptr[i]);
	if (page->column > page->indent && page->column + 1 + width > COLUMNS)
		end_line(page);
	else if (page->column > page->indent)
		move_to(page, page->column + 1);
	move_to(page, page->indent);
	for (size_t i = 0; i < word.len; i++)
		tame_put(page->out, word.ptr[i]);
	page->column += width;
}

static void put_words(struct page *page, struct pk_str text)
{
	while (text.len) {
		const struct pk_str word = pk_str_cut(&text, ' ');

		if (word.len)
			put_word(page, word);
	}
}

static void put_paragraph(struct page *page, size_t indent, const char *text)
{
	page->indent = indent;
	put_words(page, pk_str(text));
	end_line(page);
}

/* "label   text", the text wrapped beside its label. */
static void put_labelled(struct page *page, const char *label, size_t indent, struct pk_str text)
{
	pk_buf_put(page->out, pk_str(label));
	page->column = strlen(label);
	page->indent = indent;
	move_to(page, indent);
	put_words(page, text);
	end_line(page);
}

/* ---- Two values under each other ---- */

#define VALUE_COLUMN 11
#define VALUE_WIDTH (COLUMNS - VALUE_COLUMN)
#define BEFORE_DIFFERENCE 20 /* characters shown before it where the start has to go */

/* Where two values differ: from `start` on, up to `end` bytes before their ends. */
struct difference {
	bool marked;
	size_t start, end;
};

static struct difference compare(struct pk_str got, struct pk_str want)
{
	const size_t shorter = got.len < want.len ? got.len : want.len;
	struct difference found = {.marked = got.len && want.len && !pk_str_equal(got, want)};

	while (found.start < shorter && got.ptr[found.start] == want.ptr[found.start])
		found.start++;
	while (found.end < shorter - found.start &&
	       got.ptr[got.len - 1 - found.end] == want.ptr[want.len - 1 - found.end])
		found.end++;
	return found;
}

/* Where a window on both values begins, so that the difference is in it. */
static size_t window_start(struct pk_str got, struct pk_str want, const struct difference *found)
{
	const size_t longest = got.len > want.len ? got.len : want.len;

	if (!found->marked || longest <= VALUE_WIDTH || found->start <= BEFORE_DIFFERENCE)
		return 0;
	return found->start - BEFORE_DIFFERENCE;
}

#define CUT_MARK PK_STR("...")

/* Writes `value` from `start` on, as much as fits the line. */
static void put_value(struct page *page, const char *label, struct pk_str value, size_t start)
{
	const size_t room = VALUE_WIDTH - (start ? CUT_MARK.len : 0);
	size_t width = 0, end = start, kept = start;

	move_to(page, 4);
	put_words(page, pk_str(label));
	move_to(page, VALUE_COLUMN);
	if (!value.ptr || !value.len) {
		pk_buf_put(page->out, value.ptr ? PK_STR("(empty)") : PK_STR("(not there)"));
		end_line(page);
		return;
	}
	for (; end < value.len && width + tame_width(value.ptr[end]) <= room; end++) {
		width += tame_width(value.ptr[end]);
		if (width + CUT_MARK.len <= room)
			kept = end + 1;
	}
	if (end < value.len)
		end = kept;
	if (start)
		pk_buf_put(page->out, CUT_MARK);
	for (size_t i = start; i < end; i++)
		tame_put(page->out, value.ptr[i]);
	if (end < value.len)
		pk_buf_put(page->out, CUT_MARK);
	end_line(page);
}

/* Of two texts of one length each position speaks for itself; otherwise what stands between their
 * common start and their common end is what differs. */
static bool differs_at(struct pk_str got, struct pk_str want, const struct difference *found,
		       size_t at)
{
	const size_t longest = got.len > want.len ? got.len : want.len;

	if (got.len == want.len)
		return got.ptr[at] != want.ptr[at];
	return at >= found->start && at < longest - found->end;
}

static void put_marks(struct page *page, struct pk_str got, struct pk_str want,
		      const struct difference *found, size_t start)
{
	const struct pk_str longer = got.len > want.len ? got : want;
	size_t column = VALUE_COLUMN + (start ? CUT_MARK.len : 0);

	for (size_t i = start; i < longer.len; i++) {
		const size_t width = tame_width(longer.ptr[i]);

		if (column + width > COLUMNS)
			break;
		if (differs_at(got, want, found, i)) {
			move_to(page, column);
			for (size_t mark = 0; mark < width; mark++)
				pk_buf_char(page->out, '^');
			page->column += width;
		}
		column += width;
	}
	end_line(page);
}

static const char *const event_names[] = {
	[PK_EVENT_AUTHORIZE] = "authorize",
	[PK_EVENT_CALLBACK] = "callback",
	[PK_EVENT_TOKEN] = "token",
	[PK_EVENT_OTHER] = "other",
};

static void put_place(struct page *page, const struct pk_report *report,
		      const struct pk_evidence *evidence)
{
	page->indent = 2;
	put_words(page, pk_str(evidence->parameter));
	if (evidence->event >= 0 && (size_t)evidence->event < report->capture->count) {
		put_words(page, PK_STR("in event"));
		pk_buf_char(page->out, ' ');
		pk_buf_number(page->out, evidence->event);
		pk_buf_put(page->out, PK_STR(", "));
		pk_buf_put(page->out,
			   pk_str(event_names[report->capture->event[evidence->event].kind]));
	}
	pk_buf_char(page->out, ':');
	end_line(page);
}

static void put_evidence(struct page *page, const struct pk_report *report,
			 const struct pk_evidence *evidence, bool show_secrets)
{
	char got_memory[REDACT_MAX], want_memory[REDACT_MAX];
	const struct pk_str got = report_value(evidence, evidence->got, show_secrets, got_memory);
	const struct pk_str want =
		report_value(evidence, evidence->want, show_secrets, want_memory);
	const struct difference found = compare(got, want);
	const size_t start = window_start(got, want, &found);

	put_place(page, report, evidence);
	page->indent = 4;
	put_value(page, "got", got, start);
	if (!want.ptr)
		return;
	put_value(page, "want", want, start);
	if (found.marked)
		put_marks(page, got, want, &found, start);
}

/* ---- The parts of a report ---- */

static const char *const confidence_sentences[] = {
	[PK_PROVED] = "Proved: it follows from what was sent, whatever the provider says.",
	[PK_LIKELY] = "Likely: what was sent allows it, and the provider's words or timing fit it.",
	[PK_POSSIBLE] =
		"Possible: nothing that was captured contradicts it, and nothing proves it.",
};

static const char the_pair[] =
	"A code verifier is a random text that the app makes for one login and keeps. "
	"The authorize request carries its SHA-256, the code_challenge; the token "
	"request carries the text itself, the code_verifier.";

/* What the words of a fault mean, for who meets them for the first time. */
static const struct term {
	const char *fault; /* how its id starts */
	const char *meaning;
} terms[] = {
	{"challenge-", the_pair},
	{"verifier-", the_pair},
	{"method-", "code_challenge_method tells the provider how the code_challenge was made from "
		    "the code verifier: S256 is its SHA-256."},
	{"code-", "The code is what the provider hands to the callback; the app exchanges it once, "
		  "within a minute or so, for tokens."},
	{"redirect-uri-", "The redirect URI is where the provider sends the browser back to. It is "
			  "registered, and sent in the authorize and in the token request: three "
			  "times the same bytes."},
	{"state-", "The state is a random text that the app sends along and expects back, to know "
		   "that this callback answers its own request."},
};

static void put_term(struct page *page, const char *fault)
{
	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
		if (!pk_str_starts(pk_str(fault), pk_str(terms[i].fault)))
			continue;
		end_line(page);
		put_labelled(page, "In short", VALUE_COLUMN + 1, pk_str(terms[i].meaning));
	}
}

static const struct mover {
	const char *blame;
	const char *sentence;
} movers[] = {
	{"client", "yours, as the one who builds or runs the app"},
	{"provider", "the provider's"},
	{"user", "that of the person who logs in"},
	{"browser", "that of the person at the browser, or of what stands before it"},
	{"gateway", "that of whoever runs the gateway"},
};

static void put_mover(struct page *page, const char *blame)
{
	for (size_t i = 0; i < sizeof(movers) / sizeof(movers[0]); i++)
		if (strcmp(movers[i].blame, blame) == 0)
			put_labelled(page, "Whose move", VALUE_COLUMN + 1,
				     pk_str(movers[i].sentence));
}

static void put_verdict(struct page *page, const struct pk_report *report, bool show_secrets)
{
	const struct pk_finding *finding = &report->finding[0];
	const struct pk_fault *fault = finding->fault;

	put_paragraph(page, 0, fault->title);
	put_paragraph(page, 0, confidence_sentences[finding->confidence]);
	end_line(page);
	if (finding->detail.len) {
		page->indent = 2;
		put_words(page, finding->detail);
		end_line(page);
		end_line(page);
	}
	for (size_t i = 0; i < finding->evidence_count; i++)
		put_evidence(page, report, &finding->evidence[i], show_secrets);
	if (finding->evidence_count)
		end_line(page);
	put_labelled(page, "Fix", VALUE_COLUMN + 1, pk_str(fault->fix));
	put_mover(page, fault->blame);
	if (fault->reference[0])
		put_labelled(page, "Reference", VALUE_COLUMN + 1, pk_str(fault->reference));
	put_labelled(page, "Fault", VALUE_COLUMN + 1, pk_str(fault->id));
}

static void put_provider(struct page *page, const struct pk_report *report)
{
	if (report->dialect)
		put_labelled(page, "Provider", VALUE_COLUMN + 1, report->dialect->name);
}

/* The evidence in passing, on a line of its own: what was there, where it is short. */
static void put_got(struct page *page, const struct pk_evidence *evidence, bool show_secrets)
{
	char memory[REDACT_MAX];
	const struct pk_str got = report_value(evidence, evidence->got, show_secrets, memory);

	if (!got.len || got.len > COLUMNS)
		return;
	put_words(page, pk_str(evidence->parameter));
	pk_buf_char(page->out, ':');
	page->column++;
	put_words(page, got);
	end_line(page);
}

static void put_others(struct page *page, const struct pk_report *report, bool show_secrets)
{
	if (report->finding_count < 2)
		return;
	end_line(page);
	put_paragraph(page, 0, "Also found:");
	for (size_t i = 1; i < report->finding_count; i++) {
		const struct pk_finding *finding = &report->finding[i];

		page->indent = 2;
		put_words(page, pk_str(report_confidence(finding->confidence)));
		pk_buf_char(page->out, ',');
		page->column++;
		put_words(page, pk_str(finding->fault->id));
		pk_buf_char(page->out, ':');
		page->column++;
		page->indent = 4;
		put_words(page, pk_str(finding->fault->title));
		end_line(page);
		for (size_t e = 0; e < finding->evidence_count; e++)
			put_got(page, &finding->evidence[e], show_secrets);
	}
}

static void put_checked(struct page *page, const struct pk_report *report)
{
	if (!report->checked_count)
		return;
	end_line(page);
	pk_buf_put(page->out, PK_STR("Looked for and not there ("));
	pk_buf_number(page->out, (int64_t)report->checked_count);
	pk_buf_put(page->out, PK_STR("):\n"));
	page->indent = 2;
	for (size_t i = 0; i < report->checked_count; i++)
		put_words(page, pk_str(report->checked[i]));
	end_line(page);
}

/* How to get hold of what the capture lacks. */
static const struct hint {
	const char *missing;
	const char *how;
} hints[] = {
	{"authorize request", "the URL to which the app sends the browser to log in, from the "
			      "browser's network tab; --authorize URL"},
	{"callback", "the URL with which the browser came back to the app, from its address bar or "
		     "the app's access log; --callback URL"},
	{"token request", "the request with which the app exchanges the code, as a curl command or "
			  "as raw HTTP with its body; --token-request FILE"},
	{"token reply", "the body of what the provider answered to it; --reply FILE"},
	{"provider", "no dialect fits the hosts and paths; --provider NAME, and `proofkey provider "
		     "list` has the names"},
};

static const char *hint_for(const char *missing)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strcmp(hints[i].missing, missing) == 0)
			return hints[i].how;
	return "";
}

static void put_not_visible(struct page *page, const struct pk_report *report)
{
	if (!report->not_visible_count)
		return;
	end_line(page);
	put_paragraph(page, 0, "Not in the capture, and so not looked at; to add it:");
	for (size_t i = 0; i < report->not_visible_count; i++) {
		const char *const missing = report->not_visible[i];

		page->indent = 2;
		put_words(page, pk_str(missing));
		pk_buf_char(page->out, ':');
		page->column++;
		page->indent = 4;
		put_words(page, pk_str(hint_for(missing)));
		end_line(page);
	}
}

void pk_report_text(const struct pk_report *report, bool show_secrets, struct pk_buf *out)
{
	struct page page = {.out = out};

	if (report->finding_count) {
		put_verdict(&page, report, show_secrets);
		put_provider(&page, report);
		put_term(&page, report->finding[0].fault->id);
	} else {
		put_paragraph(&page, 0, "no fault found");
		put_provider(&page, report);
	}
	if (report->pair_is_right) {
		end_line(&page);
		put_paragraph(&page, 0,
			      "The pair is right: the verifier belongs to the challenge, "
			      "whatever the provider says.");
	}
	put_others(&page, report, show_secrets);
	put_checked(&page, report);
	put_not_visible(&page, report);
}
