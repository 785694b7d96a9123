/*
 * PKCE on one side alone: what each rule finds, how sure it is, what it shows; and that it holds
 * nothing against anybody that is not in the capture. More shapes are in tests/captures.
 */
#include "explained.h"

#define VERIFIER "gaeCq5mVvbhA8Ce6w5O9XBVIKMkySgv-_9A-rnhm9Ns"
#define CHALLENGE "5qF4sSB0PQhQlQjyaWUrC9-R4pMykhvJ6XRP091Bv-8"
#define WITHOUT "response_type=code&client_id=app&state=8f2Kq0sTzXh1RWcNvbYd5g"
#define WITH WITHOUT "&code_challenge=" CHALLENGE "&code_challenge_method=S256"
#define CALLBACK "code=c0de-Zk3PqX91uVbT&state=8f2Kq0sTzXh1RWcNvbYd5g"
#define TOKEN "grant_type=authorization_code&client_id=app&code=c0de-Zk3PqX91uVbT"
#define REFUSED "{\\\"error\\\": \\\"invalid_grant\\\"}"

/* Providers that know nothing of PKCE have a dialect too. */
static const char no_pkce[] = "title = \"Old\"\n"
			      "source = \"this test\"\n"
			      "checked = \"2026-11-21\"\n"
			      "authorize_url = \"https://id.example/authorize\"\n"
			      "token_url = \"https://id.example/token\"\n"
			      "token_subject = \"/sub\"\n"
			      "client_auth = {\"post\"}\n"
			      "redirect_rules = {\"absolute\"}\n"
			      "code_lifetime = 60\n"
			      "access_lifetime = 3600\n"
			      "pkce = \"off\"\n";

static struct captured_login login_of(const char *authorize, const char *token)
{
	return (struct captured_login){.provider = "rfc7636",
				       .authorize = authorize,
				       .callback = CALLBACK,
				       .token = token,
				       .reply = REFUSED,
				       .seconds = 1};
}

/* ---- challenge-missing ---- */

static void a_challenge_is_missing_where_the_dialect_requires_it(void **unused)
{
	const struct pk_finding *finding;

	(void)unused;
	finding = assert_verdict(explain(login_of(WITHOUT, TOKEN)), "challenge-missing", PK_PROVED,
				 "A client secret or other scopes would not replace it.");
	assert_shows(finding, 0, 0, "code_challenge", NULL,
		     "the SHA-256 of a code_verifier, as base64url");
}

static void a_client_secret_does_not_replace_it(void **unused)
{
	(void)unused;
	assert_verdict(explain(login_of(WITHOUT, TOKEN "&client_secret=T1J1o0JwyZf3Zehw")),
		       "challenge-missing", PK_PROVED,
		       "The client secret of the token request does not replace it.");
}

static void where_nobody_says_so_no_challenge_is_missing(void **unused)
{
	struct captured_login login = login_of(WITHOUT, TOKEN);

	(void)unused;
	login.provider = NULL;
	assert_null(find(explain(login), "challenge-missing"));
	assert_true(was_checked(&explained.report, "challenge-missing"));
}

static void words_make_it_likely_and_are_shown_where_they_stand(void **unused)
{
	struct captured_login login = {
		.authorize = WITHOUT,
		.callback = "error=invalid_request&error_description=missing+required+code+"
			    "challenge&state=8f2Kq0sTzXh1RWcNvbYd5g"};
	const struct pk_finding *finding;

	(void)unused;
	finding = assert_verdict(explain(login), "challenge-missing", PK_LIKELY, NULL);
	assert_shows(finding, 1, 1, "error", "invalid_request: missing required code challenge",
		     NULL);
}

static void a_pushed_or_signed_request_is_not_visible(void **unused)
{
	static const char *const requests[] = {
		"client_id=app&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax1",
		"client_id=app&response_type=code&request=eyJhbGciOiJub25lIn0.e30."};

	(void)unused;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct pk_report *report =
			explain(login_of(requests[i], TOKEN "&code_verifier=" VERIFIER));

		assert_null(find(report, "challenge-missing"));
		assert_null(find(report, "verifier-without-challenge"));
		assert_null(find(report, "redirect-uri-missing"));
		assert_false(was_checked(report, "challenge-missing"));
	}
}

/* ---- verifier-missing ---- */

static void a_verifier_is_missing(void **unused)
{
	const struct pk_finding *finding;

	(void)unused;
	finding =
		assert_verdict(explain(login_of(WITH, TOKEN)), "verifier-missing", PK_PROVED, NULL);
	assert_shows(finding, 0, 2, "code_verifier", NULL, "the verifier of this challenge");
	assert_shows(finding, 1, 0, "code_challenge", CHALLENGE, NULL);
	assert_not_given(finding->detail);
}

static void an_empty_verifier_is_a_missing_one(void **unused)
{
	(void)unused;
	assert_verdict(explain(login_of(WITH, TOKEN "&code_verifier=")), "verifier-missing",
		       PK_PROVED,
		       "code_verifier is there, without a value: what was kept was gone when the "
		       "token request was made.");
}

static void a_verifier_under_another_name_is_not_missing(void **unused)
{
	(void)unused;
	assert_verdict(explain(login_of(WITH, TOKEN "&client_secret=" VERIFIER)),
		       "verifier-wrong-parameter", PK_PROVED, NULL);
	assert_null(find(&explained.report, "verifier-missing"));
}

/* ---- What is not captured is not missing ---- */

