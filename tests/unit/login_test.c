/* Whether a configured login can work, and where its endpoints are. */
#include "setting.h"

#include "base/text.h"
#include "protocol/login.h"

static void every_built_in_dialect_makes_a_login(void **state)
{
	size_t count = 0;

	(void)state;
	for (const char *name; (name = pk_dialect_name(count)); count++) {
		struct setting s;

		setting_make(&s, name);
		assert_err(pk_login_check(&s.login, &s.why), PK_OK);
	}
	assert_true(count >= 4);
}

static void assert_endpoint(struct setting *s, const char *url, const char *want)
{
	char memory[256];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	assert_err(pk_endpoint_write(&s->login, pk_str(url), &out, &s->why), PK_OK);
	assert_text(pk_buf_str(&out), want);
}

static enum pk_err endpoint(struct setting *s, const char *url)
{
	char memory[256];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	return pk_endpoint_write(&s->login, pk_str(url), &out, &s->why);
}

static void variables_are_filled_in(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "genesys");
	assert_endpoint(&s, "https://a.{region}/{host}/x",
			"https://a.mypurecloud.com/login.example.com/x");
	s.login.region = PK_STR("mypurecloud.ie");
	assert_endpoint(&s, "{region}{region}", "mypurecloud.iemypurecloud.ie");
	s.dialect.tenant = PK_STR("demo");
	assert_endpoint(&s, "https://{tenant}.example/realms/{tenant}",
			"https://demo.example/realms/demo");
	s.login.tenant = PK_STR("Team_1.~-");
	assert_endpoint(&s, "/{tenant}/", "/Team_1.~-/");
}

/* To be discovered, or not there at all. */
static void an_endpoint_that_there_is_not_is_not_written(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(endpoint(&s, ""), PK_ERR_ARGUMENT);
	s.login.sandbox = PK_STR("http://127.0.0.1:9400");
	assert_err(endpoint(&s, ""), PK_ERR_ARGUMENT);
}

/* The tenant stands in the URL that gets the code and the secret. */
static void a_tenant_cannot_lead_elsewhere(void **state)
{
	static const char *const tenants[] = {
		".",
		"..",
		"a/b",
		"a?b",
		"a#b",
		"a b",
		"a%2fb",
		"a\\b",
		"a\nb",
		"{region}",
		"evil.example:1",
		"\xc3\xa4",
		"12345678901234567890123456789012345678901234567890123456789012345",
	};
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.tenant = PK_STR("demo");
	for (size_t i = 0; i < sizeof(tenants) / sizeof(tenants[0]); i++) {
		s.login.tenant = pk_str(tenants[i]);
		assert_err(pk_login_check(&s.login, &s.why), PK_ERR_VARIABLE_REFUSED);
		assert_string_equal(s.why.parameter, "tenant");
		assert_err(endpoint(&s, "https://a.example/{tenant}"), PK_ERR_VARIABLE_REFUSED);
	}
	s.login.tenant = PK_STR("1234567890123456789012345678901234567890123456789012345678901234");
	assert_err(pk_login_check(&s.login, &s.why), PK_OK);
}

static void a_tenant_where_there_are_none_is_refused(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	s.login.tenant = PK_STR("demo");
	assert_err(pk_login_check(&s.login, &s.why), PK_ERR_VARIABLE_REFUSED);
	assert_string_equal(s.why.parameter, "tenant");
}

static void assert_issuer(struct setting *s, const char *want)
{
	char memory[256];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	assert_err(pk_issuer_write(&s->login, &out, &s->why), PK_OK);
	assert_text(pk_buf_str(&out), want);
}

static void the_issuer_is_the_dialects_and_then_the_logins(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "genesys");
	s.dialect.issuer = PK_STR("");
	assert_issuer(&s, "");
	s.login.issuer = PK_STR("https://a.example/x");
	assert_issuer(&s, "https://a.example/x");
	s.dialect.issuer = PK_STR("https://{host}/realms/{tenant}/");
	s.dialect.tenant = PK_STR("demo");
	assert_issuer(&s, "https://login.example.com/realms/demo/");
	/* Only the token says which tenant its person is of. */
	s.dialect.issuer = PK_STR("https://b.example/{tenantid}/v2.0");
	assert_issuer(&s, "https://b.example/{tenantid}/v2.0");
}

