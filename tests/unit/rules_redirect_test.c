/*
 * The redirect URI in the two requests, and at the provider: each difference has one name, the
 * rules of a dialect hold only where they are its own, and no page's markup is taken for its
 * words. More shapes are in tests/captures.
 */
#include "explained.h"

#include "base/encode.h"
#include "base/text.h"
#include "explain/page_text.h"

#define STATE_SENT "8f2Kq0sTzXh1RWcNvbYd5g"
#define AUTHORIZE "response_type=code&client_id=app&client_key=app&state=" STATE_SENT
#define CALLBACK "code=c0de-Zk3PqX91uVbT&state=" STATE_SENT
#define TOKEN                                                                                      \
	"grant_type=authorization_code&client_id=app&client_secret=T1J1o0Jw&code=c0de-"            \
	"Zk3PqX91uVbT"
#define REFUSED "{\\\"error\\\": \\\"invalid_grant\\\"}"
#define URI "https://app.example/callback"

static void put(struct pk_buf *out, const char *before, const char *uri)
{
	pk_buf_put(out, pk_str(before));
	if (uri) {
		pk_buf_put(out, PK_STR("&redirect_uri="));
		pk_percent_encode(out, pk_str(uri));
	}
	pk_buf_char(out, '\0');
	assert_false(out->overflow);
}

/* NULL: the parameter is not sent. */
static struct captured_login login_of(const char *asked, const char *sent)
{
	static char authorize[2048], token[2048];
	struct pk_buf first = pk_buf(authorize, sizeof(authorize));
	struct pk_buf second = pk_buf(token, sizeof(token));

	put(&first, AUTHORIZE, asked);
	put(&second, TOKEN, sent);
	return (struct captured_login){.authorize = authorize,
				       .callback = CALLBACK,
				       .token = token,
				       .reply = REFUSED,
				       .seconds = 1};
}

static const char *const faults[] = {"redirect-uri-differs",      "redirect-uri-scheme",
				     "redirect-uri-port",         "redirect-uri-missing",
				     "redirect-uri-empty",        "redirect-uri-double-encoded",
				     "redirect-uri-localhost",    "redirect-uri-extra-query",
				     "redirect-uri-breaks-rules", "redirect-uri-unregistered"};

static size_t count_found(const struct pk_report *report)
{
	size_t count = 0;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		count += find(report, faults[i]) != NULL;
	return count;
}

static void each_difference_has_one_name(void **unused)
{
	static const struct {
		const char *asked, *sent, *fault, *detail;
	} cases[] = {
		{URI, NULL, "redirect-uri-missing", NULL},
		{URI, "", "redirect-uri-empty", NULL},
		{"", URI, "redirect-uri-empty", NULL},
		{URI, "http://app.example/callback", "redirect-uri-scheme", NULL},
		{"http://localhost:1/c", "https://localhost:1/c", "redirect-uri-scheme", NULL},
		{URI, "https://app.example:443/callback", "redirect-uri-port", NULL},
		{"http://127.0.0.1:1/c", "http://127.0.0.1:2/c", "redirect-uri-port", NULL},
		{"http://127.0.0.1:1/c", "http://localhost:1/c", "redirect-uri-localhost", NULL},
		{"http://[::1]/c", "http://127.0.0.1/c", "redirect-uri-localhost", NULL},
		{URI, "https%3A%2F%2Fapp.example%2Fcallback", "redirect-uri-double-encoded", NULL},
		{"https%3A%2F%2Fapp.example%2Fcallback", URI, "redirect-uri-double-encoded", NULL},
		{URI "?a=/", URI "?a=%2F", "redirect-uri-double-encoded", NULL},
		{URI, URI "?session_state=1", "redirect-uri-extra-query", NULL},
		{URI "?a=1", URI "?a=1&b=2", "redirect-uri-extra-query", NULL},
		{URI, URI "/", "redirect-uri-differs",
		 "The token request has a slash at its end, the authorize request has none."},
		{URI "/", URI, "redirect-uri-differs",
		 "The authorize request has a slash at its end, the token request has none."},
		{URI, "https://app.example/Callback", "redirect-uri-differs",
		 "Only the case of letters differs."},
		{URI, "HTTPS://app.example/callback", "redirect-uri-differs",
		 "Only the case of letters differs."},
		{URI, "https://app.example/auth", "redirect-uri-differs",
		 "They part at character 21: \"callback\" in the authorize request, \"auth\" in "
		 "the token request."},
		{URI, "https://app.example/call", "redirect-uri-differs",
		 "The token request has only the first 24 of its 28 characters."},
		{URI, URI "2", "redirect-uri-differs",
		 "The token request has more at its end: \"2\"."},
		{"app:/cb", "https://app.example/cb", "redirect-uri-differs",
		 "They part at character 1: \"app:/cb\" in the authorize request, "
		 "\"https://app.example/cb\" in the token request."},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct pk_report *report = explain(login_of(cases[i].asked, cases[i].sent));
		const struct pk_finding *finding = find(report, cases[i].fault);

		if (!finding || count_found(report) != 1)
			fail_msg("%s, %s: %zu, not %s", cases[i].asked, cases[i].sent,
				 count_found(report), cases[i].fault);
		assert_int_equal(finding->confidence, PK_PROVED);
		if (cases[i].detail)
			assert_text(finding->detail, cases[i].detail);
	}
}

