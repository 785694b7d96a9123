/* The HTTP server as a client on a socket meets it: what is read, what is refused, what is
 * answered, and that nothing is lost or used twice when a client leaves or the server drains. */
#include "base/text.h"
#include "io/http_exchange.h"

#include "base/arena.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE 10 /* seconds until a test that waits has failed */
#define HOST "Host: a\r\n"
#define CLOSE "Connection: close\r\n"

struct test {
	struct event_base *base;
	struct http_server *server;
	uint16_t port;
	struct http_request *pending;
	size_t seen;
	size_t gone;
	size_t drained;
	size_t replied;
	int replied_status;
	char *reply; /* the last one that talk() read */
};

static void put(struct pk_buf *out, const char *name, struct pk_str value)
{
	pk_buf_put(out, pk_str(name));
	pk_buf_put(out, PK_STR("=["));
	pk_buf_put(out, value);
	pk_buf_put(out, value.ptr ? PK_STR("]\n") : PK_STR("]none\n"));
}

/* Tells what it saw. */
static void echo(struct http_request *request)
{
	struct pk_buf out = pk_arena_open(http_arena(request));
	struct pk_str text;

	put(&out, "method", http_method(request));
	put(&out, "path", http_path(request));
	put(&out, "query", http_query(request));
	put(&out, "peer", http_peer(request));
	put(&out, "one", http_header(request, "x-one"));
	put(&out, "none", http_header(request, "X-None"));
	put(&out, "cookie", http_cookie(request, PK_STR("b")));
	for (size_t i = 0; http_cookie_prefixed(request, PK_STR("p"), i).ptr; i++)
		put(&out, "prefixed", http_cookie_prefixed(request, PK_STR("p"), i));
	pk_buf_put(&out, PK_STR("count="));
	pk_buf_number(&out, (int64_t)http_header_count(request, "X-One"));
	put(&out, "\nbody", http_body(request));
	assert_int_equal(pk_arena_close(http_arena(request), &out, &text), PK_OK);
	http_reply(request, 200, "text/plain", text);
}

static void inject(struct http_request *request)
{
	http_reply_header(request, "X-Bad", PK_STR("one\r\nSet-Cookie: evil=1\n\0\x7f two\t."));
	http_redirect(request, 303, PK_STR("/next\r\n\r\n<script>"));
}

#define LARGE (16 << 20) /* more than the kernel takes off our hands */

static void answer_large(struct http_request *request)
{
	char *body = malloc(LARGE);

	assert_non_null(body);
	memset(body, 'l', LARGE);
	http_reply(request, 200, "text/plain", (struct pk_str){body, LARGE});
	free(body);
}

static void on_gone(void *arg)
{
	struct test *t = arg;

	t->gone++;
	t->pending = NULL;
}

static void count_header(struct pk_str name, struct pk_str value, void *arg)
{
	size_t *count = arg;

	*count += pk_str_equal(name, PK_STR("X-One")) && pk_str_equal(value, PK_STR("1"));
}

/* Sees the request and the whole reply. */
static void on_reply(struct http_request *request, int status, struct pk_str body, void *arg)
{
	struct test *t = arg;
	size_t asked = 0;
	size_t answered = 0;

	http_each_header(request, false, count_header, &asked);
	http_each_header(request, true, count_header, &answered);
	assert_int_equal(asked, 1);
	assert_int_equal(answered, 1);
	assert_true(pk_str_equal(body, PK_STR("body")));
	t->replied++;
	t->replied_status = status;
}

static void answer_on_demand(struct test *t, struct http_request *request, struct pk_str path)
{
	const struct timeval delay = {0, 100000};

	if (pk_str_equal(path, PK_STR("/odd/witness"))) {
		http_on_reply(request, on_reply, t);
		http_reply_header(request, "X-One", PK_STR("1"));
	} else if (pk_str_equal(path, PK_STR("/odd/late"))) {
		http_reply_later(request, &delay);
	} else if (pk_str_equal(path, PK_STR("/odd/never"))) {
		http_reply_never(request);
	} else {
		t->pending = request;
		http_on_gone(request, on_gone, t);
		http_stream_start(request, "text/event-stream");
		http_stream_send(request, PK_STR("first"));
		return;
	}
	http_reply(request, 202, "text/plain", PK_STR("body"));
}

