/*
 * Whole code flows at any authorization server, as many at once as there are visitors: authorize,
 * whatever pages the server asks the person to answer, token, user info. Each flow is a new browser
 * with its own cookies, or the same one again (`remembered`), whose session and consent the server
 * may know. A flow that fails ends the program: a rate of failures is no measurement.
 *
 *     bench_flows SERVER COUNT VISITORS AUTHORIZE TOKEN USERINFO SCOPE ANSWERS [remembered]
 *
 * SERVER is ADDRESS:PORT, the next are paths, ANSWERS is what a person enters into the server's
 * forms, form-encoded: their hidden fields are sent as they are. The client is sandbox-client, with
 * the secret sandbox-secret. Prints the seconds that all of it took, and how many requests it was.
 */
#include "base/encode.h"
#include "base/text.h"
#include "proofkey.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define VISITORS_MAX 256
#define TEXT_MAX 16384
#define COOKIES_MAX 16
#define COOKIE_MAX 1024
#define STEPS_MAX 20 /* of one flow: more go in a circle */
#define REDIRECT_URI "http://127.0.0.1:1/callback"
#define BASIC "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ="

struct bench {
	struct event_base *base;
	const char *server, *authorize, *token, *userinfo;
	struct pk_str scope, answers;
	bool remembered;
	int64_t to_begin, under_way, requests;
	bool failed;
};

struct visitor {
	struct bench *bench;
	struct evhttp_connection *connection;
	struct pk_verifier verifier;
	char cookie[COOKIES_MAX][COOKIE_MAX]; /* "name=value", empty: free */
	unsigned steps;
};

static void next_flow(struct visitor *visitor);

static void fail(struct bench *bench, const char *what, int status)
{
	if (!bench->failed)
		fprintf(stderr, "bench_flows: %s (HTTP status %d)\n", what, status);
	bench->failed = true;
	event_base_loopbreak(bench->base);
}

/* ---- The browser ---- */

static void keep_cookie(struct visitor *visitor, struct pk_str line)
{
	const struct pk_str pair = pk_str_cut(&line, ';');
	const size_t name = pk_str_find(pair, '=') + 1;
	char *free_place = NULL;

	if (pair.len >= COOKIE_MAX || name > pair.len)
		return;
	for (size_t i = 0; i < COOKIES_MAX; i++) {
		char *at = visitor->cookie[i];

		if (strncmp(at, pair.ptr, name) == 0) {
			free_place = at;
			break;
		}
		if (!at[0] && !free_place)
			free_place = at;
	}
	if (!free_place)
		return;
	memcpy(free_place, pair.ptr, pair.len);
	free_place[pair.len] = '\0';
	if (name == pair.len) /* deleted */
		free_place[0] = '\0';
}

static void keep_cookies(struct visitor *visitor, struct evhttp_request *reply)
{
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(reply);

	for (const struct evkeyval *at = headers->tqh_first; at; at = at->next.tqe_next)
		if (strcasecmp(at->key, "Set-Cookie") == 0)
			keep_cookie(visitor, pk_str(at->value));
}

static void send_cookies(const struct visitor *visitor, struct evkeyvalq *headers)
{
	char memory[TEXT_MAX];
	struct pk_buf out = pk_buf(memory, sizeof(memory) - 1);

	for (size_t i = 0; i < COOKIES_MAX; i++) {
		if (!visitor->cookie[i][0])
			continue;
		pk_buf_put(&out, out.len ? PK_STR("; ") : PK_STR(""));
		pk_buf_put(&out, pk_str(visitor->cookie[i]));
	}
	memory[out.len] = '\0';
	if (out.len)
		evhttp_add_header(headers, "Cookie", memory);
}

typedef void on_reply(struct evhttp_request *reply, void *visitor);

/* `form` of a POST, "not given" for a GET; `authorization` may be NULL. */
static void ask(struct visitor *visitor, const char *target, struct pk_str form,
		const char *authorization, on_reply *then)
{
	struct bench *bench = visitor->bench;
	struct evhttp_request *request = evhttp_request_new(then, visitor);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

	evhttp_add_header(headers, "Host", bench->server);
	if (authorization)
		evhttp_add_header(headers, "Authorization", authorization);
	else
		send_cookies(visitor, headers);
	if (form.ptr) {
		evhttp_add_header(headers, "Content-Type", "application/x-www-form-urlencoded");
		evbuffer_add(evhttp_request_get_output_buffer(request), form.ptr, form.len);
	}
	bench->requests++;
	if (evhttp_make_request(visitor->connection, request,
				form.ptr ? EVHTTP_REQ_POST : EVHTTP_REQ_GET, target) != 0)
		fail(bench, "a request could not be sent", 0);
}

static struct pk_str body_of(struct evhttp_request *reply)
{
	struct evbuffer *buffer = evhttp_request_get_input_buffer(reply);
	const size_t size = evbuffer_get_length(buffer);

