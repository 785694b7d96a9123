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
	assert_int_equal(dialect.token_request, PK_REQUEST_FORM);
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

/* One more line, and what becomes of it. */
static void the_form_of_each_text(void **state)
{
	static const struct {
		const char *line;
		enum pk_err want;
	} rows[] = {
		{"jwks_url = \"http://a.example/\"", PK_ERR_DIALECT_VALUE},
		{"introspect_url = \"a.example\"", PK_ERR_DIALECT_VALUE},
		{"end_session_url = \"https://a.example/#x\"", PK_ERR_DIALECT_VALUE},
		{"par_url = \"https://u@a.example/\"", PK_ERR_DIALECT_VALUE},
		{"refresh_url = \"javascript://a/\"", PK_ERR_DIALECT_VALUE},
		{"revoke_url = \"https://{realm}.example/\"", PK_ERR_DIALECT_VALUE},
		{"revoke_url = \"https://a.example/{\"", PK_ERR_DIALECT_VALUE},
		{"revoke_url = \"https://a.example/{tenantid}\"", PK_ERR_DIALECT_VALUE},
		{"revoke_url = \"https://a.example/{issuer}\"", PK_ERR_DIALECT_VALUE},
		{"revoke_url = \"https://a.example/{tenant}\"", PK_ERR_DIALECT_INCOMPLETE},
		{"revoke_url = \"https://a.example/{tenant}\"\ntenant = \"demo\"", PK_OK},
		{"tenant = \"a/b\"", PK_ERR_DIALECT_VALUE},
		{"tenant = \"..\"", PK_ERR_DIALECT_VALUE},
		{"issuer = \"https://a.example/x?y\"", PK_ERR_DIALECT_VALUE},
		{"issuer = \"http://a.example\"", PK_ERR_DIALECT_VALUE},
		{"issuer = \"https://a.example/{tenantid}/x\"", PK_ERR_DIALECT_INCOMPLETE},
		{"issuer = \"https://a.example/{tenantid}/x\"\ntenant = \"t\"", PK_OK},
		{"discovery_url = \"{issuer}/.well-known/openid-configuration\"", PK_OK},
		{"discovery_url = \"https://a.example/{issuer}\"", PK_ERR_DIALECT_VALUE},
		{"discovery_url = \"{issuer}\"", PK_ERR_DIALECT_VALUE},
		{"discovery_url = \"{host}/x\"", PK_ERR_DIALECT_VALUE},
		{"authorize_query = \"a=1&b=%20\"", PK_OK},
		{"authorize_query = \"a=%\"", PK_ERR_DIALECT_VALUE},
		{"authorize_query = \"a=b c\"", PK_ERR_DIALECT_VALUE},
		{"authorize_query = \"a=1#x\"", PK_ERR_DIALECT_VALUE},
		{"authorize_query = \"&\"", PK_ERR_DIALECT_VALUE},
		{"authorize_query = \"=1\"", PK_ERR_DIALECT_VALUE},
		{"authorize_query = \"a=1&state=1\"", PK_ERR_DIALECT_VALUE},
		{"authorize_query = \"client%5fid=1\"", PK_ERR_DIALECT_VALUE},
		{"authorize_fragment = \"#x\"", PK_ERR_DIALECT_VALUE},
		{"authorize_fragment = \"a b\"", PK_ERR_DIALECT_VALUE},
		{"callback_fragment = \"_=_\"", PK_OK},
		{"callback_fragment = \"<\"", PK_ERR_DIALECT_VALUE},
		{"callback_more = \"a=%0\"", PK_ERR_DIALECT_VALUE},
		{"token_parameters = \"code=1\"", PK_ERR_DIALECT_VALUE},
		{"token_parameters = \"client_secret=1\"", PK_ERR_DIALECT_VALUE},
		{"token_parameters = \"expiring=1\"", PK_OK},
		{"userinfo_query = \"fields=a,b\"", PK_OK},
		{"userinfo_query = \"a b\"", PK_ERR_DIALECT_VALUE},
		{"token_reply_at = \"data\"", PK_ERR_DIALECT_VALUE},
		{"token_reply_at = \"/data/0\"", PK_OK},
		{"error_at = \"error\"", PK_ERR_DIALECT_VALUE},
		{"userinfo_name = \"name\"", PK_ERR_DIALECT_VALUE},
		{"token_reply_more = \"/a=1&/b/c=2\"", PK_OK},
		{"token_reply_more = \"/a=1&b=2\"", PK_ERR_DIALECT_VALUE},
		{"error_more = \"a=1\"", PK_ERR_DIALECT_VALUE},
		{"refresh_asked_by = \"access_type=offline\"", PK_OK},
		{"refresh_asked_by = \"offline_access\"", PK_ERR_DIALECT_VALUE},
		{"refresh_asked_by = \"a=1&b=2\"", PK_ERR_DIALECT_VALUE},
		{"refresh_asked_by = \"=1\"", PK_ERR_DIALECT_VALUE},
		{"userinfo_header = \"Api-Version: 1\"", PK_OK},
		{"userinfo_header = \"Api-Version:1\"", PK_ERR_DIALECT_VALUE},
		{"userinfo_header = \"Api Version: 1\"", PK_ERR_DIALECT_VALUE},
		{"userinfo_header = \"Api-Version\"", PK_ERR_DIALECT_VALUE},
		{"userinfo_header = \"Api-Version: \xc3\xa4\"", PK_ERR_DIALECT_VALUE},
		{"userinfo_client_header = \"Client Id\"", PK_ERR_DIALECT_VALUE},
		{"userinfo_client_header = \"Client-Id\"", PK_OK},
		{"token_request = \"accept\"", PK_ERR_DIALECT_VALUE},
		{"token_request = \"query\"", PK_OK},
		{"token_reply = \"query\"", PK_ERR_DIALECT_VALUE},
		{"token_reply = \"accept\"", PK_OK},
		/* What an empty text may mean. */
		{"token_type = \"\"", PK_OK},
		{"challenge_method = \"\"", PK_OK},
		{"error_text_at = \"\"", PK_OK},
		{"callback_error_text_parameter = \"\"", PK_OK},
		{"error_at = \"\"", PK_ERR_DIALECT_VALUE},
		{"scope_parameter = \"\"", PK_ERR_DIALECT_VALUE},
		/* What one key needs of another. */
		{"callback_issuer = true", PK_ERR_DIALECT_INCOMPLETE},
		{"callback_issuer = true\nissuer = \"https://a.example\"", PK_OK},
		{"id_token_alg = \"HS256\"", PK_ERR_DIALECT_INCOMPLETE},
		{"id_token_alg = \"HS256\"\nissuer = \"https://a.example\"", PK_OK},
		{"id_token_alg = \"RS256\"\nissuer = \"https://a.example\"",
		 PK_ERR_DIALECT_INCOMPLETE},
		{"id_token_alg = \"ES256\"\nissuer = \"https://a.example\"",
		 PK_ERR_DIALECT_INCOMPLETE},
		{"id_token_alg = \"ES256\"\nissuer = \"https://a.example\"\njwks_url = "
		 "\"https://a.example/keys\"",
		 PK_OK},
		{"userinfo_subject_parameter = \"openid\"", PK_ERR_DIALECT_INCOMPLETE},
		{"userinfo_subject_parameter = \"openid\"\ntoken_subject = \"/openid\"", PK_OK},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024];
		enum pk_err got;

		snprintf(text, sizeof(text), "%s%s\n", LEAST, rows[i].line);
		got = parse(text);
		if (got != rows[i].want)
			print_error("%s: %s\n", rows[i].line, why.detail);
		assert_err(got, rows[i].want);
	}
}

