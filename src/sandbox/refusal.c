/*
 * How a refusal leaves the sandbox: on a page while the client is not known (RFC 6749 4.1.2.1), by
 * redirect from then on, as a document at the token and revocation endpoints (5.2), with a Bearer
 * challenge at the user info (RFC 6750 3). The words are the dialect's where it has some; the log
 * names the true fault, and never a code, a verifier, a token or a secret.
 */
#include "sandbox/refusal.h"
#include "base/encode.h"
#include "base/text.h"
#include "protocol/dialect.h"
#include "sandbox/callback.h"
#include "sandbox/document.h"
#include "sandbox/dpop.h"
#include "sandbox/reply.h"

#include <sodium.h>
#include <stdio.h>

static const char *const endpoint_names[ENDPOINT_COUNT] = {
	[AUTHORIZE] = "authorize",   [DECIDE] = "decide",     [PUSH] = "push",
	[TOKEN] = "token",           [REFRESH] = "refresh",   [REVOKE] = "revoke",
	[INTROSPECT] = "introspect", [USERINFO] = "userinfo", [END_SESSION] = "end session",
	[DISCOVERY] = "discovery",   [JWKS] = "jwks",
};

const char *endpoint_name(enum endpoint endpoint)
{
	return endpoint_names[endpoint];
}

#define LOG_ID_LEN 32
#define EVIDENCE_MAX 256 /* bytes */

/* "An opaque id that the provider adds to its errors." */
static struct pk_str make_log_id(char memory[static LOG_ID_LEN])
{
	unsigned char random[LOG_ID_LEN / 2];
	struct pk_buf out = pk_buf(memory, LOG_ID_LEN);

	randombytes_buf(random, sizeof(random));
	pk_hex_encode(&out, random, sizeof(random));
	return pk_buf_str(&out);
}

/* The page is the sandbox's own, so it explains in its own words. */
static void refuse_by_page(struct exchange *x, const struct check *check, int status)
{
	char memory[EVIDENCE_MAX + 32];
	struct pk_buf detail = pk_buf(memory, sizeof(memory));

	pk_buf_put(&detail, PK_STR("What came: "));
	pk_buf_put(&detail, x->evidence.len ? pk_str_first(x->evidence, EVIDENCE_MAX)
					    : PK_STR("nothing that could be used."));

	const struct page_field fields[] = {
		{"provider_title", x->dialect->title}, {"title", pk_str(check->text)},
		{"detail", pk_buf_str(&detail)},       {"fault", pk_str(x->fault)},
		{"fix", pk_str(check->fix)},           {"reference", pk_str(check->reference)},
	};

	reply_page(x, status >= 400 ? status : 400, "sandbox-error.html", fields,
		   sizeof(fields) / sizeof(fields[0]));
}

static void refuse_by_redirect(struct exchange *x, const struct pk_refusal *words)
{
	const struct pk_dialect *dialect = x->dialect;
	char memory[LOG_ID_LEN];
	struct callback callback;

	callback_open(&callback, x);
	callback_put(&callback, PK_STR("error"), words->code);
	if (words->text.len)
		callback_put(&callback, dialect->callback_error_text_parameter, words->text);
	if (words->number.len && dialect->callback_error_number_parameter.len)
		callback_put(&callback, dialect->callback_error_number_parameter, words->number);
	if (dialect->log_id_parameter.len)
		callback_put(&callback, dialect->log_id_parameter, make_log_id(memory));
	callback_send(&callback, x);
}

/* The words where the dialect has them. */
static void put_words(const struct pk_dialect *dialect, const struct pk_refusal *words,
		      json_t *document)
{
	if (dialect->ok_at.len)
		document_put_bool(document, dialect->ok_at, false);
	document_put_typed(document, dialect->error_at, words->code);
	if (words->text.len)
		document_put(document, dialect->error_text_at, words->text);
	if (words->number.len)
		document_put_typed(document, dialect->error_number_at, words->number);
	document_put_more(document, dialect->error_more);
}

