/* The token request: what RFC 6749 4.1.3 and RFC 7636 4.5 say, byte by byte, and codes that are not
 * this login's. */
#include "setting.h"

#include "base/text.h"

static const struct pk_verifier verifier = {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", 43};
static const struct pk_secret no_secret = {{NULL, 0}};

/* C-07, C-20, C-23 */
static void a_public_client_at_rfc7636(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(pk_token_request(&s.arena, &s.login, no_secret, setting_code(&s), &verifier,
				    &request, &s.why),
		   PK_OK);
	assert_string_equal(request.method, "POST");
	assert_text(request.url, "https://login.example.com/token");
	assert_text(
		request.body,
		"grant_type=authorization_code&code=c0de%2A1%21"
		"&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback"
		"&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&client_id=client-1");
	assert_int_equal(request.header_count, 2);
}

/* The code was decoded once and is encoded once: real ones end in *1!. */
static void the_code_goes_out_as_it_came_in(void **state)
{
	const struct pk_grant_code *code;
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.callback_issuer = false;
	assert_err(pk_callback(&s.arena, &s.login, PK_STR(STATE),
			       PK_STR("state=" STATE "&code=a%252Fb%2Bc+d%26e%3Df%C3%A4"), &code,
			       NULL, &s.why),
		   PK_OK);
	assert_err(
		pk_token_request(&s.arena, &s.login, no_secret, code, &verifier, &request, &s.why),
		PK_OK);
	assert_true(text_has(request.body, "&code=a%252Fb%2Bc%20d%26e%3Df%C3%A4&"));
}

/* C-19: RFC 6749 4.1.3: "their values MUST be identical" */
static void the_redirect_uri_is_the_same_both_times(void **state)
{
	static const char *const uris[] = {
		"https://app.example.com",          "https://app.example.com/",
		"https://app.example.com/a%2Fb",    "https://app.example.com:443/cb?x=%20y",
		"https://app.example.com/\xc3\xa4",
	};
	char memory[2048];
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		struct pk_buf url = pk_buf(memory, sizeof(memory));
		struct pk_http_request request;
		struct pk_challenge challenge;

		s.login.redirect_uri = pk_str(uris[i]);
		pk_challenge_make(&verifier, PK_CHALLENGE_BASE64URL, &challenge);
		assert_err(pk_authorize_url(&s.login, PK_STR(STATE), (struct pk_str){0}, &challenge,
					    &url, &s.why),
			   PK_OK);
		assert_err(pk_token_request(&s.arena, &s.login, no_secret, setting_code(&s),
					    &verifier, &request, &s.why),
			   PK_OK);

		struct pk_str sent = pk_buf_str(&url), repeated = request.body;
		const char *const first = memmem(sent.ptr, sent.len, "redirect_uri=", 13);
		const char *const second = memmem(repeated.ptr, repeated.len, "redirect_uri=", 13);

		assert_non_null(first);
		assert_non_null(second);
		sent = pk_str_from(sent, (size_t)(first - sent.ptr));
		repeated = pk_str_from(repeated, (size_t)(second - repeated.ptr));
		assert_true(pk_str_equal(pk_str_cut(&sent, '&'), pk_str_cut(&repeated, '&')));
	}
}

static void without_a_verifier_there_is_no_request(void **state)
{
	const struct pk_verifier wiped = {{0}, 0};
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");

	const struct pk_grant_code *code = setting_code(&s);

	assert_err(pk_token_request(&s.arena, &s.login, no_secret, code, NULL, &request, &s.why),
		   PK_ERR_VERIFIER_MISSING);
	assert_err(pk_token_request(&s.arena, &s.login, no_secret, code, &wiped, &request, &s.why),
		   PK_ERR_VERIFIER_MISSING);
}

/* C-08 */
static void no_verifier_is_sent_where_no_challenge_was(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.pkce = PK_PKCE_OFF;
	assert_err(pk_token_request(&s.arena, &s.login, no_secret, setting_code(&s), &verifier,
				    &request, &s.why),
		   PK_OK);
	assert_false(text_has(request.body, "code_verifier"));
}

/* C-15: RFC 9700 4.4, mix-up: a code is redeemed where its callback belongs and nowhere else. */
static void a_code_of_another_login_is_not_redeemed(void **state)
{
	struct pk_http_request request;
	struct setting s, other;

	(void)state;
	setting_make(&s, "rfc7636");
	setting_make(&other, "tiktok");
	assert_err(pk_token_request(&s.arena, &s.login, no_secret, setting_code(&other), &verifier,
				    &request, &s.why),
		   PK_ERR_ISSUER_MISMATCH);
}