#define FOUND                                                                                      \
	"title = \"T\"\nsource = \"s\"\nchecked = \"2026-11-21\"\nclient_auth = {\"basic\"}\n"     \
	"pkce = \"sent\"\nredirect_rules = {}\n"

/* Its own metadata says the rest. */
static void a_dialect_that_is_found_by_discovery_alone(void **state)
{
	(void)state;
	assert_err(parse(FOUND), PK_ERR_DIALECT_INCOMPLETE);
	assert_err(parse(FOUND "discovery_url = \"{issuer}/.well-known/openid-configuration\"\n"),
		   PK_OK);
	assert_err(parse(FOUND "discovery_url = \"{issuer}/.well-known/openid-configuration\"\n"
			       "id_token_alg = \"RS256\"\ncallback_issuer = true\n"),
		   PK_OK);
	/* Half of it is neither. */
	assert_err(parse(FOUND "discovery_url = \"{issuer}/x\"\n"
			       "authorize_url = \"https://a.example/\"\n"),
		   PK_ERR_DIALECT_INCOMPLETE);
}

/* An ID token says who logged in as well as user info does. */
static void an_id_token_is_an_identity(void **state)
{
	(void)state;
	assert_err(parse(FOUND "authorize_url = \"https://a.example/\"\n"
			       "token_url = \"https://a.example/\"\n"),
		   PK_ERR_DIALECT_INCOMPLETE);
	assert_err(parse(FOUND "authorize_url = \"https://a.example/\"\n"
			       "token_url = \"https://a.example/\"\n"
			       "issuer = \"https://a.example\"\nid_token_alg = \"RS256\"\n"
			       "jwks_url = \"https://a.example/keys\"\n"),
		   PK_OK);
}

