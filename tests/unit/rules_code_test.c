/*
 * The code between callback and token request: each way of damaging it is named as what it is, for
 * codes of every character, and a right one is never called damaged; then how often it was used,
 * and when. More shapes are in tests/captures.
 */
#include "explained.h"

#include "base/encode.h"

#include <stdlib.h>

#define STATE_SENT "8f2Kq0sTzXh1RWcNvbYd5g"
#define AUTHORIZE "response_type=code&client_id=app&client_key=app&state=" STATE_SENT
#define REFUSED "{\\\"error\\\": \\\"invalid_grant\\\"}"
#define REDIRECT "&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback"
#define CODE "4%2F0AfJohXm%2BZ2lq9"
#define ROUNDS 2000

static struct captured_login login_of(const char *given, const char *sent)
{
	static char callback[2048], token[2048];

	(void)snprintf(callback, sizeof(callback), "code=%s&state=" STATE_SENT, given);
	(void)snprintf(token, sizeof(token),
		       "grant_type=authorization_code&client_id=app&client_key=app&client_secret="
		       "T1J1o0Jw&code=%s%s",
		       sent, REDIRECT);
	return (struct captured_login){.authorize = AUTHORIZE REDIRECT,
				       .callback = callback,
				       .token = token,
				       .reply = REFUSED,
				       .seconds = 1};
}

static struct captured_login token_alone(const char *sent)
{
	struct captured_login login = login_of("x", sent);

	login.authorize = login.callback = NULL;
	return login;
}

/* ---- Damaged ---- */

static void each_way_of_damaging_a_code_has_its_name(void **unused)
{
	static const struct {
		const char *given, *sent, *fault, *detail;
	} cases[] = {
		{CODE, "4%252F0AfJohXm%252BZ2lq9", "code-still-encoded", NULL},
		{CODE, "4%25252F0AfJohXm%25252BZ2lq9", "code-still-encoded", NULL},
		{"a%252Fb%252Fc", "a%2Fb%2Fc", "code-over-decoded", NULL},
		{CODE, "4%2F0AfJohXm%20Z2lq9", "code-over-decoded", NULL},
		{CODE, "4%2F0AfJohXm+Z2lq9", "code-over-decoded", NULL},
		{CODE, CODE "%23_=_", "code-fragment-kept", NULL},
		{CODE, CODE "%23" STATE_SENT, "code-fragment-kept", NULL},
		{CODE, "4%2F0Afj", "code-altered", "The first 5 characters are the same."},
		{CODE, "4%2F0AfJ", "code-truncated", "6 of its 16 characters were sent."},
		{CODE, "4%2F0aFJOHxM%2bz2LQ9", "code-altered", "Only the case of letters differs."},
		{CODE, CODE "%0A", "code-altered", "White space stuck to it."},
		{CODE, CODE "xy", "code-altered", "2 characters were added at its end."},
		{CODE, STATE_SENT, "code-altered", "It is the state."},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct pk_report *report = explain(login_of(cases[i].given, cases[i].sent));
		const struct pk_finding *finding = find(report, cases[i].fault);

		if (!finding)
			fail_msg("%s, %s: not %s", cases[i].given, cases[i].sent, cases[i].fault);
		assert_ptr_equal(finding, &report->finding[0]);
		assert_true(finding->evidence[0].secret);
		if (cases[i].detail)
			assert_text(finding->detail, cases[i].detail);
	}
}

