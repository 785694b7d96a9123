/* Introspection (RFC 7662): active, or nothing is known. */
#include "setting.h"

static enum pk_err read(struct setting *s, int status, const char *body,
			struct pk_introspection *ret)
{
	const struct pk_http_reply reply = {status, PK_STR("application/json"), pk_str(body)};

	s->arena.used = 0;

	const enum pk_err err = pk_introspect_reply(&s->arena, &reply, ret, &s->why);

	if (err != PK_OK) {
		assert_err(s->why.err, err);
		assert_int_equal(s->why.status, status);
	}
	return err;
}

static void the_request(void **state)
{
	const struct pk_secret secret = {PK_STR("pw")}, token = {PK_STR("to&ken")};
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.introspect_url = PK_STR("https://{host}/introspect");
	assert_err(pk_introspect_request(&s.arena, &s.login, secret, token, &request, &s.why),
		   PK_OK);
	assert_string_equal(request.method, "POST");
	assert_text(request.url, "https://login.example.com/introspect");
	assert_text(request.body, "token=to%26ken");
	assert_err(pk_introspect_request(&s.arena, &s.login, secret, (struct pk_secret){0},
					 &request, &s.why),
		   PK_ERR_ARGUMENT);
	s.dialect.introspect_url = PK_STR("");
	assert_err(pk_introspect_request(&s.arena, &s.login, secret, token, &request, &s.why),
		   PK_ERR_ARGUMENT);
	assert_string_equal(s.why.parameter, "introspect_url");
}

static void the_answer(void **state)
{
	struct pk_introspection found;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(read(&s, 200,
			"{\"active\":true,\"sub\":\"ada\",\"client_id\":\"client-1\","
			"\"scope\":\"a b\",\"exp\":1800000000}",
			&found),
		   PK_OK);
	assert_true(found.active);
	assert_text(found.subject, "ada");
	assert_text(found.client_id, "client-1");
	assert_text(found.scope, "a b");
	assert_int_equal(found.expires_at, 1800000000);
	assert_err(read(&s, 200, "{\"active\":true}", &found), PK_OK);
	assert_true(found.active);
	assert_not_given(found.subject);
	assert_int_equal(found.expires_at, PK_TIME_UNKNOWN);
	/* 2.2: the rest of it says nothing. */
	assert_err(read(&s, 200, "{\"active\":false,\"sub\":\"ada\",\"exp\":\"x\"}", &found),
		   PK_OK);
	assert_false(found.active);
	assert_not_given(found.subject);
	assert_int_equal(found.expires_at, PK_TIME_UNKNOWN);
}

static void what_is_no_answer(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum pk_err want;
	} rows[] = {
		{200, "{}", PK_ERR_REPLY_INCOMPLETE},
		{200, "{\"active\":\"true\"}", PK_ERR_REPLY_INCOMPLETE},
		{200, "{\"active\":1}", PK_ERR_REPLY_INCOMPLETE},
		{200, "{\"active\":null}", PK_ERR_REPLY_INCOMPLETE},
		{200, "{\"active\":true,\"exp\":\"1800000000\"}", PK_ERR_REPLY_INCOMPLETE},
		{200, "{\"active\":false,\"active\":true}", PK_ERR_REPLY_NOT_OAUTH},
		{200, "true", PK_ERR_REPLY_NOT_OAUTH},
		{401, "{\"active\":true}", PK_ERR_PROVIDER_REFUSED},
	};
	struct pk_introspection found = {.active = false};
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_err(read(&s, rows[i].status, rows[i].body, &found), rows[i].want);
		assert_false(found.active);
	}
	s.arena = pk_arena(s.memory, 2);
	assert_err(read(&s, 200, "{\"active\":true,\"sub\":\"ada\"}", &found), PK_ERR_NO_SPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_request),
		cmocka_unit_test(the_answer),
		cmocka_unit_test(what_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
