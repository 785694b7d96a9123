/* User info: one and the same person, or nobody. */
#include "setting.h"

#include <stdio.h>

#include "base/text.h"

static enum pk_err read(struct setting *s, int status, const char *body, const char *subject,
			struct pk_identity *ret)
{
	const struct pk_http_reply reply = {status, PK_STR("application/json"), pk_str(body)};
	const struct pk_tokens tokens = {.subject = pk_str(subject)};

	s->arena.used = 0;
	memset(&s->why, 0x55, sizeof(s->why));

	const enum pk_err err =
		pk_userinfo_reply(&s->arena, &s->login, &tokens, &reply, ret, &s->why);

	if (err != PK_OK) {
		assert_err(s->why.err, err);
		assert_int_equal(s->why.status, status);
	}
	return err;
}

/* C-30, C-31 */
static void the_request_carries_the_token_in_the_header_alone(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	assert_err(pk_userinfo_request(&s.arena, &s.login,
				       &(const struct pk_tokens){.access_token = {PK_STR("act.1")}},
				       &request, &s.why),
		   PK_OK);
	assert_string_equal(request.method, "GET");
	assert_text(request.url, "https://open.tiktokapis.com/v2/user/info/"
				 "?fields=open_id,union_id,avatar_url,display_name");
	assert_text(request.header[1], "Authorization: Bearer act.1");
	assert_not_given(request.body);
}

static void a_token_cannot_end_its_header_line(void **state)
{
	static const char *const tokens[] = {"a\r\nX: 1", "a b", "a\x7f", "\xc3\xa4", "\t"};
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		assert_err(pk_userinfo_request(
				   &s.arena, &s.login,
				   &(const struct pk_tokens){.access_token = {pk_str(tokens[i])}},
				   &request, &s.why),
			   PK_ERR_REPLY_INCOMPLETE);
	assert_err(pk_userinfo_request(&s.arena, &s.login,
				       &(const struct pk_tokens){.access_token = {PK_STR("")}},
				       &request, &s.why),
		   PK_ERR_ARGUMENT);
}

static void no_endpoint_no_request(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	s.dialect.userinfo_url = PK_STR("");
	assert_err(pk_userinfo_request(&s.arena, &s.login,
				       &(const struct pk_tokens){.access_token = {PK_STR("t")}},
				       &request, &s.why),
		   PK_ERR_ARGUMENT);
}

static void the_identity_is_where_the_dialect_says(void **state)
{
	struct pk_identity identity;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	assert_err(read(&s, 200,
			"{\"data\":{\"user\":{\"open_id\":\"o-1\",\"display_name\":\"Ada\","
			"\"avatar_url\":\"https://a/\"}},\"error\":{\"code\":\"ok\"}}",
			"o-1", &identity),
		   PK_OK);
	assert_text(identity.subject, "o-1");
	assert_text(identity.name, "Ada");
	assert_text(identity.picture, "https://a/");
	assert_not_given(identity.email);
	setting_make(&s, "genesys");
	assert_err(read(&s, 200, "{\"id\":17,\"name\":\"\",\"email\":\"a@example.com\"}", NULL,
			&identity),
		   PK_OK);
	assert_text(identity.subject, "17");
	assert_not_given(identity.name);
	assert_text(identity.email, "a@example.com");
}

/* C-43: OpenID Connect Core 5.3.2: the sub of both must be exactly the same. */
static void another_person_than_the_tokens_is_refused(void **state)
{
	static const char *const subjects[] = {"other", "O-1", "o-1 ", "o-10", "o-"};
	struct pk_identity identity = {0};
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		assert_err(read(&s, 200, "{\"sub\":\"o-1\"}", subjects[i], &identity),
			   PK_ERR_SUBJECT_MISMATCH);
	assert_not_given(identity.subject);
}

static void nobody_is_refused(void **state)
{
	static const char *const bodies[] = {
		"{}",
		"{\"sub\":\"\"}",
		"{\"sub\":null}",
		"{\"sub\":{\"a\":1}}",
		"{\"sub\":[\"a\"]}",
		"{\"data\":{\"sub\":\"a\"}}",
		"{\"sub\":1.5}",
		"{\"sub\":\"admin\\u0001\"}",
	};
	char body[PK_SUBJECT_MAX + 16] = "{\"sub\":\"";
	struct pk_identity identity;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_err(read(&s, 200, bodies[i], NULL, &identity), PK_ERR_REPLY_INCOMPLETE);
	memset(body + 8, 'a', PK_SUBJECT_MAX);
	strcpy(body + 8 + PK_SUBJECT_MAX, "\"}");
	assert_err(read(&s, 200, body, NULL, &identity), PK_OK);
	strcpy(body + 8 + PK_SUBJECT_MAX, "a\"}");
	assert_err(read(&s, 200, body, NULL, &identity), PK_ERR_REPLY_INCOMPLETE);
}

