/* Words of the dialect's file and of words.def, held against what the provider said. */
#include "explain/words.h"
#include "base/text.h"
#include "protocol/dialect.h"

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

/* What a refusal at a check of the sandbox means (src/sandbox/checks): the dialects' words are by check. */
static const struct meaning {
	const char *check;
	const char *fault;
} meanings[] = {
	{"challenge-present", "challenge-missing"},
	{"challenge-method", "method-misspelt"},
	{"client-authenticated", "secret-rejected"},
	{"code-known", "code-altered"},
	{"code-unexpired", "code-expired"},
	{"code-unused", "code-reused"},
	{"redirect-uri-same", "redirect-uri-differs"},
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

/* Counts the faults for which `error` and `text` are said; whether `fault` is one of them. */
static size_t count_faults(const struct flow *flow, const struct flow_reply *said,
			   const char *fault, bool *ret_among)
{
	size_t count = 0;

	*ret_among = false;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]) && flow->dialect; i++) {
		const struct pk_refusal *refusal =
			pk_dialect_refusal(flow->dialect, pk_str(meanings[i].check));

		if (!refusal || !refusal->text.len || !pk_str_equal(refusal->code, said->error) ||
		    !pk_str_equal(refusal->text, said->text))
			continue;
		count++;
		*ret_among |= pk_str_equal(pk_str(meanings[i].fault), pk_str(fault));
	}
	if (count)
		return count;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].error[0] && !pk_str_equal(said->error, pk_str(rows[i].error)))
			continue;
		if (!has_text(said->text, pk_str(rows[i].text)))
			continue;
		count++;
		*ret_among |= pk_str_equal(pk_str(rows[i].fault), pk_str(fault));
	}
	return count;
}

enum words words_on(const struct flow *flow, const char *fault, struct pk_str *ret_text)
{
	const struct flow_reply *const replies[] = {&flow->reply, &flow->callback_error,
						    &flow->authorize_error};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		const struct flow_reply *said = replies[i];
		bool among;
		size_t count;

		if (!said->visible || (!said->error.len && !said->text.len))
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