static void of_a_reply_alone_nothing_is_missing(void **unused)
{
	const struct pk_report *report = explain(login_of(WITH, NULL));

	(void)unused;
	assert_null(find(report, "verifier-missing"));
	assert_null(find(report, "redirect-uri-missing"));
	assert_false(was_checked(report, "verifier-missing"));
}

static void of_a_request_without_its_body_nothing_is_missing(void **unused)
{
	const struct pk_report *report = explain(login_of(WITH, ""));

	(void)unused;
	assert_null(find(report, "verifier-missing"));
	assert_false(was_checked(report, "verifier-missing"));
}

static void other_grants_have_no_verifier(void **unused)
{
	const struct pk_report *report =
		explain(login_of(WITH, "grant_type=client_credentials&client_id=app"));

	(void)unused;
	assert_null(find(report, "verifier-missing"));
	assert_false(was_checked(report, "verifier-missing"));
}

/* ---- verifier-without-challenge ---- */

static void a_verifier_came_and_no_challenge(void **unused)
{
	const struct pk_finding *finding;

	(void)unused;
	finding = assert_verdict(explain(login_of(WITHOUT, TOKEN "&code_verifier=" VERIFIER)),
				 "verifier-without-challenge", PK_PROVED, NULL);
	assert_true(finding->evidence[1].secret);
	assert_null(find(&explained.report, "challenge-missing"));
}

/* ---- pkce-not-supported ---- */

static void a_dialect_without_pkce_makes_it_likely(void **unused)
{
	struct captured_login login = login_of(WITH, TOKEN "&code_verifier=" VERIFIER);
	const struct pk_finding *finding;

	(void)unused;
	login.provider = "old";
	finding = assert_verdict(explain_with("old", no_pkce, &login), "pkce-not-supported",
				 PK_LIKELY, NULL);
	assert_shows(finding, 0, 0, "code_challenge", CHALLENGE, "none");
	assert_shows(finding, 1, 2, "code_verifier", VERIFIER, "none");
	assert_true(finding->evidence[1].secret);
}

static void without_pkce_parameters_it_is_none(void **unused)
{
	struct captured_login login = login_of(WITHOUT, TOKEN);

	(void)unused;
	login.provider = "old";
	assert_null(find(explain_with("old", no_pkce, &login), "pkce-not-supported"));
	assert_null(find(&explained.report, "challenge-missing"));
}

static void a_verifier_alone_is_too_much_there_and_not_half_of_a_pair(void **unused)
{
	struct captured_login login = login_of(WITHOUT, TOKEN "&code_verifier=" VERIFIER);

	(void)unused;
	login.provider = "old";
	assert_verdict(explain_with("old", no_pkce, &login), "pkce-not-supported", PK_LIKELY, NULL);
	assert_null(find(&explained.report, "verifier-without-challenge"));
}

static void words_for_something_else_make_it_no_more_than_possible(void **unused)
{
	struct captured_login login =
		login_of(WITH, TOKEN "&code_verifier=" VERIFIER "&client_secret=s3cr3t");
	const struct pk_finding *finding;

	(void)unused;
	login.provider = "old";
	login.reply = "{\\\"error\\\": \\\"invalid_client\\\"}";
	finding = find(explain_with("old", no_pkce, &login), "pkce-not-supported");
	assert_non_null(finding);
	assert_int_equal(finding->confidence, PK_POSSIBLE);
}

/* ---- refresh-asks-verifier ---- */

static void a_refresh_that_is_asked_for_a_verifier(void **unused)
{
	struct captured_login login = {
		.token = "grant_type=refresh_token&refresh_token=rft.K2mZ9&client_id=app",
		.reply = "{\\\"error\\\": \\\"invalid_request\\\","
			 " \\\"error_description\\\": \\\"Code_Verifier is required\\\"}"};
	const struct pk_finding *finding;

	(void)unused;
	finding = assert_verdict(explain(login), "refresh-asks-verifier", PK_LIKELY, NULL);
	assert_string_equal(finding->fault->blame, "provider");
	assert_shows(finding, 1, 0, "error_description", "Code_Verifier is required", NULL);
	login.token = "grant_type=refresh_token&refresh_token=r&client_id=app&code_verifier=x";
	assert_null(find(explain(login), "refresh-asks-verifier"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_challenge_is_missing_where_the_dialect_requires_it),
		cmocka_unit_test(a_client_secret_does_not_replace_it),
		cmocka_unit_test(where_nobody_says_so_no_challenge_is_missing),
		cmocka_unit_test(words_make_it_likely_and_are_shown_where_they_stand),
		cmocka_unit_test(a_pushed_or_signed_request_is_not_visible),
		cmocka_unit_test(a_verifier_is_missing),
		cmocka_unit_test(an_empty_verifier_is_a_missing_one),
		cmocka_unit_test(a_verifier_under_another_name_is_not_missing),
		cmocka_unit_test(of_a_reply_alone_nothing_is_missing),
		cmocka_unit_test(of_a_request_without_its_body_nothing_is_missing),
		cmocka_unit_test(other_grants_have_no_verifier),
		cmocka_unit_test(a_verifier_came_and_no_challenge),
		cmocka_unit_test(a_dialect_without_pkce_makes_it_likely),
		cmocka_unit_test(without_pkce_parameters_it_is_none),
		cmocka_unit_test(a_verifier_alone_is_too_much_there_and_not_half_of_a_pair),
		cmocka_unit_test(words_for_something_else_make_it_no_more_than_possible),
		cmocka_unit_test(a_refresh_that_is_asked_for_a_verifier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
