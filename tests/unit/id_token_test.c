/* ID tokens: one that is right, and for each rule of OpenID Connect Core 3.1.3.7 one that breaks it
 * and nothing else. They are signed with the client secret, which is quick; jose_test.c has the
 * signatures. */
#include "signing.h"

#include <stdio.h>

#include "base/text.h"

#define NOW INT64_C(1800000000)
#define HEADER "{\"alg\":\"HS256\"}"

/* OpenID Connect Core A.3 */
#define ACCESS_TOKEN "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
#define AT_HASH "77QmUPtjPfzWtF2AnpK9RQ"

struct trial {
	struct setting s;
	struct pk_id_token_expected expected;
	struct pk_tokens tokens;
	struct pk_id_token found;
	char token[PK_ID_TOKEN_MAX * 2];
};

static void make(struct trial *t)
{
	setting_make(&t->s, "rfc7636");
	t->s.dialect.issuer = PK_STR("https://login.example.com");
	t->s.dialect.id_token_alg = PK_ID_TOKEN_HS256;
	t->expected = (struct pk_id_token_expected){
		.nonce = PK_STR("n-1"), .client_secret = {PK_STR("pw")}, .now = NOW, .max_age = -1};
	t->tokens = (struct pk_tokens){.access_token = {PK_STR(ACCESS_TOKEN)}};
}

static enum pk_err verify(struct trial *t)
{
	t->s.arena.used = 0;
	memset(&t->s.why, 0x55, sizeof(t->s.why));
	t->tokens.id_token.text = pk_str(t->token);

	const enum pk_err err = pk_id_token_verify(&t->s.arena, &t->s.login, &t->expected,
						   &t->tokens, &t->found, &t->s.why);

	if (err != PK_OK)
		assert_err(t->s.why.err, err);
	return err;
}

/* Claims are {"a":"b",...}; `changed` takes the place of the one of that name, or is added. */
static enum pk_err with_claims(struct trial *t, const char *changed)
{
	static const char *const usual[] = {"\"iss\":\"https://login.example.com\"",
					    "\"aud\":\"client-1\"",
					    "\"exp\":1800000300",
					    "\"iat\":1800000000",
					    "\"nonce\":\"n-1\"",
					    "\"sub\":\"ada\""};
	const size_t name = strcspn(changed, ":");
	const bool removed = changed[0] && changed[name] == '\0';
	char claims[4096] = "{";

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!changed[0] || strncmp(usual[i], changed, name) != 0)
			strcat(strcat(claims, usual[i]), ",");
	if (!removed && changed[0])
		strcat(strcat(claims, changed), ",");
	claims[strlen(claims) - 1] = '}';
	sign_hmac(t->token, sizeof(t->token), "pw", 2, HEADER, claims);
	return verify(t);
}

struct row {
	const char *changed;
	enum pk_err want;
};

static void refuse_all(const struct row *rows, size_t count)
{
	struct trial t;

	make(&t);
	for (size_t i = 0; i < count; i++) {
		const enum pk_err got = with_claims(&t, rows[i].changed);

		if (got != rows[i].want)
			print_error("%s: %s\n", rows[i].changed, pk_err_info(got)->name);
		assert_err(got, rows[i].want);
	}
}

#define REFUSE_ALL(rows) refuse_all((rows), sizeof(rows) / sizeof((rows)[0]))

static void one_that_is_right(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	assert_err(with_claims(&t, ""), PK_OK);
	assert_text(t.found.identity.subject, "ada");
	assert_text(t.tokens.subject, "ada");
	assert_not_given(t.found.identity.name);
	assert_not_given(t.found.session);
	assert_int_equal(t.found.issued_at, NOW);
	assert_int_equal(t.found.expires_at, NOW + 300);
	assert_int_equal(t.found.authenticated_at, PK_TIME_UNKNOWN);
	assert_err(with_claims(&t, "\"sid\":\"s-1\",\"auth_time\":1799999000,\"name\":\"Ada\","
				   "\"picture\":\"https://a/\""),
		   PK_OK);
	assert_text(t.found.identity.name, "Ada");
	assert_text(t.found.identity.picture, "https://a/");
	assert_text(t.found.session, "s-1");
	assert_int_equal(t.found.authenticated_at, 1799999000);
}

