/* The HTTP client against servers on loopback that behave and misbehave. */
#include "base/text.h"
#include "io/http.h"
#include "io/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct test {
	struct event_base *base;
	struct http_server *server;
	struct http_client *client;
	uint16_t port;
	size_t seen;
	char request[2048]; /* what the server was last asked */
	size_t request_len;

	size_t done;
	bool replied;
	bool sent;
	int status;
	char type[128];
	char problem[512];
	char *body;
	size_t body_len;
	bool free_client_when_done;
};

static void put_line(struct pk_buf *out, const char *name, struct pk_str value)
{
	pk_buf_put(out, pk_str(name));
	pk_buf_put(out, PK_STR("=["));
	pk_buf_put(out, value);
	pk_buf_put(out, PK_STR("]\n"));
}

static void remember(struct test *t, struct http_request *request)
{
	static const char *const headers[] = {
		"Host",       "Authorization", "Content-Type", "Expect", "Accept-Encoding",
		"User-Agent", "Cookie",        "Via"};
	struct pk_buf out = pk_buf(t->request, sizeof(t->request) - 1);

	put_line(&out, "method", http_method(request));
	put_line(&out, "path", http_path(request));
	put_line(&out, "query", http_query(request));
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		put_line(&out, headers[i], http_header(request, headers[i]));
	put_line(&out, "body", pk_str_first(http_body(request), 256));
	t->request_len = out.len;
	t->request[out.len] = '\0';
}

static void reply_with(struct http_request *request, size_t len)
{
	char *body = malloc(len);

	assert_non_null(body);
	memset(body, 'r', len);
	http_reply(request, 200, NULL, (struct pk_str){body, len});
	free(body);
}

static const struct timeval slow = {.tv_sec = 2};

static void handle(struct http_request *request, void *arg)
{
	struct test *t = arg;
	const struct pk_str path = http_path(request);

	t->seen++;
	remember(t, request);
	if (pk_str_equal(path, PK_STR("/slow")))
		http_reply_later(request, &slow);
	else if (pk_str_equal(path, PK_STR("/never")))
		http_reply_never(request);
	http_reply_header(request, "Set-Cookie", PK_STR("a=b"));
	if (pk_str_equal(path, PK_STR("/redirect")))
		http_redirect(request, 302, PK_STR("/elsewhere"));
	else if (pk_str_equal(path, PK_STR("/largest")))
		reply_with(request, PK_REPLY_MAX);
	else if (pk_str_equal(path, PK_STR("/too-large")))
		reply_with(request, PK_REPLY_MAX + 1);
	else if (pk_str_equal(path, PK_STR("/error")))
		http_reply(request, 400, "application/json; charset=utf-8",
			   PK_STR("{\"error\":1}"));
	else
		http_reply(request, 200, NULL, PK_STR("fine"));
}

