/* How a client proves itself: one way, well encoded, and not at all when it is public. */
#include "setting.h"

#include "base/text.h"
#include "protocol/client_auth.h"

static const struct pk_pair pairs[] = {{{"grant_type", 10}, {"x", 1}}};

static enum pk_err post(struct setting *s, const char *secret, struct pk_http_request *ret)
{
	s->arena.used = 0;
	return pk_client_post(&s->arena, &s->login, (struct pk_secret){pk_str(secret)},
			      s->dialect.token_url, pairs, 1, ret, &s->why);
}

static struct pk_str header(const struct pk_http_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++)
		if (pk_str_starts(request->header[i], pk_str(name)))
			return request->header[i];
	return (struct pk_str){0};
}

/* C-21: RFC 6749 2.3.1 and B. Basic a%3Ab%20c:p%2B%25%26 */
static void basic_encodes_both_halves_first(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.login.client_id = PK_STR("a:b c");
	assert_err(post(&s, "p+%&", &request), PK_OK);
	assert_text(header(&request, "Authorization:"),
		    "Authorization: Basic YSUzQWIlMjBjOnAlMkIlMjUlMjY=");
	assert_text(request.body, "grant_type=x");
}

/* C-21 */
static void basic_has_the_published_vectors(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.login.client_id = PK_STR("s6BhdRkqt3");
	assert_err(post(&s, "gX1fBat3bV", &request), PK_OK);
	assert_text(header(&request, "Authorization:"),
		    "Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
	assert_err(post(&s, "7Fjfp0ZBr1KtDRbnfVdmIw", &request), PK_OK);
	assert_text(header(&request, "Authorization:"),
		    "Authorization: Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
}

/* C-22 */
static void post_has_both_in_the_body_and_nothing_else(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	s.login.client_id = PK_STR("a:b c");
	assert_err(post(&s, "p+%&", &request), PK_OK);
	assert_not_given(header(&request, "Authorization:"));
	assert_text(request.body, "grant_type=x&client_key=a%3Ab%20c&client_secret=p%2B%25%26");
	assert_string_equal(request.method, "POST");
	assert_text(request.url, "https://open.tiktokapis.com/v2/oauth/token/");
	assert_text(header(&request, "Content-Type:"),
		    "Content-Type: application/x-www-form-urlencoded");
}

/* C-23 */
static void a_public_client_names_itself_and_sends_no_credentials(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(post(&s, "", &request), PK_OK);
	assert_not_given(header(&request, "Authorization:"));
	assert_text(request.body, "grant_type=x&client_id=client-1");
	assert_err(post(&s, NULL, &request), PK_OK);
	assert_text(request.body, "grant_type=x&client_id=client-1");
}

static void a_secret_is_wanted_where_there_are_no_public_clients(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	assert_err(post(&s, "", &request), PK_ERR_SECRET_MISSING);
	assert_err(s.why.err, PK_ERR_SECRET_MISSING);
}

static void a_secret_is_refused_where_there_are_only_public_clients(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	s.dialect.client_auth = (struct pk_list){{PK_STR("none")}, 1};
	assert_err(post(&s, "secret-1", &request), PK_ERR_ARGUMENT);
	assert_false(text_has(pk_str(s.why.detail), "secret-1"));
}

static void json_where_the_dialect_says_so(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	s.dialect.token_request = PK_REQUEST_JSON;
	s.login.client_id = PK_STR("a\"\\\n");
	assert_err(post(&s, "\xc3\xa4", &request), PK_OK);
	assert_text(header(&request, "Content-Type:"), "Content-Type: application/json");
	assert_text(request.body, "{\"grant_type\":\"x\",\"client_key\":\"a\\\"\\\\\\n\","
				  "\"client_secret\":\"\xc3\xa4\"}");
}

/* JSON is UTF-8. A value that is not must not be left out: the request would be another one. */
static void json_refuses_what_it_cannot_say(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	s.dialect.token_request = PK_REQUEST_JSON;
	assert_err(post(&s, "s\xe4", &request), PK_ERR_ARGUMENT);
	assert_err(s.why.err, PK_ERR_ARGUMENT);
	assert_string_equal(s.why.parameter, "token_request");
}

static void a_full_arena_is_an_error_with_evidence_at_every_size(void **state)
{
	static const char *const dialects[] = {"rfc7636", "tiktok"};
	struct setting s;

	(void)state;
	for (int i = 0; i < 4; i++) {
		setting_make(&s, dialects[i % 2]);
		s.dialect.token_request = i < 2 ? PK_REQUEST_FORM : PK_REQUEST_JSON;

		struct pk_http_request request = {.method = "untouched"};
		enum pk_err err = PK_ERR_NO_SPACE;

		for (size_t cap = 0; err != PK_OK; cap++) {
			assert_true(cap < 300);
			s.arena = pk_arena(s.memory, cap);
			memset(&s.why, 0x55, sizeof(s.why));
			err = pk_client_post(&s.arena, &s.login, (struct pk_secret){PK_STR("pw")},
					     s.dialect.token_url, pairs, 1, &request, &s.why);
			if (err == PK_OK)
				break;
			assert_err(err, PK_ERR_NO_SPACE);
			assert_err(s.why.err, PK_ERR_NO_SPACE);
			assert_string_equal(request.method, "untouched");
		}
	}
}

/* A secret too long for Basic is refused, and no half of it stays behind. */
static void a_secret_without_end_is_refused_and_wiped(void **state)
{
	static char secret[4096];
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	memset(secret, 'z', sizeof(secret) - 1);
	assert_err(post(&s, secret, &request), PK_ERR_NO_SPACE);
	assert_err(s.why.err, PK_ERR_NO_SPACE);
	pk_arena_wipe(&s.arena);
	/* "zzz" as base64 */
	assert_false(text_has((struct pk_str){(char *)s.memory, sizeof(s.memory)}, "enp6"));
}

static void more_parameters_than_there_is_room_for(void **state)
{
	struct pk_pair many[31] = {0};
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(pk_client_post(&s.arena, &s.login, (struct pk_secret){0}, s.dialect.token_url,
				  many, 31, &request, &s.why),
		   PK_ERR_ARGUMENT);
	assert_err(s.why.err, PK_ERR_ARGUMENT);
}

static enum pk_err redeem(struct setting *s, const char *secret, struct pk_http_request *ret)
{
	s->arena.used = 0;
	return pk_client_redeem(&s->arena, &s->login, (struct pk_secret){pk_str(secret)},
				s->dialect.token_url, pairs, 1, ret, &s->why);
}

/* Against RFC 6749 3.2, where the dialect says that there is no other way. */
static void a_get_has_everything_in_its_url(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	s.dialect.token_request = PK_REQUEST_QUERY;
	s.dialect.token_parameters = PK_STR("expiring=1&a=b%20c");
	assert_err(redeem(&s, "p&w", &request), PK_OK);
	assert_string_equal(request.method, "GET");
	assert_text(request.url,
		    "https://open.tiktokapis.com/v2/oauth/token/?grant_type=x&expiring=1&a=b%20c"
		    "&client_key=client-1&client_secret=p%26w");
	assert_not_given(request.body);
	assert_not_given(header(&request, "Content-Type:"));
	s.dialect.token_url = PK_STR("https://a.example/token?v=2");
	assert_err(redeem(&s, "pw", &request), PK_OK);
	assert_true(pk_str_starts(request.url,
				  PK_STR("https://a.example/token?v=2&grant_type=x&expiring=1&")));
	/* The other endpoints stay as they are. */
	assert_err(post(&s, "pw", &request), PK_OK);
	assert_string_equal(request.method, "POST");
	assert_text(request.body, "grant_type=x&client_key=client-1&client_secret=pw");
}

static void the_dialect_adds_parameters_to_form_and_json(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	s.dialect.token_parameters = PK_STR("expiring=1&a=b%20c");
	assert_err(redeem(&s, "pw", &request), PK_OK);
	assert_text(request.body, "grant_type=x&expiring=1&a=b%20c&client_key=client-1"
				  "&client_secret=pw");
	s.dialect.token_request = PK_REQUEST_JSON;
	assert_err(redeem(&s, "pw", &request), PK_OK);
	assert_text(request.body, "{\"grant_type\":\"x\",\"expiring\":\"1\",\"a\":\"b c\","
				  "\"client_key\":\"client-1\",\"client_secret\":\"pw\"}");
}

/* Public clients must send one and the others must not. */
static void the_origin_of_a_public_client(void **state)
{
	static const char *const rows[][2] = {
		{"https://app.example.com/callback?x=1", "Origin: https://app.example.com"},
		{"http://127.0.0.1:8080/callback", "Origin: http://127.0.0.1:8080"},
		{"http://[::1]:8080", "Origin: http://[::1]:8080"},
	};
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "rfc7636");
	assert_err(redeem(&s, NULL, &request), PK_OK);
	assert_not_given(header(&request, "Origin:"));
	s.dialect.origin_from_public_clients = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s.login.redirect_uri = pk_str(rows[i][0]);
		assert_err(redeem(&s, NULL, &request), PK_OK);
		assert_text(header(&request, "Origin:"), rows[i][1]);
	}
	assert_err(redeem(&s, "pw", &request), PK_OK);
	assert_not_given(header(&request, "Origin:"));
	assert_err(post(&s, NULL, &request), PK_OK);
	assert_not_given(header(&request, "Origin:"));
	s.login.redirect_uri = PK_STR("app:callback");
	assert_err(redeem(&s, NULL, &request), PK_ERR_REDIRECT_URI);
}

