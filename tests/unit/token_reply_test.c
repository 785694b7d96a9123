/* Token replies as providers, proxies and attackers write them. */
#include "setting.h"

#include "base/text.h"

#include <stdlib.h>

#define NOW 1764000000

static enum pk_err read(struct setting *s, int status, struct pk_str body, struct pk_tokens *ret)
{
	const struct pk_http_reply reply = {status, PK_STR("application/json"), body};

	s->arena.used = 0;
	memset(&s->why, 0x55, sizeof(s->why));

	const enum pk_err err = pk_token_reply(&s->arena, &s->login, &reply, NOW, ret, &s->why);

	if (err != PK_OK) {
		assert_err(s->why.err, err);
		assert_int_equal(s->why.status, status);
	}
	return err;
}

static void assert_read(const char *dialect, int status, const char *body, enum pk_err want)
{
	struct pk_tokens tokens = {.access_expires_at = 77};
	struct setting s;

	setting_make(&s, dialect);
	assert_err(read(&s, status, pk_str(body), &tokens), want);
	if (want == PK_OK) {
		assert_text(tokens.access_token.text, "t");
	} else {
		assert_not_given(tokens.access_token.text);
		assert_int_equal(tokens.access_expires_at, 77);
	}
}

static void the_whole_reply(void **state)
{
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	assert_err(read(&s, 200,
			PK_STR("{\"access_token\":\"act.1\",\"expires_in\":86400,"
			       "\"open_id\":\"o-1\",\"refresh_expires_in\":31536000,"
			       "\"refresh_token\":\"rft.1\",\"scope\":\"a,b\","
			       "\"token_type\":\"Bearer\",\"extra\":{\"nested\":[1]}}"),
			&tokens),
		   PK_OK);
	assert_text(tokens.access_token.text, "act.1");
	assert_text(tokens.refresh_token.text, "rft.1");
	assert_text(tokens.scope, "a,b");
	assert_text(tokens.subject, "o-1");
	assert_int_equal(tokens.access_expires_at, NOW + 86400);
	assert_int_equal(tokens.refresh_expires_at, NOW + 31536000);
}

static void what_is_absent_is_unknown_and_not_zero(void **state)
{
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(read(&s, 200, PK_STR("{\"access_token\":\"t\"}"), &tokens), PK_OK);
	assert_not_given(tokens.refresh_token.text);
	assert_not_given(tokens.scope);
	assert_not_given(tokens.subject);
	assert_int_equal(tokens.access_expires_at, PK_TIME_UNKNOWN);
	assert_int_equal(tokens.refresh_expires_at, PK_TIME_UNKNOWN);
}

static void lifetimes_in_every_shape(void **state)
{
	static const struct {
		const char *body;
		int64_t want;
	} rows[] = {
		{"{\"access_token\":\"t\",\"expires_in\":3600}", NOW + 3600},
		{"{\"access_token\":\"t\",\"expires_in\":\"3600\"}", NOW + 3600},
		{"{\"access_token\":\"t\",\"expires_in\":3600.9}", NOW + 3600},
		{"{\"access_token\":\"t\",\"expires_in\":0}", NOW},
		{"{\"access_token\":\"t\",\"expires_in\":-1}", PK_TIME_UNKNOWN},
		{"{\"access_token\":\"t\",\"expires_in\":\"-1\"}", PK_TIME_UNKNOWN},
		{"{\"access_token\":\"t\",\"expires_in\":-0.5}", PK_TIME_UNKNOWN},
		{"{\"access_token\":\"t\",\"expires_in\":9223372036854775807}", PK_TIME_UNKNOWN},
		{"{\"access_token\":\"t\",\"expires_in\":-9223372036854775808}", PK_TIME_UNKNOWN},
		{"{\"access_token\":\"t\",\"expires_in\":1e300}", PK_TIME_UNKNOWN},
		{"{\"access_token\":\"t\",\"expires_in\":\"1e3\"}", PK_TIME_UNKNOWN},
		{"{\"access_token\":\"t\",\"expires_in\":\"\"}", PK_TIME_UNKNOWN},
		{"{\"access_token\":\"t\",\"expires_in\":\"99999999999999999999\"}",
		 PK_TIME_UNKNOWN},
		{"{\"access_token\":\"t\",\"expires_in\":null}", PK_TIME_UNKNOWN},
		{"{\"access_token\":\"t\",\"expires_in\":true}", PK_TIME_UNKNOWN},
		{"{\"access_token\":\"t\",\"expires_in\":[3600]}", PK_TIME_UNKNOWN},
	};
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pk_tokens tokens;

		assert_err(read(&s, 200, pk_str(rows[i].body), &tokens), PK_OK);
		assert_int_equal(tokens.access_expires_at, rows[i].want);
	}
}