/* C-38: The same, with the provider's own keys. */
static void signed_with_a_key(void **state)
{
	char jwk[2048], jwks[2200];
	struct trial t;

	(void)state;
	make(&t);
	t.s.dialect.id_token_alg = PK_ID_TOKEN_RS256;
	(void)snprintf(jwks, sizeof(jwks), "{\"keys\":[%s]}",
		       public_jwk(jwk, sizeof(jwk), rsa_key, "\"kid\":\"a\""));
	sign(t.token, sizeof(t.token), rsa_key, "{\"alg\":\"RS256\",\"kid\":\"a\"}",
	     "{\"iss\":\"https://login.example.com\",\"aud\":[\"client-1\"],\"exp\":1800000300,"
	     "\"iat\":1800000000,\"nonce\":\"n-1\",\"sub\":\"ada\"}");
	assert_err(verify(&t), PK_ERR_ID_TOKEN_KEY_UNKNOWN);
	t.expected.jwks = pk_str(jwks);
	assert_err(verify(&t), PK_OK);
	assert_text(t.found.identity.subject, "ada");
	t.token[strlen(t.token) - 10] ^= 1;
	t.tokens.subject = PK_STR("before");
	assert_err(verify(&t), PK_ERR_ID_TOKEN_SIGNATURE);
	/* Nothing of a token that is refused is kept. */
	assert_text(t.tokens.subject, "before");
}

static void there_must_be_one(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	t.token[0] = '\0';
	assert_err(verify(&t), PK_ERR_ID_TOKEN_MISSING);
	strcpy(t.token, "a.b");
	assert_err(verify(&t), PK_ERR_ID_TOKEN_SYNTAX);
	forge(t.token, sizeof(t.token), "{\"alg\":\"none\"}", "{\"sub\":\"ada\"}", "");
	assert_err(verify(&t), PK_ERR_ID_TOKEN_ALG);
	t.s.dialect.id_token_alg = PK_ID_TOKEN_NONE;
	assert_err(verify(&t), PK_ERR_ARGUMENT);
}

/* C-37 */
static void the_issuer(void **state)
{
	static const struct row rows[] = {
		{"\"iss\"", PK_ERR_ID_TOKEN_ISSUER},
		{"\"iss\":null", PK_ERR_ID_TOKEN_ISSUER},
		{"\"iss\":\"\"", PK_ERR_ID_TOKEN_ISSUER},
		{"\"iss\":\"https://login.example.com/\"", PK_ERR_ID_TOKEN_ISSUER},
		{"\"iss\":\"https://LOGIN.example.com\"", PK_ERR_ID_TOKEN_ISSUER},
		{"\"iss\":\"http://login.example.com\"", PK_ERR_ID_TOKEN_ISSUER},
		{"\"iss\":[\"https://login.example.com\"]", PK_ERR_ID_TOKEN_ISSUER},
	};
	struct trial t;

	(void)state;
	REFUSE_ALL(rows);
	make(&t);
	t.s.dialect.issuer = PK_STR("");
	assert_err(with_claims(&t, ""), PK_ERR_ARGUMENT);
	t.s.login.issuer = PK_STR("https://login.example.com");
	assert_err(with_claims(&t, ""), PK_OK);
}

/* The issuer of a provider with many tenants: the token says whose it is, and may say no more. */
static void the_issuer_of_a_tenant(void **state)
{
	static const struct row rows[] = {
		{"\"tid\":\"t-1\",\"iss\":\"https://login.example.com/t-1/v2\"", PK_OK},
		{"\"tid\":\"t-2\",\"iss\":\"https://login.example.com/t-1/v2\"",
		 PK_ERR_ID_TOKEN_ISSUER},
		{"\"iss\":\"https://login.example.com/t-1/v2\"", PK_ERR_ID_TOKEN_ISSUER},
		{"\"iss\":\"https://login.example.com/{tenantid}/v2\"", PK_ERR_ID_TOKEN_ISSUER},
		{"\"tid\":\"a/b\",\"iss\":\"https://login.example.com/a/b/v2\"",
		 PK_ERR_ID_TOKEN_ISSUER},
		{"\"tid\":\"\",\"iss\":\"https://login.example.com//v2\"", PK_ERR_ID_TOKEN_ISSUER},
		{"\"tid\":\"..\",\"iss\":\"https://login.example.com/../v2\"",
		 PK_ERR_ID_TOKEN_ISSUER},
		{"\"tid\":7,\"iss\":\"https://login.example.com/7/v2\"", PK_ERR_ID_TOKEN_ISSUER},
	};
	struct trial t;

	(void)state;
	make(&t);
	t.s.dialect.issuer = PK_STR("https://login.example.com/{tenantid}/v2");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char claims[512];

		(void)snprintf(claims, sizeof(claims),
			       "{%s,\"aud\":\"client-1\",\"exp\":1800000300,\"iat\":1800000000,"
			       "\"nonce\":\"n-1\",\"sub\":\"ada\"}",
			       rows[i].changed);
		sign_hmac(t.token, sizeof(t.token), "pw", 2, HEADER, claims);
		assert_err(verify(&t), rows[i].want);
	}
}

