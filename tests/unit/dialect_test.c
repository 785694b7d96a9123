/* Dialect files: what is read, what is refused and on which line, and that writing says all. */
#include "setting.h"

#include "base/text.h"
#include "protocol/dialect.h"

#include <stdio.h>

/* The least that a dialect says: twelve lines. */
#define LEAST                                                                                      \
	"title = \"T\"\n"                                                                          \
	"source = \"S\"\n"                                                                         \
	"checked = \"2026-11-21\"\n"                                                               \
	"authorize_url = \"https://a.example/authorize\"\n"                                        \
	"token_url = \"https://a.example/token\"\n"                                                \
	"userinfo_url = \"https://a.example/me\"\n"                                                \
	"client_auth = {\"post\"}\n"                                                               \
	"pkce = \"required\"\n"                                                                    \
	"redirect_rules = {}\n"

#define LEAST_LINES 9

static struct pk_dialect dialect;
static struct pk_why why;

static enum pk_err parse(const char *text)
{
	memset(&why, 0, sizeof(why));
	return pk_dialect_parse(PK_STR("t"), pk_str(text), &dialect, &why);
}

/* What is not given has the values of RFC 6749 and RFC 7636. */
static void the_defaults_are_those_of_the_rfcs(void **state)
{
	(void)state;
	assert_err(parse(LEAST), PK_OK);
	assert_text(dialect.name, "t");
	assert_text(dialect.client_id_parameter, "client_id");
	assert_text(dialect.client_secret_parameter, "client_secret");
	assert_text(dialect.scope_separator, " ");
	assert_text(dialect.challenge_method, "S256");
	assert_text(dialect.revoke_token_parameter, "token");
	assert_int_equal(dialect.challenge, PK_CHALLENGE_BASE64URL);
	assert_int_equal(dialect.method_missing, PK_METHOD_MISSING_PLAIN);
	assert_int_equal(dialect.token_request, PK_BODY_FORM);
	assert_int_equal(dialect.token_reply, PK_BODY_JSON);
	assert_false(dialect.plain);
	assert_int_equal(dialect.refusal_count, 0);
}

static void every_kind_of_value(void **state)
{
	(void)state;
	assert_err(parse("\xef\xbb\xbf" LEAST), PK_ERR_DIALECT_KEY);
	assert_err(parse("\n# a comment\n\t\r\n" LEAST
			 "\tnote=\"a # is no comment here\"  # here it is\r\n"
			 "scopes = {\"a\",\"b\" , \"c\"}#x\n"
			 "challenge = \"hex\"\nplain = true\ncode_lifetime = 30 # seconds\n"
			 "error.code-known = \"400 invalid_grant The code is gone.\"\n"
			 "error.code-unused = \"400 invalid_grant\""),
		   PK_OK);
	assert_text(dialect.note, "a # is no comment here");
	assert_int_equal(dialect.scopes.count, 3);
	assert_text(dialect.scopes.item[2], "c");
	assert_int_equal(dialect.challenge, PK_CHALLENGE_HEX);
	assert_true(dialect.plain);
	assert_int_equal(dialect.code_lifetime, 30);

	const struct pk_refusal *refusal = pk_dialect_refusal(&dialect, PK_STR("code-known"));

	assert_non_null(refusal);
	assert_int_equal(refusal->status, 400);
	assert_text(refusal->code, "invalid_grant");
	assert_text(refusal->text, "The code is gone.");
	refusal = pk_dialect_refusal(&dialect, PK_STR("code-unused"));
	assert_non_null(refusal);
	assert_text(refusal->text, "");
	assert_null(pk_dialect_refusal(&dialect, PK_STR("code")));
}