static void the_sandbox_is_an_issuer_of_its_own(void **state)
{
	static const char *const rows[][2] = {
		{"https://{host}", "http://127.0.0.1:9400/genesys"},
		{"https://{host}/", "http://127.0.0.1:9400/genesys/"},
		{"https://a.example/realms/{tenant}", "http://127.0.0.1:9400/genesys/realms/demo"},
		{"https://a.example/{tenantid}/v2.0", "http://127.0.0.1:9400/genesys/demo/v2.0"},
		{"http://127.0.0.1:9400/other/x", "http://127.0.0.1:9400/other/x"},
		{"http://127.0.0.1:94001/x", "http://127.0.0.1:9400/genesys/x"},
	};
	struct setting s;

	(void)state;
	setting_make(&s, "genesys");
	s.login.host = pk_str(NULL);
	s.login.sandbox = PK_STR("http://127.0.0.1:9400");
	s.dialect.tenant = PK_STR("demo");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s.dialect.issuer = pk_str(rows[i][0]);
		assert_issuer(&s, rows[i][1]);
	}
}

/* RFC 8414 2 and OpenID Connect Discovery 1.0 3: what is asked for metadata must be an issuer. */
static void an_issuer_that_is_none_is_refused(void **state)
{
	static const char *const issuers[] = {
		"a.example",
		"http://a.example",
		"https://a.example/?x",
		"https://a.example/#x",
		"https://u@a.example",
		"https://{host}/",
		"javascript://a/",
		"https://a.example/ ",
	};
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++) {
		s.login.issuer = pk_str(issuers[i]);
		assert_err(pk_login_check(&s.login, &s.why), PK_ERR_VARIABLE_REFUSED);
		assert_string_equal(s.why.parameter, "issuer");
	}
	s.login.issuer = PK_STR("http://127.0.0.1:9400/keycloak/realms/demo");
	assert_err(pk_login_check(&s.login, &s.why), PK_OK);
}

/* A dialect without endpoints is a login once it has an issuer to ask. */
static void a_login_to_be_discovered_needs_its_issuer(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.discovery_url = PK_STR("{issuer}/.well-known/openid-configuration");
	s.dialect.authorize_url = s.dialect.token_url = s.dialect.userinfo_url = PK_STR("");
	s.dialect.issuer = PK_STR("");
	assert_err(pk_login_check(&s.login, &s.why), PK_ERR_VARIABLE_MISSING);
	assert_string_equal(s.why.parameter, "issuer");
	s.login.issuer = PK_STR("https://login.example.com");
	assert_err(pk_login_check(&s.login, &s.why), PK_OK);
}

static void scopes_that_the_provider_insists_on_are_asked_for(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.scopes_required = (struct pk_list){{PK_STR("email")}, 1};
	assert_err(pk_login_check(&s.login, &s.why), PK_ERR_ARGUMENT);
	assert_string_equal(s.why.parameter, "scopes");
	s.login.scopes.item[1] = PK_STR("email");
	assert_err(pk_login_check(&s.login, &s.why), PK_OK);
}

static void a_missing_host_is_named(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.login.host = pk_str(NULL);
	assert_err(pk_login_check(&s.login, &s.why), PK_ERR_VARIABLE_MISSING);
	assert_string_equal(s.why.parameter, "host");
}

/* The host stands in the URL that gets the code and the secret. */
static void a_host_cannot_lead_elsewhere(void **state)
{
	static const char *const hosts[] = {"user@evil.example",
					    "evil.example/",
					    "evil.example#",
					    "evil.example?a=",
					    "a b",
					    "a\r\nb",
					    "a\\b",
					    "{region}",
					    "[::1]",
					    "\xc3\xa4.example"};
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		s.login.host = pk_str(hosts[i]);
		assert_err(pk_login_check(&s.login, &s.why), PK_ERR_VARIABLE_REFUSED);
		assert_string_equal(s.why.parameter, "host");
	}
	s.login.host = PK_STR("login.example.com:8443");
	assert_err(pk_login_check(&s.login, &s.why), PK_OK);
}

static void an_unknown_region_is_refused_with_the_known_ones(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "genesys");
	s.login.region = PK_STR("evil.example");
	assert_err(pk_login_check(&s.login, &s.why), PK_ERR_VARIABLE_REFUSED);
	assert_true(text_has(pk_str(s.why.detail), "mypurecloud.com"));
	s.login.sandbox = PK_STR("http://127.0.0.1:9400");
	assert_err(pk_login_check(&s.login, &s.why), PK_ERR_VARIABLE_REFUSED);
}

static void a_region_where_there_are_none_is_refused(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	s.login.region = PK_STR("eu");
	assert_err(pk_login_check(&s.login, &s.why), PK_ERR_VARIABLE_REFUSED);
	assert_string_equal(s.why.parameter, "region");
}

static void a_dialect_whose_endpoint_makes_no_sense_is_refused(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.tenant = PK_STR("");
	assert_err(endpoint(&s, "https://{tenant}/x"), PK_ERR_DIALECT_INCOMPLETE);
	assert_err(endpoint(&s, "https://{realm}/x"), PK_ERR_DIALECT_VALUE);
	assert_err(endpoint(&s, "https://{host"), PK_ERR_DIALECT_VALUE);
	assert_err(endpoint(&s, "https://{region}/"), PK_ERR_DIALECT_INCOMPLETE);
}