static void the_same_uri_is_no_fault(void **unused)
{
	static const char *const uris[] = {URI,
					   URI "?a=1&b=%2F",
					   "http://localhost:3000/",
					   "app:/cb",
					   "https://app.example/a%20b",
					   "urn:ietf:wg:oauth:2.0:oob"};

	(void)unused;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		assert_int_equal(count_found(explain(login_of(uris[i], uris[i]))), 0);
	assert_int_equal(count_found(explain(login_of(NULL, NULL))), 0);
	assert_int_equal(count_found(explain(login_of(NULL, URI))), 0);
}

/* What a callback brought may have stuck to the URI. */
static void no_code_and_no_state_is_shown(void **unused)
{
	static const char *const sent[] = {URI "?code=c0de-Zk3PqX91uVbT&state=" STATE_SENT "&x=1",
					   "https://other.example/?x=1&code=c0de-Zk3PqX91uVbT"};

	(void)unused;
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		const struct pk_report *report = explain(login_of(URI, sent[i]));
		const struct pk_finding *finding = &report->finding[0];

		assert_int_equal(count_found(report), 1);
		assert_false(text_has(finding->detail, "Zk3Pq"));
		assert_false(text_has(finding->evidence[0].got, "Zk3Pq"));
		assert_false(text_has(finding->evidence[0].got, STATE_SENT));
		assert_true(text_has(finding->evidence[0].got, "x=1"));
	}
	assert_text(explained.report.finding[0].detail,
		    "They part at character 9: \"app.example/callback\" in the authorize request, "
		    "\"other.example/?x=1&code=\" in the token request.");
}

static void two_uris_that_differ_in_a_secret_say_so(void **unused)
{
	(void)unused;
	assert_verdict(explain(login_of(URI "?state=a", URI "?state=b")), "redirect-uri-differs",
		       PK_PROVED, "They differ in a value that is a secret.");
}

/* ---- Joined, not encoded ---- */

static void a_joined_body_is_not_another_uri(void **unused)
{
	struct captured_login login = login_of(URI "?a=1&b=2", NULL);

	(void)unused;
	login.token = TOKEN "&redirect_uri=" URI "?a=1&b=2";
	assert_verdict(explain(login), "body-not-encoded", PK_PROVED,
		       "redirect_uri stands in the body as it is, and its & ends the value.");
	assert_int_equal(count_found(&explained.report), 0);
}

static void a_joined_authorize_url_is_told(void **unused)
{
	struct captured_login login = login_of(NULL, URI "?a=1&b=2");

	(void)unused;
	login.authorize = AUTHORIZE "&redirect_uri=" URI "?a=1&b=2";
	assert_verdict(explain(login), "redirect-uri-differs", PK_PROVED,
		       "The authorize URL has it without encoding, so that its first & ends it "
		       "there.");
}

/* ---- The provider's rules ---- */

static struct captured_login at(const char *provider, const char *authorize_url, const char *uri)
{
	struct captured_login login = login_of(uri, NULL);

	return (struct captured_login){
		.provider = provider, .authorize = login.authorize, .authorize_url = authorize_url};
}

#define WEB "https://www.tiktok.com/v2/auth/authorize/"

static void each_rule_that_is_broken_is_named(void **unused)
{
	static const struct {
		const char *provider, *uri, *rule;
	} cases[] = {
		{"tiktok", "http://app.example/c", "https: a redirect URI begins with https://"},
		{"tiktok", "app.example/c", "absolute: "},
		{"tiktok", URI "?id=1", "no-query: "},
		{"tiktok", URI "#100", "no-fragment: "},
		{"tiktok-desktop", "http://localhost/c", "port: "},
		{"tiktok-desktop", "http://app.example:1/c", "loopback-host: "},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct pk_report *report = explain(at(cases[i].provider, WEB, cases[i].uri));
		const struct pk_finding *finding = find(report, "redirect-uri-breaks-rules");

		assert_non_null(finding);
		assert_int_equal(finding->confidence, PK_PROVED);
		assert_true(text_has(finding->detail, cases[i].rule));
		assert_int_equal(count_found(report), 1);
	}
}

static void rules_that_no_source_confirms_prove_nothing(void **unused)
{
	const struct pk_finding *finding;

	(void)unused;
	finding = find(explain(at("genesys", "https://login.mypurecloud.com/oauth/authorize",
				  "http://app.example/c")),
		       "redirect-uri-breaks-rules");
	assert_non_null(finding);
	assert_int_equal(finding->confidence, PK_LIKELY);
}

