/*
 * Keeps what an exchange was: the request as it came, the reply as it leaves, and where the browser
 * is sent. It is the reader of all that goes wrong, so it believes no check, and finds the attempt
 * of a request also where the code in it is damaged. Nothing is left out that a code, a verifier or
 * a challenge may stand in: requests are bounded by the server already (HTTP_HEADERS_MAX,
 * HTTP_BODY_MAX), and of pages, which are our own, the beginning is kept. Cookies are not kept: they
 * say who sits at the browser, and no login fails of them here.
 */
#include "sandbox/recording.h"
#include "base/arena.h"
#include "base/text.h"
#include "explain/capture.h"
#include "sandbox/attempts.h"
#include "sandbox/clock.h"
#include "sandbox/credentials.h"

#include <string.h>
#include <strings.h>

#define HEADERS_KEPT 40 /* of one message */
#define PAGE_KEPT 1024  /* bytes of a page */

/* For how long a request that says nothing of its login is taken for a part of the newest one. */
#define TOGETHER_MILLISECONDS 60000

/* What each endpoint is to a login; a preflight is nothing but itself. */
static const enum pk_event_kind kinds[ENDPOINT_COUNT] = {
	[AUTHORIZE] = PK_EVENT_AUTHORIZE, [DECIDE] = PK_EVENT_OTHER,
	[PUSH] = PK_EVENT_OTHER,          [TOKEN] = PK_EVENT_TOKEN,
	[REFRESH] = PK_EVENT_TOKEN,       [REVOKE] = PK_EVENT_TOKEN,
	[INTROSPECT] = PK_EVENT_OTHER,    [USERINFO] = PK_EVENT_OTHER,
	[END_SESSION] = PK_EVENT_OTHER,   [DISCOVERY] = PK_EVENT_OTHER,
	[JWKS] = PK_EVENT_OTHER,
};

/* Endpoints whose requests are about no login by themselves. */
static bool is_of_no_login(const struct exchange *x)
{
	return x->endpoint == DISCOVERY || x->endpoint == JWKS || x->endpoint == END_SESSION ||
	       method_is(x, "OPTIONS");
}

/* ---- Messages ---- */

struct headers {
	struct pk_header item[HEADERS_KEPT];
	size_t count;
};

static void keep_header(struct pk_str name, struct pk_str value, void *arg)
{
	struct headers *headers = arg;

	if (headers->count == HEADERS_KEPT || strcasecmp(name.ptr, "Cookie") == 0 ||
	    strcasecmp(name.ptr, "Set-Cookie") == 0)
		return;
	headers->item[headers->count++] = (struct pk_header){name, value};
}

static struct pk_str header_of(const struct headers *headers, const char *name)
{
	for (size_t i = 0; i < headers->count; i++)
		if (strcasecmp(headers->item[i].name.ptr, name) == 0)
			return headers->item[i].value;
	return (struct pk_str){0};
}

/* The URL that was asked for, at the address that the sandbox gives as its own. */
static struct pk_str url_of(struct exchange *x)
{
	struct pk_buf out = pk_arena_open(x->arena);
	const struct pk_str query = http_query(x->http);
	struct pk_str url = http_path(x->http);

	pk_buf_put(&out, pk_str(x->sandbox->base));
	pk_buf_put(&out, url);
	if (query.ptr)
		pk_buf_char(&out, '?');
	pk_buf_put(&out, query);
	(void)pk_arena_close(x->arena, &out, &url); /* else: the path alone */
	return url;
}

static struct pk_message request_of(struct exchange *x, struct headers *headers)
{
	http_each_header(x->http, false, keep_header, headers);
	return (struct pk_message){.present = true,
				   .method = http_method(x->http),
				   .url = url_of(x),
				   .header = headers->item,
				   .header_count = headers->count,
				   .body = http_body(x->http)};
}

static struct pk_message reply_of(const struct exchange *x, int status, struct pk_str body,
				  struct headers *headers)
{
	struct pk_message reply = {.status = status, .body = body};

