/*
 * The rules of state, session and user and of what comes after the login, on the captures of
 * tests/captures: which evidence each shows, what is kept secret, and the sentence on the very case.
 * Which verdict a capture gets is told beside it.
 */
#include "captured.h"

/* A capture, and the first evidence of what is found in it. NULL: nothing is to be wanted, or no
 * sentence is looked at. */
struct shown {
	const char *file;
	int event;
	const char *parameter;
	bool secret;
	const char *want;
	const char *detail;
};

#define STATE_SENT "8f2Kq0sTzXh1RWcNvbYd5g"

/* clang-format off */
static const struct shown table[] = {
	{"state-missing/callback-without",          1, "state", true, STATE_SENT, NULL},
	{"state-missing/never-sent",                0, "state", false, "128 random bits", NULL},
	{"state-too-weak/short",                    0, "state", true, NULL, "It has 5 characters, 5 of them different."},
	{"state-too-weak/used-twice",               1, "state", true, NULL, "event 0"},
	{"state-mismatch/another-browser",          1, "state", true, STATE_SENT, NULL},
	{"state-mismatch/two-tabs",                 2, "state", true, STATE_SENT, "event 1"},
	{"state-altered/plus-became-space",         1, "state", true, "3k+Hq/7vTz9Qw0Lx1mNb5g==", "decoded once too often"},
	{"state-altered/encoded-twice",             1, "state", true, "3k+Hq/7vTz9Qw0Lx1mNb5g==", "encoded once too often"},
	{"state-altered/truncated",                 1, "state", true, STATE_SENT, "its end was lost"},
	{"state-altered/lower-case",                1, "state", true, STATE_SENT, "changed case"},
	{"state-altered/padding-lost",              1, "state", true, NULL, "padding"},
	{"state-altered/other-alphabet",            1, "state", true, NULL, "alphabet"},
	{"state-altered/fragment-added",            1, "state", true, STATE_SENT, "something was added"},
	{"state-altered/start-lost",                1, "state", true, STATE_SENT, "its beginning was lost"},
	{"state-altered/stored-cut",                1, "state", true, "8f2Kq0sTzXh1RWcNvbYd", "what was stored"},
	{"login-cookie-lost/form-post",             2, "Cookie", false, "__Host-login", "POST from another site"},
	{"login-cookie-lost/other-host",            2, "Cookie", false, "login", "set by www.example.com"},
	{"login-cookie-lost/secure-over-http",      2, "Cookie", false, "login", "over http"},
	{"login-cookie-lost/strict",                2, "Cookie", false, "login", "SameSite=Strict"},
	{"login-cookie-lost/path",                  2, "Cookie", false, "login", "/auth"},
	{"login-cookie-lost/none-without-secure",   2, "Cookie", false, "login", "without Secure"},
	{"login-cookie-unreadable/said",            2, "reply", false, NULL, NULL},
	{"login-unknown/framework",                 0, "reply", false, NULL, NULL},
	{"login-unknown/reloaded",                  3, "state", true, NULL, "event 1"},
	{"login-took-too-long/cookie-ran-out",      2, "Cookie", false, "login", "1204 seconds"},
	{"login-took-too-long/refused",             1, "at", false, NULL, "2400 seconds"},
	{"user-denied/callback",                    1, "error", false, NULL, NULL},
	{"scope-not-granted/callback-scopes",       1, "scope", false, "user.info.basic,video.list", "video.list was asked for"},
	{"scope-not-granted/reply",                 2, "scope", false, "profile email", "email was asked for"},
	{"scope-not-granted/wider-refresh",         3, "scope", false, "profile", "The refresh asks for email"},
	{"issuer-mismatch/other-domain",            1, "iss", false, "https://id.example.com", NULL},
	{"provider-error/token",                    2, "error", false, NULL, NULL},
	{"provider-error/refresh",                  3, "error", false, NULL, NULL},
	{"refresh-race/two-at-once",                4, "refresh_token", true, "rt-2-bmV3", "0.3 seconds apart"},
	{"refresh-race/burnt",                      4, "refresh_token", true, NULL, "Events 3 and 4"},
	{"refresh-reply-lost/no-reply",             4, "refresh_token", true, NULL, "not in the capture"},
	{"refresh-reply-lost/answered",             4, "refresh_token", true, "rt-2-bmV3", "answered with a new one"},
	{"refresh-token-not-replaced/next-refresh", 4, "refresh_token", true, "rt-2-bmV3", "Event 3"},
	{"refresh-token-erased/after-a-reply-without", 4, "refresh_token", true, "rt-1-aGlkZGVu", "event 3"},
	{"refresh-token-erased/given-and-not-sent", 3, "refresh_token", true, "rt-1-aGlkZGVu", "event 2"},
	{"refresh-client-changed/client-key",       3, "client_id", false, "app-4711", NULL},
	{"refresh-endpoint-wrong/at-the-dialect",   3, "url", false, "https://open.tiktokapis.com/v2/oauth/token/", NULL},
	{"lifetime-hard-coded/a-day",               2, "expires_in", false, "7200 s", "before that"},
	{"lifetime-hard-coded/already-over",        2, "expires_in", false, "7200 s", "longer"},
	{"revoke-malformed/other-parameter",        3, "token", true, "the token, in the body", NULL},
	{"revoke-malformed/get",                    3, "method", false, "POST", NULL},
};
/* clang-format on */

