/*
 * Words of the dialect's file and of words.def, held against what the provider said. The dialect's
 * own go first: whoever wrote them down had one provider in mind.
 */
#include "explain/words.h"
#include "base/text.h"
#include "protocol/dialect.h"

#include <string.h>
#include <strings.h>

static const struct row {
	const char *product;
	const char *error;
	const char *text;
	const char *fault;
} rows[] = {
#define PK_WORDS(product, error, text, fault) {product, error, text, fault},
#include "explain/words.def"
#undef PK_WORDS
};

/* What a refusal at a check of the sandbox means (src/sandbox/checks): the dialects' words are
 * by check. */
static const struct meaning {
	const char *check;
	const char *fault;
} meanings[] = {
	{"challenge-present", "challenge-missing"},
	{"challenge-method", "method-misspelt"},
	{"client-auth-method", "client-auth-method"},
	{"client-auth-method", "secret-from-public-client"},
	{"client-auth-once", "client-auth-twice"},
	{"client-authenticated", "secret-rejected"},
	{"client-authenticated", "secret-missing"},
	{"client-known", "app-not-approved"},
	{"code-client", "client-differs"},
	{"code-known", "code-altered"},
	{"code-unexpired", "code-expired"},
	{"code-unused", "code-reused"},
	{"grant-type-known", "grant-type-wrong"},
	{"grant-type-present", "grant-type-wrong"},
	{"redirect-uri-registered", "redirect-uri-unregistered"},
	{"redirect-uri-same", "redirect-uri-differs"},
	{"refresh-token-known", "provider-session-gone"},
	{"refresh-token-unexpired", "provider-session-gone"},
	{"refresh-token-unused", "refresh-token-not-replaced"},
	{"scope-known", "scope-separator"},
	{"verifier-present", "verifier-missing"},
	{"verifier-expected", "verifier-without-challenge"},
	{"verifier-matches", "verifier-mismatch"},
};

static bool has_text(struct pk_str text, struct pk_str part)
{
	if (!part.len)
		return true;
	for (size_t i = 0; i + part.len <= text.len; i++)
		if (strncasecmp(text.ptr + i, part.ptr, part.len) == 0)
			return true;
	return false;
}

static bool is_same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* A refusal that has neither a text nor a number says little: its code stands for many things. */
static bool is_bare(const struct pk_refusal *refusal)
{
	return !refusal->text.len && !refusal->number.len;
}

static bool is_said(const struct pk_refusal *refusal, const struct flow_reply *said)
{
	return pk_str_equal(refusal->code, said->error) &&
	       (refusal->text.len || is_bare(refusal) ? pk_str_equal(refusal->text, said->text)
						      : said->number.len > 0) &&
	       (!refusal->number.len || !said->number.len ||
		pk_str_equal(refusal->number, said->number));
}

/* Counts the faults that the dialect's own words stand for: those with a text or a number, or those
 * that are a code and nothing else. */
static size_t count_in_dialect(const struct flow *flow, const struct flow_reply *said,
			       const char *fault, bool bare, bool *ret_among)
{
	size_t count = 0;

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]) && flow->dialect; i++) {
		const struct pk_refusal *refusal =
			pk_dialect_refusal(flow->dialect, pk_str(meanings[i].check));

		if (!refusal || is_bare(refusal) != bare || !is_said(refusal, said))
			continue;
		count++;
		*ret_among |= is_same(meanings[i].fault, fault);
	}
	return count;
}

static bool fits(const struct row *row, const struct flow_reply *said)
{
	const struct pk_str text = pk_str(row->text);

	return (!row->error[0] || pk_str_equal(said->error, pk_str(row->error))) &&
	       (has_text(said->text, text) || has_text(said->also, text));
}

/* The length of the longest text that fits: what is said in more words is what was meant. */
static size_t longest_fit(const struct flow_reply *said)
{
	size_t longest = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].text) > longest && fits(&rows[i], said))
			longest = strlen(rows[i].text);
	return longest;
}

/* Counts the faults for which `error` and `text` are said; whether `fault` is one of them. Two
 * products that say the same of one fault are one. */
static size_t count_faults(const struct flow *flow, const struct flow_reply *said,
			   const char *fault, bool *ret_among)
{
	const size_t longest = longest_fit(said);
	const char *first = NULL;
	size_t count = 0;

	*ret_among = false;
	count = count_in_dialect(flow, said, fault, false, ret_among);
	if (count)
		return count;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strlen(rows[i].text) != longest || !fits(&rows[i], said))
			continue;
		count += !first || !is_same(first, rows[i].fault);
		first = first ? first : rows[i].fault;
		*ret_among |= is_same(rows[i].fault, fault);
	}
	return count + count_in_dialect(flow, said, fault, true, ret_among);
}

enum words words_on(const struct flow *flow, const char *fault, struct pk_str *ret_text)
{
	const struct flow_reply *const replies[] = {&flow->reply, &flow->callback_error,
						    &flow->authorize_error};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		const struct flow_reply *said = replies[i];
		bool among;
		size_t count;

		if (!said->visible || (!said->error.len && !said->text.len && !said->also.len))
			continue;
		count = count_faults(flow, said, fault, &among);
		if (!among)
			continue;
		if (ret_text)
			*ret_text = said->text.len
					    ? flow_text(flow, "%.*s: %.*s", PK_ARG(said->error),
							PK_ARG(said->text))
					    : said->error;
		return count == 1 ? WORDS_NAME : WORDS_ALLOW;
	}
	return WORDS_SILENT;
}

enum pk_confidence words_confidence(enum words words)
{
	return words == WORDS_NAME ? PK_LIKELY : PK_POSSIBLE;
}
