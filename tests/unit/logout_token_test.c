/* Logout tokens: one that is right, and for each rule of Back-Channel Logout 2.6 one that breaks it.
 */
#include "signing.h"

#include <stdio.h>

#define NOW INT64_C(1800000000)
#define HEADER "{\"alg\":\"ES256\",\"kid\":\"a\",\"typ\":\"logout+jwt\"}"
#define EVENTS "\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}"
#define USUAL                                                                                      \
	"\"iss\":\"https://login.example.com\",\"aud\":\"client-1\",\"exp\":1800000120,"           \
	"\"iat\":1800000000,\"jti\":\"j-1\""

struct trial {
	struct setting s;
	char jwks[2048];
	char token[PK_ID_TOKEN_MAX * 2];
	struct pk_logout found;
};

static void make(struct trial *t)
{
	char jwk[1024];

	setting_make(&t->s, "rfc7636");
	t->s.dialect.issuer = PK_STR("https://login.example.com");
	t->s.dialect.id_token_alg = PK_ID_TOKEN_ES256;
	(void)snprintf(t->jwks, sizeof(t->jwks), "{\"keys\":[%s]}",
		       public_jwk(jwk, sizeof(jwk), p256_key, "\"kid\":\"a\""));
}

static enum pk_err verify(struct trial *t)
{
	t->s.arena.used = 0;
	memset(&t->s.why, 0x55, sizeof(t->s.why));

	const enum pk_err err = pk_logout_token_verify(&t->s.arena, &t->s.login, pk_str(t->jwks),
						       pk_str(t->token), NOW, &t->found, &t->s.why);

	if (err != PK_OK)
		assert_err(t->s.why.err, err);
	return err;
}

static enum pk_err with(struct trial *t, const char *header, const char *claims)
{
	sign(t->token, sizeof(t->token), p256_key, header, claims);
	return verify(t);
}

static void one_that_is_right(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	assert_err(with(&t, HEADER, "{" USUAL "," EVENTS ",\"sub\":\"ada\",\"sid\":\"s-1\"}"),
		   PK_OK);
	assert_text(t.found.subject, "ada");
	assert_text(t.found.session, "s-1");
	assert_text(t.found.id, "j-1");
	assert_int_equal(t.found.issued_at, NOW);
	assert_err(with(&t, HEADER, "{" USUAL "," EVENTS ",\"sid\":\"s-1\"}"), PK_OK);
	assert_not_given(t.found.subject);
	/* 2.4: the type is recommended, no more. */
	assert_err(with(&t, "{\"alg\":\"ES256\",\"kid\":\"a\"}",
			"{" USUAL "," EVENTS ",\"sub\":\"ada\"}"),
		   PK_OK);
	assert_not_given(t.found.session);
}