/* C-22 */
static void secrets_are_in_no_url(void **state)
{
	static const char *const dialects[] = {"rfc7636", "genesys", "tiktok", "tiktok-desktop"};

	(void)state;
	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
		struct pk_http_request request;
		struct setting s;

		setting_make(&s, dialects[i]);
		assert_err(pk_token_request(&s.arena, &s.login,
					    (struct pk_secret){PK_STR("secret-1")},
					    setting_code(&s), &verifier, &request, &s.why),
			   PK_OK);
		assert_false(text_has(request.url, "secret-1"));
		assert_false(text_has(request.url, "c0de"));
		assert_false(text_has(request.url, "?"));
	}
}

static void a_full_arena_has_evidence(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");

	const struct pk_grant_code *code = setting_code(&s);

	s.arena.cap = s.arena.used + 100;
	assert_err(
		pk_token_request(&s.arena, &s.login, no_secret, code, &verifier, &request, &s.why),
		PK_ERR_NO_SPACE);
	assert_err(s.why.err, PK_ERR_NO_SPACE);
	assert_true(strlen(s.why.detail) > 0);
}

static enum pk_err refresh(struct setting *s, const char *token, struct pk_http_request *ret)
{
	s->arena.used = 0;
	return pk_refresh_request(&s->arena, &s->login, no_secret,
				  (struct pk_secret){pk_str(token)}, ret, &s->why);
}

/* C-34: RFC 6749 6: neither code, verifier nor redirect URI belong in it. */
static void a_refresh(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(refresh(&s, "r&1", &request), PK_OK);
	assert_string_equal(request.method, "POST");
	assert_text(request.url, "https://login.example.com/token");
	assert_text(request.body,
		    "grant_type=refresh_token&refresh_token=r%261&client_id=client-1");
	assert_err(refresh(&s, "", &request), PK_ERR_ARGUMENT);
	assert_string_equal(s.why.parameter, "refresh_token");
}

static void a_refresh_in_the_dialects_way(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.refresh_url = PK_STR("https://{host}/refresh");
	s.dialect.refresh_scope = true;
	s.dialect.scope_separator = PK_STR(",");
	assert_err(refresh(&s, "r", &request), PK_OK);
	assert_text(request.url, "https://login.example.com/refresh");
	assert_text(request.body, "grant_type=refresh_token&refresh_token=r"
				  "&scope=openid%2Cprofile&client_id=client-1");
	s.login.scopes.count = 0;
	assert_err(refresh(&s, "r", &request), PK_OK);
	assert_false(text_has(request.body, "scope"));
	s.dialect.token_request = PK_REQUEST_QUERY;
	assert_err(refresh(&s, "r", &request), PK_OK);
	assert_text(request.url, "https://login.example.com/refresh?grant_type=refresh_token"
				 "&refresh_token=r&client_id=client-1");
	assert_string_equal(request.method, "GET");
}

static void a_refresh_in_a_full_arena(void **state)
{
	struct pk_http_request request = {.method = "untouched"};
	struct setting s;
	size_t cap = 0;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.refresh_scope = true;
	for (enum pk_err err = PK_ERR_NO_SPACE; err != PK_OK; cap++) {
		assert_true(cap < 400);
		s.arena = pk_arena(s.memory, cap);
		err = refresh(&s, "r", &request);
		if (err == PK_OK)
			break;
		assert_err(err, PK_ERR_NO_SPACE);
		assert_err(s.why.err, PK_ERR_NO_SPACE);
		assert_string_equal(request.method, "untouched");
	}
}

static void no_verifier_is_sent_where_pkce_is_refused(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.pkce = PK_PKCE_REFUSED;
	assert_err(pk_token_request(&s.arena, &s.login, no_secret, setting_code(&s), &verifier,
				    &request, &s.why),
		   PK_OK);
	assert_false(text_has(request.body, "code_verifier"));
	assert_err(pk_token_request(&s.arena, &s.login, no_secret, setting_code(&s), NULL, &request,
				    &s.why),
		   PK_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_public_client_at_rfc7636),
		cmocka_unit_test(the_code_goes_out_as_it_came_in),
		cmocka_unit_test(the_redirect_uri_is_the_same_both_times),
		cmocka_unit_test(without_a_verifier_there_is_no_request),
		cmocka_unit_test(no_verifier_is_sent_where_no_challenge_was),
		cmocka_unit_test(a_code_of_another_login_is_not_redeemed),
		cmocka_unit_test(secrets_are_in_no_url),
		cmocka_unit_test(a_full_arena_has_evidence),
		cmocka_unit_test(a_refresh),
		cmocka_unit_test(a_refresh_in_the_dialects_way),
		cmocka_unit_test(a_refresh_in_a_full_arena),
		cmocka_unit_test(no_verifier_is_sent_where_pkce_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
