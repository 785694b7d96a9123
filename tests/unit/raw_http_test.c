/* HTTP messages as text, in the shapes in which they are copied. */
#include "captured.h"

#define REQUEST "POST /token HTTP/1.1\nHost: p.example\n"
#define BODY "grant_type=x&code=a%2Fb"

static void a_request_and_its_reply(void **state)
{
	static const char *const rows[] = {
		REQUEST "Content-Length: 23\n\n" BODY
			"HTTP/1.1 400 Bad Request\nA: b\n\n{\"a\":1}\n",
		REQUEST "\n" BODY "\n\nHTTP/1.1 400 Bad Request\nA: b\n\n{\"a\":1}",
		"POST /token HTTP/1.1\r\nHost: p.example\r\nContent-Length: 23\r\n\r\n" BODY
		"\r\n\r\nHTTP/1.1 400 Bad Request\r\nA:b\r\nContent-Length: "
		"7\r\n\r\n{\"a\":1}\r\n\r\n",
		/* A length that the text no longer has. */
		REQUEST "Content-Length: 99\n\n" BODY "\nHTTP/2 400\nA:  b \n\n{\"a\":1}",
		REQUEST "Content-Length: 5\n\n" BODY "\n\nHTTP/2 400\nA: b\n\n{\"a\":1}\n\n",
		/* Chunks, and what is called so but was decoded by a tool. */
		REQUEST "\n" BODY "\nHTTP/1.1 400 X\nA: b\nTransfer-Encoding: chunked\n\n"
			"3;x=y\n{\"a\n4\n\":1}\n0\nTrailer: x\n\n",
		REQUEST "\n" BODY "\nHTTP/1.1 400 X\nA: b\nTransfer-Encoding: chunked\n\n{\"a\":1}",
		REQUEST "\n" BODY "\nHTTP/1.1 100 Continue\n\nHTTP/1.1 400 X\nA: b\n\n{\"a\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct captured captured = captured_read(pk_str(rows[i]));
		const struct pk_event *event = captured.capture.event;

		assert_kinds(&captured, "T");
		assert_text(event->request.method, "POST");
		assert_text(event->request.url, "/token");
		assert_text(header_of(&event->request, "host"), "p.example");
		assert_text(event->request.body, BODY);
		assert_int_equal(event->reply.status, 400);
		assert_text(header_of(&event->reply, "a"), "b");
		assert_text(event->reply.body, "{\"a\":1}");
	}
}

static void messages_one_after_another(void **state)
{
	const struct captured captured = captured_read(PK_STR(
		"GET /authorize?response_type=code HTTP/1.1\nHost: p\n\n"
		"HTTP/1.1 302 Found\nLocation: https://a/cb?code=c&state=s\nContent-Length: 0\n\n"
		"GET /favicon.ico HTTP/1.1\nHost: a\n\nHTTP/1.1 404 Not Found\n\nno\n\n"
		"GET https://a/cb?code=c&state=s\n\n" REQUEST "\n" BODY "\n\n"
		"https://a/cb?error=e&state=s\n"));

	(void)state;
	assert_kinds(&captured, "ACTC");
	assert_int_equal(captured.capture.event[0].reply.status, 302);
	assert_false(captured.capture.event[1].reply.present);
	assert_text(captured.capture.event[2].request.body, BODY);
}

static void what_curl_prints(void **state)
{
	const struct captured captured = captured_read(captured_file("readers/curl-v.log"));
	const struct pk_event *event = captured.capture.event;

	(void)state;
	assert_kinds(&captured, "T");
	assert_text(header_of(&event->request, "Authorization"), "Basic YTpi");
	assert_not_given(event->request.body);
	assert_int_equal(event->reply.status, 401);
	assert_text(event->reply.body, "{\"error\":\"invalid_client\"}");
}

static void a_page_may_hold_anything(void **state)
{
	const struct captured captured = captured_read(
		PK_STR(REQUEST "\n" BODY "\nHTTP/1.1 502 Bad Gateway\nContent-Type: text/html\n\n"
			       "<html>\n\na=b\n\nhttps://x/?y\n</html>\n"));

	(void)state;
	assert_kinds(&captured, "T");
	assert_text(captured.capture.event[0].reply.body, "<html>\n\na=b\n\nhttps://x/?y\n</html>");
}

static void a_redirected_token_request_comes_again(void **state)
{
	const struct captured captured = captured_read(
		PK_STR(REQUEST "\n" BODY "\nHTTP/1.1 301 Moved\nLocation: /token/\n\n"
			       "GET /token/ HTTP/1.1\nHost: p.example\n\nHTTP/1.1 405 No\n\n"));

	(void)state;
	assert_kinds(&captured, "TT");
	assert_text(captured.capture.event[1].request.method, "GET");
	assert_int_equal(captured.capture.event[1].reply.status, 405);
}

static void refusals_say_the_line(void **state)
{
	char headers[4096] = REQUEST;

	(void)state;
	assert_refused(REQUEST "no header\n\n", PK_ERR_CAPTURE_SYNTAX, "line 3: this is no header");
	assert_refused(REQUEST " folded: x\n\n", PK_ERR_CAPTURE_SYNTAX,
		       "line 3: this is no header");
	assert_refused("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nff\nabc\n0\n\n",
		       PK_ERR_CAPTURE_SYNTAX, "line 4: the size of a chunk");
	assert_refused("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nabc\n0\n\n",
		       PK_ERR_CAPTURE_SYNTAX, "line 4: a chunk is longer");
	for (size_t i = 0; i < 101; i++)
		strncat(headers, "a: b\n", sizeof(headers) - strlen(headers) - 1);
	assert_refused(headers, PK_ERR_CAPTURE_SYNTAX, "line 102: more than 100 headers");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_and_its_reply),
		cmocka_unit_test(messages_one_after_another),
		cmocka_unit_test(what_curl_prints),
		cmocka_unit_test(a_page_may_hold_anything),
		cmocka_unit_test(a_redirected_token_request_comes_again),
		cmocka_unit_test(refusals_say_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
