/* Revocation requests (RFC 7009 2.1) in each dialect's way. */
#include "setting.h"

#include "base/text.h"

static enum pk_err revoke(struct setting *s, const char *secret, struct pk_http_request *ret)
{
	return pk_revoke_request(&s->arena, &s->login, (struct pk_secret){pk_str(secret)},
				 (struct pk_secret){PK_STR("to&ken")}, ret, &s->why);
}

static void the_token_and_the_clients_proof(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(revoke(&s, "pw", &request), PK_OK);
	assert_string_equal(request.method, "POST");
	assert_text(request.url, "https://login.example.com/revoke");
	assert_text(request.body, "token=to%26ken");
	assert_int_equal(request.header_count, 3);
	assert_err(revoke(&s, NULL, &request), PK_OK);
	assert_text(request.body, "token=to%26ken&client_id=client-1");
	setting_make(&s, "tiktok");
	assert_err(revoke(&s, "pw", &request), PK_OK);
	assert_text(request.body, "token=to%26ken&client_key=client-1&client_secret=pw");
	assert_err(revoke(&s, NULL, &request), PK_ERR_SECRET_MISSING);
}

static void the_parameter_is_the_dialects(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.revoke_token_parameter = PK_STR("access_token");
	assert_err(revoke(&s, NULL, &request), PK_OK);
	assert_true(pk_str_starts(request.body, PK_STR("access_token=to%26ken")));
}

static void a_dialect_without_revocation_says_so(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "genesys");
	assert_err(revoke(&s, "pw", &request), PK_ERR_ARGUMENT);
	assert_string_equal(s.why.parameter, "revoke_url");
	assert_false(text_has(pk_str(s.why.detail), "to&ken"));
}

static void a_token_that_is_its_own_proof(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	s.dialect.revoke_auth = PK_REVOKE_AUTH_BEARER;
	assert_err(revoke(&s, "pw", &request), PK_OK);
	assert_string_equal(request.method, "POST");
	assert_text(request.url, "https://open.tiktokapis.com/v2/oauth/revoke/");
	assert_text(request.body, "");
	assert_int_equal(request.header_count, 2);
	assert_text(request.header[1], "Authorization: Bearer to&ken");
	/* It needs no secret, and a token that could end the line is none. */
	assert_err(revoke(&s, NULL, &request), PK_OK);
	assert_err(pk_revoke_request(&s.arena, &s.login, (struct pk_secret){0},
				     (struct pk_secret){PK_STR("a\r\nX: 1")}, &request, &s.why),
		   PK_ERR_REPLY_INCOMPLETE);
}

static enum pk_err answered(struct setting *s, int status, const char *body)
{
	const struct pk_http_reply reply = {.status = status, .body = pk_str(body)};

	return pk_revoke_reply(&s->login, &reply, &s->why);
}

/* RFC 7009 2.2: 200, and nothing else, for a token that is not known too; 2.2.1: 503 is an error.
 * Some providers say no with 200. */
static void what_the_provider_says_to_it(void **state)
{
	static const char *const yes[] = {
		"", "{}", "null", "[]", "<html>", "{\"data\":{}}", "{\"error\":{\"code\":\"ok\"}}"};
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_err(answered(&s, 200, yes[i]), PK_OK);
	for (int status = 201; status < 600; status++)
		assert_err(answered(&s, status, "{}"), PK_ERR_PROVIDER_REFUSED);
	assert_int_equal(s.why.status, 599);
	assert_err(
		answered(&s, 200, "{\"error\":\"invalid_request\",\"error_description\":\"No.\"}"),
		PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_error, "invalid_request");
	assert_string_equal(s.why.provider_text, "No.");
	s.dialect.ok_at = PK_STR("/ok");
	assert_err(answered(&s, 200, "{\"ok\":true}"), PK_OK);
	assert_err(answered(&s, 200, "{\"ok\":false,\"error\":\"not_authed\"}"),
		   PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_error, "not_authed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_token_and_the_clients_proof),
		cmocka_unit_test(the_parameter_is_the_dialects),
		cmocka_unit_test(a_dialect_without_revocation_says_so),
		cmocka_unit_test(a_token_that_is_its_own_proof),
		cmocka_unit_test(what_the_provider_says_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
