/* Redirect URI rules: the six that TikTok's page for web logins states, each with its own sentence,
 * those of the other dialects, and hosts that only look like this machine. */
#include "setting.h"

#include "base/text.h"
#include "protocol/redirect_uri.h"

#define GOOD "https://dev.example.com/auth/callback/"

/* Refused by `rule` of the dialect with a sentence that has `words`. */
static void assert_breaks(const char *dialect, const char *uri, const char *rule, const char *words)
{
	struct setting s;
	const struct pk_str text = pk_str(uri);

	setting_make(&s, dialect);
	assert_err(pk_redirect_uris_check(&s.dialect, &text, 1, &s.why), PK_ERR_REDIRECT_URI);
	assert_string_equal(s.why.parameter, rule);
	assert_true(text_has(pk_str(s.why.detail), words));
	assert_true(text_has(pk_str(s.why.detail), "TikTok") ||
		    text_has(pk_str(s.why.detail), "RFC 7636"));
}

static void assert_keeps(const char *dialect, const char *uri)
{
	struct setting s;
	const struct pk_str text = pk_str(uri);

	setting_make(&s, dialect);
	assert_err(pk_redirect_uris_check(&s.dialect, &text, 1, &s.why), PK_OK);
}

static void web_at_most_10_uris(void **state)
{
	struct setting s;
	struct pk_str uris[11];

	(void)state;
	setting_make(&s, "tiktok");
	for (size_t i = 0; i < 11; i++)
		uris[i] = PK_STR(GOOD);
	assert_err(pk_redirect_uris_check(&s.dialect, uris, 10, &s.why), PK_OK);
	assert_err(pk_redirect_uris_check(&s.dialect, uris, 11, &s.why), PK_ERR_REDIRECT_URI);
	assert_string_equal(s.why.parameter, "max-count");
	assert_true(text_has(pk_str(s.why.detail), "too many redirect URIs"));
	assert_true(text_has(pk_str(s.why.detail), "allows 10, this has 11"));
}

static void web_fewer_than_512_characters(void **state)
{
	char uri[513];

	(void)state;
	memset(uri, 'a', sizeof(uri));
	memcpy(uri, GOOD, sizeof(GOOD) - 1);
	uri[511] = '\0';
	assert_keeps("tiktok", uri);
	uri[511] = 'a';
	uri[512] = '\0';
	assert_breaks("tiktok", uri, "max-length", "allows 511, this has 512");
}

static void web_absolute(void **state)
{
	(void)state;
	assert_breaks("tiktok", "dev.example.com/auth/callback/", "absolute", "is absolute");
	assert_breaks("tiktok", "/auth/callback/", "absolute", "is absolute");
	assert_breaks("tiktok", "//dev.example.com/", "absolute", "is absolute");
	assert_breaks("tiktok", "https:dev.example.com/", "absolute", "is absolute");
	assert_breaks("tiktok", "https://", "absolute", "is absolute");
	assert_breaks("tiktok", "", "absolute", "is absolute");
	assert_keeps("tiktok", GOOD);
}

static void web_begins_with_https(void **state)
{
	(void)state;
	assert_breaks("tiktok", "http://dev.example.com/auth/callback/", "https",
		      "begins with https");
	assert_breaks("tiktok", "http://localhost:8080/", "https", "begins with https");
}

static void web_static_without_parameters(void **state)
{
	(void)state;
	assert_breaks("tiktok", GOOD "?id=1", "no-query", "static");
	assert_breaks("tiktok", GOOD "?", "no-query", "static");
}

static void web_without_a_fragment(void **state)
{
	(void)state;
	assert_breaks("tiktok", GOOD "#100", "no-fragment", "fragment");
	assert_breaks("tiktok", GOOD "#", "no-fragment", "fragment");
}

static void one_bad_uri_among_good_ones_is_found(void **state)
{
	struct setting s;
	const struct pk_str uris[] = {PK_STR(GOOD), PK_STR(GOOD "?id=1"), PK_STR(GOOD)};

	(void)state;
	setting_make(&s, "tiktok");
	assert_err(pk_redirect_uris_check(&s.dialect, uris, 3, &s.why), PK_ERR_REDIRECT_URI);
	assert_string_equal(s.why.parameter, "no-query");
	assert_err(pk_redirect_uris_check(&s.dialect, NULL, 0, &s.why), PK_OK);
}

static void desktop_is_this_machine_with_a_port(void **state)
{
	(void)state;
	assert_keeps("tiktok-desktop", "http://localhost:3455/callback/");
	assert_keeps("tiktok-desktop", "https://127.0.0.1:1/");
	assert_keeps("tiktok-desktop", "http://localhost:*/callback/");
	assert_breaks("tiktok-desktop", "http://localhost/callback/", "port", "names its port");
	assert_breaks("tiktok-desktop", "http://localhost:0/", "port", "names its port");
	assert_breaks("tiktok-desktop", "http://localhost:65536/", "port", "names its port");
	assert_breaks("tiktok-desktop", "http://localhost:80a/", "port", "names its port");
	assert_breaks("tiktok-desktop", "http://example.com:80/", "loopback-host", "localhost or");
	assert_breaks("tiktok-desktop", "http://127.0.0.2:80/", "loopback-host", "localhost or");
	assert_breaks("tiktok-desktop", "myapp://localhost:80/", "http", "http:// or https://");
}

static void rfc_is_https_or_loopback(void **state)
{
	(void)state;
	assert_keeps("rfc7636", "https://example.com/cb?a=1");
	assert_keeps("rfc7636", "http://127.0.0.1/cb");
	assert_keeps("rfc7636", "http://[::1]:51004/cb");
	assert_breaks("rfc7636", "http://example.com/cb", "https-or-loopback", "loopback");
	assert_breaks("rfc7636", "http://127.0.0.1.example.com/cb", "https-or-loopback",
		      "loopback");
	assert_breaks("rfc7636", "http://localhost.example.com/cb", "https-or-loopback",
		      "loopback");
}

