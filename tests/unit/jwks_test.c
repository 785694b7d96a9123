/* Fetching the provider's keys; jose_test.c has which of them signs. */
#include "setting.h"

static enum pk_err read(struct setting *s, int status, const char *body, struct pk_str *ret)
{
	const struct pk_http_reply reply = {status, PK_STR("text/plain"), pk_str(body)};
	const enum pk_err err = pk_jwks_reply(&reply, ret, &s->why);

	if (err != PK_OK) {
		assert_err(s->why.err, err);
		assert_int_equal(s->why.status, status);
	}
	return err;
}

static void the_request(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.jwks_url = PK_STR("https://{host}/keys");
	assert_err(pk_jwks_request(&s.arena, &s.login, &request, &s.why), PK_OK);
	assert_string_equal(request.method, "GET");
	assert_text(request.url, "https://login.example.com/keys");
	assert_not_given(request.body);
	s.login.sandbox = PK_STR("http://127.0.0.1:9400");
	assert_err(pk_jwks_request(&s.arena, &s.login, &request, &s.why), PK_OK);
	assert_text(request.url, "http://127.0.0.1:9400/rfc7636/keys");
	s.arena = pk_arena(s.memory, 4);
	assert_err(pk_jwks_request(&s.arena, &s.login, &request, &s.why), PK_ERR_NO_SPACE);
	s.dialect.jwks_url = PK_STR("");
	assert_err(pk_jwks_request(&s.arena, &s.login, &request, &s.why), PK_ERR_ARGUMENT);
	assert_string_equal(s.why.parameter, "jwks_url");
}

static void the_reply(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum pk_err want;
	} rows[] = {
		{200, "{\"keys\":[{}]}", PK_OK},
		{200, "{\"keys\":[]}", PK_ERR_REPLY_INCOMPLETE},
		{200, "{\"keys\":{\"a\":1}}", PK_ERR_REPLY_INCOMPLETE},
		{200, "{}", PK_ERR_REPLY_INCOMPLETE},
		{200, "[]", PK_ERR_REPLY_NOT_OAUTH},
		{200, "<html>", PK_ERR_REPLY_NOT_OAUTH},
		{200, "", PK_ERR_REPLY_NOT_OAUTH},
		{200, "{\"keys\":[{}],\"keys\":[{}]}", PK_ERR_REPLY_NOT_OAUTH},
		{302, "{\"keys\":[{}]}", PK_ERR_PROVIDER_REFUSED},
		{404, "", PK_ERR_PROVIDER_REFUSED},
	};
	struct pk_str keys = {0};
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_err(read(&s, rows[i].status, rows[i].body, &keys), rows[i].want);
	assert_text(keys, "{\"keys\":[{}]}");
	assert_err(read(&s, 500, "{\"error\":\"server_error\",\"error_description\":\"a\\nb\"}",
			&keys),
		   PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_error, "server_error");
	assert_string_equal(s.why.provider_text, "a?b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_request),
		cmocka_unit_test(the_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