static void a_sandbox_takes_what_is_on_its_machine(void **unused)
{
	(void)unused;
	assert_int_equal(
		count_found(explain(at("tiktok", "http://127.0.0.1:9400/tiktok/v2/auth/authorize/",
				       "http://127.0.0.1:8080/callback"))),
		0);
	assert_int_equal(count_found(explain(at(
				 "tiktok", "http://sandbox.example:9400/tiktok/v2/auth/authorize/",
				 "http://localhost:8080/callback"))),
			 0);
	assert_int_equal(
		count_found(explain(at("tiktok", "http://127.0.0.1:9400/tiktok/v2/auth/authorize/",
				       "http://app.example/callback"))),
		1);
}

static void a_uri_to_which_a_code_came_was_taken(void **unused)
{
	struct captured_login login = login_of(URI "?id=1", URI "?id=1");

	(void)unused;
	login.provider = "tiktok";
	login.authorize_url = WEB;
	login.token_url = "https://open.tiktokapis.com/v2/oauth/token/";
	assert_int_equal(count_found(explain(login)), 0);
}

/* ---- Registration ---- */

static const struct pk_finding *unregistered(const char *page)
{
	struct captured_login login = {0};
	char more[2048];

	(void)snprintf(more, sizeof(more),
		       "{\"kind\": \"authorize\", \"at\": 1764000001, \"url\": "
		       "\"https://id.example/authorize?" AUTHORIZE
		       "&redirect_uri=https%%3A%%2F%%2Fapp.example%%2Fcallback\", \"response\": "
		       "{\"status\": 400, \"headers\": {\"Content-Type\": \"text/html\"}, "
		       "\"body\": \"%s\"}}",
		       page);
	login.more = more;
	return find(explain(login), "redirect-uri-unregistered");
}

static void a_page_says_that_it_is_not_registered(void **unused)
{
	const struct pk_finding *finding =
		unregistered("<html><h1>Error 400</h1>\\n<p>Invalid parameter: redirect_uri</p>");

	(void)unused;
	assert_non_null(finding);
	assert_int_equal(finding->confidence, PK_LIKELY);
	assert_text(finding->evidence[finding->evidence_count - 1].got,
		    "Error 400 Invalid parameter: redirect_uri");
}

static void markup_says_nothing(void **unused)
{
	(void)unused;
	assert_null(unregistered("<html><a href='?redirect_uri=x'>Back</a>"));
	assert_null(unregistered("<html><script>var redirect_uri = 1 < 2;</script>Sorry"));
	assert_null(unregistered("<html><!-- redirect_uri > --><style>redirect_uri{}</style>No"));
	assert_null(unregistered("<html><p>Client not found.</p>"));
}

static void check_page(const char *html, const char *want)
{
	unsigned char memory[1 << 16];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));

	assert_text(page_text(&arena, pk_str(html)), want);
}

static void the_text_of_a_page_is_what_stands_between_its_tags(void **unused)
{
	(void)unused;
	check_page("", "");
	check_page("plain", "plain");
	check_page("<p>a</p>\n\n<p>b  c</p>", "a b c");
	check_page("a<SCRIPT>x</SCRIPT>b<style>y</style >c", "a b");
	check_page("a<!-- <p>b</p> -->c", "a c");
	check_page("a<p", "a");
	check_page("a<!-- b", "a");
	check_page("<", "");
}

static void the_text_of_a_page_is_bounded(void **unused)
{
	static char html[1 << 16];
	unsigned char memory[1 << 15];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));

	(void)unused;
	memset(html, 'x', sizeof(html));
	assert_int_equal(page_text(&arena, (struct pk_str){html, sizeof(html)}).len, PAGE_TEXT_MAX);
	memset(html, '<', sizeof(html));
	assert_int_equal(page_text(&arena, (struct pk_str){html, sizeof(html)}).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_difference_has_one_name),
		cmocka_unit_test(the_same_uri_is_no_fault),
		cmocka_unit_test(no_code_and_no_state_is_shown),
		cmocka_unit_test(two_uris_that_differ_in_a_secret_say_so),
		cmocka_unit_test(a_joined_body_is_not_another_uri),
		cmocka_unit_test(a_joined_authorize_url_is_told),
		cmocka_unit_test(each_rule_that_is_broken_is_named),
		cmocka_unit_test(rules_that_no_source_confirms_prove_nothing),
		cmocka_unit_test(a_sandbox_takes_what_is_on_its_machine),
		cmocka_unit_test(a_uri_to_which_a_code_came_was_taken),
		cmocka_unit_test(a_page_says_that_it_is_not_registered),
		cmocka_unit_test(markup_says_nothing),
		cmocka_unit_test(the_text_of_a_page_is_what_stands_between_its_tags),
		cmocka_unit_test(the_text_of_a_page_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