/* RFC 6749 5.1 and 7.1 */
static void token_types(void **state)
{
	(void)state;
	assert_read("rfc7636", 200, "{\"access_token\":\"t\",\"token_type\":\"bearer\"}", PK_OK);
	assert_read("rfc7636", 200, "{\"access_token\":\"t\",\"token_type\":\"BEARER\"}", PK_OK);
	assert_read("rfc7636", 200, "{\"access_token\":\"t\",\"token_type\":null}", PK_OK);
	assert_read("rfc7636", 200, "{\"access_token\":\"t\"}", PK_OK);
	assert_read("rfc7636", 200, "{\"access_token\":\"t\",\"token_type\":\"mac\"}",
		    PK_ERR_TOKEN_TYPE);
	assert_read("rfc7636", 200, "{\"access_token\":\"t\",\"token_type\":\"DPoP\"}",
		    PK_ERR_TOKEN_TYPE);
	assert_read("rfc7636", 200, "{\"access_token\":\"t\",\"token_type\":\"Bearer \"}",
		    PK_ERR_TOKEN_TYPE);
	assert_read("rfc7636", 200, "{\"access_token\":\"t\",\"token_type\":\"\"}",
		    PK_ERR_TOKEN_TYPE);
	assert_read("rfc7636", 200, "{\"access_token\":\"t\",\"token_type\":1}", PK_ERR_TOKEN_TYPE);
}

static void an_error_with_http_200(void **state)
{
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	assert_err(read(&s, 200,
			PK_STR("{\"error\":\"invalid_request\",\"error_description\":"
			       "\"Code verifier or code challenge is invalid.\",\"log_id\":\"2\"}"),
			&tokens),
		   PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_error, "invalid_request");
	assert_string_equal(s.why.provider_text, "Code verifier or code challenge is invalid.");
	assert_read("tiktok", 200, "{\"access_token\":\"t\",\"error\":\"x\"}",
		    PK_ERR_PROVIDER_REFUSED);
}

static void a_refusal_by_status_alone(void **state)
{
	(void)state;
	assert_read("rfc7636", 400, "{\"access_token\":\"t\"}", PK_ERR_PROVIDER_REFUSED);
	assert_read("rfc7636", 302, "{\"access_token\":\"t\"}", PK_ERR_PROVIDER_REFUSED);
	assert_read("rfc7636", 199, "{\"access_token\":\"t\"}", PK_ERR_PROVIDER_REFUSED);
	assert_read("rfc7636", 300, "{\"access_token\":\"t\"}", PK_ERR_PROVIDER_REFUSED);
	assert_read("rfc7636", 201, "{\"access_token\":\"t\"}", PK_OK);
	assert_read("rfc7636", 400, "{\"error\":{\"code\":1},\"error_description\":2}",
		    PK_ERR_PROVIDER_REFUSED);
}

static void the_providers_words_are_tamed(void **state)
{
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(read(&s, 400,
			PK_STR("{\"error\":\"a\\u001b[31m\",\"error_description\":"
			       "\"<b>\\r\\n\\\"\\u00e4\"}"),
			&tokens),
		   PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_error, "a?[31m");
	assert_string_equal(s.why.provider_text, "<b>?????");
}

