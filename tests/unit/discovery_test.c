/* Discovery: where the metadata is, and which of it makes a dialect. */
#include "setting.h"

#include <stdio.h>
#include <stdlib.h>

#define ISSUER "https://login.example.com/t-1"

struct trial {
	struct setting s;
	struct pk_dialect found;
};

/* A login that knows nothing but its issuer. */
static void make(struct trial *t)
{
	static const char dialect[] =
		"title = \"Any\"\n"
		"source = \"a test\"\n"
		"checked = \"2026-11-21\"\n"
		"discovery_url = \"{issuer}/.well-known/openid-configuration\"\n"
		"client_auth = {\"basic\", \"none\"}\n"
		"pkce = \"required\"\n"
		"redirect_rules = {\"https-or-loopback\"}\n"
		"userinfo_email = \"/email\"\n"
		"userinfo_email_verified = \"/email_verified\"\n";

	setting_make(&t->s, "rfc7636");
	assert_err(pk_dialect_parse(PK_STR("any"), pk_str(dialect), &t->s.dialect, &t->s.why),
		   PK_OK);
	t->s.login.issuer = PK_STR(ISSUER);
	t->s.login.scopes = (struct pk_list){{PK_STR("openid")}, 1};
}

/* The members that a provider usually has; `changed` takes the place of the one of that name, or is
 * added, or, without a value, takes it away. */
static enum pk_err with(struct trial *t, const char *changed)
{
	static const char *const usual[] = {
		"\"issuer\":\"" ISSUER "\"",
		"\"authorization_endpoint\":\"https://login.example.com/t-1/auth\"",
		"\"token_endpoint\":\"https://login.example.com/t-1/token\"",
		"\"userinfo_endpoint\":\"https://login.example.com/t-1/me\"",
		"\"jwks_uri\":\"https://login.example.com/t-1/keys\"",
		"\"response_types_supported\":[\"code\",\"id_token\"]",
		"\"subject_types_supported\":[\"public\"]",
		"\"id_token_signing_alg_values_supported\":[\"PS256\",\"ES256\",\"RS256\"]",
		"\"code_challenge_methods_supported\":[\"plain\",\"S256\"]",
	};
	const size_t name = strcspn(changed, ":");
	char body[16384] = "{";

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!changed[0] || strncmp(usual[i], changed, name) != 0)
			strcat(strcat(body, usual[i]), ",");
	if (changed[0] && changed[name])
		strcat(strcat(body, changed), ",");
	body[strlen(body) - 1] = '}';

	const struct pk_http_reply reply = {200, PK_STR("application/json"), pk_str(body)};

	t->s.arena.used = 0;
	memset(&t->s.why, 0x55, sizeof(t->s.why));

	const enum pk_err err =
		pk_discovery_reply(&t->s.arena, &t->s.login, &reply, &t->found, &t->s.why);

	if (err != PK_OK) {
		assert_err(t->s.why.err, err);
		assert_int_equal(t->s.why.status, 200);
	}
	return err;
}

static void assert_asks(struct trial *t, enum pk_well_known where, const char *url)
{
	struct pk_http_request request;

	assert_err(pk_discovery_request(&t->s.arena, &t->s.login, where, &request, &t->s.why),
		   PK_OK);
	assert_string_equal(request.method, "GET");
	assert_text(request.url, url);
	assert_not_given(request.body);
}

/* C-36: RFC 8414 3.1 and 5: one puts its path before the issuer's, the other behind. */
static void where_it_is(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	assert_asks(&t, PK_WELL_KNOWN_OPENID, ISSUER "/.well-known/openid-configuration");
	assert_asks(&t, PK_WELL_KNOWN_OAUTH,
		    "https://login.example.com/.well-known/oauth-authorization-server/t-1");
	t.s.login.issuer = PK_STR("https://login.example.com/");
	assert_asks(&t, PK_WELL_KNOWN_OPENID,
		    "https://login.example.com/.well-known/openid-configuration");
	assert_asks(&t, PK_WELL_KNOWN_OAUTH,
		    "https://login.example.com/.well-known/oauth-authorization-server");
	t.s.login.issuer = PK_STR("http://127.0.0.1:9400/a/b");
	assert_asks(&t, PK_WELL_KNOWN_OAUTH,
		    "http://127.0.0.1:9400/.well-known/oauth-authorization-server/a/b");
	t.s.dialect.discovery_url = PK_STR("https://elsewhere.example.com/metadata");
	assert_asks(&t, PK_WELL_KNOWN_OPENID, "https://elsewhere.example.com/metadata");
	t.s.dialect.discovery_url = PK_STR("");
	assert_asks(&t, PK_WELL_KNOWN_OPENID,
		    "http://127.0.0.1:9400/a/b/.well-known/openid-configuration");
}

