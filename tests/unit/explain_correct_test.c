/*
 * Right clients: flows that the library itself builds, for each built-in dialect, public and
 * confidential, at the provider and at the sandbox, with and without the provider's name, and with
 * parts of the capture missing. Whatever the random values are, nothing may be found.
 */
#include "setting.h"

#include "base/encode.h"
#include "base/text.h"
#include "proofkey_explain.h"
#include "protocol/login.h"

#include <sodium.h>
#include <stdio.h>

#define DIALECTS 64
#define ROUNDS 4

/* What of a flow is captured, and how it went. */
enum part {
	NAMED = 1,
	SANDBOX = 2,
	PUBLIC = 4,
	NO_AUTHORIZE = 8,
	NO_CALLBACK = 16,
	NO_REPLY = 32,
	EVERY_PART = 64, /* all of them, combined */
};

struct flow {
	unsigned char memory[1 << 17];
	struct pk_arena arena;
	char text[1 << 15];
	size_t text_len;
	struct pk_login login;
	struct pk_secret secret;
	struct pk_event event[8];
	struct pk_header header[8][PK_HEADERS_MAX];
	size_t count;
	double at;
};

static struct pk_dialect dialects[DIALECTS];
static const struct pk_dialect *known[DIALECTS];
static size_t dialect_count;

static int read_dialects(void **state)
{
	(void)state;
	for (const char *name; (name = pk_dialect_name(dialect_count)); dialect_count++) {
		assert_true(dialect_count < DIALECTS);
		assert_err(pk_dialect_parse(pk_str(name), pk_str(pk_dialect_text(name)),
					    &dialects[dialect_count], NULL),
			   PK_OK);
		known[dialect_count] = &dialects[dialect_count];
	}
	return 0;
}

/* A text that lives as long as the flow. */
static struct pk_str keep(struct flow *flow, const char *text)
{
	const size_t len = strlen(text);
	char *copy = flow->text + flow->text_len;

	assert_true(flow->text_len + len <= sizeof(flow->text));
	memcpy(copy, text, len);
	flow->text_len += len;
	return (struct pk_str){copy, len};
}

