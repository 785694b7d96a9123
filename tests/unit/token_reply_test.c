/* Token replies as providers, proxies and attackers write them. */
#include "setting.h"

#include "base/text.h"

#include <stdio.h>
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

/* C-17, C-27 */
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

/* C-26 */
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

/* C-25: RFC 6749 5.1 and 7.1 */
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

/* C-29 */
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

/* C-29 */
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

/* C-28 */
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

/* C-29 */
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

static void an_id_token_is_handed_on(void **state)
{
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(
		read(&s, 200, PK_STR("{\"access_token\":\"t\",\"id_token\":\"a.b.c\"}"), &tokens),
		PK_OK);
	assert_text(tokens.id_token.text, "a.b.c");
	assert_err(read(&s, 200, PK_STR("{\"access_token\":\"t\"}"), &tokens), PK_OK);
	assert_not_given(tokens.id_token.text);
	assert_err(
		read(&s, 200, PK_STR("{\"access_token\":\"t\",\"id_token\":\"a\\nb\"}"), &tokens),
		PK_ERR_REPLY_INCOMPLETE);
}

/* The tokens of somebody else stand beside them: there is no looking elsewhere. */
static void tokens_further_inside(void **state)
{
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.token_reply_at = PK_STR("/data/0");
	s.dialect.token_subject = PK_STR("/data/0/user_id");
	s.dialect.refresh_lifetime_parameter = PK_STR("refresh_expires_in");
	assert_err(read(&s, 200,
			PK_STR("{\"access_token\":\"other\",\"expires_in\":1,\"data\":[{\"access_"
			       "token\":"
			       "\"t\",\"user_id\":17,\"refresh_token\":\"r\",\"expires_in\":60,"
			       "\"refresh_expires_in\":70,\"scope\":\"a\"}]}"),
			&tokens),
		   PK_OK);
	assert_text(tokens.access_token.text, "t");
	assert_text(tokens.refresh_token.text, "r");
	assert_text(tokens.subject, "17");
	assert_text(tokens.scope, "a");
	assert_int_equal(tokens.access_expires_at, NOW + 60);
	assert_int_equal(tokens.refresh_expires_at, NOW + 70);
	assert_err(read(&s, 200, PK_STR("{\"access_token\":\"other\"}"), &tokens),
		   PK_ERR_REPLY_INCOMPLETE);
	assert_err(read(&s, 200, PK_STR("{\"access_token\":\"other\",\"data\":[]}"), &tokens),
		   PK_ERR_REPLY_INCOMPLETE);
}

static void a_word_of_the_dialects_own_for_bearer(void **state)
{
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.token_type = PK_STR("user");
	assert_err(
		read(&s, 200, PK_STR("{\"access_token\":\"t\",\"token_type\":\"User\"}"), &tokens),
		PK_OK);
	assert_err(read(&s, 200, PK_STR("{\"access_token\":\"t\",\"token_type\":\"bearer\"}"),
			&tokens),
		   PK_OK);
	assert_err(
		read(&s, 200, PK_STR("{\"access_token\":\"t\",\"token_type\":\"bot\"}"), &tokens),
		PK_ERR_TOKEN_TYPE);
	s.dialect.token_type = PK_STR("");
	assert_err(read(&s, 200, PK_STR("{\"access_token\":\"t\",\"token_type\":\"\"}"), &tokens),
		   PK_ERR_TOKEN_TYPE);
}

static void scopes_in_every_shape(void **state)
{
	static const struct {
		const char *separator, *reply_separator, *scope, *want;
	} rows[] = {
		{" ", "", "\"a b\"", "a b"},
		{" ", ",", "\"a,b\"", "a b"},
		{",", " ", "\"a b\"", "a,b"},
		{",", "", "\"a,b\"", "a,b"},
		{" ", "", "[\"a\",\"b\"]", "a b"},
		{",", " ", "[\"a\",\"b\"]", "a,b"},
		{" ", "", "[\"a\",1,null,\"\",\"b\\n\",\"c\"]", "a c"},
		{" ", "", "[]", NULL},
		{" ", "", "null", NULL},
		{" ", "", "\"\"", NULL},
		{" ", "", "\"a\\nb\"", NULL},
		{" ", "", "{\"a\":\"b\"}", NULL},
	};
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pk_tokens tokens;
		char body[128];

		s.dialect.scope_separator = pk_str(rows[i].separator);
		s.dialect.reply_scope_separator = pk_str(rows[i].reply_separator);
		snprintf(body, sizeof(body), "{\"access_token\":\"t\",\"scope\":%s}",
			 rows[i].scope);
		assert_err(read(&s, 200, pk_str(body), &tokens), PK_OK);
		if (rows[i].want)
			assert_text(tokens.scope, rows[i].want);
		else
			assert_not_given(tokens.scope);
	}
}