static void an_issuer_that_is_none(void **state)
{
	static const char *const issuers[] = {
		"http://login.example.com",
		"login.example.com",
		"https://",
		"https://a@b",
		"https://login.example.com?a",
		"https://login.example.com#a",
		"https://a b",
		"ftp://login.example.com",
		"https://{host}",
	};
	struct pk_http_request request;
	struct trial t;

	(void)state;
	make(&t);
	for (size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++) {
		t.s.login.issuer = pk_str(issuers[i]);
		assert_err(pk_discovery_request(&t.s.arena, &t.s.login, PK_WELL_KNOWN_OPENID,
						&request, &t.s.why),
			   PK_ERR_VARIABLE_REFUSED);
		assert_err(with(&t, ""), PK_ERR_VARIABLE_REFUSED);
	}
	t.s.login.issuer = PK_STR("");
	assert_err(pk_discovery_request(&t.s.arena, &t.s.login, PK_WELL_KNOWN_OPENID, &request,
					&t.s.why),
		   PK_ERR_VARIABLE_MISSING);
}

static void what_it_says(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	assert_err(with(&t, "\"pushed_authorization_request_endpoint\":\"https://a/par\","
			    "\"revocation_endpoint\":\"https://a/revoke\","
			    "\"introspection_endpoint\":\"https://a/introspect\","
			    "\"end_session_endpoint\":\"https://a/logout?x=1\","
			    "\"scopes_supported\":[\"openid\",\"email\"],"
			    "\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\","
			    "\"client_secret_post\"],"
			    "\"authorization_response_iss_parameter_supported\":true,"
			    "\"dpop_signing_alg_values_supported\":[\"ES256\"]"),
		   PK_OK);
	assert_text(t.found.title, "Any");
	assert_text(t.found.issuer, ISSUER);
	assert_text(t.found.authorize_url, "https://login.example.com/t-1/auth");
	assert_text(t.found.token_url, "https://login.example.com/t-1/token");
	assert_text(t.found.userinfo_url, "https://login.example.com/t-1/me");
	assert_text(t.found.jwks_url, "https://login.example.com/t-1/keys");
	assert_text(t.found.par_url, "https://a/par");
	assert_text(t.found.revoke_url, "https://a/revoke");
	assert_text(t.found.introspect_url, "https://a/introspect");
	assert_text(t.found.end_session_url, "https://a/logout?x=1");
	assert_text(t.found.userinfo_email_verified, "/email_verified");
	assert_int_equal(t.found.id_token_alg, PK_ID_TOKEN_RS256);
	assert_int_equal(t.found.pkce, PK_PKCE_SENT);
	assert_true(t.found.plain);
	assert_true(t.found.callback_issuer);
	assert_false(t.found.dpop);
	assert_int_equal(t.found.scopes.count, 2);
	assert_text(t.found.scopes.item[1], "email");
	assert_int_equal(t.found.client_auth.count, 2);
	assert_text(t.found.client_auth.item[0], "post");
	assert_text(t.found.client_auth.item[1], "none");
}

/* Where a list is not there, RFC 8414 2 says what that means. */
static void what_it_does_not_say(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	assert_err(with(&t, "\"code_challenge_methods_supported\""), PK_OK);
	assert_int_equal(t.found.pkce, PK_PKCE_SENT);
	assert_text(t.found.challenge_method, "S256");
	assert_false(t.found.plain);
	assert_false(t.found.callback_issuer);
	assert_text(t.found.client_auth.item[0], "basic");
	assert_text(t.found.revoke_url, "");
	assert_err(with(&t, "\"code_challenge_methods_supported\":[]"), PK_OK);
	assert_err(with(&t, "\"response_types_supported\""), PK_OK);
	assert_err(with(&t, "\"userinfo_endpoint\""), PK_OK);
	assert_err(with(&t, "\"id_token_signing_alg_values_supported\":[\"ES256\"]"), PK_OK);
	assert_int_equal(t.found.id_token_alg, PK_ID_TOKEN_ES256);
	/* Whether there are public clients is ours to know. */
	t.s.dialect.client_auth = (struct pk_list){{PK_STR("basic")}, 1};
	assert_err(with(&t, ""), PK_OK);
	assert_int_equal(t.found.client_auth.count, 1);
	assert_err(with(&t, "\"token_endpoint_auth_methods_supported\":[\"none\"]"), PK_OK);
	assert_text(t.found.client_auth.item[0], "none");
}