	return (struct pk_str){(const char *)evbuffer_pullup(buffer, -1), size};
}

/* What stands between two marks, behind `*text`, which moves on; "not given" where they do not. */
static struct pk_str between(struct pk_str *text, const char *before, const char *behind)
{
	const char *start = text->len ? memmem(text->ptr, text->len, before, strlen(before)) : NULL;
	const char *end = NULL;

	if (start) {
		start += strlen(before);
		end = memmem(start, (size_t)(text->ptr + text->len - start), behind,
			     strlen(behind));
	}
	if (!end)
		return (struct pk_str){0};
	*text = pk_str_from(*text, (size_t)(end - text->ptr));
	return (struct pk_str){start, (size_t)(end - start)};
}

/* The path and query of an address at the server. */
static const char *target_of(struct pk_str address, char memory[static TEXT_MAX])
{
	if (!pk_str_starts(address, PK_STR("/")))
		(void)between(&address, "://", "/");
	if (address.len >= TEXT_MAX || !pk_str_starts(address, PK_STR("/")))
		return NULL;
	memcpy(memory, address.ptr, address.len);
	memory[address.len] = '\0';
	return memory;
}

/* ---- The flow, from its end to its beginning ---- */

static void on_userinfo(struct evhttp_request *reply, void *arg)
{
	struct visitor *visitor = arg;
	const int status = reply ? evhttp_request_get_response_code(reply) : 0;

	if (status != 200) {
		fail(visitor->bench, "the user info is none", status);
		return;
	}
	visitor->bench->under_way--;
	next_flow(visitor);
}

static void on_token(struct evhttp_request *reply, void *arg)
{
	struct visitor *visitor = arg;
	const int status = reply ? evhttp_request_get_response_code(reply) : 0;
	struct pk_str body = status == 200 ? body_of(reply) : (struct pk_str){0};
	const struct pk_str token = between(&body, "\"access_token\":\"", "\"");
	char header[TEXT_MAX];

	if (!token.len || token.len > 8192) {
		fail(visitor->bench, "the token request was refused", status);
		return;
	}
	snprintf(header, sizeof(header), "Bearer %.*s", (int)token.len, token.ptr);
	ask(visitor, visitor->bench->userinfo, (struct pk_str){0}, header, on_userinfo);
}

static void redeem(struct visitor *visitor, struct pk_str location)
{
	char memory[TEXT_MAX];
	struct pk_buf form = pk_buf(memory, sizeof(memory));
	struct pk_str rest = location;
	struct pk_str code = between(&rest, "code=", "&");

	if (!code.ptr)
		code = pk_str_from(rest, pk_str_find(rest, '=') + 1);
	pk_buf_put(&form, PK_STR("grant_type=authorization_code&code="));
	pk_buf_put(&form, code);
	pk_form_put(&form, 0, PK_STR("redirect_uri"), PK_STR(REDIRECT_URI));
	pk_form_put(&form, 0, PK_STR("code_verifier"), pk_verifier_str(&visitor->verifier));
	ask(visitor, visitor->bench->token, pk_buf_str(&form), BASIC, on_token);
}

static void on_page(struct evhttp_request *reply, void *arg);

/* Sends the page's first form: its hidden fields, and what a person enters. */
static void answer(struct visitor *visitor, struct pk_str page)
{
	char memory[TEXT_MAX];
	char target_memory[TEXT_MAX];
	struct pk_buf form = pk_buf(memory, sizeof(memory));
	struct pk_str inside = page;
	const char *target = target_of(between(&inside, "action=\"", "\""), target_memory);

	while (target) {
		const struct pk_str input = between(&inside, "<input type=\"hidden\"", ">");
		struct pk_str name = input;
		struct pk_str value = input;

		if (!input.ptr)
			break;
		name = between(&name, "name=\"", "\"");
		value = between(&value, "value=\"", "\"");
		pk_form_put(&form, 0, name, value);
	}
	pk_buf_put(&form, form.len ? PK_STR("&") : PK_STR(""));
	pk_buf_put(&form, visitor->bench->answers);
	if (target)
		ask(visitor, target, pk_buf_str(&form), NULL, on_page);
	else
		fail(visitor->bench, "a page has no form", 200);
}

static void on_page(struct evhttp_request *reply, void *arg)
{
	struct visitor *visitor = arg;
	const int status = reply ? evhttp_request_get_response_code(reply) : 0;
	char memory[TEXT_MAX];

	if (visitor->bench->failed)
		return;
	if (status && ++visitor->steps > STEPS_MAX) {
		fail(visitor->bench, "the server sends its visitors in a circle", status);
		return;
	}
	if (status == 302 || status == 303) {
		const struct pk_str location = pk_str(
			evhttp_find_header(evhttp_request_get_input_headers(reply), "Location"));
		const char *target = target_of(location, memory);

		keep_cookies(visitor, reply);
		if (pk_str_starts(location, PK_STR(REDIRECT_URI "?code=")))
			redeem(visitor, location);
		else if (target && !pk_str_starts(location, PK_STR(REDIRECT_URI)))
			ask(visitor, target, (struct pk_str){0}, NULL, on_page);
		else
			fail(visitor->bench, "the login was refused", status);
	} else if (status == 200) {
		keep_cookies(visitor, reply);
		answer(visitor, body_of(reply));
	} else {
		fail(visitor->bench, "neither a page nor a redirect", status);
	}
}

