/* What the tests of explain's rules share: a login as it was captured, what is said of it, and how
 * both are compared. */
#ifndef TESTS_EXPLAINED_H
#define TESTS_EXPLAINED_H

#include "setting.h"

#include "proofkey_explain.h"

#include <stdio.h>

/* The texts are as they stand in a JSON string, and in a URL. What is NULL was not captured. */
struct captured_login {
	const char *provider;
	const char *authorize;     /* the query */
	const char *callback;      /* the query */
	const char *token;         /* the body */
	const char *reply;         /* the body, of a reply with status 400 */
	const char *more;          /* further events */
	const char *authorize_url; /* NULL: those of the dialect rfc7636, at id.example */
	const char *token_url;
	double seconds; /* from callback to token request */
};

#define DIALECTS_MAX 64

struct explained {
	char text[1 << 14];
	unsigned char memory[1 << 22];
	struct pk_arena arena;
	struct pk_dialect dialect[DIALECTS_MAX];
	const struct pk_dialect *dialects[DIALECTS_MAX];
	struct pk_capture capture;
	struct pk_report report;
};

static struct explained explained;

static inline void put_json(struct pk_buf *out, const char *before, const char *text,
			    const char *after)
{
	if (!text)
		return;
	pk_buf_put(out, pk_str(before));
	pk_buf_put(out, pk_str(text));
	pk_buf_put(out, pk_str(after));
}

static inline const char *or_else(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

static inline struct pk_str write_capture(const struct captured_login *login)
{
	struct pk_buf out = pk_buf(explained.text, sizeof(explained.text));
	char at[64];

	(void)snprintf(at, sizeof(at), "%f", 1764000008 + login->seconds);
	put_json(&out, "{\"provider\": \"", login->provider ? login->provider : "", "\", ");
	put_json(&out, "\"events\": [", "", "");
	put_json(&out, "{\"kind\": \"authorize\", \"at\": 1764000000, \"url\": \"",
		 login->authorize ? or_else(login->authorize_url, "https://id.example/authorize")
				  : NULL,
		 "?");
	put_json(&out, "", login->authorize, "\"}, ");
	put_json(&out,
		 "{\"kind\": \"callback\", \"at\": 1764000008,"
		 " \"url\": \"https://app.example/callback?",
		 login->callback, "\"}, ");
	put_json(&out, "", login->more, ", ");
	put_json(&out, "{\"kind\": \"token\", \"at\": ", at, "");
	put_json(&out,
		 ", \"request\": {\"method\": \"POST\", \"headers\": {\"Content-Type\":"
		 " \"application/x-www-form-urlencoded\"}, \"url\": \"",
		 login->token ? or_else(login->token_url, "https://id.example/token") : NULL, "\"");
	put_json(&out, ", \"body\": \"", login->token, "\"}");
	put_json(&out, ", \"response\": {\"status\": 400, \"headers\": {}, \"body\": \"",
		 login->reply, "\"}");
	put_json(&out, "}]}", "", "");
	assert_false(out.overflow);
	return pk_buf_str(&out);
}

/* The dialects of the library, and one that a test may bring along. */
static inline size_t take_dialects(const char *own_name, const char *own_text)
{
	size_t count = 0;
	struct pk_why why = {0};

	for (; pk_dialect_name(count); count++) {
		const char *name = pk_dialect_name(count);

		assert_true(count < DIALECTS_MAX - 1);
		assert_err(pk_dialect_parse(pk_str(name), pk_str(pk_dialect_text(name)),
					    &explained.dialect[count], &why),
			   PK_OK);
		explained.dialects[count] = &explained.dialect[count];
	}
	if (!own_name)
		return count;
	if (pk_dialect_parse(pk_str(own_name), pk_str(own_text), &explained.dialect[count], &why))
		fail_msg("line %u: %s", why.line, why.detail);
	explained.dialects[count] = &explained.dialect[count];
	return count + 1;
}

static inline const struct pk_report *explain_with(const char *dialect_name,
						   const char *dialect_text,
						   const struct captured_login *login)
{
	const size_t count = take_dialects(dialect_name, dialect_text);
	struct pk_why why = {0};

	explained.arena = pk_arena(explained.memory, sizeof(explained.memory));
	assert_err(
		pk_capture_read(&explained.arena, write_capture(login), &explained.capture, &why),
		PK_OK);
	assert_err(pk_explain(&explained.arena, &explained.capture, explained.dialects, count,
			      &explained.report, &why),
		   PK_OK);
	return &explained.report;
}

static inline const struct pk_report *explain(struct captured_login login)
{
	return explain_with(NULL, NULL, &login);
}

static inline const struct pk_finding *find(const struct pk_report *report, const char *fault)
{
	for (size_t i = 0; i < report->finding_count; i++)
		if (strcmp(report->finding[i].fault->id, fault) == 0)
			return &report->finding[i];
	return NULL;
}

static inline bool was_checked(const struct pk_report *report, const char *fault)
{
	for (size_t i = 0; i < report->checked_count; i++)
		if (strcmp(report->checked[i], fault) == 0)
			return true;
	return false;
}

/* The verdict, how sure it is and, unless it is NULL, the sentence on this case. */
static inline const struct pk_finding *assert_verdict(const struct pk_report *report,
						      const char *fault,
						      enum pk_confidence confidence,
						      const char *detail)
{
	const struct pk_finding *first = &report->finding[0];

	assert_true(report->finding_count > 0);
	assert_string_equal(first->fault->id, fault);
	assert_int_equal(first->confidence, confidence);
	if (detail)
		assert_text(first->detail, detail);
	return first;
}

/* One piece of evidence; `want` is NULL where nothing can be said. */
static inline void assert_shows(const struct pk_finding *finding, size_t index, int event,
				const char *parameter, const char *got, const char *want)
{
	const struct pk_evidence *evidence = &finding->evidence[index];

	assert_true(index < finding->evidence_count);
	assert_int_equal(evidence->event, event);
	assert_string_equal(evidence->parameter, parameter);
	if (got)
		assert_text(evidence->got, got);
	else
		assert_not_given(evidence->got);
	if (want)
		assert_text(evidence->want, want);
	else
		assert_not_given(evidence->want);
}

#endif