/* Each with HTTP 200, which some providers have for everything. */
static void refusals_in_every_shape(void **state)
{
	static const struct {
		const char *ok_at, *error_at, *text_at, *number_at, *body, *error, *text;
	} rows[] = {
		{"/ok", "/error", "/error_description", "", "{\"ok\":false,\"error\":\"bad_code\"}",
		 "bad_code", ""},
		{"/ok", "/error", "/error_description", "", "{\"ok\":false,\"access_token\":\"t\"}",
		 "", ""},
		{"", "/errcode", "/errmsg", "", "{\"errcode\":40029,\"errmsg\":\"invalid code\"}",
		 "40029", "invalid code"},
		{"", "/error/type", "/error/message", "/error/code",
		 "{\"error\":{\"type\":\"OAuthException\",\"message\":\"used\",\"code\":100}}",
		 "OAuthException", "100 used"},
		{"", "/error", "/error_description", "/error_codes/0",
		 "{\"error\":\"invalid_grant\",\"error_description\":\"late\",\"error_codes\":["
		 "70008]}",
		 "invalid_grant", "70008 late"},
		{"", "/error", "/error_description", "/error_code",
		 "{\"error\":\"invalid_grant\",\"error_code\":\"KOE320\"}", "invalid_grant",
		 "KOE320"},
		/* A gateway before the provider speaks plainly. */
		{"", "/errcode", "/errmsg", "", "{\"error\":\"x\",\"error_description\":\"y\"}",
		 "x", "y"},
	};
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pk_tokens tokens;

		s.dialect.ok_at = pk_str(rows[i].ok_at);
		s.dialect.error_at = pk_str(rows[i].error_at);
		s.dialect.error_text_at = pk_str(rows[i].text_at);
		s.dialect.error_number_at = pk_str(rows[i].number_at);
		assert_err(read(&s, 200, pk_str(rows[i].body), &tokens), PK_ERR_PROVIDER_REFUSED);
		assert_string_equal(s.why.provider_error, rows[i].error);
		assert_string_equal(s.why.provider_text, rows[i].text);
	}
}

static void what_looks_like_a_refusal_and_is_none(void **state)
{
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.ok_at = PK_STR("/ok");
	s.dialect.error_at = PK_STR("/errcode");
	assert_err(read(&s, 200, PK_STR("{\"access_token\":\"t\",\"errcode\":0,\"ok\":true}"),
			&tokens),
		   PK_OK);
	assert_err(read(&s, 200, PK_STR("{\"access_token\":\"t\",\"errcode\":null}"), &tokens),
		   PK_OK);
}

/* The longest number and the longest text stay within their places. */
static void endless_words_are_cut(void **state)
{
	char body[4096];
	struct pk_tokens tokens;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.error_number_at = PK_STR("/number");
	snprintf(body, sizeof(body),
		 "{\"error\":\"%0900d\",\"error_description\":\"%0900d\",\"number\":\"%0900d\"}", 0,
		 0, 0);
	assert_err(read(&s, 400, pk_str(body), &tokens), PK_ERR_PROVIDER_REFUSED);
	assert_int_equal(strlen(s.why.provider_error), sizeof(s.why.provider_error) - 1);
	assert_int_equal(strlen(s.why.provider_text), sizeof(s.why.provider_text) - 1);
}

static enum pk_err read_as(struct setting *s, const char *type, const char *body)
{
	const struct pk_http_reply reply = {200, pk_str(type), pk_str(body)};
	struct pk_tokens tokens;

	s->arena.used = 0;

	const enum pk_err err = pk_token_reply(&s->arena, &s->login, &reply, NOW, &tokens, &s->why);

	if (err == PK_OK)
		assert_text(tokens.access_token.text, "t");
	return err;
}

/* A form for who does not ask for JSON; we do ask, and read what comes. */
static void what_the_content_type_says(void **state)
{
	static const char form[] = "access_token=t&token_type=bearer";
	static const char json[] = "{\"access_token\":\"t\"}";
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.token_reply = PK_BODY_ACCEPT;
	assert_err(read_as(&s, "application/json", json), PK_OK);
	assert_err(read_as(&s, NULL, json), PK_OK);
	assert_err(read_as(&s, "application/x-www-form-urlencoded; charset=utf-8", form), PK_OK);
	assert_err(read_as(&s, "Application/X-WWW-Form-Urlencoded", form), PK_OK);
	assert_err(read_as(&s, "application/x-www-form-urlencoded", json), PK_OK);
	assert_err(read_as(&s, "application/json", form), PK_ERR_REPLY_NOT_OAUTH);
	assert_err(
		read_as(&s, "application/x-www-form-urlencoded", "error=bad&error_description=x"),
		PK_ERR_PROVIDER_REFUSED);
	s.dialect.token_reply = PK_BODY_JSON;
	assert_err(read_as(&s, "application/x-www-form-urlencoded", form), PK_ERR_REPLY_NOT_OAUTH);
}

/* 2^53 + 1 is another person than 2^53. */
static void a_subject_that_is_a_number(void **state)
{
	static const char *const rows[][2] = {
		{"9007199254740993", "9007199254740993"},
		{"9223372036854775807", "9223372036854775807"},
		{"0", "0"},
		{"\"17841400000000001\"", "17841400000000001"},
		{"\"ada\"", NULL},
		{"-1", NULL},
		{"1.5", NULL},
		{"1e20", NULL},
	};
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.token_subject = PK_STR("/user_id");
	s.dialect.subject_type = PK_SUBJECT_NUMBER;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pk_tokens tokens;
		char body[128];

		snprintf(body, sizeof(body), "{\"access_token\":\"t\",\"user_id\":%s}", rows[i][0]);
		assert_err(read(&s, 200, pk_str(body), &tokens), PK_OK);
		if (rows[i][1])
			assert_text(tokens.subject, rows[i][1]);
		else
			assert_not_given(tokens.subject);
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
		cmocka_unit_test(an_id_token_is_handed_on),
		cmocka_unit_test(tokens_further_inside),
		cmocka_unit_test(a_word_of_the_dialects_own_for_bearer),
		cmocka_unit_test(scopes_in_every_shape),
		cmocka_unit_test(refusals_in_every_shape),
		cmocka_unit_test(what_looks_like_a_refusal_and_is_none),
		cmocka_unit_test(endless_words_are_cut),
		cmocka_unit_test(what_the_content_type_says),
		cmocka_unit_test(a_subject_that_is_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