static void the_secret_has_the_dialects_name(void **state)
{
	struct pk_http_request request;
	struct setting s;

	(void)state;
	setting_make(&s, "tiktok");
	s.dialect.client_id_parameter = PK_STR("appid");
	s.dialect.client_secret_parameter = PK_STR("secret");
	assert_err(redeem(&s, "pw", &request), PK_OK);
	assert_text(request.body, "grant_type=x&appid=client-1&secret=pw");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(basic_encodes_both_halves_first),
		cmocka_unit_test(basic_has_the_published_vectors),
		cmocka_unit_test(post_has_both_in_the_body_and_nothing_else),
		cmocka_unit_test(a_public_client_names_itself_and_sends_no_credentials),
		cmocka_unit_test(a_secret_is_wanted_where_there_are_no_public_clients),
		cmocka_unit_test(a_secret_is_refused_where_there_are_only_public_clients),
		cmocka_unit_test(json_where_the_dialect_says_so),
		cmocka_unit_test(json_refuses_what_it_cannot_say),
		cmocka_unit_test(a_full_arena_is_an_error_with_evidence_at_every_size),
		cmocka_unit_test(a_secret_without_end_is_refused_and_wiped),
		cmocka_unit_test(more_parameters_than_there_is_room_for),
		cmocka_unit_test(a_get_has_everything_in_its_url),
		cmocka_unit_test(the_dialect_adds_parameters_to_form_and_json),
		cmocka_unit_test(the_origin_of_a_public_client),
		cmocka_unit_test(the_secret_has_the_dialects_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