static void refuse_by_document(struct exchange *x, const struct pk_refusal *words)
{
	const struct pk_dialect *dialect = x->dialect;
	char memory[LOG_ID_LEN];
	json_t *document = json_object();

	put_words(dialect, words, document);
	if (dialect->log_id_parameter.len)
		document_set(document, dialect->log_id_parameter, make_log_id(memory));
	/* RFC 6749 5.2: "If the client attempted to authenticate via the "Authorization" request
	 * header field, the authorization server MUST respond with an HTTP 401 [...] and include
	 * the "WWW-Authenticate" response header field" */
	if (words->status == 401 && http_header_count(x->http, "Authorization"))
		http_reply_header(x->http, "WWW-Authenticate", PK_STR("Basic realm=\"sandbox\""));
	/* The words of a redirect have no status of their own. */
	reply_as_token_endpoint(
		x, words->status >= 400 || x->endpoint != PUSH ? words->status : 400, document);
}

/* RFC 6750 3.1: who sent no token at all is told the scheme and no error. Where the dialect has no
 * userinfo_error, the words stand where the token endpoint has them. */
static void refuse_by_bearer(struct exchange *x, const struct pk_refusal *words)
{
	char memory[512];
	struct pk_buf challenge = pk_buf(memory, sizeof(memory));
	json_t *document = json_object();

	/* RFC 9449 7.1: in the scheme that the client used. */
	pk_buf_put(&challenge, dpop_is_scheme(x) && x->dialect->dpop
				       ? PK_STR("DPoP algs=\"" DPOP_ALGORITHMS "\"")
				       : PK_STR("Bearer realm=\"sandbox\""));
	if (words->code.len) {
		pk_buf_put(&challenge, PK_STR(", error=\""));
		pk_buf_put(&challenge, words->code);
		pk_buf_put(&challenge, PK_STR("\", error_description=\""));
		pk_buf_put(&challenge, words->text);
		pk_buf_put(&challenge, PK_STR("\""));
	}
	if (words->status == 401 && !challenge.overflow)
		http_reply_header(x->http, "WWW-Authenticate", pk_buf_str(&challenge));
	if (x->dialect->userinfo_error.len)
		document_put(document, x->dialect->userinfo_error, words->code);
	else if (words->code.len)
		put_words(x->dialect, words, document);
	reply_document(x, words->status, PK_BODY_JSON, document);
}

/* Of a refusal that the dialect has no words for. */
static int status_of(const struct exchange *x, const struct check *check)
{
	const bool at_token_endpoint =
		x->endpoint == TOKEN || x->endpoint == REFRESH || x->endpoint == REVOKE;

	return at_token_endpoint && x->dialect->error_status ? (int)x->dialect->error_status
							     : check->status;
}

/* RFC 9110 15.5.6: what is allowed where the method was not. */
static struct pk_str allowed(const struct exchange *x, const struct check *check)
{
	if (check == &check_method_get)
		return PK_STR("GET, HEAD");
	if (check == &check_method_post)
		return request_is_query(x) ? PK_STR("GET, POST") : PK_STR("POST");
	if (x->endpoint != USERINFO || x->dialect->issuer.len)
		return PK_STR("GET, POST");
	return x->dialect->userinfo_method == PK_USERINFO_POST ? PK_STR("POST") : PK_STR("GET");
}

void refuse(struct exchange *x, const struct check *check)
{
	const struct pk_refusal own = {.check = pk_str(check->name),
				       .status = status_of(x, check),
				       .code = pk_str(check->code),
				       .text = pk_str(x->text ? x->text : check->text)};
	const struct pk_refusal *theirs = pk_dialect_refusal(x->dialect, own.check);
	const struct pk_refusal *words = theirs ? theirs : &own;

	if (!x->fault)
		x->fault = check->fault;
	fprintf(stderr, "sandbox: %.*s %s: %s refused: %s (%s); answered %.*s\n",
		PK_ARG(x->dialect->name), endpoint_names[x->endpoint], check->name, x->fault,
		check->reference, PK_ARG(words->code));
	if (words->status == 405)
		http_reply_header(x->http, "Allow", allowed(x, check));
	if (x->endpoint == USERINFO)
		refuse_by_bearer(x, words);
	else if (x->endpoint != AUTHORIZE && x->endpoint != DECIDE && x->endpoint != END_SESSION)
		refuse_by_document(x, words);
	else if (x->redirect_uri.len)
		refuse_by_redirect(x, words);
	else
		refuse_by_page(x, check, words->status);
}
