/* HAR files in the flavours of three browsers, and what is wrong with some. */
#include "captured.h"

#include "explain/capture.h"

static void what_bears_on_the_login_is_kept(void **state)
{
	const struct captured captured = captured_read(captured_file("readers/chrome.har"));
	const struct pk_event *event = captured.capture.event;

	(void)state;
	assert_kinds(&captured, "OAOCOT");
	assert_true(event[1].at == 1795290291.25);
	assert_text(
		header_of(&event[0].reply, "Location"),
		"https://provider.example/authorize?client_id=c1&redirect_uri=https%3A%2F%2Fapp."
		"example%2Fcb&response_type=code&state=s1&code_challenge=x");
	assert_not_given(header_of(&event[1].request, ":method"));
	assert_text(event[1].reply.body, "<p>Sign in</p>");
	assert_text(event[3].request.url, "https://app.example/cb?code=a%2Fb%2B&state=s1");
	assert_text(event[5].request.body,
		    "grant_type=authorization_code&code=a%2Fb%2B&code_verifier=v%20v");
	assert_text(event[5].reply.body, "{\"error\":\"invalid_grant\"}");
}

static void a_password_on_the_way_is_not_kept(void **state)
{
	const struct captured captured = captured_read(captured_file("readers/chrome.har"));
	const struct pk_str kept = {(const char *)captured.arena.ptr, captured.arena.used};

	(void)state;
	assert_not_given(captured.capture.event[2].request.body);
	assert_false(text_has(kept, "hunter2"));
}

static void no_response_is_told_from_none_captured(void **state)
{
	const struct captured captured = captured_read(captured_file("readers/chrome.har"));

	(void)state;
	assert_true(captured.capture.event[4].reply.present);
	assert_int_equal(captured.capture.event[4].reply.status, 0);
	assert_not_given(captured.capture.event[4].reply.body);
}

static void events_stand_in_the_order_of_time(void **state)
{
	const struct captured captured = captured_read(captured_file("readers/firefox.har"));

	(void)state;
	assert_kinds(&captured, "CTO");
	assert_true(captured.capture.event[0].at == 1795290299.5);
}

static void params_without_text_become_a_form(void **state)
{
	const struct captured captured = captured_read(captured_file("readers/firefox.har"));

	(void)state;
	assert_text(captured.capture.event[1].request.body,
		    "grant_type=authorization_code&code=a%2Fb%2B&redirect_uri=https%3A%2F%2Fapp."
		    "example%2Fcb");
}

static void redirects_and_the_redirect_uri_are_clues(void **state)
{
	const struct captured captured = captured_read(captured_file("readers/safari.har"));

	(void)state;
	/* The step that a relative Location leads to, and a callback without its state; the other
	 * code on another site is none. */
	assert_kinds(&captured, "AOC");
	assert_text(header_of(&captured.capture.event[0].reply, "Location"), "/login/step?x=1");
}

static void nothing_points_into_the_text(void **state)
{
	const struct pk_str text = captured_file("readers/chrome.har");
	const struct captured captured = captured_read(text);
	const char *url = captured.capture.event[1].request.url.ptr;

	(void)state;
	assert_true(url >= (char *)captured_memory &&
		    url < (char *)captured_memory + sizeof(captured_memory));
}

#define ENTRY(request) "{\"log\":{\"entries\":[{\"request\":" request "}]}}"

static void refusals_say_where(void **state)
{
	static const struct {
		enum pk_err err;
		const char *text, *detail;
	} rows[] = {
		{PK_ERR_CAPTURE_SYNTAX, "{\"log\":{}}", "line 1: this HAR has no entries"},
		{PK_ERR_CAPTURE_SYNTAX, "{\"log\":[]}", "line 1: the JSON is broken"},
		{PK_ERR_CAPTURE_SYNTAX, "{\"log\":{\"entries\":[", "line 1: the JSON is broken"},
		{PK_ERR_CAPTURE_SYNTAX, "{\"log\":{\"entries\":[{]}}",
		 "line 1: the JSON is broken"},
		{PK_ERR_CAPTURE_SYNTAX, "{\"log\":{\"entries\":[]}",
		 "line 1: the JSON is broken be"},
		{PK_ERR_CAPTURE_SYNTAX, "{\"log\":{\"entries\":[]}}x",
		 "line 1: the JSON is broken"},
		{PK_ERR_CAPTURE_EMPTY, "{\"log\":{\"entries\":[]}}", "no request in it"},
		{PK_ERR_CAPTURE_SYNTAX, "{\"log\":\n{\"entries\":[{},{}]}}",
		 "log.entries[0].request is missing"},
		{PK_ERR_CAPTURE_SYNTAX, "{\"log\":{\"entries\":[1]}}",
		 "log.entries[0] is no object"},
		{PK_ERR_CAPTURE_SYNTAX, ENTRY("{\"url\":1}"), "log.entries[0].request.url is no"},
		{PK_ERR_CAPTURE_SYNTAX, ENTRY("{\n\"url\":\"?code=\",\n\"x\":tru}"),
		 "line 3: this"},
		{PK_ERR_CAPTURE_SYNTAX, ENTRY("{\"url\":\"?code=\"},\"startedDateTime\":\"soon\""),
		 "log.entries[0].startedDateTime is no date"},
		{PK_ERR_CAPTURE_SYNTAX, ENTRY("{\"url\":\"?code=\",\"headers\":[[]]}"),
		 "log.entries[0].request.headers[0] is no object"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(rows[i].text, rows[i].err, rows[i].detail);
}

static void dates_are_read_by_hand(void **state)
{
	static const struct {
		const char *text;
		double want; /* -1: refused */
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2000-02-29T12:00:00Z", 951825600},
		{"2026-11-21T20:44:52.125+01:00", 1795290292.125},
		{"2026-11-21T19:44:52Z", 1795290292},
		{"2026-11-21T19:44:52", 1795290292},
		{"2026-11-21T14:14:52-0530", 1795290292},
		{"2026-11-21 20:44:52+01", 1795290292},
		{"2026-11-21T19:44Z", 1795290240},
		{"1969-12-31T23:59:59Z", -1},
		{"2026-13-01T00:00:00Z", -1},
		{"2026-11-21", -1},
		{"2026-11-21T19:44:52Zx", -1},
		{"2026-11-21T19:44:52+1", -1},
		{"", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double got = -1;

		assert_int_equal(iso_time(pk_str(rows[i].text), &got), rows[i].want >= 0);
		assert_true(got == rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_bears_on_the_login_is_kept),
		cmocka_unit_test(a_password_on_the_way_is_not_kept),
		cmocka_unit_test(no_response_is_told_from_none_captured),
		cmocka_unit_test(events_stand_in_the_order_of_time),
		cmocka_unit_test(params_without_text_become_a_form),
		cmocka_unit_test(redirects_and_the_redirect_uri_are_clues),
		cmocka_unit_test(nothing_points_into_the_text),
		cmocka_unit_test(refusals_say_where),
		cmocka_unit_test(dates_are_read_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
