/* Callbacks as attackers send them: no code comes out of any but the right one. */
#include "setting.h"

#include "base/form.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

/* Without an issuer, but where a test gives it one. */
static void make(struct setting *s, const char *dialect)
{
	setting_make(s, dialect);
	s->dialect.issuer = PK_STR("");
	s->dialect.callback_issuer = false;
}

static enum pk_err callback(struct setting *s, struct pk_str query)
{
	const struct pk_grant_code *code = NULL;

	s->arena.used = 0;

	const enum pk_err err =
		pk_callback(&s->arena, &s->login, PK_STR(STATE), query, &code, NULL, &s->why);

	/* Whatever the refusal: no code, and evidence that is about it. */
	assert_int_equal(code != NULL, err == PK_OK);
	if (err != PK_OK)
		assert_err(s->why.err, err);
	return err;
}

static void the_right_callback(void **state)
{
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	assert_err(callback(&s, PK_STR("code=abc&state=" STATE)), PK_OK);
	assert_err(callback(&s, PK_STR("state=" STATE "&code=abc")), PK_OK);
	/* RFC 6749 4.1.2: "The client MUST ignore unrecognized response parameters." */
	assert_err(callback(&s, PK_STR("code=abc&session_state=1&foo=1&foo=2&state=" STATE)),
		   PK_OK);
}

/* C-16 */
static void each_parameter_twice(void **state)
{
	static const char *const names[] = {"code",      "state", "error",  "error_description",
					    "error_uri", "iss",   "scopes", "c%6fde"};
	struct setting s;

	(void)state;
	make(&s, "tiktok");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char query[128];

		snprintf(query, sizeof(query), "%s=1&%s=1&code=abc&state=" STATE, names[i],
			 names[i]);
		assert_err(callback(&s, pk_str(query)), PK_ERR_PARAMETER_DUPLICATED);
	}
	assert_err(callback(&s, PK_STR("code=abc&state=x&state=" STATE)),
		   PK_ERR_PARAMETER_DUPLICATED);
	assert_err(callback(&s, PK_STR("code=abc&state=" STATE "&state=x")),
		   PK_ERR_PARAMETER_DUPLICATED);
}

/* C-10 */
static void the_state_altered_by_one_bit_anywhere(void **state)
{
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	for (size_t at = 0; at < sizeof(STATE) - 1; at++) {
		for (int bit = 0; bit < 8; bit++) {
			char altered[] = STATE, memory[128];
			struct pk_buf query = pk_buf(memory, sizeof(memory));

			altered[at] ^= (char)(1 << bit);
			pk_buf_put(&query, PK_STR("code=abc&state="));
			/* Raw, where a raw byte is a letter of the value; else by its number. */
			for (size_t i = 0; i < sizeof(STATE) - 1; i++) {
				char triple[4];

				snprintf(triple, sizeof(triple), "%%%02x", altered[i] & 0xff);
				pk_buf_put(&query, pk_str(triple));
			}
			assert_err(callback(&s, pk_buf_str(&query)), PK_ERR_STATE_MISMATCH);
		}
	}
}

static void states_that_are_nearly_there(void **state)
{
	static const struct {
		const char *query;
		enum pk_err want;
	} rows[] = {
		{"code=abc", PK_ERR_STATE_MISSING},
		{"code=abc&state=", PK_ERR_STATE_MISSING},
		{"code=abc&state", PK_ERR_STATE_MISSING},
		{"code=abc&State=" STATE, PK_ERR_STATE_MISSING},
		{"code=abc&state=a", PK_ERR_STATE_MISMATCH},
		{"code=abc&state=" STATE "a", PK_ERR_STATE_MISMATCH},
		{"code=abc&state=" STATE "%20", PK_ERR_STATE_MISMATCH},
		{"code=abc&state=abcdefghijklmnopqrstu", PK_ERR_STATE_MISMATCH},
		{"", PK_ERR_STATE_MISSING},
	};
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_err(callback(&s, pk_str(rows[i].query)), rows[i].want);
	assert_err(callback(&s, pk_str(NULL)), PK_ERR_STATE_MISSING);
}

/* C-10: A browser without a login has no state; the callback that has none either is not its own. */
static void an_empty_expectation_is_never_met(void **state)
{
	static const char *const queries[] = {"code=abc&state=", "code=abc", "code=abc&state=x"};
	const struct pk_grant_code *code = NULL;
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		assert_true(pk_callback(&s.arena, &s.login, PK_STR(""), pk_str(queries[i]), &code,
					NULL, &s.why) != PK_OK);
		assert_true(pk_callback(&s.arena, &s.login, pk_str(NULL), pk_str(queries[i]), &code,
					NULL, &s.why) != PK_OK);
	}
	assert_null(code);
}