static void mistakes_are_refused_on_their_line(void **state)
{
	static const struct {
		const char *line;
		enum pk_err want;
	} rows[] = {
		{"nonsense", PK_ERR_DIALECT_SYNTAX},
		{"note = \"a\" \"b\"", PK_ERR_DIALECT_SYNTAX},
		{"note = \"a\" issuer = \"b\"", PK_ERR_DIALECT_SYNTAX},
		{"plain = true false", PK_ERR_DIALECT_SYNTAX},
		{"= \"a\"", PK_ERR_DIALECT_KEY},
		{"no_such_key = \"a\"", PK_ERR_DIALECT_KEY},
		{"Note = \"a\"", PK_ERR_DIALECT_KEY},
		{"title = \"again\"", PK_ERR_DIALECT_KEY},
		{"error.x = \"400 a\"\nerror.x = \"400 b\"", PK_ERR_DIALECT_KEY},
		{"error. = \"400 a\"", PK_ERR_DIALECT_KEY},
		{"error.a b = \"400 a\"", PK_ERR_DIALECT_KEY},
		{"note = ", PK_ERR_DIALECT_VALUE},
		{"note = unquoted", PK_ERR_DIALECT_VALUE},
		{"note = \"not ended", PK_ERR_DIALECT_VALUE},
		{"note = \"a\tb\"", PK_ERR_DIALECT_VALUE},
		{"note = \"a\x1b[31m\"", PK_ERR_DIALECT_VALUE},
		{"scopes = \"a\"", PK_ERR_DIALECT_VALUE},
		{"scopes = {\"a\"", PK_ERR_DIALECT_VALUE},
		{"scopes = {\"a\",,}", PK_ERR_DIALECT_VALUE},
		{"scopes = {a}", PK_ERR_DIALECT_VALUE},
		{"scopes = {\"a\" \"b\"}", PK_ERR_DIALECT_VALUE},
		{"scopes = {\"\"}", PK_ERR_DIALECT_VALUE},
		{"regions = {\"\"}", PK_ERR_DIALECT_VALUE},
		{"challenge = \"Hex\"", PK_ERR_DIALECT_VALUE},
		{"challenge = hex", PK_ERR_DIALECT_VALUE},
		{"plain = 1", PK_ERR_DIALECT_VALUE},
		{"plain = \"true\"", PK_ERR_DIALECT_VALUE},
		{"plain =", PK_ERR_DIALECT_VALUE},
		{"code_lifetime = -1", PK_ERR_DIALECT_VALUE},
		{"code_lifetime = 60s", PK_ERR_DIALECT_VALUE},
		{"code_lifetime = \"60\"", PK_ERR_DIALECT_VALUE},
		{"code_lifetime = 99999999999", PK_ERR_DIALECT_VALUE},
		{"error.x = 400", PK_ERR_DIALECT_VALUE},
		{"error.x = \"\"", PK_ERR_DIALECT_VALUE},
		{"error.x = \"400\"", PK_ERR_DIALECT_VALUE},
		{"error.x = \"400 \"", PK_ERR_DIALECT_VALUE},
		{"error.x = \"invalid_grant\"", PK_ERR_DIALECT_VALUE},
		{"error.x = \"600 a\"", PK_ERR_DIALECT_VALUE},
		{"error.x = \"199 a\"", PK_ERR_DIALECT_VALUE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024];

		snprintf(text, sizeof(text), "%s%s\n", LEAST, rows[i].line);
		assert_err(parse(text), rows[i].want);
		assert_err(why.err, rows[i].want);
		assert_int_equal(why.line, LEAST_LINES + (strchr(rows[i].line, '\n') ? 2 : 1));
	}
}

/* What only the whole file shows. */
static void a_dialect_that_cannot_work_is_refused(void **state)
{
	static const struct {
		const char *from, *to;
		enum pk_err want;
	} rows[] = {
		{"title = \"T\"\n", "", PK_ERR_DIALECT_INCOMPLETE},
		{"pkce = \"required\"\n", "", PK_ERR_DIALECT_INCOMPLETE},
		{"redirect_rules = {}\n", "", PK_ERR_DIALECT_INCOMPLETE},
		{"token_url = \"https://a.example/token\"\n", "", PK_ERR_DIALECT_INCOMPLETE},
		{"userinfo_url = \"https://a.example/me\"\n", "", PK_ERR_DIALECT_INCOMPLETE},
		{"{\"post\"}", "{}", PK_ERR_DIALECT_VALUE},
		{"{\"post\"}", "{\"psot\"}", PK_ERR_DIALECT_VALUE},
		{"{}", "{\"no-such-rule\"}", PK_ERR_DIALECT_VALUE},
		{"{}", "{\"max-length\"}", PK_ERR_DIALECT_VALUE},
		{"\"https://a.example/token\"", "\"\"", PK_ERR_DIALECT_INCOMPLETE},
		{"\"T\"", "\"\"", PK_ERR_DIALECT_VALUE},
		{"pkce = \"required\"\n", "pkce = \"required\"\nclient_id_parameter = \"\"\n",
		 PK_ERR_DIALECT_VALUE},
		{"pkce = \"required\"\n", "pkce = \"required\"\nscope_separator = \"\"\n",
		 PK_ERR_DIALECT_VALUE},
		/* RFC 6749 3.1.2.1 and 3.2: codes and secrets travel under TLS. */
		{"https://a.example/token", "http://a.example/token", PK_ERR_DIALECT_VALUE},
		{"https://a.example/token", "a.example/token", PK_ERR_DIALECT_VALUE},
		{"https://a.example/authorize", "javascript://a.example/", PK_ERR_DIALECT_VALUE},
		{"https://a.example/authorize", "https://a.example/#x", PK_ERR_DIALECT_VALUE},
		{"https://a.example/token", "https://user@a.example/", PK_ERR_DIALECT_VALUE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const at = strstr(LEAST, rows[i].from);
		char text[1024];

		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - LEAST), LEAST, rows[i].to,
			 at + strlen(rows[i].from));
		assert_err(parse(text), rows[i].want);
		assert_err(why.err, rows[i].want);
	}
	assert_err(parse(""), PK_ERR_DIALECT_INCOMPLETE);
}

