/*
 * A refused exchange as a capture: the authorize URL is made again from what it was made of, the
 * rest is at hand. What explain says of it is cut to what a call may carry, and its secrets are
 * shortened; the capture itself is wiped.
 */
#include "gateway/explain_failure.h"
#include "base/text.h"
#include "explain/report.h"
#include "proofkey_explain.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A capture of one attempt, the reply included, and its report. */
struct work {
	struct pk_event event[3];
	struct pk_header request_header[PK_HEADERS_MAX];
	struct pk_header reply_header;
	struct pk_report report;
	char authorize_url[8192], callback_url[MESSAGE_MAX];
	char text[4 * EXPLANATION_MAX];
	unsigned char memory[4 * PK_REPLY_MAX];
};

static struct pk_str write_authorize_url(const struct login_settings *login,
					 const struct exchange *exchange, struct pk_buf out)
{
	struct pk_challenge challenge;

	pk_challenge_make(&exchange->verifier, login->dialect.challenge, &challenge);
	if (pk_authorize_url(&login->login, exchange->state, exchange->nonce,
			     login->dialect.pkce == PK_PKCE_OFF ? NULL : &challenge, &out,
			     NULL) != PK_OK)
		return (struct pk_str){0};
	return pk_buf_str(&out);
}

static struct pk_str write_callback_url(const struct login_settings *login,
					const struct exchange *exchange, struct pk_buf out)
{
	pk_buf_put(&out, login->login.redirect_uri);
	pk_buf_put(&out, PK_STR("?"));
	pk_buf_put(&out, exchange->query);
	return out.overflow ? (struct pk_str){0} : pk_buf_str(&out);
}

static void read_request(struct work *work, const struct pk_http_request *request)
{
	struct pk_message *const message = &work->event[2].request;

	*message = (struct pk_message){.present = true,
				       .method = pk_str(request->method),
				       .url = request->url,
				       .header = work->request_header,
				       .header_count = request->header_count,
				       .body = request->body};
	for (size_t i = 0; i < request->header_count; i++) {
		struct pk_str value = request->header[i];

		work->request_header[i].name = pk_str_cut(&value, ':');
		work->request_header[i].value = pk_str_trim(value);
	}
}

static void read_reply(struct work *work, const struct pk_http_reply *reply)
{
	work->reply_header = (struct pk_header){PK_STR("Content-Type"), reply->content_type};
	work->event[2].reply = (struct pk_message){.present = true,
						   .status = reply->status,
						   .header = &work->reply_header,
						   .header_count = reply->content_type.len ? 1 : 0,
						   .body = reply->body};
}

/* The capture is made of views into `work`, the login and the exchange. */
static struct pk_capture make_capture(struct work *work, const struct login_settings *login,
				      const struct exchange *exchange,
				      const struct pk_http_reply *reply, int64_t now)
{
	struct pk_event *const authorize = &work->event[0], *const callback = &work->event[1],
			       *const token = &work->event[2];

	*authorize = (struct pk_event){.kind = PK_EVENT_AUTHORIZE, .at = -1};
	authorize->request.present = true;
	authorize->request.method = PK_STR("GET");
	authorize->request.url = write_authorize_url(
		login, exchange, pk_buf(work->authorize_url, sizeof(work->authorize_url)));
	*callback =
		(struct pk_event){.kind = PK_EVENT_CALLBACK, .at = (double)exchange->started_at};
	callback->request.present = true;
	callback->request.method = PK_STR("GET");
	callback->request.url = write_callback_url(
		login, exchange, pk_buf(work->callback_url, sizeof(work->callback_url)));
	*token = (struct pk_event){.kind = PK_EVENT_TOKEN, .at = (double)now};
	read_request(work, &exchange->request);
	read_reply(work, reply);
	return (struct pk_capture){.provider = login->dialect.name,
				   .event = work->event,
				   .count = 3,
				   .stored_expires_at = PK_TIME_UNKNOWN};
}

/* `provider-error` says no more than was known. */
static bool is_news(const struct pk_finding *finding)
{
	return finding->confidence != PK_POSSIBLE &&
	       strcmp(finding->fault->id, "provider-error") != 0;
}

static void put_tame(struct pk_buf *out, struct pk_str text)
{
	for (size_t i = 0; i < text.len && out->cap - out->len >= 4; i++)
		tame_put(out, text.ptr[i]);
}

/* The sentence on this case and the evidence, as much as there is room for. */
static struct pk_str write_detail(const struct pk_finding *finding, struct pk_buf out)
{
	char memory[REDACT_MAX];

	put_tame(&out, finding->detail);
	for (size_t i = 0; i < finding->evidence_count; i++) {
		const struct pk_evidence *evidence = &finding->evidence[i];

		put_tame(&out, out.len ? PK_STR(" ") : PK_STR(""));
		put_tame(&out, pk_str(evidence->parameter));
		put_tame(&out, PK_STR(": "));
		put_tame(&out, report_value(evidence, evidence->got, false, memory));
		if (evidence->want.ptr) {
			put_tame(&out, PK_STR(", wanted: "));
			put_tame(&out, report_value(evidence, evidence->want, false, memory));
		}
		put_tame(&out, PK_STR("."));
	}
	return pk_buf_str(&out);
}

static const struct pk_finding *find_cause(const struct pk_report *report)
{
	for (size_t i = 0; i < report->finding_count; i++)
		if (is_news(&report->finding[i]))
			return &report->finding[i];
	return NULL;
}

/* The report for a person, secrets shortened, as many whole lines as there is room for: its end,
 * what was looked for in vain, is what a reader misses least. */
static struct pk_str write_report(struct work *work, char memory[static EXPLANATION_MAX])
{
	struct pk_buf out = pk_buf(work->text, sizeof(work->text));
	size_t len;

	pk_report_text(&work->report, false, &out);
	len = out.len < EXPLANATION_MAX ? out.len : EXPLANATION_MAX;
	while (len && work->text[len - 1] != '\n')
		len--;
	memcpy(memory, work->text, len);
	return (struct pk_str){memory, len};
}

/* Without a report, the failure is told as it is known already. */
static void explain(struct work *work, const struct pk_capture *capture,
		    const struct pk_dialect *dialect, struct explanation *explanation,
		    struct failure *failure)
{
	struct pk_arena arena = pk_arena(work->memory, sizeof(work->memory));
	const struct pk_finding *cause;

	if (pk_explain(&arena, capture, &dialect, 1, &work->report, NULL) != PK_OK)
		return;
	if (explanation->in_full)
		failure->explanation = write_report(work, explanation->report);
	cause = find_cause(&work->report);
	if (cause && pk_str_equal(failure->fault, PK_STR("provider-error"))) {
		failure->fault = pk_str(cause->fault->id);
		failure->detail = write_detail(
			cause, pk_buf(explanation->detail, sizeof(explanation->detail)));
	}
}

void explain_failure(const struct login_settings *login, const struct exchange *exchange,
		     const struct pk_http_reply *reply, int64_t now,
		     struct explanation *explanation, struct failure *failure)
{
	struct pk_capture capture;
	struct work *work;

	if (!explanation->in_full && !pk_str_equal(failure->fault, PK_STR("provider-error")))
		return;
	work = calloc(1, sizeof(*work));
	if (!work)
		return;
	capture = make_capture(work, login, exchange, reply, now);
	explain(work, &capture, &login->dialect, explanation, failure);
	sodium_memzero(work, sizeof(*work));
	free(work);
}