static void those_that_are_not(void **state)
{
	static const char *const claims[] = {
		"{" USUAL "," EVENTS "}",
		"{" USUAL ",\"sub\":\"ada\"}",
		"{" USUAL ",\"events\":{},\"sub\":\"ada\"}",
		"{" USUAL ",\"events\":[\"http://schemas.openid.net/event/backchannel-logout\"],"
		"\"sub\":\"ada\"}",
		"{" USUAL ",\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":1},"
		"\"sub\":\"ada\"}",
		"{" USUAL
		",\"events\":{\"https://schemas.openid.net/event/backchannel-logout\":{}},"
		"\"sub\":\"ada\"}",
		"{" USUAL "," EVENTS ",\"sub\":\"ada\",\"nonce\":\"n\"}",
		"{" USUAL "," EVENTS ",\"sub\":\"ada\",\"nonce\":null}",
		"{" USUAL "," EVENTS ",\"sub\":\"\"}",
		"{" USUAL "," EVENTS ",\"sub\":1}",
		"{" USUAL "," EVENTS ",\"sub\":\"ada\",\"sid\":\"a\\nb\"}",
		"{" USUAL "," EVENTS ",\"sub\":\"ada\",\"sub\":\"bob\"}",
		"{\"iss\":\"https://login.example.com\",\"aud\":\"client-1\",\"exp\":1800000120,"
		"\"iat\":1800000000," EVENTS ",\"sub\":\"ada\"}",
		"{\"iss\":\"https://evil.example.com\",\"aud\":\"client-1\",\"exp\":1800000120,"
		"\"iat\":1800000000,\"jti\":\"j\"," EVENTS ",\"sub\":\"ada\"}",
		"{\"iss\":\"https://login.example.com\",\"aud\":\"client-2\",\"exp\":1800000120,"
		"\"iat\":1800000000,\"jti\":\"j\"," EVENTS ",\"sub\":\"ada\"}",
		"{\"iss\":\"https://login.example.com\",\"aud\":\"client-1\",\"exp\":1799990000,"
		"\"iat\":1799980000,\"jti\":\"j\"," EVENTS ",\"sub\":\"ada\"}",
		"{\"iss\":\"https://login.example.com\",\"aud\":\"client-1\","
		"\"iat\":1800000000,\"jti\":\"j\"," EVENTS ",\"sub\":\"ada\"}",
		"{\"iss\":\"https://login.example.com\",\"aud\":\"client-1\",\"exp\":1800009000,"
		"\"iat\":1800008000,\"jti\":\"j\"," EVENTS ",\"sub\":\"ada\"}",
		"[]",
	};
	struct trial t;

	(void)state;
	make(&t);
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		const enum pk_err got = with(&t, HEADER, claims[i]);

		if (got != PK_ERR_LOGOUT_TOKEN)
			print_error("%s\n", claims[i]);
		assert_err(got, PK_ERR_LOGOUT_TOKEN);
	}
}

static void who_signed(void **state)
{
	const char *const claims = "{" USUAL "," EVENTS ",\"sub\":\"ada\"}";
	struct trial t;

	(void)state;
	make(&t);
	forge(t.token, sizeof(t.token), "{\"alg\":\"none\"}", claims, "");
	assert_err(verify(&t), PK_ERR_LOGOUT_TOKEN);
	sign_hmac(t.token, sizeof(t.token), t.jwks, strlen(t.jwks), "{\"alg\":\"HS256\"}", claims);
	assert_err(verify(&t), PK_ERR_LOGOUT_TOKEN);
	forge(t.token, sizeof(t.token), HEADER, claims, "AAAA");
	assert_err(verify(&t), PK_ERR_LOGOUT_TOKEN);
	strcpy(t.token, "");
	assert_err(verify(&t), PK_ERR_LOGOUT_TOKEN);
	/* Another kind of token, signed by the same. */
	assert_err(with(&t, "{\"alg\":\"ES256\",\"kid\":\"a\",\"typ\":\"at+jwt\"}", claims),
		   PK_ERR_LOGOUT_TOKEN);
	/* After this one the caller fetches the keys, as with an ID token. */
	assert_err(with(&t, "{\"alg\":\"ES256\",\"kid\":\"b\"}", claims),
		   PK_ERR_ID_TOKEN_KEY_UNKNOWN);
	t.s.dialect.id_token_alg = PK_ID_TOKEN_HS256;
	assert_err(verify(&t), PK_ERR_ARGUMENT);
	t.s.dialect.id_token_alg = PK_ID_TOKEN_NONE;
	assert_err(verify(&t), PK_ERR_ARGUMENT);
}

static void a_full_arena_is_an_error_with_evidence(void **state)
{
	struct trial t;

	(void)state;
	make(&t);
	t.s.arena = pk_arena(t.s.memory, 4);
	assert_err(with(&t, HEADER, "{" USUAL "," EVENTS ",\"sub\":\"ada\"}"), PK_ERR_NO_SPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_right),
		cmocka_unit_test(those_that_are_not),
		cmocka_unit_test(who_signed),
		cmocka_unit_test(a_full_arena_is_an_error_with_evidence),
	};

	return cmocka_run_group_tests(tests, signing_setup, signing_teardown);
}