/* Nothing in a callback is believed before the state is: not even the provider's no. */
static void an_error_before_the_state_is_not_heard(void **state)
{
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	assert_err(callback(&s, PK_STR("error=access_denied&error_description=forged&state=x")),
		   PK_ERR_STATE_MISMATCH);
	assert_string_equal(s.why.provider_error, "");
	assert_string_equal(s.why.provider_text, "");
	assert_err(callback(&s, PK_STR("error=access_denied")), PK_ERR_STATE_MISSING);
}

static void the_providers_no_is_told_from_the_persons(void **state)
{
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	assert_err(callback(&s, PK_STR("error=access_denied&state=" STATE)), PK_ERR_USER_DENIED);
	assert_err(
		callback(&s, PK_STR("error=server_error&error_description=too+busy&state=" STATE)),
		PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_error, "server_error");
	assert_string_equal(s.why.provider_text, "too busy");
	assert_err(callback(&s, PK_STR("error=&state=" STATE)), PK_ERR_PROVIDER_REFUSED);
}

static void an_error_beats_a_code(void **state)
{
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	assert_err(callback(&s, PK_STR("code=abc&error=server_error&state=" STATE)),
		   PK_ERR_PROVIDER_REFUSED);
}

/* C-28 */
static void markup_and_escapes_in_the_providers_words_are_tamed(void **state)
{
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	assert_err(
		callback(&s, PK_STR("state=" STATE "&error=%22%3E%1b[31m"
				    "&error_description=%3Cscript%3E%22%5c%0d%0aX-Evil:1%c3%a4")),
		PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_error, "?>?[31m");
	assert_string_equal(s.why.provider_text, "<script>????X-Evil:1??");
}

static void endless_words_are_cut(void **state)
{
	char query[4096];
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	snprintf(query, sizeof(query), "state=" STATE "&error=%01000d&error_description=%02000d", 0,
		 0);
	assert_err(callback(&s, pk_str(query)), PK_ERR_PROVIDER_REFUSED);
	assert_int_equal(strlen(s.why.provider_error), sizeof(s.why.provider_error) - 1);
	assert_int_equal(strlen(s.why.provider_text), sizeof(s.why.provider_text) - 1);
}

static void neither_code_nor_error(void **state)
{
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	assert_err(callback(&s, PK_STR("state=" STATE)), PK_ERR_CODE_MISSING);
	assert_err(callback(&s, PK_STR("code=&state=" STATE)), PK_ERR_CODE_MISSING);
}

static void broken_encoding(void **state)
{
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	assert_err(callback(&s, PK_STR("code=%&state=" STATE)), PK_ERR_FORM_SYNTAX);
	assert_err(callback(&s, PK_STR("code=%0&state=" STATE)), PK_ERR_FORM_SYNTAX);
	assert_err(callback(&s, PK_STR("code=%zz&state=" STATE)), PK_ERR_FORM_SYNTAX);
	assert_err(callback(&s, PK_STR("code=a%00b&state=" STATE)), PK_ERR_FORM_SYNTAX);
	assert_err(callback(&s, PK_STR("code=a\0b&state=" STATE)), PK_ERR_FORM_SYNTAX);
	assert_err(callback(&s, PK_STR("code=abc&state=" STATE "%00")), PK_ERR_FORM_SYNTAX);
	assert_err(callback(&s, PK_STR("code=abc&%=&state=" STATE)), PK_ERR_FORM_SYNTAX);
}

static void ten_megabytes(void **state)
{
	const size_t size = 10 << 20;
	char *query = malloc(size);
	struct setting s;

	(void)state;
	assert_non_null(query);
	make(&s, "rfc7636");
	memset(query, 'x', size);
	memcpy(query, "state=" STATE "&code=", sizeof("state=" STATE "&code=") - 1);
	assert_err(callback(&s, (struct pk_str){query, size}), PK_ERR_NO_SPACE);
	memset(query, '&', size);
	assert_err(callback(&s, (struct pk_str){query, size}), PK_ERR_STATE_MISSING);
	memset(query, '%', size);
	assert_err(callback(&s, (struct pk_str){query, size}), PK_ERR_FORM_SYNTAX);
	free(query);
}

static void sixty_five_parameters(void **state)
{
	char query[512] = "code=abc&state=" STATE;
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	for (int i = 2; i < PK_FORM_MAX; i++)
		strcat(query, "&a=1");
	assert_err(callback(&s, pk_str(query)), PK_OK);
	strcat(query, "&a=1");
	assert_err(callback(&s, pk_str(query)), PK_ERR_FORM_TOO_LARGE);
}