static void handle(struct http_request *request, void *arg)
{
	struct test *t = arg;
	const struct pk_str path = http_path(request);

	t->seen++;
	if (pk_str_equal(path, PK_STR("/inject"))) {
		inject(request);
	} else if (pk_str_equal(path, PK_STR("/later"))) {
		t->pending = request;
	} else if (pk_str_equal(path, PK_STR("/watched"))) {
		t->pending = request;
		http_on_gone(request, on_gone, t);
	} else if (pk_str_equal(path, PK_STR("/forgotten"))) {
		t->pending = request;
		http_on_gone(request, on_gone, t);
		http_on_gone(request, NULL, NULL);
	} else if (pk_str_equal(path, PK_STR("/empty"))) {
		http_reply(request, 200, NULL, PK_STR(""));
	} else if (pk_str_equal(path, PK_STR("/large"))) {
		answer_large(request);
	} else if (pk_str_equal(path, PK_STR("/none"))) {
		http_reply(request, 204, NULL, PK_STR(""));
	} else if (pk_str_equal(path, PK_STR("/long"))) {
		char value[5000];

		memset(value, 'v', sizeof(value));
		http_reply_header(request, "X-Long", (struct pk_str){value, sizeof(value)});
		http_reply(request, 200, NULL, PK_STR(""));
	} else if (pk_str_starts(path, PK_STR("/odd/"))) {
		answer_on_demand(t, request, path);
	} else {
		echo(request);
	}
}

static void on_drained(void *arg)
{
	struct test *t = arg;

	t->drained++;
}

static int start(void **state)
{
	struct test *t = calloc(1, sizeof(*t));
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	char error[256];

	t->base = event_base_new();

	const int fd = http_listen("127.0.0.1:0", false, error, sizeof(error));

	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	t->port = ntohs(at.sin_port);
	t->server = http_server_new(t->base, fd, handle, t);
	assert_non_null(t->server);
	*state = t;
	return 0;
}

static int stop(void **state)
{
	struct test *t = *state;

	http_server_free(t->server);
	event_base_free(t->base);
	free(t->reply);
	free(t);
	return 0;
}

