/* What a text is, told by its content: the kinds of events, their order, what is passed over, what
 * belongs together, and adding what came apart. */
#include "captured.h"

#define AUTHORIZE "https://p.example/authorize?response_type=code&client_id=c&state=s"
#define CALLBACK "https://app.example/cb?code=c0de&state=s"
#define TOKEN "curl https://p.example/token -d grant_type=authorization_code"

static void requests_are_known_by_what_they_carry(void **state)
{
	static const struct {
		const char *text, *kinds;
	} rows[] = {
		{AUTHORIZE, "A"},
		{"https://p.example/x?client_key=c&redirect_uri=https%3A%2F%2Fa", "A"},
		{"https://p.example/x?appid=c&redirect_uri=https%3A%2F%2Fa", "A"},
		{"curl https://p.example/x -d response_type=code -d client_id=c", "A"},
		{CALLBACK, "C"},
		{"/cb?code=c0de&state=s", "C"},
		{"myapp://cb?error=access_denied&state=s", "C"},
		{"https://app.example/cb#error=access_denied&state=s", "C"},
		{"https://app.example/cb?code=c0de", "C"},
		{"curl https://app.example/cb -d code=c -d state=s", "C"},
		{"curl https://p.example/x -d grant_type=refresh_token", "T"},
		{"curl https://p.example/x --json '{\"grant_type\":\"x\"}'", "T"},
		{"curl https://p.example/oauth/accessToken/ -d a=b", "T"},
		{"curl https://p.example/v2/oauth/revoke/ -d token=t", "T"},
		{"curl 'https://p.example/x?grant_type=x'", "T"},
		{"curl 'https://p.example/x?appid=a&client_secret=s&code=c'", "T"},
		{"curl https://app.example/x -d code=c -d state=s -d code_verifier=v", "T"},
		{"curl https://p.example/userinfo -H 'Authorization: Bearer t'", "O"},
		{"curl -X OPTIONS https://p.example/oauth/token", "O"},
		{"{\"error\":\"invalid_grant\"}", "T"},
		{"error=invalid_grant&error_description=x", "T"},
		{"grant_type=authorization_code&code=c", "T"},
		{"{\"grant_type\":\"authorization_code\"}", "T"},
		{"code=c0de&state=s", "C"},
		{"<!DOCTYPE html><p>Bad gateway</p>", "T"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct captured captured = captured_read(pk_str(rows[i].text));

		assert_kinds(&captured, rows[i].kinds);
	}
}

static void what_is_no_login_is_passed_over_or_refused(void **state)
{
	(void)state;

	const struct captured captured = captured_read(
		PK_STR(CALLBACK "\ncurl https://app.example/api -H 'Authorization: Bearer t'\n"));

	assert_kinds(&captured, "C");
	assert_refused("https://app.example/?q=1", PK_ERR_CAPTURE_EMPTY, "no request in it");
	assert_refused(" \n ", PK_ERR_CAPTURE_EMPTY, "the text is empty");
	assert_refused("hello", PK_ERR_CAPTURE_SYNTAX, "line 1: this is no curl command");
	assert_refused(CALLBACK "\n\nhello", PK_ERR_CAPTURE_SYNTAX, "line 3: this is no curl");
	assert_refused("{\"a\":1}", PK_ERR_CAPTURE_SYNTAX, "line 1: this JSON is no capture");
	assert_refused("\xff\xfe{", PK_ERR_CAPTURE_SYNTAX, "the text is in UTF-16");
	assert_refused("https://app.example/cb?code=c0de and more", PK_ERR_CAPTURE_SYNTAX,
		       "line 1: a URL has no spaces");
}

static void a_text_may_hold_several_things(void **state)
{
	const struct captured captured = captured_read(PK_STR("\xef\xbb\xbf# the login\n" AUTHORIZE
							      "\r\n\r\n" CALLBACK "\n\n" TOKEN "\n"
							      "{\"error\":\"invalid_grant\"}\n"));

	(void)state;
	assert_kinds(&captured, "ACT");
	assert_text(captured.capture.event[0].request.url, AUTHORIZE);
	assert_text(captured.capture.event[2].reply.body, "{\"error\":\"invalid_grant\"}");
}

static void json_after_a_callback_is_no_reply_to_it(void **state)
{
	const struct captured captured =
		captured_read(PK_STR(CALLBACK "\n{\"error\":\"invalid_grant\"}\n"));

	(void)state;
	assert_kinds(&captured, "CT");
	assert_false(captured.capture.event[0].reply.present);
	assert_false(captured.capture.event[1].request.present);
}

static void a_page_after_an_authorize_url_is_its_reply(void **state)
{
	const struct captured captured = captured_read(PK_STR(AUTHORIZE "\n<html>no</html>"));

	(void)state;
	assert_kinds(&captured, "A");
	assert_text(captured.capture.event[0].reply.body, "<html>no</html>");
}

static void too_much_is_refused(void **state)
{
	static char text[(PK_EVENTS_MAX + 1) * sizeof(CALLBACK)];
	struct captured captured = {0};
	const struct pk_str huge = {text, PK_CAPTURE_TEXT_MAX + 1};
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i <= PK_EVENTS_MAX; i++, len += sizeof(CALLBACK))
		memcpy(text + len, CALLBACK "\n", sizeof(CALLBACK));
	captured.arena = pk_arena(captured_memory, sizeof(captured_memory));
	assert_err(pk_capture_read(&captured.arena, (struct pk_str){text, len}, &captured.capture,
				   &captured.why),
		   PK_ERR_CAPTURE_TOO_LARGE);
	assert_err(pk_capture_read(&captured.arena, huge, &captured.capture, NULL),
		   PK_ERR_CAPTURE_TOO_LARGE);
	captured.arena = pk_arena(captured_memory, 64);
	assert_err(pk_capture_read(&captured.arena, PK_STR(CALLBACK), &captured.capture,
				   &captured.why),
		   PK_ERR_NO_SPACE);
}

static void parts_are_added_one_by_one(void **state)
{
	static const struct {
		enum pk_event_kind kind;
		const char *text;
	} parts[] = {
		{PK_EVENT_AUTHORIZE, AUTHORIZE},
		{PK_EVENT_CALLBACK, "https://app.example/cb?x=1"},
		{PK_EVENT_TOKEN, TOKEN},
		{PK_EVENT_TOKEN, "{\"anything\":1}"},
		{PK_EVENT_TOKEN, "HTTP/1.1 200 OK\n\n{}"},
	};
	struct captured captured = {.arena = pk_arena(captured_memory, sizeof(captured_memory))};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		assert_err(pk_capture_add(&captured.arena, &captured.capture, parts[i].kind,
					  pk_str(parts[i].text), &captured.why),
			   PK_OK);
	assert_kinds(&captured, "ACTT");
	assert_text(captured.capture.event[2].reply.body, "{\"anything\":1}");
	assert_int_equal(captured.capture.event[3].reply.status, 200);
	assert_err(pk_capture_add(&captured.arena, &captured.capture, PK_EVENT_TOKEN,
				  PK_STR(CALLBACK "\n" CALLBACK), &captured.why),
		   PK_ERR_CAPTURE_SYNTAX);
	assert_int_equal(captured.capture.count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_known_by_what_they_carry),
		cmocka_unit_test(what_is_no_login_is_passed_over_or_refused),
		cmocka_unit_test(a_text_may_hold_several_things),
		cmocka_unit_test(json_after_a_callback_is_no_reply_to_it),
		cmocka_unit_test(a_page_after_an_authorize_url_is_its_reply),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(parts_are_added_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
