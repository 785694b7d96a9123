/* What the tests of rules about one request share: an authorize request and a token request
 * with its answer, made by hand, and what explain finds in them. */
#ifndef TESTS_EXCHANGE_H
#define TESTS_EXCHANGE_H

#include "setting.h"

#include "proofkey_explain.h"

#define EXCHANGE_HEADERS 4

#define PAIR                                                                                       \
	"&code_challenge=5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8&code_challenge_method=S256"
#define VERIFIER "&code_verifier=gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns"
#define FORM                                                                                       \
	{                                                                                          \
		"Content-Type", "application/x-www-form-urlencoded"                                \
	}
#define GRANT "grant_type=authorization_code&code=c0de-Zk3PqX91uVbT" VERIFIER

struct exchange {
	const char *provider;  /* a built-in dialect, or NULL */
	const char *dialect;   /* or the text of one */
	const char *authorize; /* URL, or NULL */
	const char *method;    /* "POST" where it is NULL */
	const char *url;
	const char *header[EXCHANGE_HEADERS][2];
	const char *body;
	int status; /* 0: no answer was captured */
	const char *answer_header[2];
	const char *answer;
};

struct exchanged {
	unsigned char memory[1 << 20];
	struct pk_arena arena;
	struct pk_dialect dialect;
	struct pk_header header[EXCHANGE_HEADERS], answer_header;
	struct pk_event event[2];
	struct pk_capture capture;
	struct pk_report report;
};

static struct exchanged exchanged;

static inline struct pk_event exchange_token(const struct exchange *exchange)
{
	struct pk_event event = {.kind = PK_EVENT_TOKEN, .at = 1764000010};

	event.request =
		(struct pk_message){.present = true,
				    .method = pk_str(exchange->method ? exchange->method : "POST"),
				    .url = pk_str(exchange->url),
				    .header = exchanged.header,
				    .body = pk_str(exchange->body)};
	for (size_t i = 0; i < EXCHANGE_HEADERS && exchange->header[i][0]; i++)
		exchanged.header[event.request.header_count++] = (struct pk_header){
			pk_str(exchange->header[i][0]), pk_str(exchange->header[i][1])};
	if (!exchange->status)
		return event;
	event.reply = (struct pk_message){.present = true,
					  .status = exchange->status,
					  .header = &exchanged.answer_header,
					  .body = pk_str(exchange->answer)};
	if (exchange->answer_header[0]) {
		exchanged.answer_header = (struct pk_header){pk_str(exchange->answer_header[0]),
							     pk_str(exchange->answer_header[1])};
		event.reply.header_count = 1;
	}
	return event;
}

static inline const struct pk_report *exchange_explain(const struct exchange *exchange)
{
	const struct pk_dialect *const dialect = &exchanged.dialect;
	const char *text =
		exchange->provider ? pk_dialect_text(exchange->provider) : exchange->dialect;
	const char *name = exchange->provider ? exchange->provider : "own";
	struct pk_capture *capture = &exchanged.capture;
	struct pk_why why = {0};

	exchanged.arena = pk_arena(exchanged.memory, sizeof(exchanged.memory));
	*capture =
		(struct pk_capture){.event = exchanged.event, .stored_expires_at = PK_TIME_UNKNOWN};
	if (text) {
		assert_err(pk_dialect_parse(pk_str(name), pk_str(text), &exchanged.dialect, &why),
			   PK_OK);
		capture->provider = pk_str(name);
	}
	if (exchange->authorize)
		exchanged.event[capture->count++] = (struct pk_event){
			.kind = PK_EVENT_AUTHORIZE,
			.at = 1764000000,
			.request = {.present = true, .url = pk_str(exchange->authorize)}};
	exchanged.event[capture->count++] = exchange_token(exchange);
	assert_err(pk_explain(&exchanged.arena, capture, &dialect, text ? 1 : 0, &exchanged.report,
			      &why),
		   PK_OK);
	return &exchanged.report;
}

static inline const struct pk_finding *exchange_find(const struct exchange *exchange,
						     const char *fault)
{
	const struct pk_report *report = exchange_explain(exchange);

	for (size_t i = 0; i < report->finding_count; i++)
		if (strcmp(report->finding[i].fault->id, fault) == 0)
			return &report->finding[i];
	return NULL;
}

/* The fault is found, that surely, with that evidence first; `got` and `want` may be NULL. */
static inline void assert_found(const struct exchange *exchange, const char *fault,
				enum pk_confidence confidence, const char *parameter,
				const char *got, const char *want)
{
	const struct pk_finding *finding = exchange_find(exchange, fault);

	if (!finding)
		print_error("%s is not found\n", fault);
	assert_non_null(finding);
	assert_int_equal(finding->confidence, confidence);
	assert_true(finding->evidence_count > 0);
	assert_string_equal(finding->evidence[0].parameter, parameter);
	if (got)
		assert_text(finding->evidence[0].got, got);
	else
		assert_not_given(finding->evidence[0].got);
	if (want)
		assert_text(finding->evidence[0].want, want);
}

static inline void assert_not_found(const struct exchange *exchange, const char *fault)
{
	assert_null(exchange_find(exchange, fault));
}

#endif