static int dial(const struct test *t)
{
	const struct sockaddr_in at = {.sin_family = AF_INET,
				       .sin_port = htons(t->port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* One turn of the server. */
static void turn(struct test *t)
{
	assert_true(event_base_loop(t->base, EVLOOP_NONBLOCK) >= 0);
}

static void turn_for(struct test *t, double seconds)
{
	const double end = now() + seconds;

	while (now() < end) {
		turn(t);
		usleep(500);
	}
}

static void say(struct test *t, int fd, const char *text, size_t len)
{
	const double end = now() + PATIENCE;

	while (len > 0) {
		const ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);

		assert_true(now() < end);
		turn(t);
		if (sent < 0 && errno != EAGAIN)
			return; /* refused before all was said */
		if (sent > 0) {
			text += sent;
			len -= (size_t)sent;
		}
	}
}

static size_t occurrences(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		count++;
	return count;
}

/* Reads until the server closes, or `replies` status lines and a body's end have come. */
static const char *hear(struct test *t, int fd, size_t replies, const char *until)
{
	const size_t cap = 1 << 20;
	const double end = now() + PATIENCE;
	size_t len = 0;

	free(t->reply);
	t->reply = calloc(1, cap);
	for (;;) {
		const ssize_t got = recv(fd, t->reply + len, cap - 1 - len, 0);

		if (got == 0 || (got < 0 && errno != EAGAIN))
			return t->reply;
		if (got > 0)
			len += (size_t)got;
		if (until && occurrences(t->reply, "HTTP/1.1 ") == replies &&
		    len >= strlen(until) && strcmp(t->reply + len - strlen(until), until) == 0)
			return t->reply;
		if (now() >= end)
			fail_msg("the server does not close; it said: %s", t->reply);
		turn(t);
	}
}

/* Says all and hears all until the server closes. */
static const char *talk_bytes(struct test *t, const char *text, size_t len)
{
	const int fd = dial(t);

	say(t, fd, text, len);
	hear(t, fd, 0, NULL);
	close(fd);
	return t->reply;
}

static const char *talk(struct test *t, const char *text)
{
	return talk_bytes(t, text, strlen(text));
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in: %s", part, text);
}

static void assert_status(const char *reply, int status)
{
	char line[32];

	snprintf(line, sizeof(line), "HTTP/1.%c %d ", reply[0] ? reply[7] : '1', status);
	if (strncmp(reply, line, strlen(line)) != 0)
		fail_msg("not %d but: %.60s", status, reply);
}

static void reads_a_request(void **state)
{
	const char *reply = talk(
		*state, "GET /a/b%20c?x=1&y=%2F HTTP/1.1\r\n" HOST CLOSE "X-One: 1\r\nx-oNe: 2\r\n"
			"Cookie: a=1; b=\"2\" ;p1=x\r\ncookie: b=3;p2=y=z; p\r\n\r\n");

	assert_status(reply, 200);
	assert_has(reply, "method=[GET]\n");
	assert_has(reply, "path=[/a/b%20c]\n");
	assert_has(reply, "query=[x=1&y=%2F]\n");
	assert_has(reply, "peer=[127.0.0.1]\n");
	assert_has(reply, "one=[1]\n");
	assert_has(reply, "none=[]none\n");
	assert_has(reply, "cookie=[\"2\"]\n");
	assert_has(reply, "prefixed=[x]\nprefixed=[y=z]\ncount=2");
	assert_has(reply, "body=[]\n");
	assert_has(reply, "Content-Type: text/plain\r\n");
	assert_has(reply, "Date: ");
	assert_lacks(reply, "Server:");
}

static void tells_an_empty_query_from_none(void **state)
{
	assert_has(talk(*state, "GET /a? HTTP/1.1\r\n" HOST CLOSE "\r\n"), "query=[]\n");
	assert_has(talk(*state, "GET /a HTTP/1.1\r\n" HOST CLOSE "\r\n"), "query=[]none\n");
}

static void reads_a_body_whole_or_in_chunks(void **state)
{
	assert_has(talk(*state, "POST / HTTP/1.1\r\n" HOST CLOSE "Content-Length: 5\r\n\r\nab&=c"),
		   "body=[ab&=c]\n");
	assert_has(talk(*state,
			"POST / HTTP/1.1\r\n" HOST CLOSE
			"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\n&=c\r\n0\r\n\r\n"),
		   "body=[ab&=c]\n");
}

static void reduces_an_absolute_target_to_its_path(void **state)
{
	assert_has(talk(*state, "GET http://other:80/p?q HTTP/1.1\r\n" HOST CLOSE "\r\n"),
		   "path=[/p]\nquery=[q]\n");
	assert_has(talk(*state, "GET HTTPS://other/p HTTP/1.1\r\n" HOST CLOSE "\r\n"),
		   "path=[/p]\n");
}

static void hands_every_method_to_the_program(void **state)
{
	static const char *const methods[] = {"GET",     "POST",  "PUT",  "DELETE",
					      "OPTIONS", "TRACE", "PATCH"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		char request[128];
		char line[64];

		snprintf(request, sizeof(request), "%s / HTTP/1.1\r\n" HOST CLOSE "\r\n",
			 methods[i]);
		snprintf(line, sizeof(line), "method=[%s]\n", methods[i]);
		assert_has(talk(*state, request), line);
	}
	assert_status(talk(*state, "BREW / HTTP/1.1\r\n" HOST CLOSE "\r\n"), 501);
}

/* Each of these is read one way by some and another way by others, or is no request at all. */
static void refuses_what_can_be_read_two_ways(void **state)
{
	static const char *const requests[] = {
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\nabc",
		"POST / HTTP/1.1\r\n" HOST "Content-Length : 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n",
		"POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HEAD / HTTP/1.1\r\n" HOST "Content-Length: 30\r\n\r\nGET /empty HTTP/1.1\r\n\r\n",
		"TRACE / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "Host: b\r\n\r\n",
		"GET / HTTP/1.0\r\n" HOST "Host: b\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "X Y: 1\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST ": 1\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n",
		"GET / HTTP/1.1\r\n folded: 1\r\n" HOST "\r\n",
		"GET / HTTP/2.0\r\n" HOST "\r\n",
		"GET / HTTP/0.9\r\n" HOST "\r\n",
		"GET / HTTP/1.1x\r\n" HOST "\r\n",
		"GET a HTTP/1.1\r\n" HOST "\r\n",
		"GET * HTTP/1.1\r\n" HOST "\r\n",
		"GET ftp://h/p HTTP/1.1\r\n" HOST "\r\n",
		"GET /a b HTTP/1.1\r\n" HOST "\r\n",
		"GET /a#b HTTP/1.1\r\n" HOST "\r\n",
		"GET /a\x01 HTTP/1.1\r\n" HOST "\r\n",
		"CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n",
		"GET /\r\n" HOST "\r\n",
		"\r\n\r\n",
		"\x16\x03\x01\x02\x01\x01\x01\x01\xfc\x03\x03 a greeting in TLS\r\n\r\n",
	};
	struct test *t = *state;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const char *reply = talk(t, requests[i]);

		if (strncmp(reply + 8, " 400 ", 5) != 0)
			fail_msg("not refused: %s\ngave: %s", requests[i], reply);
		assert_int_equal(occurrences(reply, "HTTP/"), 1);
	}
	assert_int_equal(t->seen, 0);
}

/* RFC 9112 2.2 lets a line end in a lone LF. What matters is that such a line is one line for us
 * too: never part of a value. */
static void reads_a_lone_line_feed_as_a_line_end(void **state)
{
	struct test *t = *state;

	assert_has(talk(t, "GET / HTTP/1.1\n" HOST CLOSE "X-One: 1\nX-None: 2\n\n"),
		   "one=[1]\nnone=[2]\n");
	assert_status(
		talk(t, "POST / HTTP/1.1\n" HOST "Content-Length: 3\nContent-Length: 4\n\nabcd"),
		400);
	assert_status(talk(t, "GET / HTTP/1.1\r\n" HOST CLOSE "X: a\rContent-Length: 9\r\n\r\n"),
		      400);
}

static void bounds_headers(void **state)
{
	struct test *t = *state;
	char *request = malloc(HTTP_HEADERS_MAX * 2);

	assert_non_null(request);

	snprintf(request, HTTP_HEADERS_MAX, "GET /empty HTTP/1.1\r\n" HOST CLOSE "X-One: ");

	const size_t start_len = strlen(request);

	memset(request + start_len, 'x', HTTP_HEADERS_MAX - 200);
	strcpy(request + start_len + HTTP_HEADERS_MAX - 200, "\r\n\r\n");
	assert_status(talk(t, request), 200);
	memset(request + start_len, 'x', HTTP_HEADERS_MAX);
	strcpy(request + start_len + HTTP_HEADERS_MAX, "\r\n\r\n");
	assert_status(talk(t, request), 400);
	memset(request, 'G', HTTP_HEADERS_MAX + 10);
	assert_status(talk_bytes(t, request, HTTP_HEADERS_MAX + 10), 400);
	assert_int_equal(t->seen, 1);
	free(request);
}

static void bounds_bodies(void **state)
{
	static char request[HTTP_BODY_MAX + 1024];
	struct test *t = *state;

	snprintf(request, 1024, "POST /empty HTTP/1.1\r\n" HOST CLOSE "Content-Length: %d\r\n\r\n",
		 HTTP_BODY_MAX);
	memset(request + strlen(request), 'b', HTTP_BODY_MAX);
	assert_status(talk(t, request), 200);
	assert_int_equal(t->seen, 1);
	snprintf(request, 1024, "POST /empty HTTP/1.1\r\n" HOST CLOSE "Content-Length: %d\r\n\r\n",
		 HTTP_BODY_MAX + 1);
	assert_status(talk(t, request), 413);
	sprintf(request,
		"POST /empty HTTP/1.1\r\n" HOST CLOSE "Transfer-Encoding: chunked\r\n\r\n%x\r\n",
		HTTP_BODY_MAX + 1);
	assert_status(talk(t, request), 413);
	assert_int_equal(t->seen, 1);
}

static void drops_a_client_that_says_nothing_more(void **state)
{
	struct test *t = *state;
	const struct timeval idle = {0, 100000};

	http_server_idle(t->server, &idle);
	assert_string_equal(talk(t, "GET / HTTP/1.1\r\nHo"), "");
	assert_string_equal(talk(t, "POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nab"), "");
	assert_int_equal(t->seen, 0);
	assert_has(talk(t, "GET / HTTP/1.1\r\n" HOST "\r\n"), "method=[GET]"); /* and then idles */
}

static void keeps_a_connection_for_the_next_request(void **state)
{
	struct test *t = *state;
	const int fd = dial(t);

	for (size_t i = 0; i < 3; i++) {
		say(t, fd, "GET /k HTTP/1.1\r\n" HOST "\r\n",
		    strlen("GET /k HTTP/1.1\r\n" HOST "\r\n"));
		assert_has(hear(t, fd, 1, "body=[]\n"), "path=[/k]");
	}
	assert_int_equal(t->seen, 3);
	close(fd);
}

static void answers_pipelined_requests_in_their_order(void **state)
{
	struct test *t = *state;
	const char *reply = talk(t, "GET /1 HTTP/1.1\r\n" HOST "\r\n"
				    "POST /2 HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nxy"
				    "GET /3 HTTP/1.1\r\n" HOST CLOSE "\r\n"
				    "GET /4 HTTP/1.1\r\n" HOST "\r\n");
	const char *first = strstr(reply, "path=[/1]");
	const char *second = strstr(reply, "path=[/2]");
	const char *third = strstr(reply, "path=[/3]");

	assert_true(first && second && third && first < second && second < third);
	assert_has(second, "body=[xy]\n");
	assert_lacks(reply, "/4");
	assert_int_equal(t->seen, 3);
}

static void no_value_starts_a_header(void **state)
{
	const char *reply = talk(*state, "GET /inject HTTP/1.1\r\n" HOST CLOSE "\r\n");

	assert_status(reply, 303);
	assert_has(reply, "\r\nX-Bad: oneSet-Cookie: evil=1 two.\r\n");
	assert_has(reply, "\r\nLocation: /next<script>\r\n");
	assert_lacks(reply, "\nSet-Cookie");
	assert_lacks(reply, "\r\n\r\n<script>");
}

static void a_long_value_is_whole(void **state)
{
	const char *reply = talk(*state, "GET /long HTTP/1.1\r\n" HOST CLOSE "\r\n");

	assert_int_equal(strspn(strstr(reply, "X-Long: ") + 8, "v"), 5000);
}

static void head_has_the_length_and_no_body(void **state)
{
	char length[64];
	const char *reply = talk(*state, "GET /h HTTP/1.1\r\n" HOST CLOSE "\r\n");

	/* the echo says HEAD where it said GET: one byte more */
	snprintf(length, sizeof(length), "Content-Length: %zu\r\n",
		 strlen(strstr(reply, "\r\n\r\n") + 4) + 1);
	reply = talk(*state, "HEAD /h HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_status(reply, 200);
	assert_has(reply, length);
	assert_string_equal(strstr(reply, "\r\n\r\n"), "\r\n\r\n");
}

static void empty_replies_have_no_type(void **state)
{
	const char *reply = talk(*state, "GET /empty HTTP/1.1\r\n" HOST CLOSE "\r\n");

	assert_has(reply, "Content-Length: 0\r\n");
	assert_lacks(reply, "Content-Type");
	reply = talk(*state, "GET /none HTTP/1.1\r\n" HOST CLOSE "\r\n");
	assert_status(reply, 204);
	assert_lacks(reply, "Content-Length");
}

static int ask(struct test *t, const char *path)
{
	char request[128];
	const int fd = dial(t);
	const double end = now() + PATIENCE;

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" HOST "\r\n", path);
	say(t, fd, request, strlen(request));
	while (!t->pending) {
		assert_true(now() < end);
		turn(t);
	}
	return fd;
}

static void answer(struct test *t)
{
	http_reply(t->pending, 200, "text/plain", PK_STR("late"));
	t->pending = NULL;
}

static void answers_later(void **state)
{
	static const char *const paths[] = {"/later", "/watched", "/forgotten"};
	struct test *t = *state;

	for (size_t i = 0; i < 3; i++) {
		const int fd = ask(t, paths[i]);

		/* The next request comes while this one waits: it waits too. */
		say(t, fd, "GET /next HTTP/1.1\r\n" HOST "\r\n",
		    strlen("GET /next HTTP/1.1\r\n" HOST "\r\n"));
		turn_for(t, 0.02);
		assert_int_equal(t->seen, 2 * i + 1);
		answer(t);
		assert_has(hear(t, fd, 2, "body=[]\n"), "late");
		assert_int_equal(t->seen, 2 * i + 2);
		close(fd);
		turn_for(t, 0.02);
	}
	assert_int_equal(t->gone, 0);
}

static void tells_when_the_client_has_gone(void **state)
{
	struct test *t = *state;
	const double end = now() + PATIENCE;

	close(ask(t, "/watched"));
	while (!t->gone) {
		assert_true(now() < end);
		turn(t);
	}
	turn_for(t, 0.02);
	assert_int_equal(t->gone, 1);
}

static void survives_an_answer_to_nobody(void **state)
{
	static const char *const paths[] = {"/later", "/forgotten"};
	struct test *t = *state;

	for (size_t i = 0; i < 2; i++) {
		close(ask(t, paths[i]));
		turn_for(t, 0.05);
		assert_non_null(t->pending);
		answer(t);
		turn_for(t, 0.02);
	}
	assert_int_equal(t->gone, 0);
	assert_status(talk(t, "GET / HTTP/1.1\r\n" HOST CLOSE "\r\n"), 200);
}

/* Sends for a while; gives how much was taken. */
static size_t flood(struct test *t, int fd)
{
	const size_t size = 1 << 16;
	char *bytes = calloc(1, size);
	size_t sent = 0;

	assert_non_null(bytes);
	for (int i = 0; i < 400; i++) {
		const ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		turn_for(t, 0.0005);
	}
	free(bytes);
	return sent;
}

#define FLOOD (400 << 16)

/* The kernel's buffers fill up, because we stop reading. */
static void bounds_what_is_sent_ahead(void **state)
{
	struct test *t = *state;
	const int fd = ask(t, "/watched");

	assert_true(flood(t, fd) < FLOOD);
	answer(t);
	assert_has(hear(t, fd, 0, NULL), "late");
	close(fd);
}

static void bounds_what_is_sent_instead_of_reading(void **state)
{
	struct test *t = *state;
	const int fd = dial(t);

	say(t, fd, "GET /large HTTP/1.1\r\n" HOST "\r\n",
	    strlen("GET /large HTTP/1.1\r\n" HOST "\r\n"));
	assert_true(flood(t, fd) < FLOOD);
	assert_int_equal(t->seen, 1);
	close(fd);
	turn_for(t, 0.05);
	assert_status(talk(t, "GET / HTTP/1.1\r\n" HOST CLOSE "\r\n"), 200);
}

/* A slow reader of a large reply is served to the end, and then again. */
static void serves_a_slow_reader(void **state)
{
	struct test *t = *state;
	const char *request = "GET /large HTTP/1.1\r\n" HOST "\r\n"
			      "GET /next HTTP/1.1\r\n" HOST CLOSE "\r\n";
	const int fd = dial(t);
	static char part[1 << 16];
	size_t len = 0;
	ssize_t got;
	const double end = now() + PATIENCE;

	say(t, fd, request, strlen(request));
	turn_for(t, 0.1);
	while ((got = recv(fd, part, sizeof(part), 0)) != 0) {
		assert_true(now() < end);
		len += got > 0 ? (size_t)got : 0;
		turn(t);
	}
	assert_true(len > LARGE);
	assert_int_equal(t->seen, 2);
	close(fd);
}

static void frees_a_server_with_requests_pending(void **state)
{
	struct test *t = *state;
	const int later = ask(t, "/later");

	t->pending = NULL;

	const int watched = ask(t, "/watched");

	http_server_free(t->server);
	t->server = NULL;
	assert_int_equal(t->gone, 1);
	close(later);
	close(watched);
}

static void drains_at_once_when_nothing_is_under_way(void **state)
{
	struct test *t = *state;
	const int idle = dial(t);

	turn_for(t, 0.02);
	http_server_drain(t->server, on_drained, t);
	http_server_drain(t->server, on_drained, t);
	assert_string_equal(hear(t, idle, 0, NULL), ""); /* closed */
	turn_for(t, 0.02);
	assert_int_equal(t->drained, 1);
	close(idle);
}

static void drains_after_the_last_reply(void **state)
{
	struct test *t = *state;
	const int idle = dial(t);
	const int fd = ask(t, "/later");
	const struct sockaddr_in at = {.sin_family = AF_INET,
				       .sin_port = htons(t->port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int late = socket(AF_INET, SOCK_STREAM, 0);

	http_server_drain(t->server, on_drained, t);
	turn_for(t, 0.02);
	assert_int_equal(t->drained, 0);
	assert_int_not_equal(connect(late, (const struct sockaddr *)&at, sizeof(at)), 0);

	/* A request that was on its way over an idle connection is not lost. */
	say(t, idle, "GET /x HTTP/1.1\r\n" HOST "\r\n", strlen("GET /x HTTP/1.1\r\n" HOST "\r\n"));
	assert_has(hear(t, idle, 0, NULL), "Connection: close\r\n");
	assert_int_equal(t->drained, 0);

	answer(t);
	assert_has(hear(t, fd, 0, NULL), "late");
	assert_has(t->reply, "Connection: close\r\n");
	turn_for(t, 0.02);
	assert_int_equal(t->drained, 1);
	close(idle);
	close(fd);
	close(late);
}

static void drains_when_the_last_client_leaves(void **state)
{
	struct test *t = *state;
	const int fd = ask(t, "/watched");

	http_server_drain(t->server, on_drained, t);
	close(fd);
	turn_for(t, 0.05);
	assert_int_equal(t->gone, 1);
	assert_int_equal(t->drained, 1);
}

static void thousands_of_requests(void **state)
{
	struct test *t = *state;
	const char *request = "GET /empty HTTP/1.1\r\n" HOST "Cookie: a=b\r\n\r\n";
	const int fd = dial(t);

	for (size_t i = 0; i < 5000; i++) {
		say(t, fd, request, strlen(request));
		assert_status(hear(t, fd, 1, "\r\n\r\n"), 200);
	}
	assert_int_equal(t->seen, 5000);
	close(fd);
}

static void accepted_sockets_do_not_wait_to_send(void **state)
{
	struct test *t = *state;
	const int fd = ask(t, "/later");
	struct sockaddr_in mine;
	socklen_t len = sizeof(mine);
	int found = 0;

	getsockname(fd, (struct sockaddr *)&mine, &len);
	for (int i = 3; i < 256; i++) {
		struct sockaddr_in peer;
		int on = 0;

		len = sizeof(peer);
		if (getpeername(i, (struct sockaddr *)&peer, &len) == 0 &&
		    peer.sin_port == mine.sin_port) {
			len = sizeof(on);
			getsockopt(i, IPPROTO_TCP, TCP_NODELAY, &on, &len);
			assert_int_equal(on, 1);
			found++;
		}
	}
	assert_int_equal(found, 1);
	answer(t);
	close(fd);
}

static void listens_on_numbers_only(void **state)
{
	static const char *const wrong[] = {
		"",          "8080",       ":8080",           "localhost:1",
		"127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80",
		"[::1]",     "[::1:80",    "127.0.0.1:http"};
	char error[256];
	char address[64];
	struct test *t = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(http_listen(wrong[i], false, error, sizeof(error)), -1);
		assert_has(error, "is not an address to listen on");
	}
	snprintf(address, sizeof(address), "127.0.0.1:%u", t->port);
	assert_int_equal(http_listen(address, false, error, sizeof(error)), -1);
	assert_has(error, "Address already in use");
}

static void shares_a_port_when_told_to(void **state)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	char error[256];
	char address[64];
	const int one = http_listen("127.0.0.1:0", true, error, sizeof(error));

	(void)state;
	assert_int_equal(getsockname(one, (struct sockaddr *)&at, &len), 0);
	snprintf(address, sizeof(address), "127.0.0.1:%u", ntohs(at.sin_port));

	const int two = http_listen(address, true, error, sizeof(error));

	assert_true(one >= 0 && two >= 0);
	close(one);
	close(two);
}

static void shows_the_reply_to_a_witness(void **state)
{
	struct test *t = *state;

	assert_status(talk(t, "GET /odd/witness HTTP/1.1\r\n" HOST CLOSE "X-One: 1\r\n\r\n"), 202);
	assert_int_equal(t->replied, 1);
	assert_int_equal(t->replied_status, 202);
}

static void replies_late(void **state)
{
	struct test *t = *state;
	const double start_time = now();

	assert_status(talk(t, "GET /odd/late HTTP/1.1\r\n" HOST CLOSE "\r\n"), 202);
	assert_has(t->reply, "body");
	assert_true(now() - start_time >= 0.09); /* the loop looks at a coarse clock */
}

/* The connection is still good for another request. */
static void replies_late_and_goes_on(void **state)
{
	struct test *t = *state;
	const char *two =
		"GET /odd/late HTTP/1.1\r\n" HOST "\r\nGET /none HTTP/1.1\r\n" HOST CLOSE "\r\n";

	talk(t, two);
	assert_int_equal(occurrences(t->reply, "HTTP/1.1 202"), 1);
	assert_int_equal(occurrences(t->reply, "HTTP/1.1 204"), 1);
}

static void loses_nothing_when_the_client_does_not_wait(void **state)
{
	struct test *t = *state;
	const int fd = dial(t);
	const char *text = "GET /odd/late HTTP/1.1\r\n" HOST "\r\n";

	say(t, fd, text, strlen(text));
	turn_for(t, 0.02);
	close(fd);
	turn_for(t, 0.2);
	assert_int_equal(t->seen, 1);
	assert_status(talk(t, "GET /none HTTP/1.1\r\n" HOST CLOSE "\r\n"), 204);
}

static void ends_while_a_reply_waits(void **state)
{
	struct test *t = *state;
	const int fd = dial(t);
	const char *text = "GET /odd/late HTTP/1.1\r\n" HOST "\r\n";

	say(t, fd, text, strlen(text));
	turn_for(t, 0.02);
	close(fd);
	assert_int_equal(t->seen, 1); /* stop() frees the server; the sanitizers look at the rest */
}

static void never_replies(void **state)
{
	struct test *t = *state;

	assert_string_equal(talk(t, "GET /odd/never HTTP/1.1\r\n" HOST "\r\n"), "");
	assert_int_equal(t->seen, 1);
	assert_status(talk(t, "GET /none HTTP/1.1\r\n" HOST CLOSE "\r\n"), 204);
}

static void streams_until_the_client_leaves(void **state)
{
	struct test *t = *state;
	const int fd = dial(t);
	const char *text = "GET /odd/stream HTTP/1.1\r\n" HOST "\r\n";

	say(t, fd, text, strlen(text));
	hear(t, fd, 1, "first\r\n");
	assert_has(t->reply, "Transfer-Encoding: chunked");
	http_stream_send(t->pending, PK_STR("second"));
	turn_for(t, 0.02);
	http_stream_send(t->pending, PK_STR("third"));
	assert_int_equal(t->gone, 0);
	close(fd);
	turn_for(t, 0.1);
	assert_int_equal(t->gone, 1);
	assert_null(t->pending);
}

static void hangs_up_on_a_listener_that_does_not_read(void **state)
{
	struct test *t = *state;
	const int fd = dial(t);
	const char *text = "GET /odd/stream HTTP/1.1\r\n" HOST "\r\n";
	char *block = malloc(1 << 20);

	assert_non_null(block);
	memset(block, 's', 1 << 20);
	say(t, fd, text, strlen(text));
	turn_for(t, 0.02);
	for (int i = 0; i < 64 && t->pending; i++) {
		http_stream_send(t->pending, (struct pk_str){block, 1 << 20});
		turn(t);
	}
	free(block);
	assert_null(t->pending);
	assert_int_equal(t->gone, 1);
	close(fd);
	assert_status(talk(t, "GET /none HTTP/1.1\r\n" HOST CLOSE "\r\n"), 204);
}

/* What it says meanwhile is bounded, and no request. */
static void takes_no_request_over_a_stream(void **state)
{
	struct test *t = *state;
	const int fd = dial(t);
	const char *text =
		"GET /odd/stream HTTP/1.1\r\n" HOST "\r\nGET /none HTTP/1.1\r\n" HOST "\r\n";

	say(t, fd, text, strlen(text));
	turn_for(t, 0.1);
	http_stream_send(t->pending, PK_STR("second"));
	turn_for(t, 0.05);
	assert_int_equal(t->seen, 1);
	close(fd);
	turn_for(t, 0.1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_a_request),
		TEST(tells_an_empty_query_from_none),
		TEST(reads_a_body_whole_or_in_chunks),
		TEST(reduces_an_absolute_target_to_its_path),
		TEST(hands_every_method_to_the_program),
		TEST(refuses_what_can_be_read_two_ways),
		TEST(reads_a_lone_line_feed_as_a_line_end),
		TEST(bounds_headers),
		TEST(bounds_bodies),
		TEST(drops_a_client_that_says_nothing_more),
		TEST(keeps_a_connection_for_the_next_request),
		TEST(answers_pipelined_requests_in_their_order),
		TEST(no_value_starts_a_header),
		TEST(a_long_value_is_whole),
		TEST(head_has_the_length_and_no_body),
		TEST(empty_replies_have_no_type),
		TEST(answers_later),
		TEST(tells_when_the_client_has_gone),
		TEST(survives_an_answer_to_nobody),
		TEST(bounds_what_is_sent_ahead),
		TEST(bounds_what_is_sent_instead_of_reading),
		TEST(serves_a_slow_reader),
		TEST(frees_a_server_with_requests_pending),
		TEST(drains_at_once_when_nothing_is_under_way),
		TEST(drains_after_the_last_reply),
		TEST(drains_when_the_last_client_leaves),
		TEST(thousands_of_requests),
		TEST(accepted_sockets_do_not_wait_to_send),
		TEST(listens_on_numbers_only),
		TEST(shares_a_port_when_told_to),
		TEST(shows_the_reply_to_a_witness),
		TEST(replies_late),
		TEST(replies_late_and_goes_on),
		TEST(loses_nothing_when_the_client_does_not_wait),
		TEST(ends_while_a_reply_waits),
		TEST(never_replies),
		TEST(streams_until_the_client_leaves),
		TEST(hangs_up_on_a_listener_that_does_not_read),
		TEST(takes_no_request_over_a_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
