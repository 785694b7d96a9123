/* The capture format: everything optional, every type checked, each refusal with its path. */
#include "captured.h"

static void a_whole_capture_is_read(void **state)
{
	const struct captured captured = captured_read(PK_STR(
		"{\"provider\":\"rfc7636\",\"note\":\"ignored\",\"events\":["
		"{\"kind\":\"token\",\"at\":3.5,\"request\":{\"method\":\"POST\",\"url\":\"https://"
		"p/token\",\"headers\":{\"Content-Type\":\"text/plain\"},\"body\":\"code=a%2Fb\"},"
		"\"response\":{\"status\":400,\"headers\":{\"Set-Cookie\":[\"a\",\"b\"]},"
		"\"body\":\"{}\"}},"
		"{\"kind\":\"authorize\",\"at\":1,\"url\":\"https://p/a\",\"response\":null},"
		"{\"at\":2,\"url\":\"https://a/cb?code=c\",\"body\":\"\"}],"
		"\"stored\":{\"verifier\":\"v\",\"state\":\"s\",\"redirect_uri\":\"r\","
		"\"expires_at\":7}}"));
	const struct pk_event *token = &captured.capture.event[2];

	(void)state;
	assert_kinds(&captured, "ACT");
	assert_text(captured.capture.provider, "rfc7636");
	assert_text(captured.capture.stored_verifier, "v");
	assert_text(captured.capture.stored_state, "s");
	assert_text(captured.capture.stored_redirect_uri, "r");
	assert_int_equal(captured.capture.stored_expires_at, 7);
	assert_true(token->at == 3.5);
	assert_text(token->request.body, "code=a%2Fb");
	assert_text(header_of(&token->request, "content-type"), "text/plain");
	assert_int_equal(token->reply.status, 400);
	assert_int_equal(token->reply.header_count, 2);
	assert_text(token->reply.header[1].value, "b");
	assert_false(captured.capture.event[0].reply.present);
	assert_text(captured.capture.event[1].request.body, "");
	assert_not_given(captured.capture.event[0].request.body);
}

static void everything_is_optional(void **state)
{
	const struct captured captured = captured_read(PK_STR("{\"stored\":{\"verifier\":\"v\"}}"));

	(void)state;
	assert_kinds(&captured, "");
	assert_int_equal(captured.capture.stored_expires_at, PK_TIME_UNKNOWN);
	assert_not_given(captured.capture.stored_state);
	assert_refused("{\"events\":[]}", PK_ERR_CAPTURE_EMPTY, "no request in it");
}

static void refusals_say_where(void **state)
{
	static const struct {
		const char *text, *detail;
	} rows[] = {
		{"{\"events\":{}}", "events is no array"},
		{"{\"events\":[1]}", "events[0] is no object"},
		{"{\"events\":[{},{\"request\":{\"url\":1}}]}", "events[1].request.url is no text"},
		{"{\"events\":[{\"kind\":\"tokn\"}]}", "events[0].kind is none of authorize"},
		{"{\"events\":[{\"at\":\"1\"}]}", "events[0].at is no number"},
		{"{\"events\":[{\"at\":-1}]}", "events[0].at is no number"},
		{"{\"events\":[{\"headers\":[]}]}", "events[0].headers is no object"},
		{"{\"events\":[{\"headers\":{\"a\":1}}]}", "events[0].headers has a header"},
		{"{\"events\":[{\"response\":{\"status\":1000}}]}", "events[0].response.status is"},
		{"{\"events\":[{\"response\":{\"body\":{}}}]}",
		 "events[0].response.body is no text"},
		{"{\"provider\":1}", "provider is no text"},
		{"{\"stored\":{\"state\":[]}}", "stored.state is no text"},
		{"{\"events\":[],\"events\":[]}",
		 "line 1, byte 21 of the JSON: duplicate object key"},
		{"{\n\"events\":[\n\"secret\" \"x\"]}",
		 "line 3, byte 25 of the JSON: ']' expected"},
		{"{\"events\":[]}\n{}", "line 1: something follows"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(rows[i].text, PK_ERR_CAPTURE_SYNTAX, rows[i].detail);
}

static void refusals_quote_nothing(void **state)
{
	struct captured captured = {.arena = pk_arena(captured_memory, sizeof(captured_memory))};

	(void)state;
	assert_err(pk_capture_read(&captured.arena,
				   PK_STR("{\"s3cret\":\"s3cret\" s3cret, \"s3cret\":1}"),
				   &captured.capture, &captured.why),
		   PK_ERR_CAPTURE_SYNTAX);
	assert_int_equal(captured.why.line, 1);
	assert_false(text_has(pk_str(captured.why.detail), "s3cret"));
	assert_err(pk_capture_read(&captured.arena, PK_STR("{\"s3cret\":1,\"s3cret\":1}"),
				   &captured.capture, &captured.why),
		   PK_ERR_CAPTURE_SYNTAX);
	assert_false(text_has(pk_str(captured.why.detail), "s3cret"));
}

static void headers_are_bounded(void **state)
{
	char text[4096] = "{\"events\":[{\"headers\":{\"a\":[\"\"";

	(void)state;
	for (size_t i = 0; i < 100; i++)
		strncat(text, ",\"\"", sizeof(text) - strlen(text) - 1);
	strncat(text, "]}}]}", sizeof(text) - strlen(text) - 1);
	assert_refused(text, PK_ERR_CAPTURE_SYNTAX, "events[0].headers has more than 100");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_capture_is_read), cmocka_unit_test(everything_is_optional),
		cmocka_unit_test(refusals_say_where),      cmocka_unit_test(refusals_quote_nothing),
		cmocka_unit_test(headers_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