static void on_done(const struct pk_http_reply *reply, const char *problem, void *arg)
{
	struct test *t = arg;

	t->done++;
	t->replied = reply != NULL;
	t->sent = http_client_was_sent(t->client);
	assert_int_equal(reply == NULL, problem != NULL);
	snprintf(t->problem, sizeof(t->problem), "%s", problem ? problem : "");
	if (reply) {
		t->status = reply->status;
		snprintf(t->type, sizeof(t->type), "%.*s", PK_ARG(reply->content_type));
		t->body_len = reply->body.len;
		free(t->body);
		t->body = calloc(1, reply->body.len + 1);
		assert_non_null(t->body);
		memcpy(t->body, reply->body.ptr, reply->body.len);
	}
	if (t->free_client_when_done) {
		http_client_free(t->client);
		t->client = NULL;
	}
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

static int start(void **state)
{
	struct test *t = calloc(1, sizeof(*t));
	char error[256];
	const int fd = http_listen("127.0.0.1:0", false, error, sizeof(error));

	assert_true(t && fd >= 0);
	t->base = event_base_new();
	t->port = port_of(fd);
	t->server = http_server_new(t->base, fd, handle, t);
	t->client = http_client_new(t->base);
	assert_non_null(t->server);
	assert_non_null(t->client);
	*state = t;
	return 0;
}

static int stop(void **state)
{
	struct test *t = *state;

	http_client_free(t->client);
	http_server_free(t->server);
	event_base_free(t->base);
	free(t->body);
	free(t);
	return 0;
}

static void turn_until_done(struct test *t, size_t done)
{
	for (int i = 0; i < 10000 && t->done < done; i++) {
		event_base_loop(t->base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	assert_int_equal(t->done, done);
}

/* Sends to `format` with the server's port in it, and waits. */
static void fetch(struct test *t, const char *method, const char *format, struct pk_str body)
{
	char url[256];
	const size_t done = t->done + 1;

	snprintf(url, sizeof(url), format, t->port);

	const struct pk_http_request request = {.method = method, .url = pk_str(url), .body = body};

	http_client_send(t->client, &request, on_done, t);
	memset(url, 'x', sizeof(url) - 1); /* it was copied */
	assert_int_equal(t->done, done - 1);
	assert_int_equal(http_client_active(t->client), 1);
	turn_until_done(t, done);
	if (t->client)
		assert_int_equal(http_client_active(t->client), 0);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %s", part, text);
}

static void sends_a_get(void **state)
{
	struct test *t = *state;

	fetch(t, "GET", "http://127.0.0.1:%u/a/b?c=d", PK_STR(""));
	assert_true(t->replied);
	assert_int_equal(t->status, 200);
	assert_string_equal(t->body, "fine");
	assert_string_equal(t->type, "");
	assert_has(t->request, "method=[GET]\npath=[/a/b]\nquery=[c=d]\n");
	assert_has(t->request, "body=[]\n");
	assert_has(t->request, "User-Agent=[proofkey/" PROOFKEY_VERSION "]\n");
	assert_has(t->request, "Accept-Encoding=[]\nUser");
}

static void sends_a_post_with_its_headers(void **state)
{
	struct test *t = *state;
	char url[64];
	char body[] = "code=a\0b&client_secret=s";
	char authorization[] = "Authorization: Basic c2VjcmV0";

	snprintf(url, sizeof(url), "http://localhost:%u/token", t->port);

	const struct pk_http_request request = {
		.method = "POST",
		.url = pk_str(url),
		.header = {pk_str(authorization),
			   PK_STR("Content-Type: application/x-www-form-urlencoded")},
		.header_count = 2,
		.body = {body, sizeof(body) - 1}};

	http_client_send(t->client, &request, on_done, t);
	memset(url, 0, sizeof(url));
	memset(body, 0, sizeof(body));
	memset(authorization, 0, sizeof(authorization));
	turn_until_done(t, 1);
	assert_int_equal(t->status, 200);
	assert_has(t->request, "method=[POST]\npath=[/token]\n");
	assert_has(t->request, "Authorization=[Basic c2VjcmV0]\n");
	assert_has(t->request, "Content-Type=[application/x-www-form-urlencoded]\n");
	assert_true(pk_str_ends((struct pk_str){t->request, t->request_len},
				PK_STR("body=[code=a\0b&client_secret=s]\n")));
}

static void a_large_post_expects_nothing_first(void **state)
{
	struct test *t = *state;
	static char body[60000];

	memset(body, 'b', sizeof(body));
	fetch(t, "POST", "http://127.0.0.1:%u/", (struct pk_str){body, sizeof(body)});
	assert_int_equal(t->status, 200);
	assert_has(t->request, "Expect=[]\n");
}

static void a_post_names_no_type_of_its_own(void **state)
{
	struct test *t = *state;

	fetch(t, "POST", "http://127.0.0.1:%u/", PK_STR(""));
	assert_has(t->request, "method=[POST]\n");
	assert_has(t->request, "Content-Type=[]\n");
}

static void passes_on_errors_and_their_type(void **state)
{
	struct test *t = *state;

	fetch(t, "POST", "http://127.0.0.1:%u/error", PK_STR("a=b"));
	assert_int_equal(t->status, 400);
	assert_string_equal(t->type, "application/json; charset=utf-8");
	assert_string_equal(t->body, "{\"error\":1}");
}

static void does_not_follow_redirects(void **state)
{
	struct test *t = *state;

	fetch(t, "POST", "http://127.0.0.1:%u/redirect", PK_STR("code=secret"));
	assert_int_equal(t->status, 302);
	assert_int_equal(t->seen, 1);
}

static void keeps_no_cookies(void **state)
{
	struct test *t = *state;

	fetch(t, "GET", "http://127.0.0.1:%u/", PK_STR(""));
	fetch(t, "GET", "http://127.0.0.1:%u/", PK_STR(""));
	assert_int_equal(t->seen, 2);
	assert_has(t->request, "Cookie=[]\n");
}

static void takes_no_more_than_a_reply_may_have(void **state)
{
	struct test *t = *state;

	fetch(t, "GET", "http://127.0.0.1:%u/largest", PK_STR(""));
	assert_true(t->replied);
	assert_int_equal(t->body_len, PK_REPLY_MAX);
	fetch(t, "GET", "http://127.0.0.1:%u/too-large", PK_STR(""));
	assert_false(t->replied);
	assert_string_equal(t->problem, "the reply is too long");
}

static void takes_no_proxy_from_the_environment(void **state)
{
	struct test *t = *state;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	fetch(t, "GET", "http://127.0.0.1:%u/", PK_STR(""));
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	assert_int_equal(t->status, 200);
}

/* Makes the test's port one at which nobody listens. */
static void close_port(struct test *t)
{
	char error[128];
	const int fd = http_listen("127.0.0.1:0", false, error, sizeof(error));

	t->port = port_of(fd);
	close(fd);
}

static void reports_a_refused_connection(void **state)
{
	struct test *t = *state;

	close_port(t);
	fetch(t, "GET", "http://127.0.0.1:%u/?code=SECRET", PK_STR(""));
	assert_false(t->replied);
	assert_has(t->problem, "Connection refused");
	assert_null(strstr(t->problem, "SECRET"));
}

/* Giving up is not the same for all: a reply that carries what nobody else has is waited for. */
static void has_its_time(void **state)
{
	struct test *t = *state;
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/slow", t->port);

	const struct pk_http_request request = {.method = "POST", .url = pk_str(url)};

	http_client_limit(t->client, 1);
	http_client_send(t->client, &request, on_done, t);
	turn_until_done(t, 1);
	assert_false(t->replied);
	assert_true(t->sent);
	http_client_send_within(t->client, 60, &request, on_done, t);
	turn_until_done(t, 2);
	assert_true(t->replied);
	assert_string_equal(t->body, "fine");
}

static void knows_what_left(void **state)
{
	struct test *t = *state;

	fetch(t, "POST", "http://127.0.0.1:%u/error", PK_STR("a=b"));
	assert_true(t->sent);
	fetch(t, "POST", "http://127.0.0.1:%u/never", PK_STR("a=b"));
	assert_false(t->replied);
	assert_true(t->sent);
	fetch(t, "POST", "https://127.0.0.1:%u/", PK_STR("a=b"));
	assert_false(t->sent);
	fetch(t, "POST", "ftp://127.0.0.1:%u/", PK_STR("a=b"));
	assert_false(t->sent);
	close_port(t);
	fetch(t, "POST", "http://127.0.0.1:%u/", PK_STR("a=b"));
	assert_false(t->sent);
}

/* C-24: Refused by what the URL says alone: the server that it leads to sees nothing. */
static void plain_http_goes_to_loopback_only(void **state)
{
	static const char *const urls[] = {"http://example.com:%u/",
					   "http://127.0.0.1.example.com:%u/",
					   "http://0.0.0.0:%u/",
					   "http://[::ffff:127.0.0.1]:%u/",
					   "http://localhost@127.0.0.1:%u/",
					   "http://2130706433:%u/",
					   "HTTP://127.0.0.1:%u/",
					   "ftp://127.0.0.1:%u/",
					   "file:///etc/passwd?%u",
					   "gopher://127.0.0.1:%u/",
					   "//127.0.0.1:%u/",
					   "127.0.0.1:%u",
					   "http://127.0.0.1:%u@example.com/"};
	struct test *t = *state;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		fetch(t, "GET", urls[i], PK_STR(""));
		assert_false(t->replied);
		if (strcmp(t->problem, "refused: the URL is neither https nor http on loopback") !=
		    0)
			fail_msg("%s: %s", urls[i], t->problem);
	}
	assert_int_equal(t->seen, 0);
}

/* C-24: Nobody answers a greeting in TLS here: the point is that it does not go on in the clear. */
static void https_is_not_downgraded(void **state)
{
	struct test *t = *state;

	fetch(t, "POST", "https://127.0.0.1:%u/", PK_STR("secret"));
	assert_false(t->replied);
	assert_has(t->problem, "SSL");
	assert_int_equal(t->seen, 0);
}

static void refuses_what_hides_in_a_line(void **state)
{
	struct test *t = *state;
	char url[64];
	struct pk_http_request request = {
		.method = "GET", .header = {PK_STR("X: a\r\nY: b")}, .header_count = 1};

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", t->port);
	request.url = pk_str(url);
	http_client_send(t->client, &request, on_done, t);
	turn_until_done(t, 1);
	assert_string_equal(t->problem, "refused: the request has control characters");

	request.header[0] = (struct pk_str){"X: a\0b", 6};
	http_client_send(t->client, &request, on_done, t);
	turn_until_done(t, 2);
	assert_string_equal(t->problem, "refused: the request has control characters");

	request.header_count = 0;
	request.method = "DELETE";
	http_client_send(t->client, &request, on_done, t);
	turn_until_done(t, 3);
	assert_string_equal(t->problem, "refused: the request cannot be made");
	assert_int_equal(t->seen, 0);
}

static void many_at_once_are_each_answered_once(void **state)
{
	struct test *t = *state;
	char url[64];
	const struct pk_http_request bad = {.method = "GET", .url = PK_STR("ftp://x/")};

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", t->port);

	const struct pk_http_request good = {.method = "POST", .url = pk_str(url)};

	for (int i = 0; i < 50; i++) {
		http_client_send(t->client, &good, on_done, t);
		http_client_send(t->client, &bad, on_done, t);
	}
	assert_int_equal(http_client_active(t->client), 100);
	turn_until_done(t, 100);
	assert_int_equal(http_client_active(t->client), 0);
	assert_int_equal(t->seen, 50);
}

static void can_be_freed_with_exchanges_under_way(void **state)
{
	struct test *t = *state;
	char url[64];
	const struct pk_http_request bad = {.method = "GET", .url = PK_STR("ftp://x/")};

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", t->port);

	const struct pk_http_request good = {.method = "GET", .url = pk_str(url)};

	http_client_send(t->client, &good, on_done, t);
	event_base_loop(t->base, EVLOOP_ONCE);
	http_client_send(t->client, &bad, on_done, t);
	http_client_free(t->client);
	t->client = NULL;
	for (int i = 0; i < 50; i++) {
		event_base_loop(t->base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	assert_int_equal(t->done, 0);
}

static void can_be_freed_by_whom_it_tells(void **state)
{
	struct test *t = *state;

	t->free_client_when_done = true;
	fetch(t, "GET", "http://127.0.0.1:%u/", PK_STR(""));
	assert_null(t->client);
}

/* libcurl sends again when a connection that it kept turns out to be closed. A code sent twice ends
 * the grant. */
static void a_post_is_sent_once_over_a_fresh_connection(void **state)
{
	struct test *t = *state;
	char error[128];
	char url[64];
	char bytes[4096];
	const int listener = http_listen("127.0.0.1:0", false, error, sizeof(error));
	size_t posts = 0;
	int kept[8];
	size_t count = 0;

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port_of(listener));

	const struct pk_http_request get = {.method = "GET", .url = pk_str(url)};
	const struct pk_http_request post = {
		.method = "POST", .url = pk_str(url), .body = PK_STR("code=1")};

	/* A server that keeps connections, answers GET, and closes on POST without a word. */
	http_client_send(t->client, &get, on_done, t);
	for (int i = 0; i < 3000 && t->done < 2; i++) {
		const int fd = accept(listener, NULL, NULL);

		if (fd >= 0) {
			assert_true(count < 8);
			fcntl(fd, F_SETFL, O_NONBLOCK);
			kept[count++] = fd;
		}
		for (size_t j = 0; j < count; j++) {
			const ssize_t got = recv(kept[j], bytes, sizeof(bytes), 0);
			const char *reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

			if (got > 4 && memcmp(bytes, "GET ", 4) == 0)
				assert_true(send(kept[j], reply, strlen(reply), 0) > 0);
			if (got > 5 && memcmp(bytes, "POST ", 5) == 0) {
				posts++;
				shutdown(kept[j], SHUT_RDWR);
			}
		}
		event_base_loop(t->base, EVLOOP_NONBLOCK);
		if (t->done == 1 && posts == 0 && http_client_active(t->client) == 0)
			http_client_send(t->client, &post, on_done, t);
		usleep(1000);
	}
	assert_int_equal(t->done, 2);
	assert_false(t->replied);
	assert_int_equal(posts, 1);
	assert_int_equal(count, 2); /* connections */
	for (size_t j = 0; j < count; j++)
		close(kept[j]);
	close(listener);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sends_a_get),
		TEST(sends_a_post_with_its_headers),
		TEST(a_large_post_expects_nothing_first),
		TEST(a_post_names_no_type_of_its_own),
		TEST(passes_on_errors_and_their_type),
		TEST(does_not_follow_redirects),
		TEST(keeps_no_cookies),
		TEST(takes_no_more_than_a_reply_may_have),
		TEST(takes_no_proxy_from_the_environment),
		TEST(reports_a_refused_connection),
		TEST(has_its_time),
		TEST(knows_what_left),
		TEST(plain_http_goes_to_loopback_only),
		TEST(https_is_not_downgraded),
		TEST(refuses_what_hides_in_a_line),
		TEST(many_at_once_are_each_answered_once),
		TEST(can_be_freed_with_exchanges_under_way),
		TEST(can_be_freed_by_whom_it_tells),
		TEST(a_post_is_sent_once_over_a_fresh_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