#define DIALECTS 64

/* Explains a capture with the built-in dialects; the report lives until the next one. */
static const struct pk_report *explain(const char *file)
{
	static unsigned char memory[1 << 20];
	static struct pk_dialect dialects[DIALECTS];
	static struct pk_capture capture;
	static struct pk_report report;
	const struct pk_dialect *known[DIALECTS];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_why why = {0};
	char path[256];
	size_t count = 0;

	for (; count < DIALECTS && pk_dialect_name(count); count++) {
		assert_err(pk_dialect_parse(pk_str(pk_dialect_name(count)),
					    pk_str(pk_dialect_text(pk_dialect_name(count))),
					    &dialects[count], &why),
			   PK_OK);
		known[count] = &dialects[count];
	}
	(void)snprintf(path, sizeof(path), "%s.json", file);
	capture = captured_read(captured_file(path)).capture;
	assert_err(pk_explain(&arena, &capture, known, count, &report, &why), PK_OK);
	return &report;
}

static void each_shows_its_evidence(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct shown *row = &table[i];
		const struct pk_finding *first = &explain(row->file)->finding[0];
		const struct pk_evidence *evidence = &first->evidence[0];

		print_message("# %s\n", row->file);
		assert_memory_equal(first->fault->id, row->file, strlen(first->fault->id));
		assert_true(first->evidence_count > 0);
		assert_int_equal(evidence->event, row->event);
		assert_string_equal(evidence->parameter, row->parameter);
		assert_int_equal(evidence->secret, row->secret);
		if (row->want)
			assert_text(evidence->want, row->want);
		if (row->detail)
			assert_true(text_has(first->detail, row->detail));
	}
}

/* A weakness comes behind what the provider said, and is silent beside a cause. */
static void weaknesses_come_last(void **state)
{
	const struct pk_report *report = explain("state-too-weak/nothing-else-known");

	(void)state;
	assert_int_equal(report->finding_count, 2);
	assert_string_equal(report->finding[0].fault->id, "provider-error");
	assert_string_equal(report->finding[1].fault->id, "state-too-weak");
	assert_int_equal(explain("state-too-weak/not-the-cause")->finding_count, 1);
}

/* Nothing is said to be checked that was found, and nothing twice. */
static void checked_and_found_are_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct pk_report *report = explain(table[i].file);

		for (size_t j = 0; j < report->checked_count; j++) {
			for (size_t k = 0; k < report->finding_count; k++)
				assert_string_not_equal(report->checked[j],
							report->finding[k].fault->id);
			for (size_t k = 0; k < j; k++)
				assert_string_not_equal(report->checked[j], report->checked[k]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shows_its_evidence),
		cmocka_unit_test(weaknesses_come_last),
		cmocka_unit_test(checked_and_found_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