static void one_difference_has_one_name(void **unused)
{
	static const char *const names[] = {"code-still-encoded", "code-over-decoded",
					    "code-fragment-kept", "code-truncated",
					    "code-altered",       "body-not-encoded"};
	size_t found = 0;

	(void)unused;
	explain(login_of(CODE, "4%252F0AfJohXm%252BZ2lq9"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		found += find(&explained.report, names[i]) != NULL;
	assert_int_equal(found, 1);
}

/* A code of random printable characters; now and then one that looks encoded. */
static struct pk_str random_code(char memory[static 64])
{
	static const char odd[] = "%+&=#/ !*?%2F";
	const size_t len = 12 + (size_t)rand() % 40;

	for (size_t i = 0; i < len; i++)
		memory[i] = (char)(rand() % 4 == 0 ? odd[(size_t)rand() % (sizeof(odd) - 1)]
						   : 'A' + rand() % 26);
	memory[0] = 'Q'; /* neither end is white space */
	memory[len - 1] = 'Q';
	return (struct pk_str){memory, len};
}

static const char *encoded(struct pk_str text, char memory[static 1024], int times)
{
	struct pk_buf out = pk_buf(memory, 1023);
	char before[1024];

	pk_percent_encode(&out, text);
	for (int i = 1; i < times; i++) {
		memcpy(before, memory, out.len);
		text = (struct pk_str){before, out.len};
		out = pk_buf(memory, 1023);
		pk_percent_encode(&out, text);
	}
	assert_false(out.overflow);
	memory[out.len] = '\0';
	return memory;
}

/* The provider's own words are all that is left to say. */
static void assert_undamaged(struct captured_login login)
{
	const struct pk_report *report = explain(login);

	if (report->finding_count != 1 ||
	    strcmp(report->finding[0].fault->id, "provider-error") != 0)
		fail_msg("%s: %s", login.token, report->finding[0].fault->id);
}

static void a_right_code_is_never_called_damaged(void **unused)
{
	char memory[64], once[1024];

	(void)unused;
	srand(7636);
	for (int i = 0; i < ROUNDS; i++) {
		encoded(random_code(memory), once, 1);
		assert_undamaged(login_of(once, once));
	}
}

static void a_code_that_is_encoded_twice_is_always_found(void **unused)
{
	char memory[64], once[1024], twice[1024];

	(void)unused;
	srand(6749);
	for (int i = 0; i < ROUNDS; i++) {
		const struct pk_str code = random_code(memory);

		encoded(code, once, 1);
		encoded(code, twice, 2);
		if (strcmp(once, twice) == 0)
			continue; /* nothing in it to be encoded */
		assert_verdict(explain(login_of(once, twice)), "code-still-encoded", PK_PROVED,
			       NULL);
	}
}

/* A callback with a raw + in it can be read either way, and both are right. */
static void a_raw_plus_in_the_callback_is_a_space_or_a_plus(void **unused)
{
	(void)unused;
	assert_undamaged(login_of("AQD+x9", "AQD%2Bx9"));
	assert_undamaged(login_of("AQD+x9", "AQD%20x9"));
	assert_null(find(explain(login_of("AQD+x9", "AQD%252Bx9")), "code-altered"));
}

static void without_the_callback_a_code_tells_of_itself(void **unused)
{
	const struct pk_finding *finding;

	(void)unused;
	finding = assert_verdict(explain(token_alone("4%252F0AfJ")), "code-still-encoded",
				 PK_LIKELY, NULL);
	assert_shows(finding, 0, 0, "code", "4%2F0AfJ", "4/0AfJ");
	assert_verdict(explain(token_alone("AQD%20x9")), "code-over-decoded", PK_LIKELY, NULL);
	assert_verdict(explain(token_alone("AQD%23_=_")), "code-fragment-kept", PK_LIKELY, NULL);
	assert_undamaged(token_alone("AQDx9"));
}

static void a_code_of_nothing_that_was_captured_may_be_of_another_login(void **unused)
{
	(void)unused;
	assert_verdict(explain(login_of(CODE, "zzzzzzzz")), "code-altered", PK_LIKELY, NULL);
}

/* ---- Joined bodies ---- */

static void a_body_joined_from_strings_is_named_before_its_damage(void **unused)
{
	static const struct {
		const char *given, *body, *detail;
	} cases[] = {
		{"a%2Bb", "code=a+b&redirect_uri=https://app.example/callback",
		 "code stands in the body as it is, and its + is read as a space."},
		{"a%26b%3Dc", "code=a&b=c" REDIRECT,
		 "code stands in the body as it is, and its & ends the value."},
		{"a%252Fb", "code=a%2Fb&redirect_uri=https://app.example/callback",
		 "code stands in the body as it is, and its % is read as the start of an escape."},
		{"a", "code=a&state=50%" REDIRECT,
		 "Value 3 of the request (state) has a % that begins no escape."},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct captured_login login = login_of(cases[i].given, "");
		char token[256];

		(void)snprintf(token, sizeof(token), "grant_type=authorization_code&%s",
			       cases[i].body);
		login.token = token;
		assert_verdict(explain(login), "body-not-encoded", PK_PROVED, cases[i].detail);
		assert_null(find(&explained.report, "code-altered"));
		assert_null(find(&explained.report, "code-truncated"));
		assert_null(find(&explained.report, "code-over-decoded"));
	}
}

/* What stands behind a raw & may be the end of a secret, and a detail is not shortened. */
static void the_end_of_a_secret_is_in_no_sentence(void **unused)
{
	struct captured_login login = login_of("a", "");
	const struct pk_finding *finding;

	(void)unused;
	login.token = "grant_type=authorization_code&client_id=app&code=a&client_secret=kS9&"
		      "Wq7x" REDIRECT;
	finding = find(explain(login), "body-not-encoded");
	assert_non_null(finding);
	assert_int_equal(finding->confidence, PK_LIKELY);
	assert_false(text_has(finding->detail, "Wq7x"));
	assert_string_equal(finding->evidence[0].parameter, "body");
	assert_true(finding->evidence[0].secret);
}

static void raw_characters_that_are_read_right_prove_nothing(void **unused)
{
	struct captured_login login = login_of("okYX%2A1%21", "");
	const struct pk_finding *finding;

	(void)unused;
	login.token = "grant_type=authorization_code&client_id=app&code=okYX*1!&redirect_uri="
		      "https://app.example/callback";
	finding = find(explain(login), "body-not-encoded");
	assert_non_null(finding);
	assert_int_equal(finding->confidence, PK_POSSIBLE);
	login.token = "grant_type=authorization_code&client_id=app&code=okYX*1!" REDIRECT;
	assert_null(find(explain(login), "body-not-encoded"));
}

/* ---- Used twice ---- */

#define EARLIER(status, body)                                                                      \
	"{\"kind\": \"token\", \"at\": 1764000008.5, \"request\": {\"method\": \"POST\", \"url\":" \
	" \"https://id.example/token\", \"body\": \"grant_type=authorization_code&code=c0de-Zk3\"" \
	"}, \"response\": {\"status\": " status ", \"headers\": {}, \"body\": \"" body "\"}}"

static struct captured_login login_after(const char *earlier)
{
	struct captured_login login = login_of("c0de-Zk3", "c0de-Zk3");

	login.more = earlier;
	return login;
}

static void a_second_use_is_proved_and_the_first_one_told(void **unused)
{
	const struct pk_finding *finding;

	(void)unused;
	finding = assert_verdict(
		explain(login_after(EARLIER("200", "{\\\"access_token\\\": \\\"a\\\"}"))),
		"code-reused", PK_PROVED,
		"Event 2 had redeemed it and got the tokens: the login worked, and only this "
		"second try did not.");
	assert_shows(finding, 0, 3, "code", "c0de-Zk3", NULL);
	assert_shows(finding, 1, 2, "code", "c0de-Zk3", NULL);
	finding = assert_verdict(explain(login_after(EARLIER("400", REFUSED))), "code-reused",
				 PK_PROVED, NULL);
	assert_true(text_has(finding->detail, "Event 2 had tried it and failed."));
}

static void what_never_reached_the_provider_used_nothing(void **unused)
{
	static const char *const earlier[] = {EARLIER("302", ""), EARLIER("308", ""),
					      EARLIER("404", "no"), EARLIER("405", "no")};

	(void)unused;
	for (size_t i = 0; i < sizeof(earlier) / sizeof(earlier[0]); i++) {
		assert_null(find(explain(login_after(earlier[i])), "code-reused"));
		assert_true(was_checked(&explained.report, "code-reused"));
	}
}

/* ---- Too late ---- */

static const struct {
	const char *provider, *authorize_url, *token_url;
} endpoints[] = {
	{"tiktok", "https://www.tiktok.com/v2/auth/authorize/",
	 "https://open.tiktokapis.com/v2/oauth/token/"},
	{"genesys", "https://login.mypurecloud.com/oauth/authorize",
	 "https://login.mypurecloud.com/oauth/token"},
};

static struct captured_login late(const char *provider, double seconds, const char *reply)
{
	struct captured_login login = login_of("c0de-Zk3", "c0de-Zk3");

	login.provider = provider;
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		if (!provider || strcmp(provider, endpoints[i].provider) != 0)
			continue;
		login.authorize_url = endpoints[i].authorize_url;
		login.token_url = endpoints[i].token_url;
	}
	login.seconds = seconds;
	if (reply)
		login.reply = reply;
	return login;
}

#define SAID(text)                                                                                 \
	"{\\\"error\\\": \\\"invalid_grant\\\", \\\"error_description\\\": \\\"" text "\\\"}"

static const struct pk_finding *expired(struct captured_login login)
{
	return find(explain(login), "code-expired");
}

static void an_age_beyond_the_dialects_lifetime_is_likely(void **unused)
{
	const struct pk_finding *finding = expired(late("tiktok", 61, NULL));

	(void)unused;
	assert_non_null(finding);
	assert_int_equal(finding->confidence, PK_LIKELY);
	assert_text(finding->detail,
		    "It was sent 61 seconds after it came; codes of TikTok live about 60.");
	assert_shows(finding, 0, 2, "at", "61 s after the callback", "at most 60 s");
	assert_null(expired(late("tiktok", 60, NULL)));
}

static void an_unconfirmed_lifetime_needs_words(void **unused)
{
	(void)unused;
	assert_int_equal(expired(late("genesys", 90, NULL))->confidence, PK_POSSIBLE);
	assert_int_equal(expired(late("genesys", 90,
				      SAID("The authorization code has expired or is invalid")))
				 ->confidence,
			 PK_LIKELY);
}

static void words_for_something_else_make_it_possible(void **unused)
{
	(void)unused;
	assert_int_equal(
		expired(late("tiktok", 90, "{\\\"error\\\": \\\"invalid_client\\\"}"))->confidence,
		PK_POSSIBLE);
}

static void merged_words_are_no_cause_where_the_clock_has_no_room(void **unused)
{
	(void)unused;
	assert_null(expired(late("tiktok", 2, SAID("Authorization code is expired."))));
	assert_null(expired(late(NULL, 2, SAID("Code not valid"))));
	assert_int_equal(expired(late(NULL, 45, SAID("Code not valid")))->confidence, PK_POSSIBLE);
	assert_int_equal(
		expired(late(NULL, 45, SAID("Authorization code has expired")))->confidence,
		PK_LIKELY);
}

static void an_unknown_provider_has_ten_minutes(void **unused)
{
	(void)unused;
	assert_null(expired(late(NULL, 600, NULL)));
	assert_int_equal(expired(late(NULL, 601, NULL))->confidence, PK_LIKELY);
}

static void expiry_is_never_proved(void **unused)
{
	(void)unused;
	for (double seconds = 1; seconds < 1e9; seconds *= 10) {
		const struct pk_finding *finding =
			expired(late("rfc7636", seconds, SAID("The code has expired.")));

		assert_true(!finding || finding->confidence != PK_PROVED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_of_damaging_a_code_has_its_name),
		cmocka_unit_test(one_difference_has_one_name),
		cmocka_unit_test(a_right_code_is_never_called_damaged),
		cmocka_unit_test(a_code_that_is_encoded_twice_is_always_found),
		cmocka_unit_test(a_raw_plus_in_the_callback_is_a_space_or_a_plus),
		cmocka_unit_test(without_the_callback_a_code_tells_of_itself),
		cmocka_unit_test(a_code_of_nothing_that_was_captured_may_be_of_another_login),
		cmocka_unit_test(a_body_joined_from_strings_is_named_before_its_damage),
		cmocka_unit_test(the_end_of_a_secret_is_in_no_sentence),
		cmocka_unit_test(raw_characters_that_are_read_right_prove_nothing),
		cmocka_unit_test(a_second_use_is_proved_and_the_first_one_told),
		cmocka_unit_test(what_never_reached_the_provider_used_nothing),
		cmocka_unit_test(an_age_beyond_the_dialects_lifetime_is_likely),
		cmocka_unit_test(an_unconfirmed_lifetime_needs_words),
		cmocka_unit_test(words_for_something_else_make_it_possible),
		cmocka_unit_test(merged_words_are_no_cause_where_the_clock_has_no_room),
		cmocka_unit_test(an_unknown_provider_has_ten_minutes),
		cmocka_unit_test(expiry_is_never_proved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