/* An email that differs from another's by a control character must not become that other's where
 * the character is dropped. */
static void a_name_with_a_control_character_is_not_given(void **state)
{
	struct pk_identity identity;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(
		read(&s, 200,
		     "{\"sub\":\"a\",\"email\":\"root@example.com\\u0001\",\"email_verified\":true,"
		     "\"name\":\"a\\r\\nb\"}",
		     NULL, &identity),
		PK_OK);
	assert_not_given(identity.email);
	assert_not_given(identity.name);
}

/* Otherwise whoever claims somebody's address at a provider gets in as them. */
static void an_address_that_nobody_verified_is_not_given(void **state)
{
	static const struct {
		const char *member;
		const char *email;
	} replies[] = {
		{",\"email_verified\":true", "root@example.com"},
		{",\"email_verified\":\"true\"", "root@example.com"},
		{",\"email_verified\":false", ""},
		{",\"email_verified\":\"false\"", ""},
		{",\"email_verified\":1", ""},
		{",\"email_verified\":null", ""},
		{",\"email_verified\":[true]", ""},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		char body[160];
		struct pk_identity identity;
		struct setting s;

		setting_make(&s, "rfc7636");
		(void)snprintf(body, sizeof(body),
			       "{\"sub\":\"a\",\"email\":\"root@example.com\"%s}",
			       replies[i].member);
		assert_err(read(&s, 200, body, NULL, &identity), PK_OK);
		if (replies[i].email[0])
			assert_text(identity.email, replies[i].email);
		else
			assert_not_given(identity.email);
	}
}

static void the_providers_no(void **state)
{
	struct pk_identity identity;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	assert_err(read(&s, 200,
			"{\"data\":{\"user\":{\"open_id\":\"o-1\"}},"
			"\"error\":{\"code\":\"access_token_invalid\\u001b\"}}",
			NULL, &identity),
		   PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_error, "access_token_invalid?");
	assert_err(read(&s, 401, "{\"data\":{\"user\":{\"open_id\":\"o-1\"}}}", NULL, &identity),
		   PK_ERR_PROVIDER_REFUSED);
	assert_err(read(&s, 302, "<html>", NULL, &identity), PK_ERR_PROVIDER_REFUSED);
}

static void what_is_no_user_info(void **state)
{
	static const char *const bodies[] = {"",
					     "<html>",
					     "[]",
					     "\"a\"",
					     "{\"sub\":\"a\",\"sub\":\"b\"}",
					     "{\"sub\":\"a\\u0000\"}"};
	struct pk_identity identity;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_err(read(&s, 200, bodies[i], NULL, &identity), PK_ERR_REPLY_NOT_OAUTH);
}

static void a_full_arena_is_an_error_with_evidence(void **state)
{
	struct pk_http_request request;
	struct pk_identity identity;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t cap = 0; cap < 5; cap++) {
		s.arena = pk_arena(s.memory, cap);
		assert_err(read(&s, 200, "{\"sub\":\"a\",\"name\":\"four\"}", NULL, &identity),
			   cap < 5 ? PK_ERR_NO_SPACE : PK_OK);
		s.arena = pk_arena(s.memory, cap * 10);
		assert_err(pk_userinfo_request(
				   &s.arena, &s.login,
				   &(const struct pk_tokens){.access_token = {PK_STR("t")}},
				   &request, &s.why),
			   PK_ERR_NO_SPACE);
		assert_err(s.why.err, PK_ERR_NO_SPACE);
	}
}

static const struct pk_tokens token_of_ada = {.access_token = {{"a&ct.1", 6}},
					      .subject = {"o&1", 3}};

