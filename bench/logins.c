/*
 * Whole logins, as many at once as there are visitors: each goes through /login, the sandbox's
 * authorize endpoint and the callback as a browser would, with its cookies and over connections that
 * stay open, and then starts again as another browser. A login that fails ends the program: a rate
 * of failures is no measurement.
 *
 *     bench_logins GATEWAY SANDBOX LOGIN COUNT VISITORS [logout]
 *
 * With `logout`, each session is ended again. Prints the seconds that all of it took, and the last
 * session's cookie, with which /check can be asked.
 */
#include "base/text.h"
#include "io/http.h"

#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VISITORS_MAX 256
#define TARGET_MAX 8192
#define COOKIE_MAX 4096

enum step { STEP_LOGIN, STEP_AUTHORIZE, STEP_CALLBACK, STEP_LOGOUT };

struct bench {
	struct event_base *base;
	const char *gateway; /* ADDRESS:PORT, which is the Host of each request too */
	const char *sandbox;
	char login[128]; /* "/login/NAME" */
	int64_t to_begin;
	int64_t under_way;
	bool logout;
	bool failed;
	char session[COOKIE_MAX]; /* the last one */
};

struct visitor {
	struct bench *bench;
	struct evhttp_connection *gateway;
	struct evhttp_connection *sandbox;
	enum step step;
	char target[TARGET_MAX];
	char browser[COOKIE_MAX];
	char session[COOKIE_MAX];
};

static void next_login(struct visitor *visitor);
static void on_reply(struct evhttp_request *reply, void *arg);

static void fail(struct bench *bench, const char *what)
{
	if (!bench->failed)
		fprintf(stderr, "bench_logins: %s\n", what);
	bench->failed = true;
	event_base_loopbreak(bench->base);
}

static void ask(struct visitor *visitor, enum step step, const char *cookie)
{
	struct bench *bench = visitor->bench;
	const bool to_sandbox = step == STEP_AUTHORIZE;
	struct evhttp_request *request = evhttp_request_new(on_reply, visitor);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	char origin[128];

	visitor->step = step;
	evhttp_add_header(headers, "Host", to_sandbox ? bench->sandbox : bench->gateway);
	if (cookie)
		evhttp_add_header(headers, "Cookie", cookie);
	if (step == STEP_LOGOUT) {
		snprintf(origin, sizeof(origin), "http://%s", bench->gateway);
		evhttp_add_header(headers, "Origin", origin);
	}
	if (evhttp_make_request(to_sandbox ? visitor->sandbox : visitor->gateway, request,
				step == STEP_LOGOUT ? EVHTTP_REQ_POST : EVHTTP_REQ_GET,
				visitor->target) != 0)
		fail(bench, "a request could not be sent");
}

/* The path and query of a Location: what follows "http://host:port". */
static bool take_target(struct visitor *visitor, const char *location)
{
	const char *host = location ? strstr(location, "://") : NULL;
	const char *path = host ? strchr(host + 3, '/') : NULL;
	const size_t len = path ? strlen(path) : 0;

	if (!len || len >= sizeof(visitor->target))
		return false;
	memcpy(visitor->target, path, len + 1);
	return true;
}

/* "name=value" of a Set-Cookie. */
static bool take_cookie(const char *set_cookie, char ret[static COOKIE_MAX])
{
	const struct pk_str pair =
		pk_str_first(pk_str(set_cookie), pk_str_find(pk_str(set_cookie), ';'));

	if (!pair.len || pair.len >= COOKIE_MAX)
		return false;
	memcpy(ret, pair.ptr, pair.len);
	ret[pair.len] = '\0';
	return true;
}

static void finish(struct visitor *visitor)
{
	struct bench *bench = visitor->bench;

	memcpy(bench->session, visitor->session, sizeof(bench->session));
	bench->under_way--;
	next_login(visitor);
}

/* What each step must give for the next. False when it did not. */
static bool go_on(struct visitor *visitor, const char *location, const char *set_cookie)
{
	switch (visitor->step) {
	case STEP_LOGIN:
		if (!take_target(visitor, location) || !take_cookie(set_cookie, visitor->browser))
			return false;
		ask(visitor, STEP_AUTHORIZE, NULL);
		return true;
	case STEP_AUTHORIZE:
		if (!take_target(visitor, location))
			return false;
		ask(visitor, STEP_CALLBACK, visitor->browser);
		return true;
	case STEP_CALLBACK:
		if (!take_cookie(set_cookie, visitor->session))
			return false;
		if (!visitor->bench->logout) {
			finish(visitor);
			return true;
		}
		strcpy(visitor->target, "/logout");
		ask(visitor, STEP_LOGOUT, visitor->session);
		return true;
	case STEP_LOGOUT:
		finish(visitor);
		return true;
	}
	return false;
}