/* A login without openid needs neither keys nor an algorithm, but still to know who logged in. */
static void without_id_tokens(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	t.s.login.scopes = (struct pk_list){{PK_STR("profile")}, 1};
	assert_err(with(&t, "\"jwks_uri\""), PK_OK);
	assert_int_equal(t.found.id_token_alg, PK_ID_TOKEN_NONE);
	assert_err(with(&t, "\"id_token_signing_alg_values_supported\":[\"HS256\"]"), PK_OK);
	assert_int_equal(t.found.id_token_alg, PK_ID_TOKEN_NONE);
}

/* C-35 */
static void the_issuer_is_the_one_asked(void **state)
{
	static const char *const issuers[] = {"\"issuer\":\"" ISSUER "/\"",
					      "\"issuer\":\"https://login.example.com\"",
					      "\"issuer\":\"https://LOGIN.example.com/t-1\"",
					      "\"issuer\":\"http://login.example.com/t-1\"",
					      "\"issuer\":\"\"",
					      "\"issuer\":\"https://evil.example.com/t-1\""};
	struct trial t;

	(void)state;
	make(&t);
	for (size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++)
		assert_err(with(&t, issuers[i]), PK_ERR_METADATA_ISSUER);
	assert_err(with(&t, "\"issuer\""), PK_ERR_METADATA_INCOMPLETE);
	assert_err(with(&t, "\"issuer\":[\"" ISSUER "\"]"), PK_ERR_METADATA_INCOMPLETE);
}

/* C-05, C-09 */
static void methods_without_s256(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	assert_err(with(&t, "\"code_challenge_methods_supported\":[\"plain\"]"),
		   PK_ERR_METADATA_PKCE);
	assert_err(with(&t, "\"code_challenge_methods_supported\":[\"s256\",\"S512\"]"),
		   PK_ERR_METADATA_PKCE);
	assert_err(with(&t, "\"code_challenge_methods_supported\":\"S256\""),
		   PK_ERR_METADATA_INCOMPLETE);
}

static void what_no_login_can_use(void **state)
{
	static const char *const members[] = {
		"\"authorization_endpoint\"",
		"\"authorization_endpoint\":null",
		"\"authorization_endpoint\":\"\"",
		"\"authorization_endpoint\":\"http://login.example.com/auth\"",
		"\"authorization_endpoint\":\"javascript:alert(1)//\"",
		"\"authorization_endpoint\":\"https://login.example.com/auth#a\"",
		"\"authorization_endpoint\":\"/auth\"",
		"\"authorization_endpoint\":\"https://user@login.example.com/\"",
		"\"token_endpoint\"",
		"\"token_endpoint\":[\"https://a/\"]",
		"\"token_endpoint\":\"https://a/{host}\"",
		"\"token_endpoint\":\"https://a/\\\"\\npkce = \\\"off\"",
		"\"token_endpoint\":\"https://a/\\u0001\"",
		"\"token_endpoint\":\"https://a/ b\"",
		"\"token_endpoint\":\"https://a/\xc3\xa4\"",
		"\"jwks_uri\"",
		"\"jwks_uri\":\"http://login.example.com/keys\"",
		"\"revocation_endpoint\":\"http://login.example.com/revoke\"",
		"\"end_session_endpoint\":1",
		"\"response_types_supported\":[\"token\"]",
		"\"response_types_supported\":\"code\"",
		"\"grant_types_supported\":[\"implicit\"]",
		"\"id_token_signing_alg_values_supported\"",
		"\"id_token_signing_alg_values_supported\":[\"HS256\",\"none\"]",
		"\"scopes_supported\":[\"openid\",\"a\\\"b\"]",
		"\"scopes_supported\":[\"openid\",\"a b\"]",
		"\"scopes_supported\":[1]",
		"\"authorization_response_iss_parameter_supported\":\"true\"",
		"\"token_endpoint_auth_methods_supported\":{}",
	};
	char longest[2000];
	struct trial t;

	(void)state;
	make(&t);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const enum pk_err got = with(&t, members[i]);

		if (got != PK_ERR_METADATA_INCOMPLETE)
			print_error("%s\n", members[i]);
		assert_err(got, PK_ERR_METADATA_INCOMPLETE);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	memcpy(longest, "\"token_endpoint\":\"https://", 26);
	strcpy(longest + sizeof(longest) - 2, "\"");
	assert_err(with(&t, longest), PK_ERR_METADATA_INCOMPLETE);

	t.s.dialect.client_auth = (struct pk_list){{PK_STR("basic")}, 1};
	assert_err(with(&t, "\"token_endpoint_auth_methods_supported\":[\"private_key_jwt\"]"),
		   PK_ERR_METADATA_INCOMPLETE);
	/* Nothing would say who logged in. */
	t.s.login.scopes = (struct pk_list){{PK_STR("profile")}, 1};
	assert_err(with(&t, "\"userinfo_endpoint\""), PK_OK);
	t.s.dialect.client_auth = (struct pk_list){{PK_STR("none")}, 1};
	assert_err(with(&t, "\"jwks_uri\""), PK_OK);
}