/* C-12, C-13, C-14: RFC 9207: byte for byte; an error from the wrong issuer is a mix-up, not a no. */
static void the_issuer_is_compared_before_anything_is_believed(void **state)
{
	static const char *const wrong[] = {
		"code=abc&state=" STATE,
		"code=abc&iss=&state=" STATE,
		"code=abc&iss=https://login.example.com/&state=" STATE,
		"code=abc&iss=https://LOGIN.example.com&state=" STATE,
		"code=abc&iss=https://evil.example&state=" STATE,
		"error=access_denied&iss=https://evil.example&state=" STATE,
	};
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	s.dialect.issuer = PK_STR("https://{host}");
	s.dialect.callback_issuer = true;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_err(callback(&s, pk_str(wrong[i])), PK_ERR_ISSUER_MISMATCH);
	assert_err(
		callback(&s, PK_STR("code=abc&iss=https%3A%2F%2Flogin.example.com&state=" STATE)),
		PK_OK);
	assert_err(callback(&s, PK_STR("code=abc&iss=https://evil.example&state=x")),
		   PK_ERR_STATE_MISMATCH);
}

/* C-12: RFC 9207 2.4: whoever never announced an iss and sends one is compared with all the same. */
static void an_issuer_that_comes_unasked_is_compared(void **state)
{
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	assert_err(callback(&s, PK_STR("code=abc&iss=https://any.example&state=" STATE)), PK_OK);
	s.dialect.issuer = PK_STR("https://{host}");
	assert_err(callback(&s, PK_STR("code=abc&state=" STATE)), PK_OK);
	assert_err(callback(&s, PK_STR("code=abc&iss=https://login.example.com&state=" STATE)),
		   PK_OK);
	assert_err(callback(&s, PK_STR("code=abc&iss=&state=" STATE)), PK_ERR_ISSUER_MISMATCH);
	assert_err(callback(&s, PK_STR("code=abc&iss=https://any.example&state=" STATE)),
		   PK_ERR_ISSUER_MISMATCH);
	s.login.host = pk_str(NULL);
	assert_err(callback(&s, PK_STR("code=abc&iss=https://any.example&state=" STATE)),
		   PK_ERR_VARIABLE_MISSING);
}

static void the_sandbox_has_its_own_issuer(void **state)
{
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	s.dialect.issuer = PK_STR("https://{host}/realms/{tenant}");
	s.dialect.tenant = PK_STR("demo");
	s.dialect.callback_issuer = true;
	s.login.sandbox = PK_STR("http://127.0.0.1:9400");
	assert_err(callback(&s, PK_STR("code=abc&state=" STATE
				       "&iss=http://127.0.0.1:9400/rfc7636/realms/demo")),
		   PK_OK);
	assert_err(callback(&s, PK_STR("code=abc&state=" STATE
				       "&iss=https://login.example.com/realms/demo")),
		   PK_ERR_ISSUER_MISMATCH);
	assert_err(callback(&s, PK_STR("code=abc&state=" STATE)), PK_ERR_ISSUER_MISMATCH);
}

/* Which tenant it is, only the ID token says; that it is one tenant of this issuer can be said here. */
static void an_issuer_of_many_tenants(void **state)
{
	static const struct {
		const char *iss;
		enum pk_err want;
	} rows[] = {
		{"https://a.example/t-1/v2.0", PK_OK},
		{"https://a.example//v2.0", PK_ERR_ISSUER_MISMATCH},
		{"https://a.example/v2.0", PK_ERR_ISSUER_MISMATCH},
		{"https://a.example/t-1/v2.0/", PK_ERR_ISSUER_MISMATCH},
		{"https://a.example/t-1/x/v2.0", PK_ERR_ISSUER_MISMATCH},
		{"https://evil.example/t-1/v2.0", PK_ERR_ISSUER_MISMATCH},
		{"", PK_ERR_ISSUER_MISMATCH},
	};
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	s.dialect.issuer = PK_STR("https://a.example/{tenantid}/v2.0");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char query[128];

		snprintf(query, sizeof(query), "code=abc&state=" STATE "&iss=%s", rows[i].iss);
		assert_err(callback(&s, pk_str(query)), rows[i].want);
	}
}

static void the_providers_words_come_where_the_dialect_has_them(void **state)
{
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	s.dialect.callback_error_text_parameter = PK_STR("error_type");
	s.dialect.callback_error_number_parameter = PK_STR("errCode");
	assert_err(callback(&s, PK_STR("error=param_error&errCode=10007&error_type=code_challenge"
				       "&state=" STATE)),
		   PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_error, "param_error");
	assert_string_equal(s.why.provider_text, "10007 code_challenge");
	assert_err(callback(&s, PK_STR("error=x&errCode=%221%22&state=" STATE)),
		   PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_text, "?1?");
	/* Its other half may be plain. */
	assert_err(callback(&s, PK_STR("error=x&error_description=why&state=" STATE)),
		   PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_text, "why");
	assert_err(callback(&s, PK_STR("error=x&errCode=1&errCode=2&state=" STATE)),
		   PK_ERR_PARAMETER_DUPLICATED);
	assert_err(callback(&s, PK_STR("error=x&error_type=1&error_type=2&state=" STATE)),
		   PK_ERR_PARAMETER_DUPLICATED);
}