/* C-37 */
static void the_audience(void **state)
{
	static const struct row rows[] = {
		{"\"aud\"", PK_ERR_ID_TOKEN_AUDIENCE},
		{"\"aud\":null", PK_ERR_ID_TOKEN_AUDIENCE},
		{"\"aud\":[]", PK_ERR_ID_TOKEN_AUDIENCE},
		{"\"aud\":\"client-2\"", PK_ERR_ID_TOKEN_AUDIENCE},
		{"\"aud\":\"client-1 \"", PK_ERR_ID_TOKEN_AUDIENCE},
		{"\"aud\":[\"client-2\"]", PK_ERR_ID_TOKEN_AUDIENCE},
		{"\"aud\":[\"client-1\",1]", PK_ERR_ID_TOKEN_AUDIENCE},
		{"\"aud\":{\"client-1\":1}", PK_ERR_ID_TOKEN_AUDIENCE},
		{"\"aud\":[[\"client-1\"]]", PK_ERR_ID_TOKEN_AUDIENCE},
		{"\"aud\":[\"client-1\",\"client-2\"]", PK_ERR_ID_TOKEN_AUDIENCE},
		{"\"aud\":[\"client-1\",\"client-2\"],\"azp\":\"client-2\"",
		 PK_ERR_ID_TOKEN_AUDIENCE},
		{"\"azp\":\"client-2\"", PK_ERR_ID_TOKEN_AUDIENCE},
		{"\"azp\":null", PK_ERR_ID_TOKEN_AUDIENCE},
		{"\"aud\":[\"client-1\"]", PK_OK},
		{"\"azp\":\"client-1\"", PK_OK},
		{"\"aud\":[\"client-2\",\"client-1\"],\"azp\":\"client-1\"", PK_OK},
	};
	struct trial t;

	(void)state;
	REFUSE_ALL(rows);
	make(&t);
	t.s.login.client_id = PK_STR("");
	assert_err(with_claims(&t, "\"aud\":\"\""), PK_ERR_ID_TOKEN_AUDIENCE);
}

/* C-39 */
static void the_times(void **state)
{
	static const struct row rows[] = {
		{"\"exp\"", PK_ERR_ID_TOKEN_EXPIRED},
		{"\"exp\":\"1800000300\"", PK_ERR_ID_TOKEN_EXPIRED},
		{"\"exp\":null", PK_ERR_ID_TOKEN_EXPIRED},
		{"\"exp\":true", PK_ERR_ID_TOKEN_EXPIRED},
		{"\"exp\":-1", PK_ERR_ID_TOKEN_EXPIRED},
		{"\"exp\":0", PK_ERR_ID_TOKEN_EXPIRED},
		{"\"exp\":1e300", PK_ERR_ID_TOKEN_EXPIRED},
		{"\"exp\":9223372036854775807", PK_ERR_ID_TOKEN_EXPIRED},
		{"\"exp\":1799999940", PK_ERR_ID_TOKEN_EXPIRED},
		{"\"exp\":1799999941", PK_OK},
		{"\"exp\":1800000300.5", PK_OK},
		{"\"iat\"", PK_ERR_ID_TOKEN_TIME},
		{"\"iat\":\"1800000000\"", PK_ERR_ID_TOKEN_TIME},
		{"\"iat\":1800000061", PK_ERR_ID_TOKEN_TIME},
		{"\"iat\":1900000000", PK_ERR_ID_TOKEN_TIME},
		{"\"iat\":1800000060", PK_OK},
		{"\"nbf\":1800000061", PK_ERR_ID_TOKEN_TIME},
		{"\"nbf\":\"0\"", PK_ERR_ID_TOKEN_TIME},
		{"\"nbf\":1800000060", PK_OK},
	};
	struct trial t;

	(void)state;
	REFUSE_ALL(rows);
	make(&t);
	assert_err(with_claims(&t, "\"exp\":1799999900"), PK_ERR_ID_TOKEN_EXPIRED);
	assert_true(text_has(pk_str(t.s.why.detail), "100 seconds ago"));
	assert_err(with_claims(&t, "\"iat\":1800000090"), PK_ERR_ID_TOKEN_TIME);
	assert_true(text_has(pk_str(t.s.why.detail), "90 seconds ahead"));
	t.expected.now = INT64_MAX;
	assert_err(with_claims(&t, ""), PK_ERR_ARGUMENT);
	t.expected.now = -1;
	assert_err(with_claims(&t, ""), PK_ERR_ARGUMENT);
}