static void the_request_in_the_dialects_way(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "genesys");
	s.dialect.userinfo_method = PK_USERINFO_POST;
	s.dialect.userinfo_token = PK_USERINFO_TOKEN_QUERY;
	s.dialect.userinfo_query = PK_STR("fields=id,name");
	s.dialect.userinfo_subject_parameter = PK_STR("openid");
	s.dialect.userinfo_header = PK_STR("Api-Version: 2022-06-28");
	s.dialect.userinfo_client_header = PK_STR("Client-Id");
	assert_err(pk_userinfo_request(&s.arena, &s.login, &token_of_ada, &request, &s.why), PK_OK);
	assert_string_equal(request.method, "POST");
	assert_text(request.url, "https://api.mypurecloud.com/api/v2/users/me?fields=id,name"
				 "&access_token=a%26ct.1&openid=o%261");
	assert_int_equal(request.header_count, 3);
	assert_text(request.header[1], "Client-Id: client-1");
	assert_text(request.header[2], "Api-Version: 2022-06-28");
	assert_text(request.body, "");
	/* The endpoint's own query is kept. */
	s.dialect.userinfo_url = PK_STR("https://a.example/me?v=2");
	s.dialect.userinfo_query = PK_STR("");
	s.dialect.userinfo_subject_parameter = PK_STR("");
	assert_err(pk_userinfo_request(&s.arena, &s.login, &token_of_ada, &request, &s.why), PK_OK);
	assert_text(request.url, "https://a.example/me?v=2&access_token=a%26ct.1");
}

static void who_is_asked_for_by_subject_needs_one(void **state)
{
	const struct pk_tokens tokens = {.access_token = {PK_STR("t")}};
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "genesys");
	s.dialect.userinfo_subject_parameter = PK_STR("openid");
	assert_err(pk_userinfo_request(&s.arena, &s.login, &tokens, &request, &s.why),
		   PK_ERR_REPLY_INCOMPLETE);
	assert_string_equal(s.why.parameter, "subject");
}

static void a_client_id_cannot_end_its_header_line(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "genesys");
	s.dialect.userinfo_client_header = PK_STR("Client-Id");
	s.login.client_id = PK_STR("a\r\nX: 1");
	assert_err(pk_userinfo_request(&s.arena, &s.login, &token_of_ada, &request, &s.why),
		   PK_ERR_ARGUMENT);
}

static void numbers_of_people_are_exact(void **state)
{
	struct pk_identity identity;
	struct setting s;

	(void)state;
	setting_make(&s, "genesys");
	s.dialect.subject_type = PK_SUBJECT_NUMBER;
	assert_err(read(&s, 200, "{\"id\":9007199254740993}", NULL, &identity), PK_OK);
	assert_text(identity.subject, "9007199254740993");
	assert_err(read(&s, 200, "{\"id\":9007199254740993}", "9007199254740992", &identity),
		   PK_ERR_SUBJECT_MISMATCH);
	assert_err(read(&s, 200, "{\"id\":\"ada\"}", NULL, &identity), PK_ERR_REPLY_INCOMPLETE);
	assert_err(read(&s, 200, "{\"id\":9223372036854775808}", NULL, &identity),
		   PK_ERR_REPLY_NOT_OAUTH);
}

static void a_no_with_http_200(void **state)
{
	struct pk_identity identity;
	struct setting s;

	(void)state;
	setting_make(&s, "genesys");
	s.dialect.userinfo_error = PK_STR("/errcode");
	s.dialect.error_text_at = PK_STR("/errmsg");
	assert_err(read(&s, 200, "{\"errcode\":40001,\"errmsg\":\"no\",\"id\":\"a\"}", NULL,
			&identity),
		   PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_error, "40001");
	assert_string_equal(s.why.provider_text, "no");
	assert_err(read(&s, 200, "{\"errcode\":0,\"id\":\"a\"}", NULL, &identity), PK_OK);
	s.dialect.userinfo_error = PK_STR("");
	s.dialect.ok_at = PK_STR("/ok");
	assert_err(read(&s, 200, "{\"ok\":false,\"error\":\"token_revoked\",\"id\":\"a\"}", NULL,
			&identity),
		   PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_error, "token_revoked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_request_carries_the_token_in_the_header_alone),
		cmocka_unit_test(a_token_cannot_end_its_header_line),
		cmocka_unit_test(no_endpoint_no_request),
		cmocka_unit_test(the_identity_is_where_the_dialect_says),
		cmocka_unit_test(another_person_than_the_tokens_is_refused),
		cmocka_unit_test(nobody_is_refused),
		cmocka_unit_test(a_name_with_a_control_character_is_not_given),
		cmocka_unit_test(an_address_that_nobody_verified_is_not_given),
		cmocka_unit_test(the_providers_no),
		cmocka_unit_test(what_is_no_user_info),
		cmocka_unit_test(a_full_arena_is_an_error_with_evidence),
		cmocka_unit_test(the_request_in_the_dialects_way),
		cmocka_unit_test(who_is_asked_for_by_subject_needs_one),
		cmocka_unit_test(a_client_id_cannot_end_its_header_line),
		cmocka_unit_test(numbers_of_people_are_exact),
		cmocka_unit_test(a_no_with_http_200),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