/* A parameter without a name is not the one that the dialect does not have. */
static void a_nameless_parameter_says_nothing(void **state)
{
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	s.dialect.callback_error_text_parameter = PK_STR("");
	assert_err(callback(&s, PK_STR("error=x&=forged&=again&state=" STATE)),
		   PK_ERR_PROVIDER_REFUSED);
	assert_string_equal(s.why.provider_text, "");
}

static void granted_scopes_come_where_the_dialect_has_them(void **state)
{
	const struct pk_grant_code *code;
	struct pk_str scopes;
	struct setting s;

	(void)state;
	make(&s, "tiktok");
	assert_err(pk_callback(&s.arena, &s.login, PK_STR(STATE),
			       PK_STR("code=a&scopes=user.info.basic%2Cvideo.list&state=" STATE),
			       &code, &scopes, &s.why),
		   PK_OK);
	assert_text(scopes, "user.info.basic,video.list");
	make(&s, "rfc7636");
	assert_err(pk_callback(&s.arena, &s.login, PK_STR(STATE),
			       PK_STR("code=a&scopes=x&state=" STATE), &code, &scopes, &s.why),
		   PK_OK);
	assert_not_given(scopes);
}

static void the_state_can_be_looked_at_first(void **state)
{
	struct pk_str found = PK_STR("untouched");
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	assert_err(pk_callback_state(&s.arena, PK_STR("code=%"), &found, &s.why),
		   PK_ERR_FORM_SYNTAX);
	assert_err(pk_callback_state(&s.arena, PK_STR("code=a"), &found, &s.why),
		   PK_ERR_STATE_MISSING);
	assert_err(pk_callback_state(&s.arena, PK_STR("state="), &found, &s.why),
		   PK_ERR_STATE_MISSING);
	assert_err(pk_callback_state(&s.arena, PK_STR("state=a&state=a"), &found, &s.why),
		   PK_ERR_PARAMETER_DUPLICATED);
	assert_text(found, "untouched");
	assert_err(pk_callback_state(&s.arena, PK_STR("state=a%2Bb+c"), &found, &s.why), PK_OK);
	assert_text(found, "a+b c");
}

static void a_full_arena_is_an_error_at_every_size(void **state)
{
	const struct pk_str query = PK_STR("code=abc&state=" STATE);
	struct setting s;

	(void)state;
	make(&s, "rfc7636");
	for (size_t cap = 0; cap < 96; cap++) {
		const struct pk_grant_code *code = NULL;
		struct pk_arena arena = pk_arena(s.memory, cap);
		const enum pk_err err =
			pk_callback(&arena, &s.login, PK_STR(STATE), query, &code, NULL, &s.why);

		if (cap < 50)
			assert_err(err, PK_ERR_NO_SPACE);
		if (err != PK_OK) {
			assert_err(s.why.err, PK_ERR_NO_SPACE);
			assert_null(code);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_callback),
		cmocka_unit_test(each_parameter_twice),
		cmocka_unit_test(the_state_altered_by_one_bit_anywhere),
		cmocka_unit_test(states_that_are_nearly_there),
		cmocka_unit_test(an_empty_expectation_is_never_met),
		cmocka_unit_test(an_error_before_the_state_is_not_heard),
		cmocka_unit_test(the_providers_no_is_told_from_the_persons),
		cmocka_unit_test(an_error_beats_a_code),
		cmocka_unit_test(markup_and_escapes_in_the_providers_words_are_tamed),
		cmocka_unit_test(endless_words_are_cut),
		cmocka_unit_test(neither_code_nor_error),
		cmocka_unit_test(broken_encoding),
		cmocka_unit_test(ten_megabytes),
		cmocka_unit_test(sixty_five_parameters),
		cmocka_unit_test(the_issuer_is_compared_before_anything_is_believed),
		cmocka_unit_test(an_issuer_that_comes_unasked_is_compared),
		cmocka_unit_test(the_sandbox_has_its_own_issuer),
		cmocka_unit_test(an_issuer_of_many_tenants),
		cmocka_unit_test(the_providers_words_come_where_the_dialect_has_them),
		cmocka_unit_test(a_nameless_parameter_says_nothing),
		cmocka_unit_test(granted_scopes_come_where_the_dialect_has_them),
		cmocka_unit_test(the_state_can_be_looked_at_first),
		cmocka_unit_test(a_full_arena_is_an_error_at_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