/* C-40 */
static void the_nonce(void **state)
{
	static const struct row rows[] = {
		{"\"nonce\"", PK_ERR_ID_TOKEN_NONCE},
		{"\"nonce\":\"\"", PK_ERR_ID_TOKEN_NONCE},
		{"\"nonce\":\"n-2\"", PK_ERR_ID_TOKEN_NONCE},
		{"\"nonce\":\"n-10\"", PK_ERR_ID_TOKEN_NONCE},
		{"\"nonce\":[\"n-1\"]", PK_ERR_ID_TOKEN_NONCE},
		{"\"nonce\":null", PK_ERR_ID_TOKEN_NONCE},
	};
	struct trial t;

	(void)state;
	REFUSE_ALL(rows);
	make(&t);
	t.expected.nonce = (struct pk_str){0};
	assert_err(with_claims(&t, ""), PK_ERR_ID_TOKEN_NONCE);
	assert_err(with_claims(&t, "\"nonce\":\"\""), PK_ERR_ID_TOKEN_NONCE);
	assert_err(with_claims(&t, "\"nonce\""), PK_OK);
}

/* C-41 */
static void the_hash_of_the_access_token(void **state)
{
	static const struct row rows[] = {
		{"\"at_hash\":\"" AT_HASH "\"", PK_OK},
		{"\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RR\"", PK_ERR_ID_TOKEN_HASH},
		{"\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ==\"", PK_ERR_ID_TOKEN_HASH},
		{"\"at_hash\":\"\"", PK_ERR_ID_TOKEN_HASH},
		{"\"at_hash\":null", PK_ERR_ID_TOKEN_HASH},
	};
	struct trial t;

	(void)state;
	REFUSE_ALL(rows);
	make(&t);
	t.tokens.access_token.text = PK_STR("another");
	assert_err(with_claims(&t, "\"at_hash\":\"" AT_HASH "\""), PK_ERR_ID_TOKEN_HASH);
}

/* C-41 */
static void how_long_ago(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	assert_err(with_claims(&t, "\"auth_time\":\"1799999900\""), PK_ERR_ID_TOKEN_SYNTAX);
	assert_err(with_claims(&t, "\"auth_time\":1800000061"), PK_ERR_ID_TOKEN_TIME);
	t.expected.max_age = 100;
	assert_err(with_claims(&t, ""), PK_ERR_ID_TOKEN_AGE);
	assert_err(with_claims(&t, "\"auth_time\":1799999840"), PK_OK);
	assert_err(with_claims(&t, "\"auth_time\":1799999839"), PK_ERR_ID_TOKEN_AGE);
	t.expected.max_age = 0;
	assert_err(with_claims(&t, "\"auth_time\":1800000000"), PK_OK);
	assert_err(with_claims(&t, "\"auth_time\":1"), PK_ERR_ID_TOKEN_AGE);
}

