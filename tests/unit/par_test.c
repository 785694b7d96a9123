/* Pushed authorization requests (RFC 9126): everything goes ahead, the browser carries a reference.
 */
#include "setting.h"

static enum pk_err push(struct setting *s, const char *secret, struct pk_http_request *ret)
{
	const struct pk_challenge challenge = {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", 43};

	s->arena.used = 0;
	return pk_par_request(&s->arena, &s->login, (struct pk_secret){pk_str(secret)},
			      PK_STR(STATE), PK_STR("nopqrstuvwxyzabcdefghij"), &challenge, ret,
			      &s->why);
}

#define PUSHED                                                                                     \
	"response_type=code&client_id=client-1&redirect_uri=https%3A%2F%2Fapp.example.com"         \
	"%2Fcallback&scope=openid%20profile&state=" STATE "&nonce=nopqrstuvwxyzabcdefghij&"        \
	"code_challenge="                                                                          \
	"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"

/* C-47 */
static void all_that_the_url_would_have(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.par_url = PK_STR("https://{host}/par");
	s.login.scopes = (struct pk_list){{PK_STR("openid"), PK_STR("profile")}, 2};
	assert_err(push(&s, NULL, &request), PK_OK);
	assert_string_equal(request.method, "POST");
	assert_text(request.url, "https://login.example.com/par");
	assert_text(request.body, PUSHED);
	/* The client's id is there once, whatever its proof is. */
	s.dialect.client_auth = (struct pk_list){{PK_STR("post")}, 1};
	assert_err(push(&s, "pw", &request), PK_OK);
	assert_text(request.body, PUSHED "&client_secret=pw");
	s.dialect.client_auth = (struct pk_list){{PK_STR("basic")}, 1};
	assert_err(push(&s, "pw", &request), PK_OK);
	assert_text(request.body, PUSHED);
	assert_true(text_has(request.header[1], "Basic") || text_has(request.header[0], "Basic"));
}

static void what_cannot_be_pushed(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.par_url = PK_STR("");
	assert_err(push(&s, "pw", &request), PK_ERR_ARGUMENT);
	assert_string_equal(s.why.parameter, "par_url");
	s.dialect.par_url = PK_STR("https://{host}/par");
	assert_err(pk_par_request(&s.arena, &s.login, (struct pk_secret){PK_STR("pw")},
				  PK_STR("short"), (struct pk_str){0}, NULL, &request, &s.why),
		   PK_ERR_ARGUMENT);
	assert_err(pk_par_request(&s.arena, &s.login, (struct pk_secret){PK_STR("pw")},
				  PK_STR(STATE), (struct pk_str){0}, NULL, &request, &s.why),
		   PK_ERR_VERIFIER_MISSING);
	s.arena = pk_arena(s.memory, 64);
	assert_err(push(&s, "pw", &request), PK_ERR_NO_SPACE);
}

static void the_answer(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum pk_err want;
	} rows[] = {
		{201, "{\"request_uri\":\"urn:a:1\",\"expires_in\":60}", PK_OK},
		{201, "{\"request_uri\":\"urn:a:1\"}", PK_ERR_REPLY_INCOMPLETE},
		{201, "{\"request_uri\":\"urn:a:1\",\"expires_in\":0}", PK_ERR_REPLY_INCOMPLETE},
		{201, "{\"request_uri\":\"urn:a:1\",\"expires_in\":-1}", PK_ERR_REPLY_INCOMPLETE},
		{201, "{\"expires_in\":60}", PK_ERR_REPLY_INCOMPLETE},
		{201, "{\"request_uri\":\"\",\"expires_in\":60}", PK_ERR_REPLY_INCOMPLETE},
		{201, "{\"request_uri\":7,\"expires_in\":60}", PK_ERR_REPLY_INCOMPLETE},
		{201, "{\"request_uri\":\"a b\",\"expires_in\":60}", PK_ERR_REPLY_INCOMPLETE},
		{201, "{\"request_uri\":\"a\\r\\n\",\"expires_in\":60}", PK_ERR_REPLY_INCOMPLETE},
		{201, "", PK_ERR_REPLY_NOT_OAUTH},
		{400, "{\"error\":\"invalid_request\"}", PK_ERR_PROVIDER_REFUSED},
	};
	struct pk_str uri = {0};
	int64_t expires_at = 0;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pk_http_reply reply = {rows[i].status, PK_STR("application/json"),
						    pk_str(rows[i].body)};

		assert_err(
			pk_par_reply(&s.arena, &s.login, &reply, 1000, &uri, &expires_at, &s.why),
			rows[i].want);
	}
	assert_text(uri, "urn:a:1");
	assert_int_equal(expires_at, 1060);
	assert_int_equal(s.why.status, 400);
	assert_string_equal(s.why.provider_error, "invalid_request");
}

/* C-47 */
static void the_browser_carries_the_reference_alone(void **state)
{
	char memory[256];
	struct pk_buf url = pk_buf(memory, sizeof(memory));
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.authorize_url = PK_STR("https://{host}/authorize?a=1");
	assert_err(pk_authorize_url_pushed(&s.login, PK_STR("urn:a:1&x"), &url, &s.why), PK_OK);
	assert_text(pk_buf_str(&url), "https://login.example.com/authorize?a=1&client_id=client-1&"
				      "request_uri=urn%3Aa%3A1%26x");
	assert_err(pk_authorize_url_pushed(&s.login, PK_STR(""), &url, &s.why), PK_ERR_ARGUMENT);
	assert_err(pk_authorize_url_pushed(&s.login, PK_STR("a b"), &url, &s.why), PK_ERR_ARGUMENT);
	url = pk_buf(memory, 50);
	assert_err(pk_authorize_url_pushed(&s.login, PK_STR("urn:a:1"), &url, &s.why),
		   PK_ERR_NO_SPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_the_url_would_have),
		cmocka_unit_test(what_cannot_be_pushed),
		cmocka_unit_test(the_answer),
		cmocka_unit_test(the_browser_carries_the_reference_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
