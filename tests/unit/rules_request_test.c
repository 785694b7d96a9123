/*
 * The rules of the token request as a piece of HTTP, and of its reply: what each shows, and how
 * sure it is. That they keep apart from each other, and silent where nothing is wrong, is shown
 * by tests/captures.
 */
#include "exchange.h"

#define AUTHORIZE "https://id.example.com/authorize?response_type=code&client_id=app-4711" PAIR
#define TOKEN "https://id.example.com/token"
#define BODY GRANT "&client_id=app-4711"

static struct exchange failed(const char *provider)
{
	return (struct exchange){.provider = provider,
				 .authorize = AUTHORIZE,
				 .url = TOKEN,
				 .header = {FORM},
				 .body = BODY,
				 .status = 400,
				 .answer = "{\"error\": \"invalid_request\"}"};
}

static const char wants_json[] = "title = \"JSON\"\n"
				 "source = \"this test\"\n"
				 "checked = \"2026-11-21\"\n"
				 "authorize_url = \"https://id.example.com/authorize\"\n"
				 "token_url = \"https://id.example.com/token\"\n"
				 "userinfo_url = \"https://id.example.com/me\"\n"
				 "userinfo_subject = \"/sub\"\n"
				 "client_auth = {\"none\"}\n"
				 "scopes = {\"a\", \"b\"}\n"
				 "pkce = \"required\"\n"
				 "token_request = \"json\"\n"
				 "redirect_rules = {\"absolute\"}\n";

static void json_and_forms(void **state)
{
	struct exchange json = failed("rfc7636"), form = failed(NULL);

	(void)state;
	json.body = "{\"grant_type\": \"authorization_code\", \"code\": \"c0de\"}";
	json.header[0][1] = "application/json";
	assert_found(&json, "body-json-not-form", PK_PROVED, "Content-Type", "application/json",
		     "application/x-www-form-urlencoded");
	form.dialect = wants_json;
	assert_found(&form, "body-form-not-json", PK_PROVED, "Content-Type",
		     "application/x-www-form-urlencoded", "application/json");
	json.dialect = wants_json;
	json.provider = NULL;
	assert_not_found(&json, "body-json-not-form");
	assert_not_found(&json, "body-form-not-json");
	json.header[0][0] = "Accept";
	assert_found(&json, "content-type-missing", PK_PROVED, "Content-Type", NULL,
		     "application/json");
}

static void no_content_type(void **state)
{
	struct exchange exchange = failed(NULL);

	(void)state;
	exchange.header[0][1] = "text/plain;charset=UTF-8";
	assert_found(&exchange, "content-type-missing", PK_PROVED, "Content-Type",
		     "text/plain;charset=UTF-8", "application/x-www-form-urlencoded");
	exchange.header[0][0] = NULL; /* no header at all: perhaps they were not captured */
	assert_int_equal(exchange_find(&exchange, "content-type-missing")->confidence, PK_LIKELY);
	exchange.answer = "{\"error\": \"invalid_grant\"}";
	assert_not_found(&exchange, "content-type-missing");
}

static void a_get(void **state)
{
	struct exchange exchange = failed(NULL);

	(void)state;
	exchange.method = "GET";
	exchange.url = TOKEN "?" BODY;
	exchange.body = NULL;
	assert_found(&exchange, "post-became-get", PK_PROVED, "method", "GET", "POST");
	assert_not_found(&exchange, "parameter-in-query");
}

static void addresses(void **state)
{
	struct exchange exchange = failed("genesys");

	(void)state;
	exchange.authorize = "https://login.mypurecloud.de/oauth/authorize?response_type=code"
			     "&client_id=app-4711" PAIR;
	exchange.url = "https://login.mypurecloud.com/oauth/token";
	assert_found(&exchange, "token-endpoint-wrong", PK_PROVED, "url",
		     "https://login.mypurecloud.com/oauth/token",
		     "https://login.mypurecloud.de/oauth/token");
	exchange.url = "https://api.mypurecloud.de/oauth/token?x=1";
	assert_found(&exchange, "token-endpoint-wrong", PK_PROVED, "url",
		     "https://api.mypurecloud.de/oauth/token",
		     "https://login.mypurecloud.de/oauth/token");
	exchange.url = "https://login.mypurecloud.de/oauth/token";
	assert_not_found(&exchange, "token-endpoint-wrong");
	exchange.url = "http://127.0.0.1:9400/genesys/oauth/token";
	assert_not_found(&exchange, "token-endpoint-wrong");
}