static void what_is_no_metadata(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum pk_err want;
	} rows[] = {
		{200, "<html>", PK_ERR_REPLY_NOT_OAUTH},
		{200, "{\"issuer\":\"a\",\"issuer\":\"" ISSUER "\"}", PK_ERR_REPLY_NOT_OAUTH},
		{404, "", PK_ERR_PROVIDER_REFUSED},
	};
	struct trial t;

	(void)state;
	make(&t);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pk_http_reply reply = {rows[i].status, PK_STR("text/html"),
						    pk_str(rows[i].body)};

		assert_err(pk_discovery_reply(&t.s.arena, &t.s.login, &reply, &t.found, &t.s.why),
			   rows[i].want);
		assert_int_equal(t.s.why.status, rows[i].status);
	}
	t.s.arena = pk_arena(t.s.memory, 100);
	assert_err(with(&t, ""), PK_ERR_NO_SPACE);
}

static void a_long_list_of_scopes(void **state)
{
	char scopes[2048] = "\"scopes_supported\":[\"openid\"";
	struct trial t;

	(void)state;
	make(&t);
	for (int i = 0; i < 60; i++)
		(void)snprintf(scopes + strlen(scopes), 16, ",\"s-%d\"", i);
	strcat(scopes, "]");
	assert_err(with(&t, scopes), PK_OK);
	assert_int_equal(t.found.scopes.count, PK_LIST_MAX);
	assert_text(t.found.scopes.item[1], "s-0");
}

/* Processes send each other dialects as text. */
static void it_survives_being_written(void **state)
{
	static char first[65536], second[65536];
	struct pk_buf out = pk_buf(first, sizeof(first)), again = pk_buf(second, sizeof(second));
	struct pk_dialect parsed;
	struct trial t;

	(void)state;
	make(&t);
	assert_err(with(&t, "\"scopes_supported\":[\"openid\",\"a:b/c\"]"), PK_OK);
	pk_dialect_write(&t.found, &out);
	assert_false(out.overflow);
	assert_err(pk_dialect_parse(PK_STR("any"), pk_buf_str(&out), &parsed, &t.s.why), PK_OK);
	pk_dialect_write(&parsed, &again);
	first[out.len] = '\0';
	assert_text(pk_buf_str(&again), first);
	assert_text(parsed.issuer, ISSUER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_it_is),
		cmocka_unit_test(an_issuer_that_is_none),
		cmocka_unit_test(what_it_says),
		cmocka_unit_test(what_it_does_not_say),
		cmocka_unit_test(without_id_tokens),
		cmocka_unit_test(the_issuer_is_the_one_asked),
		cmocka_unit_test(methods_without_s256),
		cmocka_unit_test(what_no_login_can_use),
		cmocka_unit_test(what_is_no_metadata),
		cmocka_unit_test(a_long_list_of_scopes),
		cmocka_unit_test(it_survives_being_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
