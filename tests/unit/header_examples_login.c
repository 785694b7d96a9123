/* The examples in the public header are one login when they are put together. Here it is run,
 * against a provider that answers, one that refuses, and a callback of somebody else. */
#include "header_examples.h"
#include "setting.h"

static struct setting setting;
struct pk_login *login = &setting.login;
struct pk_arena arena;
struct pk_str state, nonce, expected_state, query;
struct pk_secret secret;
struct pk_http_reply reply;
struct pk_why why;
int64_t now = 1764000000;

static const char *answer;
static unsigned redirects, requests, failures;

void fill_with_random_bytes(uint8_t *bytes, size_t size)
{
	memset(bytes, 7, size);
}

void redirect_browser(struct pk_str url)
{
	redirects++;
	assert_true(text_has(url, "code_challenge="));
}

struct pk_http_reply send_with_your_http_client(const struct pk_http_request *request)
{
	requests++;
	assert_true(text_has(request->body, "code_verifier=BwcHBwcH"));
	return (struct pk_http_reply){200, PK_STR("application/json"), pk_str(answer)};
}

bool show_failure(const struct pk_why *failure)
{
	failures++;
	assert_true(failure->detail[0] != '\0');
	return false;
}

static void start(const char *callback, const char *token_reply)
{
	setting_make(&setting, "rfc7636");
	setting.dialect.callback_issuer = false;
	arena = setting.arena;
	state = expected_state = PK_STR(STATE);
	query = pk_str(callback);
	answer = token_reply;
	redirects = requests = failures = 0;
}

static void a_login_comes_through(void **unused)
{
	(void)unused;
	start("code=abc&state=" STATE, "{\"access_token\":\"t\"}");
	assert_true(log_in());
	assert_int_equal(redirects, 1);
	assert_int_equal(requests, 1);
	assert_int_equal(failures, 0);
}

static void a_refusal_is_shown(void **unused)
{
	(void)unused;
	start("code=abc&state=" STATE, "{\"error\":\"invalid_grant\"}");
	assert_false(log_in());
	assert_int_equal(requests, 1);
	assert_int_equal(failures, 1);
	assert_string_equal(why.provider_error, "invalid_grant");
}

static void a_strangers_callback_reaches_no_provider(void **unused)
{
	(void)unused;
	start("code=abc&state=another-browsers-state", "{\"access_token\":\"t\"}");
	assert_false(log_in());
	assert_int_equal(requests, 0);
	assert_int_equal(failures, 1);
	assert_err(why.err, PK_ERR_STATE_MISMATCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_comes_through),
		cmocka_unit_test(a_refusal_is_shown),
		cmocka_unit_test(a_strangers_callback_reaches_no_provider),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