/* An empty region once made the writer stand still for ever. */
static void an_empty_region_ends(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.regions = (struct pk_list){{PK_STR("")}, 1};
	assert_endpoint(&s, "https://a{region}/x", "https://a/x");
}

static void at_the_sandbox_everything_is_under_the_dialects_name(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "genesys");
	s.login.sandbox = PK_STR("http://127.0.0.1:9400");
	assert_endpoint(&s, "https://login.{region}/oauth/token",
			"http://127.0.0.1:9400/genesys/oauth/token");
	assert_endpoint(&s, "https://host", "http://127.0.0.1:9400/genesys/");
	s.login.host = pk_str(NULL);
	s.dialect.tenant = PK_STR("demo");
	assert_endpoint(&s, "https://{host}/realms/{tenant}/token",
			"http://127.0.0.1:9400/genesys/realms/demo/token");
	s.login.tenant = PK_STR("other");
	assert_endpoint(&s, "https://{host}/realms/{tenant}/token",
			"http://127.0.0.1:9400/genesys/realms/other/token");
	/* Discovered there. */
	assert_endpoint(&s, "http://127.0.0.1:9400/keycloak/token",
			"http://127.0.0.1:9400/keycloak/token");
	assert_endpoint(&s, "http://127.0.0.1:94001/token", "http://127.0.0.1:9400/genesys/token");
}

static void a_loopback_redirect_uri_will_do_at_the_sandbox(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	s.login.redirect_uri = PK_STR("http://127.0.0.1:8080/callback");
	assert_err(pk_login_check(&s.login, &s.why), PK_ERR_REDIRECT_URI);
	s.login.sandbox = PK_STR("http://127.0.0.1:9400");
	assert_err(pk_login_check(&s.login, &s.why), PK_OK);
	s.login.redirect_uri = PK_STR("http://app.example.com/callback");
	assert_err(pk_login_check(&s.login, &s.why), PK_ERR_REDIRECT_URI);
}

static void a_redirect_uri_is_needed_whatever_the_rules(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.redirect_rules.count = 0;
	s.login.redirect_uri = PK_STR("");
	assert_err(pk_login_check(&s.login, &s.why), PK_ERR_REDIRECT_URI);
}

static void a_client_id_is_needed(void **state)
{
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	s.login.client_id = PK_STR("");
	assert_err(pk_login_check(&s.login, &s.why), PK_ERR_ARGUMENT);
	assert_true(text_has(pk_str(s.why.detail), "client_key"));
}

static void scopes_are_single_words(void **state)
{
	static const char *const scopes[] = {"a,b", "a b", "a\n", ""};
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		s.login.scopes.item[1] = pk_str(scopes[i]);
		assert_err(pk_login_check(&s.login, &s.why), PK_ERR_ARGUMENT);
		assert_string_equal(s.why.parameter, "scopes");
	}
}

static void an_endless_endpoint_is_refused(void **state)
{
	static char url[2000];
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	memset(url, 'a', sizeof(url));
	memcpy(url, "https://", 8);
	s.dialect.userinfo_url = (struct pk_str){url, sizeof(url)};
	assert_err(pk_login_check(&s.login, &s.why), PK_ERR_NO_SPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_built_in_dialect_makes_a_login),
		cmocka_unit_test(variables_are_filled_in),
		cmocka_unit_test(an_endpoint_that_there_is_not_is_not_written),
		cmocka_unit_test(a_tenant_cannot_lead_elsewhere),
		cmocka_unit_test(a_tenant_where_there_are_none_is_refused),
		cmocka_unit_test(the_issuer_is_the_dialects_and_then_the_logins),
		cmocka_unit_test(the_sandbox_is_an_issuer_of_its_own),
		cmocka_unit_test(an_issuer_that_is_none_is_refused),
		cmocka_unit_test(a_login_to_be_discovered_needs_its_issuer),
		cmocka_unit_test(scopes_that_the_provider_insists_on_are_asked_for),
		cmocka_unit_test(a_missing_host_is_named),
		cmocka_unit_test(a_host_cannot_lead_elsewhere),
		cmocka_unit_test(an_unknown_region_is_refused_with_the_known_ones),
		cmocka_unit_test(a_region_where_there_are_none_is_refused),
		cmocka_unit_test(a_dialect_whose_endpoint_makes_no_sense_is_refused),
		cmocka_unit_test(an_empty_region_ends),
		cmocka_unit_test(at_the_sandbox_everything_is_under_the_dialects_name),
		cmocka_unit_test(a_loopback_redirect_uri_will_do_at_the_sandbox),
		cmocka_unit_test(a_redirect_uri_is_needed_whatever_the_rules),
		cmocka_unit_test(a_client_id_is_needed),
		cmocka_unit_test(scopes_are_single_words),
		cmocka_unit_test(an_endless_endpoint_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
