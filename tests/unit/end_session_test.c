/* The URL that ends the provider's session. */
#include "setting.h"

static enum pk_err write(struct setting *s, const char *id_token, const char *return_to,
			 const char *state, struct pk_buf *out)
{
	static char memory[512];

	*out = pk_buf(memory, sizeof(memory));
	return pk_end_session_url(&s->login, (struct pk_secret){pk_str(id_token)},
				  pk_str(return_to), pk_str(state), out, &s->why);
}

static void all_that_is_known(void **state)
{
	struct pk_buf url;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.end_session_url = PK_STR("https://{host}/logout");
	assert_err(write(&s, "a.b.c", "https://app.example.com/?bye&", "s+1", &url), PK_OK);
	assert_text(
		pk_buf_str(&url),
		"https://login.example.com/logout?id_token_hint=a.b.c&client_id=client-1&"
		"post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2F%3Fbye%26&state=s%2B1");
	assert_err(write(&s, NULL, NULL, NULL, &url), PK_OK);
	assert_text(pk_buf_str(&url), "https://login.example.com/logout?client_id=client-1");
	s.dialect.end_session_url = PK_STR("https://{host}/logout?a=1");
	assert_err(write(&s, NULL, "https://a/", NULL, &url), PK_OK);
	assert_text(pk_buf_str(&url), "https://login.example.com/logout?a=1&client_id=client-1&"
				      "post_logout_redirect_uri=https%3A%2F%2Fa%2F");
}

static void what_cannot_be_written(void **state)
{
	char memory[40];
	struct pk_buf url = pk_buf(memory, sizeof(memory));
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.end_session_url = PK_STR("");
	assert_err(write(&s, NULL, NULL, NULL, &url), PK_ERR_ARGUMENT);
	assert_string_equal(s.why.parameter, "end_session_url");
	s.dialect.end_session_url = PK_STR("https://{host}/logout");
	assert_err(write(&s, NULL, NULL, "state", &url), PK_ERR_ARGUMENT);
	url = pk_buf(memory, sizeof(memory));
	assert_err(pk_end_session_url(&s.login, (struct pk_secret){0}, PK_STR("https://a/"),
				      (struct pk_str){0}, &url, &s.why),
		   PK_ERR_NO_SPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_known),
		cmocka_unit_test(what_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