	if (x->unanswered)
		return (struct pk_message){0};
	http_each_header(x->http, true, keep_header, headers);
	if (pk_str_starts(header_of(headers, "Content-Type"), PK_STR("text/html")))
		reply.body = pk_str_first(body, PAGE_KEPT);
	reply.present = true;
	reply.header = headers->item;
	reply.header_count = headers->count;
	return reply;
}

/* ---- Which attempt ---- */

/* The checks may have ended before the client was known, or the parameters were read. */
struct pk_str exchange_client(struct exchange *x)
{
	const struct pk_str name = x->dialect->client_id_parameter;
	struct credentials credentials;
	char memory[64];
	struct pk_buf key = pk_buf(memory, sizeof(memory));

	if (x->client)
		return x->client->id;
	if (credentials_read(x, &credentials) && credentials.id.len)
		return credentials.id;
	pk_buf_put(&key, pk_str_first(name, sizeof(memory) - 1));
	pk_buf_char(&key, '\0');
	return form_has(http_body(x->http), memory) ? form_raw(http_body(x->http), memory)
						    : form_raw(http_query(x->http), memory);
}

static bool holds(struct pk_str text, const struct attempt *attempt)
{
	return attempt->code_len && text.len &&
	       memmem(text.ptr, text.len, attempt->code, attempt->code_len);
}

/* By the code in it, which may be cut, or have something at its end, or be where it must not be. */
static struct attempt *find_by_code(const struct exchange *x)
{
	const struct attempts *attempts = x->sandbox->attempts;
	struct attempt *attempt = attempts_before(attempts, 0);

	for (; attempt; attempt = attempts_before(attempts, attempt->serial))
		if (attempt->provider == x->provider &&
		    (holds(http_body(x->http), attempt) || holds(http_query(x->http), attempt)))
			return attempt;
	return NULL;
}

static struct attempt *find_newest(const struct exchange *x, struct pk_str client)
{
	const struct attempts *attempts = x->sandbox->attempts;
	struct attempt *attempt = attempts_before(attempts, 0);

	for (; attempt; attempt = attempts_before(attempts, attempt->serial))
		if (attempt->provider == x->provider &&
		    (!client.len ||
		     pk_str_equal(client, (struct pk_str){attempt->client, attempt->client_len})))
			return attempt;
	return NULL;
}

static struct attempt *find_recent(const struct exchange *x)
{
	struct attempt *attempt = find_newest(x, (struct pk_str){0});

	return attempt && x->now - attempt->touched < TOGETHER_MILLISECONDS ? attempt : NULL;
}

static struct attempt *begin(struct exchange *x, struct pk_str client, double at)
{
	struct attempts *attempts = x->sandbox->attempts;
	const uint64_t serial = x->attempt ? x->attempt : attempts_reserve(attempts);
	struct attempt *attempt = attempts_begin(attempts, serial, x->provider, at);
	struct pk_buf out = pk_buf(attempt->client, sizeof(attempt->client));

	pk_buf_put(&out, pk_str_first(client, sizeof(attempt->client)));
	attempt->client_len = out.len;
	return attempt;
}

static struct attempt *find_attempt(struct exchange *x, enum pk_event_kind kind, double at)
{
	struct attempts *attempts = x->sandbox->attempts;
	const struct pk_str client = exchange_client(x);
	struct attempt *attempt = attempts_get(attempts, x->attempt);

	if (!attempt && (kind == PK_EVENT_AUTHORIZE || x->endpoint == PUSH))
		return begin(x, client, at);
	if (!attempt && x->grant)
		attempt = attempts_get(attempts, x->grant->attempt);
	if (!attempt)
		attempt = find_by_code(x);
	if (!attempt && is_of_no_login(x) && !x->produced)
		return find_recent(x);
	if (!attempt && !x->grant && client.len)
		attempt = find_newest(x, client);
	if (!attempt) {
		x->attempt = attempts_reserve(attempts);
		attempt = begin(x, client, at);
	}
	if (x->grant)
		x->grant->attempt = attempt->serial; /* the one that it had is forgotten */
	return attempt;
}