static void the_rules_that_no_dialect_here_uses(void **state)
{
	struct setting s;
	struct pk_str uri = PK_STR("https://*.example.com/");

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.redirect_rules = (struct pk_list){{PK_STR("no-wildcard")}, 1};
	assert_err(pk_redirect_uris_check(&s.dialect, &uri, 1, &s.why), PK_ERR_REDIRECT_URI);
	assert_true(text_has(pk_str(s.why.detail), "wildcard"));
	s.dialect.redirect_rules = (struct pk_list){{PK_STR("no-localhost")}, 1};
	assert_err(pk_redirect_uris_check(&s.dialect, &uri, 1, &s.why), PK_OK);
	uri = PK_STR("http://localhost:8080/");
	assert_err(pk_redirect_uris_check(&s.dialect, &uri, 1, &s.why), PK_ERR_REDIRECT_URI);
	assert_true(text_has(pk_str(s.why.detail), "not localhost"));
	s.dialect.redirect_rules = (struct pk_list){{PK_STR("no-such-rule")}, 1};
	assert_err(pk_redirect_uris_check(&s.dialect, &uri, 1, &s.why), PK_ERR_DIALECT_VALUE);
}

static void a_rule_has_the_argument_that_it_takes(void **state)
{
	(void)state;
	assert_true(pk_redirect_rule_exists(PK_STR("max-length:511")));
	assert_true(pk_redirect_rule_exists(PK_STR("https")));
	assert_false(pk_redirect_rule_exists(PK_STR("max-length")));
	assert_false(pk_redirect_rule_exists(PK_STR("max-length:")));
	assert_false(pk_redirect_rule_exists(PK_STR("max-length:many")));
	assert_false(pk_redirect_rule_exists(PK_STR("max-length:-1")));
	assert_false(pk_redirect_rule_exists(PK_STR("https:1")));
	assert_false(pk_redirect_rule_exists(PK_STR("")));
}

static void loopback_hosts(void **state)
{
	static const char *const loopback[] = {
		"http://localhost",        "http://localhost:8080/x", "http://127.0.0.1",
		"http://127.255.255.255/", "https://[::1]:1/?a#b",
	};
	/* A browser reads 0127 as octal: that is 87.0.0.1, a host of somebody else. */
	static const char *const elsewhere[] = {
		"http://0127.0.0.1/",
		"http://127.0.0.01/",
		"http://127.1/",
		"http://2130706433/",
		"http://127.0.0.1./",
		"http://127.0.0.1.evil.example/",
		"http://127.0.0.256/",
		"http://localhost@evil.example/",
		"http://evil.example\\@localhost/",
		"http://localhost.evil.example/",
		"http://[::1].evil.example/",
		"http://[::1/",
		"http://[::ffff:127.0.0.1]/",
		"ftp://localhost/",
		"localhost",
		"http://",
		"http:///localhost",
		"http://%6cocalhost/",
		"http://localhost%00.evil.example/",
		"http://128.0.0.1/",
		"http:// localhost/",
		"http://local\thost/",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
		assert_true(pk_uri_is_loopback(pk_str(loopback[i])));
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
		if (pk_uri_is_loopback(pk_str(elsewhere[i])))
			fail_msg("%s is taken for this machine", elsewhere[i]);
	}
	assert_false(pk_uri_is_loopback(pk_str(NULL)));
	assert_false(pk_uri_is_loopback(PK_STR("http://localhost\0.evil.example/")));
}

static void a_uri_comes_apart(void **state)
{
	struct pk_uri uri;

	(void)state;
	assert_true(pk_uri_split(PK_STR("https://[2001:db8::1]:8443/a/b?c=d?e#f#g"), &uri));
	assert_text(uri.scheme, "https");
	assert_text(uri.host, "[2001:db8::1]");
	assert_text(uri.port, "8443");
	assert_text(uri.path, "/a/b");
	assert_text(uri.query, "c=d?e");
	assert_text(uri.fragment, "f#g");
	assert_true(pk_uri_split(PK_STR("http://a"), &uri));
	assert_text(uri.path, "");
	assert_not_given(uri.port);
	assert_not_given(uri.query);
	assert_not_given(uri.fragment);
	assert_true(pk_uri_split(PK_STR("http://a:?#"), &uri));
	assert_non_null(uri.port.ptr);
	assert_non_null(uri.query.ptr);
	assert_non_null(uri.fragment.ptr);
	assert_false(pk_uri_split(PK_STR("1http://a/"), &uri));
	assert_false(pk_uri_split(PK_STR("://a/"), &uri));
	assert_false(pk_uri_split(PK_STR("http://:80/"), &uri));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(web_at_most_10_uris),
		cmocka_unit_test(web_fewer_than_512_characters),
		cmocka_unit_test(web_absolute),
		cmocka_unit_test(web_begins_with_https),
		cmocka_unit_test(web_static_without_parameters),
		cmocka_unit_test(web_without_a_fragment),
		cmocka_unit_test(one_bad_uri_among_good_ones_is_found),
		cmocka_unit_test(desktop_is_this_machine_with_a_port),
		cmocka_unit_test(rfc_is_https_or_loopback),
		cmocka_unit_test(the_rules_that_no_dialect_here_uses),
		cmocka_unit_test(a_rule_has_the_argument_that_it_takes),
		cmocka_unit_test(loopback_hosts),
		cmocka_unit_test(a_uri_comes_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