/* A table of texts that forgets one would let it through. */
static void every_address_and_pointer_is_looked_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < pk_column_count; i++) {
		const struct pk_str key = pk_str(pk_columns[i].key);
		char text[1024];

		if (pk_columns[i].type != PK_COLUMN_TEXT ||
		    !(pk_str_ends(key, PK_STR("_url")) || pk_str_ends(key, PK_STR("_at")) ||
		      pk_str_ends(key, PK_STR("_more")) || pk_str_ends(key, PK_STR("_query")) ||
		      pk_str_ends(key, PK_STR("_fragment")) ||
		      pk_str_ends(key, PK_STR("_header")) || pk_str_equal(key, PK_STR("issuer"))))
			continue;
		snprintf(text, sizeof(text),
			 "title = \"T\"\nsource = \"s\"\nchecked = \"2026-11-21\"\n%s = \"a b#<\"\n"
			 "client_auth = {\"basic\"}\npkce = \"sent\"\nredirect_rules = {}\n"
			 "token_subject = \"/s\"\n%s%s",
			 pk_columns[i].key,
			 pk_str_equal(key, PK_STR("authorize_url"))
				 ? ""
				 : "authorize_url = \"https://a.example/\"\n",
			 pk_str_equal(key, PK_STR("token_url"))
				 ? ""
				 : "token_url = \"https://a.example/\"\n");
		if (parse(text) == PK_OK)
			print_error("%s takes anything\n", pk_columns[i].key);
		assert_err(parse(text), PK_ERR_DIALECT_VALUE);
		assert_string_equal(why.parameter, pk_columns[i].key);
	}
}

static void a_refusal_may_have_a_number(void **state)
{
	(void)state;
	assert_err(parse(LEAST "error.code-known = \"400 invalid_grant/70008 It is late.\"\n"),
		   PK_OK);
	assert_text(dialect.refusal[0].code, "invalid_grant");
	assert_text(dialect.refusal[0].number, "70008");
	assert_text(dialect.refusal[0].text, "It is late.");
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
		cmocka_unit_test(the_form_of_each_text),
		cmocka_unit_test(a_dialect_that_is_found_by_discovery_alone),
		cmocka_unit_test(an_id_token_is_an_identity),
		cmocka_unit_test(every_address_and_pointer_is_looked_at),
		cmocka_unit_test(a_refusal_may_have_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