static void authorize(struct visitor *visitor)
{
	char memory[TEXT_MAX];
	struct pk_buf out = pk_buf(memory, sizeof(memory) - 1);
	unsigned char entropy[PK_ENTROPY_MIN];
	struct pk_challenge challenge;

	randombytes_buf(entropy, sizeof(entropy));
	if (pk_verifier_make(entropy, sizeof(entropy), &visitor->verifier) != PK_OK)
		abort();
	pk_challenge_make(&visitor->verifier, PK_CHALLENGE_BASE64URL, &challenge);
	pk_buf_put(&out, pk_str(visitor->bench->authorize));
	pk_buf_put(&out, PK_STR("?response_type=code&client_id=sandbox-client"));
	pk_form_put(&out, 0, PK_STR("redirect_uri"), PK_STR(REDIRECT_URI));
	pk_form_put(&out, 0, PK_STR("scope"), visitor->bench->scope);
	pk_form_put(&out, 0, PK_STR("state"), pk_challenge_str(&challenge));
	pk_form_put(&out, 0, PK_STR("code_challenge"), pk_challenge_str(&challenge));
	pk_form_put(&out, 0, PK_STR("code_challenge_method"), PK_STR("S256"));
	memory[out.len] = '\0';
	visitor->steps = 0;
	ask(visitor, memory, (struct pk_str){0}, NULL, on_page);
}

static void next_flow(struct visitor *visitor)
{
	struct bench *bench = visitor->bench;

	if (!bench->to_begin) {
		if (!bench->under_way)
			event_base_loopbreak(bench->base);
		return;
	}
	bench->to_begin--;
	bench->under_way++;
	if (!bench->remembered)
		memset(visitor->cookie, 0, sizeof(visitor->cookie));
	authorize(visitor);
}

/* ---- The program ---- */

static bool start(struct bench *bench, struct visitor *visitors, int64_t count)
{
	const struct pk_str text = pk_str(bench->server);
	const size_t colon = pk_str_find(text, ':');
	char host[64];
	int64_t port;

	if (colon >= sizeof(host) || !pk_str_number(pk_str_from(text, colon + 1), 65535, &port))
		return false;
	memcpy(host, bench->server, colon);
	host[colon] = '\0';
	for (int64_t i = 0; i < count; i++) {
		visitors[i].bench = bench;
		visitors[i].connection =
			evhttp_connection_base_new(bench->base, NULL, host, (unsigned short)port);
		if (!visitors[i].connection)
			return false;
		next_flow(&visitors[i]);
	}
	return true;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool read_arguments(int argc, char **argv, struct bench *ret, int64_t *ret_visitors)
{
	if (argc < 9 || argc > 10 || (argc == 10 && strcmp(argv[9], "remembered") != 0))
		return false;
	ret->server = argv[1];
	ret->authorize = argv[4];
	ret->token = argv[5];
	ret->userinfo = argv[6];
	ret->scope = pk_str(argv[7]);
	ret->answers = pk_str(argv[8]);
	ret->remembered = argc == 10;
	return pk_str_number(pk_str(argv[2]), INT64_MAX, &ret->to_begin) && ret->to_begin &&
	       pk_str_number(pk_str(argv[3]), VISITORS_MAX, ret_visitors) && *ret_visitors;
}

int main(int argc, char **argv)
{
	static struct visitor visitors[VISITORS_MAX];
	static struct bench bench;
	int64_t count;

	if (!read_arguments(argc, argv, &bench, &count) || sodium_init() < 0) {
		fprintf(stderr, "usage: bench_flows SERVER COUNT VISITORS AUTHORIZE TOKEN USERINFO "
				"SCOPE ANSWERS [remembered]\n");
		return 2;
	}
	bench.base = event_base_new();

	const double begin = seconds();

	if (!bench.base || !start(&bench, visitors, count))
		fail(&bench, "cannot start: is SERVER ADDRESS:PORT?", 0);
	else
		event_base_dispatch(bench.base);
	if (!bench.failed)
		printf("seconds %.6f\nrequests %lld\n", seconds() - begin,
		       (long long)bench.requests);
	for (int64_t i = 0; i < count; i++)
		if (visitors[i].connection)
			evhttp_connection_free(visitors[i].connection);
	event_base_free(bench.base);
	return bench.failed;
}