static void on_reply(struct evhttp_request *reply, void *arg)
{
	static const char *const names[] = {"/login", "the authorize endpoint", "/callback",
					    "/logout"};
	struct visitor *visitor = arg;
	const int status = reply ? evhttp_request_get_response_code(reply) : 0;
	char sentence[128];

	if (visitor->bench->failed)
		return;
	if (status == 302 || status == 303) {
		const struct evkeyvalq *headers = evhttp_request_get_input_headers(reply);

		if (go_on(visitor, evhttp_find_header(headers, "Location"),
			  evhttp_find_header(headers, "Set-Cookie")))
			return;
	}
	snprintf(sentence, sizeof(sentence), "%s answered %d, not what a login needs",
		 names[visitor->step], status);
	fail(visitor->bench, sentence);
}

static void next_login(struct visitor *visitor)
{
	struct bench *bench = visitor->bench;

	if (!bench->to_begin) {
		if (!bench->under_way)
			event_base_loopbreak(bench->base);
		return;
	}
	bench->to_begin--;
	bench->under_way++;
	memcpy(visitor->target, bench->login, sizeof(bench->login));
	ask(visitor, STEP_LOGIN, NULL);
}

static struct evhttp_connection *connect_to(struct bench *bench, const char *address)
{
	const struct pk_str text = pk_str(address);
	const size_t colon = pk_str_find(text, ':');
	char host[64];
	int64_t port;

	if (colon >= sizeof(host) || !pk_str_number(pk_str_from(text, colon + 1), 65535, &port))
		return NULL;
	memcpy(host, address, colon);
	host[colon] = '\0';
	return evhttp_connection_base_new(bench->base, NULL, host, (unsigned short)port);
}

static bool start(struct bench *bench, struct visitor *visitors, int64_t count)
{
	for (int64_t i = 0; i < count; i++) {
		visitors[i].bench = bench;
		visitors[i].gateway = connect_to(bench, bench->gateway);
		visitors[i].sandbox = connect_to(bench, bench->sandbox);
		if (!visitors[i].gateway || !visitors[i].sandbox)
			return false;
		next_login(&visitors[i]);
	}
	return true;
}

static void stop(struct visitor *visitors, int64_t count)
{
	for (int64_t i = 0; i < count; i++) {
		if (visitors[i].gateway)
			evhttp_connection_free(visitors[i].gateway);
		if (visitors[i].sandbox)
			evhttp_connection_free(visitors[i].sandbox);
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool read_arguments(int argc, char **argv, struct bench *ret, int64_t *ret_visitors)
{
	if (argc < 6 || argc > 7 || (argc == 7 && strcmp(argv[6], "logout") != 0))
		return false;
	ret->gateway = argv[1];
	ret->sandbox = argv[2];
	ret->logout = argc == 7;
	snprintf(ret->login, sizeof(ret->login), "/login/%.64s", argv[3]);
	return pk_str_number(pk_str(argv[4]), INT64_MAX, &ret->to_begin) && ret->to_begin &&
	       pk_str_number(pk_str(argv[5]), VISITORS_MAX, ret_visitors) && *ret_visitors;
}

int main(int argc, char **argv)
{
	static struct visitor visitors[VISITORS_MAX];
	static struct bench bench;
	int64_t count;

	if (!read_arguments(argc, argv, &bench, &count)) {
		fprintf(stderr, "usage: bench_logins GATEWAY SANDBOX LOGIN COUNT VISITORS "
				"[logout]\n");
		return 2;
	}
	bench.base = event_base_new();

	const double begin = seconds();

	if (!bench.base || !start(&bench, visitors, count))
		fail(&bench, "cannot start: are both addresses ADDRESS:PORT?");
	else
		event_base_dispatch(bench.base);
	if (!bench.failed)
		printf("seconds %.6f\ncookie %s\n", seconds() - begin, bench.session);
	stop(visitors, count);
	event_base_free(bench.base);
	return bench.failed;
}