/* ---- The way back ---- */

static void keep_code(struct attempt *attempt, struct pk_str callback)
{
	struct pk_buf out = pk_buf(attempt->code, sizeof(attempt->code));

	pk_buf_put(&out, pk_str_first(form_raw(callback, "code"), sizeof(attempt->code)));
	attempt->code_len = out.len;
}

/* Where the reply sends the browser, as the client will get it: without what follows a #, which a
 * browser keeps to itself. */
static void record_callback(struct exchange *x, uint64_t serial, struct pk_str url,
			    struct pk_str posted)
{
	struct attempt *attempt = attempts_get(x->sandbox->attempts, serial);
	const struct pk_header type = {PK_STR("Content-Type"),
				       PK_STR("application/x-www-form-urlencoded")};
	const struct pk_event event = {
		.kind = PK_EVENT_CALLBACK,
		.at = wall_clock_exact(),
		.request = {.present = true,
			    .method = posted.ptr ? PK_STR("POST") : PK_STR("GET"),
			    .url = pk_str_first(url, pk_str_find(url, '#')),
			    .header = &type,
			    .header_count = posted.ptr ? 1 : 0,
			    .body = posted},
	};

	if (!attempt || !url.len)
		return;
	keep_code(attempt, posted.ptr ? posted : url_query(event.request.url));
	attempts_add(x->sandbox->attempts, attempt, &event, x->now);
}

static void record_callbacks(struct exchange *x, uint64_t serial, struct pk_str location)
{
	const struct pk_str nothing = {0};

	record_callback(x, serial, location, nothing);
	record_callback(x, serial, x->posted_to, x->posted_form);
	record_callback(x, serial, x->callback[0], nothing);
	record_callback(x, serial, x->callback[1], nothing);
}

static void record(struct exchange *x, enum pk_event_kind kind, int status, struct pk_str body)
{
	struct headers sent = {0};
	struct headers answered = {0};
	struct pk_event event = {.kind = kind, .at = x->at, .took = x->took};
	struct attempt *attempt = find_attempt(x, kind, x->at);
	uint64_t serial;

	if (!attempt)
		return;
	serial = attempt->serial;
	if (x->produced && attempt->produced_count < ATTEMPT_PRODUCED_MAX)
		attempt->produced[attempt->produced_count++] = x->produced;
	event.request = request_of(x, &sent);
	event.reply = reply_of(x, status, body, &answered);
	attempts_add(x->sandbox->attempts, attempt, &event, x->now);
	if (kind == PK_EVENT_AUTHORIZE || x->endpoint == DECIDE)
		record_callbacks(x, serial, header_of(&answered, "Location"));
}

static void on_reply(struct http_request *request, int status, struct pk_str body, void *arg)
{
	struct exchange *x = arg;

	(void)request;
	record(x, method_is(x, "OPTIONS") ? PK_EVENT_OTHER : kinds[x->endpoint], status, body);
}

void record_exchange(struct exchange *x)
{
	x->at = wall_clock_exact();
	if (x->endpoint == AUTHORIZE || x->endpoint == PUSH)
		x->attempt = attempts_reserve(x->sandbox->attempts);
	http_on_reply(x->http, on_reply, x);
}

static void on_stray_reply(struct http_request *request, int status, struct pk_str body, void *arg)
{
	struct exchange *x = arg;
	struct headers sent = {0};
	const struct pk_message message = request_of(x, &sent);
	enum pk_event_kind kind;

	(void)request;
	x->endpoint = TOKEN; /* nothing of it is known; at least it is no decision */
	if (request_kind(&message, &kind) && kind != PK_EVENT_CALLBACK)
		record(x, kind, status, body);
}

void record_stray(struct exchange *x)
{
	x->at = wall_clock_exact();
	http_on_reply(x->http, on_stray_reply, x);
}