static void parameters(void **state)
{
	struct exchange exchange = failed(NULL);

	(void)state;
	exchange.body = BODY "&code=another";
	assert_found(&exchange, "parameter-duplicated", PK_PROVED, "code", "c0de-Zk3PqX91uVbT",
		     NULL);
	exchange.body = BODY;
	exchange.url = TOKEN "?client_secret=s3cret";
	assert_found(&exchange, "parameter-in-query", PK_PROVED, "client_secret", "s3cret", NULL);
	assert_true(exchange_find(&exchange, "parameter-in-query")->evidence[0].secret);
}

static void grant_types(void **state)
{
	struct exchange exchange = failed(NULL);

	(void)state;
	exchange.body = "grant_type=code&code=c0de&client_id=app-4711" VERIFIER;
	assert_found(&exchange, "grant-type-wrong", PK_PROVED, "grant_type", "code",
		     "authorization_code");
	exchange.body = "refresh_token=rft&grant_type=refresh&client_id=app-4711";
	assert_found(&exchange, "grant-type-wrong", PK_PROVED, "grant_type", "refresh",
		     "refresh_token");
	exchange.body = "code=c0de&client_id=app-4711" VERIFIER;
	assert_found(&exchange, "grant-type-wrong", PK_LIKELY, "grant_type", NULL,
		     "authorization_code");
	exchange.answer = "{\"error\": \"bad_verification_code\"}"; /* it read the code */
	assert_not_found(&exchange, "grant-type-wrong");
}

static void scopes(void **state)
{
	struct exchange exchange = failed("tiktok");

	(void)state;
	exchange.url = "https://open.tiktokapis.com/v2/oauth/token/";
	exchange.authorize = "https://www.tiktok.com/v2/auth/authorize/?response_type=code"
			     "&client_key=app-4711&scope=user.info.basic%20video.list" PAIR;
	/* It was given a code, so this need not be what failed. */
	assert_found(&exchange, "scope-separator", PK_LIKELY, "scope", "user.info.basic video.list",
		     NULL);
	assert_text(exchange_find(&exchange, "scope-separator")->detail,
		    "They are joined by a space; this provider wants a comma.");
}

static void replies(void **state)
{
	struct exchange exchange = failed(NULL);

	(void)state;
	exchange.status = 403;
	exchange.answer = "<html>Request blocked</html>";
	exchange.answer_header[0] = "Content-Type";
	exchange.answer_header[1] = "text/html";
	assert_found(&exchange, "reply-not-oauth", PK_PROVED, "Content-Type", "text/html",
		     "application/json");
	exchange.status = 200;
	exchange.answer = "{\"accessToken\": \"act\"}";
	assert_found(&exchange, "reply-misread", PK_PROVED, "HTTP status", "200", NULL);
	exchange.answer = "{\"data\": {\"access_token\": \"act\"}}";
	assert_not_found(&exchange, "reply-misread");
	exchange.provider = "rfc7636";
	assert_int_equal(exchange_find(&exchange, "reply-misread")->confidence, PK_LIKELY);
}

static void browsers(void **state)
{
	struct exchange exchange = failed(NULL);

	(void)state;
	exchange.header[1][0] = "Origin";
	exchange.header[1][1] = "https://app.example.com";
	exchange.answer_header[0] = "Content-Type";
	exchange.answer_header[1] = "application/json";
	assert_not_found(&exchange, "cors-blocked"); /* a server may send it too */
	exchange.header[2][0] = "Sec-Fetch-Mode";
	exchange.header[2][1] = "cors";
	assert_found(&exchange, "cors-blocked", PK_PROVED, "Origin", "https://app.example.com",
		     NULL);
	exchange.answer_header[0] = "Access-Control-Allow-Origin";
	exchange.answer_header[1] = "https://app.example.com";
	assert_not_found(&exchange, "cors-blocked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_and_forms), cmocka_unit_test(no_content_type),
		cmocka_unit_test(a_get),          cmocka_unit_test(addresses),
		cmocka_unit_test(parameters),     cmocka_unit_test(grant_types),
		cmocka_unit_test(scopes),         cmocka_unit_test(replies),
		cmocka_unit_test(browsers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