/* Plain http stays possible where nothing leaves the machine. */
static void an_endpoint_on_this_machine_may_be_plain(void **state)
{
	(void)state;
	assert_err(parse(LEAST "revoke_url = \"http://127.0.0.1:8080/revoke\"\n"), PK_OK);
	assert_err(parse(LEAST "revoke_url = \"https://{host}/{region}\"\n"), PK_OK);
}

static void a_mistake_leaves_the_result_alone(void **state)
{
	(void)state;
	assert_err(parse(LEAST), PK_OK);
	assert_err(parse("title = \"other\"\nnonsense"), PK_ERR_DIALECT_SYNTAX);
	assert_text(dialect.title, "T");
}

static void lists_and_refusals_are_bounded(void **state)
{
	char text[4096] = LEAST "scopes = {";

	(void)state;
	for (int i = 0; i < PK_LIST_MAX; i++)
		strcat(text, "\"a\",");
	strcat(text, "\"b\"}");
	assert_err(parse(text), PK_ERR_DIALECT_VALUE);
	strcpy(text, LEAST);
	for (int i = 0; i <= PK_REFUSALS_MAX; i++) {
		char line[64];

		snprintf(line, sizeof(line), "error.check-%d = \"400 a\"\n", i);
		strcat(text, line);
	}
	assert_err(parse(text), PK_ERR_DIALECT_KEY);
}

static void written_and_read_again_it_is_the_same(void **state)
{
	static char first[16384], second[16384];

	(void)state;
	for (size_t i = 0; pk_dialect_name(i); i++) {
		struct pk_buf one = pk_buf(first, sizeof(first));
		struct pk_buf two = pk_buf(second, sizeof(second));
		struct pk_dialect again;

		assert_err(parse(pk_dialect_text(pk_dialect_name(i))), PK_OK);
		pk_dialect_write(&dialect, &one);
		assert_false(one.overflow);
		assert_err(pk_dialect_parse(PK_STR("t"), pk_buf_str(&one), &again, &why), PK_OK);
		pk_dialect_write(&again, &two);
		assert_true(pk_str_equal(pk_buf_str(&one), pk_buf_str(&two)));
		for (size_t j = 0; j < pk_column_count; j++)
			assert_true(text_has(pk_buf_str(&one), pk_columns[j].key));
	}
}

static void built_in_dialects_are_found_by_name(void **state)
{
	size_t count = 0;

	(void)state;
	while (pk_dialect_name(count))
		count++;
	for (size_t i = 0; i < count; i++) {
		assert_non_null(pk_dialect_text(pk_dialect_name(i)));
		if (i)
			assert_true(strcmp(pk_dialect_name(i - 1), pk_dialect_name(i)) < 0);
	}
	assert_null(pk_dialect_name(count));
	assert_null(pk_dialect_name(SIZE_MAX));
	assert_null(pk_dialect_text("no-such-dialect"));
	assert_null(pk_dialect_text(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_those_of_the_rfcs),
		cmocka_unit_test(every_kind_of_value),
		cmocka_unit_test(mistakes_are_refused_on_their_line),
		cmocka_unit_test(a_dialect_that_cannot_work_is_refused),
		cmocka_unit_test(an_endpoint_on_this_machine_may_be_plain),
		cmocka_unit_test(a_mistake_leaves_the_result_alone),
		cmocka_unit_test(lists_and_refusals_are_bounded),
		cmocka_unit_test(written_and_read_again_it_is_the_same),
		cmocka_unit_test(built_in_dialects_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