static void make_random(char *out, size_t size)
{
	unsigned char bytes[24];

	randombytes_buf(bytes, sizeof(bytes));
	(void)sodium_bin2base64(out, size, bytes, sizeof(bytes),
				sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static struct pk_event *add_event(struct flow *flow, enum pk_event_kind kind, struct pk_str url)
{
	struct pk_event *event = &flow->event[flow->count++];

	*event = (struct pk_event){.kind = kind, .at = flow->at};
	event->request = (struct pk_message){.present = true, .method = PK_STR("GET"), .url = url};
	return event;
}

/* A request of the library and its reply. */
static void add_exchange(struct flow *flow, const struct pk_http_request *request,
			 const char *reply)
{
	struct pk_header *header = flow->header[flow->count];
	struct pk_event *event = add_event(flow, PK_EVENT_TOKEN, request->url);

	event->request.method = pk_str(request->method);
	event->request.body = request->body;
	event->request.header = header;
	event->request.header_count = request->header_count;
	for (size_t i = 0; i < request->header_count; i++) {
		const char *colon = memchr(request->header[i].ptr, ':', request->header[i].len);
		const size_t len = (size_t)(colon - request->header[i].ptr);

		assert_non_null(colon);
		header[i].name = (struct pk_str){request->header[i].ptr, len};
		header[i].value = (struct pk_str){colon + 2, request->header[i].len - len - 2};
	}
	event->reply =
		(struct pk_message){.present = true, .status = 200, .body = keep(flow, reply)};
}

static struct pk_str scopes(const struct flow *flow, char *out, size_t size)
{
	struct pk_buf text = pk_buf(out, size);

	for (size_t i = 0; i < flow->login.scopes.count; i++) {
		if (i)
			pk_buf_put(&text, flow->login.dialect->scope_separator);
		pk_buf_put(&text, flow->login.scopes.item[i]);
	}
	return pk_buf_str(&text);
}

static void add_authorize(struct flow *flow, struct pk_str state,
			  const struct pk_challenge *challenge)
{
	static char memory[8192];
	struct pk_buf url = pk_buf(memory, sizeof(memory));

	assert_err(pk_authorize_url(&flow->login, state, (struct pk_str){0}, challenge, &url, NULL),
		   PK_OK);
	(void)add_event(flow, PK_EVENT_AUTHORIZE, pk_buf_str(&url));
}

/* What an ID token and a callback name as issuer. */
static struct pk_str issuer(const struct flow *flow, char *out, size_t size)
{
	struct pk_buf text = pk_buf(out, size);

	assert_err(pk_issuer_write(&flow->login, &text, NULL), PK_OK);
	return pk_buf_str(&text);
}

/* The callback, as a provider of this dialect sends it. */
static const struct pk_grant_code *add_callback(struct flow *flow, const char *state)
{
	const struct pk_dialect *dialect = flow->login.dialect;
	const struct pk_grant_code *code;
	char memory[4096], random[64], text[512];
	struct pk_buf url = pk_buf(memory, sizeof(memory)), whole = pk_buf(text, sizeof(text));
	size_t start;
	struct pk_str query;

	make_random(random, sizeof(random));
	pk_buf_put(&whole, dialect->code_prefix);
	pk_buf_put(&whole, pk_str(random));
	pk_buf_put(&whole, dialect->code_suffix);
	pk_buf_put(&url, flow->login.redirect_uri);
	pk_buf_char(&url, '?');
	start = url.len;
	pk_form_put(&url, start, PK_STR("code"), pk_buf_str(&whole));
	pk_form_put(&url, start, PK_STR("state"), pk_str(state));
	if (dialect->callback_scope_parameter.len)
		pk_form_put(&url, start, dialect->callback_scope_parameter,
			    scopes(flow, text, sizeof(text)));
	if (dialect->callback_issuer)
		pk_form_put(&url, start, PK_STR("iss"), issuer(flow, text, sizeof(text)));
	pk_buf_char(&url, '\0');
	assert_false(url.overflow);
	query = add_event(flow, PK_EVENT_CALLBACK, keep(flow, memory))->request.url;
	query = (struct pk_str){query.ptr + start, query.len - start};
	assert_err(pk_callback(&flow->arena, &flow->login, pk_str(state), query, &code, NULL, NULL),
		   PK_OK);
	return code;
}

static void put_part(struct pk_buf *out, const char *json)
{
	pk_base64url_encode(out, json, strlen(json));
	pk_buf_char(out, '.');
}

/* An ID token of this moment, whose signature nobody here looks at. */
static void put_id_token(const struct flow *flow, struct pk_buf *out)
{
	static const char *const algs[] = {"", "RS256", "ES256", "HS256"};
	char iss[512], json[1024];
	const struct pk_str text = issuer(flow, iss, sizeof(iss));

	pk_buf_put(out, PK_STR(",\"id_token\":\""));
	(void)snprintf(json, sizeof(json), "{\"alg\":\"%s\",\"kid\":\"key-1\"}",
		       algs[flow->login.dialect->id_token_alg]);
	put_part(out, json);
	(void)snprintf(json, sizeof(json),
		       "{\"iss\":\"%.*s\",\"sub\":\"person-1\",\"aud\":\"%.*s\","
		       "\"iat\":%.0f,\"exp\":%.0f}",
		       (int)text.len, text.ptr, (int)flow->login.client_id.len,
		       flow->login.client_id.ptr, flow->at, flow->at + 3600);
	put_part(out, json);
	pk_buf_put(out, PK_STR("c2lnbmF0dXJl\""));
}

static void add_tokens(struct flow *flow, const struct pk_http_request *request,
		       const char *refresh_token)
{
	const struct pk_dialect *dialect = flow->login.dialect;
	char memory[4096], granted[512], access[64];
	struct pk_buf reply = pk_buf(memory, sizeof(memory));
	size_t depth = 0;

	make_random(access, sizeof(access));
	for (struct pk_str at = dialect->token_reply_at; at.len; depth++) {
		const struct pk_str rest = pk_str_from(at, 1);

		at = pk_str_from(rest, pk_str_find(rest, '/'));
		pk_buf_put(&reply, PK_STR("{\""));
		pk_buf_put(&reply, pk_str_first(rest, pk_str_find(rest, '/')));
		pk_buf_put(&reply, PK_STR("\":"));
	}
	pk_buf_put(&reply, PK_STR("{\"access_token\":\""));
	pk_buf_put(&reply, pk_str(access));
	pk_buf_put(&reply, PK_STR("\",\"expires_in\":7200,\"open_id\":\"person-1\",\"scope\":\""));
	pk_buf_put(&reply, scopes(flow, granted, sizeof(granted)));
	pk_buf_char(&reply, '"');
	if (dialect->refresh_lifetime) {
		pk_buf_put(&reply, PK_STR(",\"refresh_token\":\""));
		pk_buf_put(&reply, pk_str(refresh_token));
		pk_buf_char(&reply, '"');
	}
	if (dialect->id_token_alg != PK_ID_TOKEN_NONE)
		put_id_token(flow, &reply);
	for (size_t i = 0; i <= depth; i++)
		pk_buf_char(&reply, '}');
	pk_buf_char(&reply, '\0');
	assert_false(reply.overflow);
	add_exchange(flow, request, memory);
}

static void add_refresh(struct flow *flow, const char *old, const char *new)
{
	struct pk_http_request request;

	assert_err(pk_refresh_request(&flow->arena, &flow->login, flow->secret,
				      (struct pk_secret){keep(flow, old)}, &request, NULL),
		   PK_OK);
	flow->at += 7000;
	add_tokens(flow, &request, new);
}

/* A text, or an assertion signed by the client's own team. */
static struct pk_str make_secret(struct flow *flow)
{
	const struct pk_str audience = flow->login.dialect->client_secret_audience;
	char memory[1024], json[512];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	if (!audience.len)
		return PK_STR("s3cret-of-the-client");
	put_part(&out, "{\"alg\":\"ES256\",\"kid\":\"key-1\"}");
	(void)snprintf(json, sizeof(json),
		       "{\"iss\":\"team-1\",\"sub\":\"client-1\",\"aud\":\"%.*s\",\"iat\":%.0f,"
		       "\"exp\":%.0f}",
		       (int)audience.len, audience.ptr, flow->at, flow->at + 86400);
	put_part(&out, json);
	pk_buf_put(&out, PK_STR("c2lnbmF0dXJl"));
	pk_buf_char(&out, '\0');
	return keep(flow, memory);
}

static void build(struct flow *flow, unsigned parts)
{
	struct pk_verifier verifier;
	struct pk_challenge challenge;
	struct pk_http_request request;
	const struct pk_grant_code *code;
	uint8_t entropy[32];
	char state[64], first[64], second[64];

	make_random(state, sizeof(state));
	make_random(first, sizeof(first));
	make_random(second, sizeof(second));
	randombytes_buf(entropy, sizeof(entropy));
	flow->secret.text = parts & PUBLIC ? (struct pk_str){0} : make_secret(flow);
	assert_err(pk_verifier_make(entropy, sizeof(entropy), &verifier), PK_OK);
	pk_challenge_make(&verifier, flow->login.dialect->challenge, &challenge);
	add_authorize(flow, pk_str(state), &challenge);
	flow->at += 9.5;
	code = add_callback(flow, state);
	flow->at += 0.3;
	assert_err(pk_token_request(&flow->arena, &flow->login, flow->secret, code, &verifier,
				    &request, NULL),
		   PK_OK);
	add_tokens(flow, &request, first);
	if (flow->login.dialect->refresh_lifetime)
		add_refresh(flow, first, second);
	if (flow->login.dialect->revoke_url.len) {
		assert_err(pk_revoke_request(&flow->arena, &flow->login, flow->secret,
					     (struct pk_secret){pk_str(second)}, &request, NULL),
			   PK_OK);
		add_exchange(flow, &request, "");
	}
}

/* Takes out what was not captured. */
static void leave_out(struct flow *flow, unsigned parts)
{
	size_t kept = 0;

	for (size_t i = 0; i < flow->count; i++) {
		struct pk_event event = flow->event[i];

		if ((event.kind == PK_EVENT_AUTHORIZE && parts & NO_AUTHORIZE) ||
		    (event.kind == PK_EVENT_CALLBACK && parts & NO_CALLBACK))
			continue;
		if (event.kind == PK_EVENT_TOKEN && parts & NO_REPLY)
			event.reply = (struct pk_message){0};
		flow->event[kept++] = event;
	}
	flow->count = kept;
}

static void assert_nothing_found(const struct flow *flow, size_t events, unsigned parts)
{
	static unsigned char memory[1 << 20];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	const struct pk_capture capture = {.provider = parts & NAMED ? flow->login.dialect->name
								     : (struct pk_str){0},
					   .event = flow->event,
					   .count = events,
					   .stored_expires_at = PK_TIME_UNKNOWN};
	static struct pk_report report;

	assert_err(pk_explain(&arena, &capture, known, dialect_count, &report, NULL), PK_OK);
	if (report.finding_count)
		print_error("%.*s, parts %u, %zu events: %s\n", (int)flow->login.dialect->name.len,
			    flow->login.dialect->name.ptr, parts, events,
			    report.finding[0].fault->id);
	assert_int_equal(report.finding_count, 0);
	assert_true(report.checked_count > 0);
	if (!(parts & (NO_AUTHORIZE | NO_CALLBACK)) && events > 2 && report.dialect &&
	    (flow->login.dialect->pkce == PK_PKCE_SENT ||
	     flow->login.dialect->pkce == PK_PKCE_REQUIRED))
		assert_true(report.pair_is_right);
}

static void assert_right(const struct pk_dialect *dialect, unsigned parts)
{
	static struct setting setting;
	static struct flow flow;
	char name[64];

	(void)snprintf(name, sizeof(name), "%.*s", (int)dialect->name.len, dialect->name.ptr);
	setting_make(&setting, name);
	flow = (struct flow){.login = setting.login, .at = 1764000000};
	flow.arena = pk_arena(flow.memory, sizeof(flow.memory));
	if (parts & SANDBOX) {
		flow.login.sandbox = PK_STR("http://127.0.0.1:9400");
		flow.login.redirect_uri = PK_STR("http://127.0.0.1:8080/callback");
	}
	build(&flow, parts);
	leave_out(&flow, parts);
	for (size_t events = 1; events <= flow.count; events++)
		assert_nothing_found(&flow, events, parts);
}

static bool takes_client(const struct pk_dialect *dialect, bool public)
{
	for (size_t i = 0; i < dialect->client_auth.count; i++)
		if (pk_str_equal(dialect->client_auth.item[i], PK_STR("none")) == public)
			return true;
	return false;
}

/* After each of its events, for a capture may end anywhere. */
static void right_flows_have_no_fault(void **state)
{
	(void)state;
	assert_true(dialect_count >= 4);
	for (size_t i = 0; i < dialect_count; i++)
		for (unsigned parts = 0; parts < EVERY_PART; parts++)
			for (int round = 0; round < ROUNDS; round++)
				if (known[i]->authorize_url.len &&
				    takes_client(known[i], (parts & PUBLIC) != 0))
					assert_right(known[i], parts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(right_flows_have_no_fault, read_dialects),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