static void replies_that_are_not_oauth(void **state)
{
	static const char *const bodies[] = {
		"",
		"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
		"[]",
		"[{\"access_token\":\"t\"}]",
		"\"t\"",
		"null",
		"{\"access_token\":\"t\"",
		"{\"access_token\":\"t\"} trailing",
		"{'access_token':'t'}",
		"\xef\xbb\xbf{\"access_token\":\"t\"}",
		"{\"access_token\":\"\xff\"}",
		"{\"access_token\":\"t\",\"access_token\":\"u\"}",
		"{\"access_token\":\"t\",\"x\":{\"a\":1,\"a\":2}}",
		"{\"access_token\":\"t\\u0000\"}",
		"{\"access_token\":\"t\",\"expires_in\":99999999999999999999}",
		"access_token=t",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_read("rfc7636", 200, bodies[i], PK_ERR_REPLY_NOT_OAUTH);
	assert_read("rfc7636", 502, "<html>", PK_ERR_REPLY_NOT_OAUTH);
	assert_read("rfc7636", 204, "", PK_ERR_REPLY_NOT_OAUTH);
}

static void a_nul_in_the_reply(void **state)
{
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(read(&s, 200, PK_STR("{\"access_token\":\"t\0u\"}"), &tokens),
		   PK_ERR_REPLY_NOT_OAUTH);
	assert_err(read(&s, 200, PK_STR("{\"access_token\":\"t\"}\0"), &tokens),
		   PK_ERR_REPLY_NOT_OAUTH);
}

static void what_a_reply_must_have(void **state)
{
	static const char *const bodies[] = {
		"{}",
		"{\"access_token\":\"\"}",
		"{\"access_token\":null}",
		"{\"access_token\":1}",
		"{\"access_token\":{\"t\":1}}",
		"{\"Access_Token\":\"t\"}",
		"{\"data\":{\"access_token\":\"t\"}}",
		/* RFC 6749 A.12: a token that could end a header line is none. */
		"{\"access_token\":\"t\\r\\nX-Evil: 1\"}",
		"{\"access_token\":\"t\\u007f\"}",
		"{\"access_token\":\"\\u00e4\"}",
		"{\"access_token\":\"t\",\"refresh_token\":\"r\\n\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_read("rfc7636", 200, bodies[i], PK_ERR_REPLY_INCOMPLETE);
}

static void a_subject_is_bounded_and_printable(void **state)
{
	char body[PK_SUBJECT_MAX + 64] = "{\"access_token\":\"t\",\"open_id\":\"";
	const size_t start = strlen(body);
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	memset(body + start, 'o', PK_SUBJECT_MAX);
	strcpy(body + start + PK_SUBJECT_MAX, "\"}");
	assert_read("tiktok", 200, body, PK_OK);
	strcpy(body + start + PK_SUBJECT_MAX, "o\"}");
	assert_read("tiktok", 200, body, PK_ERR_REPLY_INCOMPLETE);

	setting_make(&s, "tiktok");
	assert_err(read(&s, 200, PK_STR("{\"access_token\":\"t\",\"open_id\":\"admin\\u0001\"}"),
			&tokens),
		   PK_OK);
	assert_not_given(tokens.subject);
}

static void a_depth_bomb(void **state)
{
	const size_t size = 200000;
	char *body = malloc(size);
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	assert_non_null(body);
	setting_make(&s, "rfc7636");
	memset(body, '[', size);
	assert_err(read(&s, 200, (struct pk_str){body, size}, &tokens), PK_ERR_REPLY_NOT_OAUTH);
	for (size_t i = 0; i + 5 <= size; i += 5)
		memcpy(body + i, "{\"a\":", 5);
	assert_err(read(&s, 200, (struct pk_str){body, size}, &tokens), PK_ERR_REPLY_NOT_OAUTH);
	free(body);
}

static void a_megabyte(void **state)
{
	const size_t size = 1 << 20;
	char *body = malloc(size);
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	assert_non_null(body);
	setting_make(&s, "rfc7636");
	memset(body, ' ', size);
	memcpy(body, "{\"access_token\":\"t\"}", 20);
	assert_err(read(&s, 200, (struct pk_str){body, size}, &tokens), PK_ERR_REPLY_NOT_OAUTH);
	assert_err(read(&s, 200, (struct pk_str){body, PK_REPLY_MAX}, &tokens), PK_OK);
	assert_err(read(&s, 200, (struct pk_str){body, PK_REPLY_MAX + 1}, &tokens),
		   PK_ERR_REPLY_NOT_OAUTH);

	/* Within the bound of the reply, beyond that of the arena. */
	memset(body + 17, 't', 100000);
	memcpy(body + 100017, "\"}", 2);
	assert_err(read(&s, 200, (struct pk_str){body, 100019}, &tokens), PK_ERR_NO_SPACE);
	free(body);
}

static void a_form_where_the_dialect_says_so(void **state)
{
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.token_reply = PK_BODY_FORM;
	assert_err(read(&s, 200,
			PK_STR("access_token=a%2Bb&token_type=bearer&expires_in=60&scope=x+y"),
			&tokens),
		   PK_OK);
	assert_text(tokens.access_token.text, "a+b");
	assert_text(tokens.scope, "x y");
	assert_int_equal(tokens.access_expires_at, NOW + 60);
	assert_err(read(&s, 200, PK_STR("error=bad_code&error_description=too+late"), &tokens),
		   PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_error, "bad_code");
	assert_string_equal(s.why.provider_text, "too late");
}

static void forms_that_are_not_oauth(void **state)
{
	static const char *const bodies[] = {
		"",
		"&&&",
		"<html><body class=x>502</body></html>",
		"{\"access_token\":\"t\"}",
		"access_token=a&access_token=b",
		"access_token=%",
		"access_token=%00",
		"access_token=%ff",
		"foo=bar",
	};
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.token_reply = PK_BODY_FORM;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_err(read(&s, 200, pk_str(bodies[i]), &tokens), PK_ERR_REPLY_NOT_OAUTH);
}

static void a_token_is_in_no_evidence(void **state)
{
	static const char *const bodies[] = {
		"{\"access_token\":\"s3cret\",\"token_type\":\"mac\"}",
		"{\"access_token\":\"s3cret\",\"access_token\":\"s3cret\"}",
		"{\"access_token\":\"s3cret\\n\"}",
		"{\"refresh_token\":\"s3cret\"}",
		"s3cret",
	};
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_true(read(&s, 200, pk_str(bodies[i]), &tokens) != PK_OK);
		assert_false(text_has((struct pk_str){(char *)&s.why, sizeof(s.why)}, "s3cret"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_reply),
		cmocka_unit_test(what_is_absent_is_unknown_and_not_zero),
		cmocka_unit_test(lifetimes_in_every_shape),
		cmocka_unit_test(token_types),
		cmocka_unit_test(an_error_with_http_200),
		cmocka_unit_test(a_refusal_by_status_alone),
		cmocka_unit_test(the_providers_words_are_tamed),
		cmocka_unit_test(replies_that_are_not_oauth),
		cmocka_unit_test(a_nul_in_the_reply),
		cmocka_unit_test(what_a_reply_must_have),
		cmocka_unit_test(a_subject_is_bounded_and_printable),
		cmocka_unit_test(a_depth_bomb),
		cmocka_unit_test(a_megabyte),
		cmocka_unit_test(a_form_where_the_dialect_says_so),
		cmocka_unit_test(forms_that_are_not_oauth),
		cmocka_unit_test(a_token_is_in_no_evidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
