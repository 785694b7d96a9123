/* The authorize URL, byte by byte, in each dialect's way. */
#include "setting.h"

#include "base/text.h"

static const struct pk_verifier verifier = {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", 43};

static enum pk_err url(struct setting *s, struct pk_str state, struct pk_str *ret)
{
	static char memory[2048];
	struct pk_buf out = pk_buf(memory, sizeof(memory));
	struct pk_challenge challenge;

	pk_challenge_make(&verifier, s->dialect.challenge, &challenge);

	const enum pk_err err =
		pk_authorize_url(&s->login, state, (struct pk_str){0}, &challenge, &out, &s->why);

	*ret = pk_buf_str(&out);
	return err;
}

static void rfc7636(void **state)
{
	struct setting s;
	struct pk_str got;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(url(&s, PK_STR(STATE), &got), PK_OK);
	assert_text(got, "https://login.example.com/authorize?response_type=code&client_id=client-1"
			 "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback"
			 "&scope=openid%20profile&state=" STATE
			 "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
			 "&code_challenge_method=S256");
}

static void tiktok_desktop_has_hex_commas_and_client_key(void **state)
{
	struct setting s;
	struct pk_str got;

	(void)state;
	setting_make(&s, "tiktok-desktop");
	assert_err(url(&s, PK_STR(STATE), &got), PK_OK);
	assert_text(got,
		    "https://www.tiktok.com/v2/auth/authorize/?response_type=code"
		    "&client_key=client-1&redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2Fcallback"
		    "&scope=user.info.basic,user.info.profile&state=" STATE "&code_challenge="
		    "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3"
		    "&code_challenge_method=S256");
}

static void genesys_has_a_region(void **state)
{
	struct setting s;
	struct pk_str got;

	(void)state;
	setting_make(&s, "genesys");
	s.login.region = PK_STR("mypurecloud.de");
	assert_err(url(&s, PK_STR(STATE), &got), PK_OK);
	assert_true(pk_str_starts(got, PK_STR("https://login.mypurecloud.de/oauth/authorize?")));
}

/* No value can add a parameter or end the URL. */
static void values_cannot_break_out(void **state)
{
	struct setting s;
	struct pk_str got;

	(void)state;
	setting_make(&s, "tiktok");
	s.login.client_id = PK_STR("a&state=evil#\r\n");
	s.login.scopes = (struct pk_list){{PK_STR("x&y"), PK_STR("z,w")}, 2};
	assert_err(url(&s, PK_STR("&code_challenge=x#aaaaaaaaaaaaaaa\""), &got), PK_OK);
	assert_true(text_has(got, "client_key=a%26state%3Devil%23%0D%0A&"));
	assert_true(text_has(got, "scope=x%26y,z%2Cw&"));
	assert_true(text_has(got, "state=%26code_challenge%3Dx%23aaaaaaaaaaaaaaa%22&"));
}

/* C-10 */
static void a_state_that_can_be_guessed_is_refused(void **state)
{
	struct setting s;
	struct pk_str got;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(url(&s, pk_str_first(PK_STR(STATE), PK_STATE_MIN - 1), &got), PK_ERR_ARGUMENT);
	assert_string_equal(s.why.parameter, "state");
	assert_err(url(&s, pk_str(NULL), &got), PK_ERR_ARGUMENT);
}

static void no_challenge_is_refused_unless_pkce_is_off(void **state)
{
	char memory[2048];
	struct pk_buf out = pk_buf(memory, sizeof(memory));
	const struct pk_challenge empty = {{0}, 0};
	struct setting s;

	(void)state;
	setting_make(&s, "genesys");
	assert_err(
		pk_authorize_url(&s.login, PK_STR(STATE), (struct pk_str){0}, NULL, &out, &s.why),
		PK_ERR_VERIFIER_MISSING);
	assert_err(
		pk_authorize_url(&s.login, PK_STR(STATE), (struct pk_str){0}, &empty, &out, &s.why),
		PK_ERR_VERIFIER_MISSING);
	s.dialect.pkce = PK_PKCE_OFF;
	assert_err(
		pk_authorize_url(&s.login, PK_STR(STATE), (struct pk_str){0}, NULL, &out, &s.why),
		PK_OK);
	assert_false(text_has(pk_buf_str(&out), "code_challenge"));
}

static void with_pkce_off_no_challenge_is_sent(void **state)
{
	struct setting s;
	struct pk_str got;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.pkce = PK_PKCE_OFF;
	assert_err(url(&s, PK_STR(STATE), &got), PK_OK);
	assert_false(text_has(got, "code_challenge"));
}

static void a_dialect_may_send_no_method(void **state)
{
	struct setting s;
	struct pk_str got;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.challenge_method = PK_STR("");
	assert_err(url(&s, PK_STR(STATE), &got), PK_OK);
	assert_true(text_has(got, "&code_challenge="));
	assert_false(text_has(got, "code_challenge_method"));
}

static void an_endpoint_with_a_query_keeps_it(void **state)
{
	struct setting s;
	struct pk_str got;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.authorize_url = PK_STR("https://{host}/authorize?tenant=1");
	assert_err(url(&s, PK_STR(STATE), &got), PK_OK);
	assert_true(pk_str_starts(
		got, PK_STR("https://login.example.com/authorize?tenant=1&response_type=code&")));
}

static void no_room_is_an_error_at_every_length(void **state)
{
	char memory[512];
	struct pk_challenge challenge;
	struct setting s;
	struct pk_str whole;

	(void)state;
	setting_make(&s, "rfc7636");
	pk_challenge_make(&verifier, PK_CHALLENGE_BASE64URL, &challenge);
	assert_err(url(&s, PK_STR(STATE), &whole), PK_OK);
	for (size_t cap = 0; cap <= whole.len; cap++) {
		struct pk_buf out = pk_buf(memory, cap);

		assert_err(pk_authorize_url(&s.login, PK_STR(STATE), (struct pk_str){0}, &challenge,
					    &out, &s.why),
			   cap < whole.len ? PK_ERR_NO_SPACE : PK_OK);
	}
}

static void every_column_of_the_authorize_url(void **state)
{
	struct setting s;
	struct pk_str got;

	(void)state;
	setting_make(&s, "genesys");
	s.dialect.scope_parameter = PK_STR("user_scope");
	s.dialect.authorize_query = PK_STR("access_type=offline&prompt=a%20b");
	s.dialect.authorize_fragment = PK_STR("wechat");
	s.dialect.response_mode = PK_RESPONSE_MODE_FORM_POST;
	s.login.scopes = (struct pk_list){{PK_STR("a"), PK_STR("b")}, 2};
	assert_err(url(&s, PK_STR(STATE), &got), PK_OK);
	assert_text(got, "https://login.mypurecloud.com/oauth/authorize?response_type=code"
			 "&client_id=client-1&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback"
			 "&user_scope=a%20b&state=" STATE
			 "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
			 "&code_challenge_method=S256&response_mode=form_post"
			 "&access_type=offline&prompt=a%20b#wechat");
}

/* Some providers read a + as a plus, others as a space; %20 is a space to all of them. */
static void no_plus_stands_for_a_space(void **state)
{
	struct setting s;
	struct pk_str got;

	(void)state;
	setting_make(&s, "genesys");
	s.login.scopes = (struct pk_list){{PK_STR("a"), PK_STR("b"), PK_STR("c+d")}, 3};
	assert_err(url(&s, PK_STR(STATE), &got), PK_OK);
	assert_true(text_has(got, "&scope=a%20b%20c%2Bd&"));
	assert_false(text_has(got, "+"));
}

/* A provider that refuses PKCE is sent none, though the caller has a pair. */
static void with_pkce_refused_no_challenge_is_sent(void **state)
{
	struct setting s;
	struct pk_str got;

	(void)state;
	setting_make(&s, "genesys");
	s.dialect.pkce = PK_PKCE_REFUSED;
	assert_err(url(&s, PK_STR(STATE), &got), PK_OK);
	assert_false(text_has(got, "code_challenge"));
}

static void a_nonce_is_sent_and_held_to_the_same_length(void **state)
{
	struct pk_challenge challenge;
	struct setting s;
	char memory[2048];

	(void)state;
	setting_make(&s, "rfc7636");
	pk_challenge_make(&verifier, PK_CHALLENGE_BASE64URL, &challenge);

	struct pk_buf out = pk_buf(memory, sizeof(memory));

	assert_err(pk_authorize_url(&s.login, PK_STR(STATE), PK_STR("nonce&-------22-letters"),
				    &challenge, &out, &s.why),
		   PK_OK);
	assert_true(text_has(pk_buf_str(&out), "&nonce=nonce%26-------22-letters&"));
	assert_err(pk_authorize_url(&s.login, PK_STR(STATE), PK_STR("short"), &challenge, &out,
				    &s.why),
		   PK_ERR_ARGUMENT);
	assert_string_equal(s.why.parameter, "nonce");
}

static void the_provider_may_want_a_longer_state(void **state)
{
	struct setting s;
	struct pk_str got;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.state_min = sizeof(STATE) - 1;
	assert_err(url(&s, PK_STR(STATE), &got), PK_OK);
	s.dialect.state_min = sizeof(STATE);
	assert_err(url(&s, PK_STR(STATE), &got), PK_ERR_ARGUMENT);
	assert_string_equal(s.why.parameter, "state");
}

static void what_is_yet_to_be_discovered_has_no_url(void **state)
{
	struct setting s;
	struct pk_str got;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.authorize_url = PK_STR("");
	assert_err(url(&s, PK_STR(STATE), &got), PK_ERR_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc7636),
		cmocka_unit_test(tiktok_desktop_has_hex_commas_and_client_key),
		cmocka_unit_test(genesys_has_a_region),
		cmocka_unit_test(values_cannot_break_out),
		cmocka_unit_test(a_state_that_can_be_guessed_is_refused),
		cmocka_unit_test(no_challenge_is_refused_unless_pkce_is_off),
		cmocka_unit_test(with_pkce_off_no_challenge_is_sent),
		cmocka_unit_test(a_dialect_may_send_no_method),
		cmocka_unit_test(an_endpoint_with_a_query_keeps_it),
		cmocka_unit_test(no_room_is_an_error_at_every_length),
		cmocka_unit_test(every_column_of_the_authorize_url),
		cmocka_unit_test(no_plus_stands_for_a_space),
		cmocka_unit_test(with_pkce_refused_no_challenge_is_sent),
		cmocka_unit_test(a_nonce_is_sent_and_held_to_the_same_length),
		cmocka_unit_test(the_provider_may_want_a_longer_state),
		cmocka_unit_test(what_is_yet_to_be_discovered_has_no_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