static void the_subject(void **state)
{
	static const struct row rows[] = {
		{"\"sub\"", PK_ERR_ID_TOKEN_SYNTAX},
		{"\"sub\":\"\"", PK_ERR_ID_TOKEN_SYNTAX},
		{"\"sub\":17", PK_ERR_ID_TOKEN_SYNTAX},
		{"\"sub\":null", PK_ERR_ID_TOKEN_SYNTAX},
		{"\"sub\":[\"ada\"]", PK_ERR_ID_TOKEN_SYNTAX},
		{"\"sub\":\"ada\\n\"", PK_ERR_ID_TOKEN_SYNTAX},
		{"\"sub\":\"\xc3\xa4\"", PK_ERR_ID_TOKEN_SYNTAX},
	};
	char claim[PK_SUBJECT_MAX + 16] = "\"sub\":\"";
	struct trial t;

	(void)state;
	REFUSE_ALL(rows);
	make(&t);
	memset(claim + 7, 'a', PK_SUBJECT_MAX);
	strcpy(claim + 7 + PK_SUBJECT_MAX, "\"");
	assert_err(with_claims(&t, claim), PK_OK);
	strcpy(claim + 7 + PK_SUBJECT_MAX, "a\"");
	assert_err(with_claims(&t, claim), PK_ERR_ID_TOKEN_SYNTAX);
}

/* C-44: OpenID Connect Core 12.2 */
static void after_a_refresh(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	t.expected.subject = PK_STR("ada");
	assert_err(with_claims(&t, "\"nonce\""), PK_OK);
	assert_err(with_claims(&t, ""), PK_OK);
	assert_err(with_claims(&t, "\"nonce\":\"n-2\""), PK_ERR_ID_TOKEN_NONCE);
	assert_err(with_claims(&t, "\"sub\":\"bob\""), PK_ERR_SUBJECT_MISMATCH);
	t.expected.nonce = (struct pk_str){0};
	assert_err(with_claims(&t, "\"nonce\":\"n-1\""), PK_OK);
}

static void an_address_that_nobody_verified_is_not_given(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	t.s.dialect.userinfo_email_verified = PK_STR("/email_verified");
	assert_err(with_claims(&t, "\"email\":\"a@example.com\",\"email_verified\":true"), PK_OK);
	assert_text(t.found.identity.email, "a@example.com");
	assert_err(with_claims(&t, "\"email\":\"a@example.com\",\"email_verified\":\"true\""),
		   PK_OK);
	assert_text(t.found.identity.email, "a@example.com");
	assert_err(with_claims(&t, "\"email\":\"a@example.com\",\"email_verified\":false"), PK_OK);
	assert_not_given(t.found.identity.email);
	assert_err(with_claims(&t, "\"email\":\"a@example.com\",\"email_verified\":1"), PK_OK);
	assert_not_given(t.found.identity.email);
	assert_err(with_claims(&t, "\"email\":\"a@example.com\""), PK_OK);
	assert_not_given(t.found.identity.email);
	t.s.dialect.userinfo_email_verified = PK_STR("");
	assert_err(with_claims(&t, "\"email\":\"a@example.com\""), PK_OK);
	assert_text(t.found.identity.email, "a@example.com");
}

static void a_full_arena_is_an_error_with_evidence(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	t.s.arena = pk_arena(t.s.memory, 2);
	assert_err(with_claims(&t, ""), PK_ERR_NO_SPACE);
	assert_not_given(t.tokens.subject);
}

/* The evidence of a refusal is shown and logged. */
static void the_evidence_has_no_secret(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	t.expected.nonce = PK_STR("s3cret-nonce");
	assert_err(with_claims(&t, "\"nonce\":\"other-nonce\""), PK_ERR_ID_TOKEN_NONCE);
	assert_false(text_has(pk_str(t.s.why.detail), "nonce\""));
	assert_false(text_has(pk_str(t.s.why.detail), "s3cret"));
	assert_false(text_has(pk_str(t.s.why.detail), "other-nonce"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_right),
		cmocka_unit_test(signed_with_a_key),
		cmocka_unit_test(there_must_be_one),
		cmocka_unit_test(the_issuer),
		cmocka_unit_test(the_issuer_of_a_tenant),
		cmocka_unit_test(the_audience),
		cmocka_unit_test(the_times),
		cmocka_unit_test(the_nonce),
		cmocka_unit_test(the_hash_of_the_access_token),
		cmocka_unit_test(how_long_ago),
		cmocka_unit_test(the_subject),
		cmocka_unit_test(after_a_refresh),
		cmocka_unit_test(an_address_that_nobody_verified_is_not_given),
		cmocka_unit_test(a_full_arena_is_an_error_with_evidence),
		cmocka_unit_test(the_evidence_has_no_secret),
	};

	return cmocka_run_group_tests(tests, signing_setup, signing_teardown);
}
