/* Signatures of tokens, without what they claim: who may have signed, and with what. */
#include "signing.h"

#include <stdio.h>

#include "base/encode.h"
#include "protocol/jose.h"

#define ISSUED "{\"iss\":\"joe\",\"a\":1}"

static char token[PK_ID_TOKEN_MAX * 2], jwks[16384], jwk[4096], jwk_too[4096];

static struct pk_why why;

/* Verifies `token` with `jwks` and the secret; the claims are not looked at. */
static enum pk_err verify(enum pk_id_token_alg alg, const char *secret)
{
	const struct pk_jws jws = {.token = pk_str(token),
				   .alg = alg,
				   .jwks = pk_str(jwks),
				   .secret = {pk_str(secret)}};
	json_t *claims = NULL;
	const enum pk_err err = pk_jws_verify(&jws, &claims, &why);

	if (err == PK_OK)
		assert_string_equal(json_string_value(json_object_get(claims, "iss")), "joe");
	else
		assert_err(why.err, err);
	json_decref(claims);
	return err;
}

/* One key or two in the set. */
static void publish(const char *first, const char *second)
{
	assert_true((size_t)snprintf(jwks, sizeof(jwks), "{\"keys\":[%s%s%s]}", first,
				     second ? "," : "", second ? second : "") < sizeof(jwks));
}

/* RFC 7515 A.1, A.2, A.3 */
#define RFC_CLAIMS                                                                                 \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0" \
	"cnVlfQ"

static void the_published_examples(void **state)
{
	char secret[64 + 1] = {0};
	size_t size;

	(void)state;
	strcpy(token, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." RFC_CLAIMS
		      ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
	assert_true(pk_base64url_decode(
		PK_STR("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTw"
		       "jAzZr1Z9CAow"),
		secret, 64, &size));
	assert_int_equal(strlen(secret), size);
	assert_err(verify(PK_ID_TOKEN_HS256, secret), PK_OK);

	strcpy(token,
	       "eyJhbGciOiJSUzI1NiJ9." RFC_CLAIMS
	       ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5Y"
	       "Kt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
	       "nZLgrnbyTyWzO75vRK5h6xBAr"
	       "LIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
	       "eOkHWEsqtFZESc6BfI7no"
	       "OPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
	       "IoypGlUPQG"
	       "e77Rw");
	publish("{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQo"
		"Tbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpR"
		"PEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
		"UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmou"
		"dF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\"}",
		NULL);
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_OK);

	strcpy(token,
	       "eyJhbGciOiJFUzI1NiJ9." RFC_CLAIMS
	       ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
	       "Kg6NU1Q");
	publish("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHv"
		"RVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
		NULL);
	assert_err(verify(PK_ID_TOKEN_ES256, NULL), PK_OK);
	/* The last byte of the signature, the odd byte behind it, a bit of the claims. */
	token[strlen(token) - 2] ^= 1;
	assert_err(verify(PK_ID_TOKEN_ES256, NULL), PK_ERR_ID_TOKEN_SIGNATURE);
	token[strlen(token) - 2] ^= 1;
	strcat(token, "A");
	assert_err(verify(PK_ID_TOKEN_ES256, NULL), PK_ERR_ID_TOKEN_SIGNATURE);
}

/* C-38 */
static void no_bit_can_be_changed(void **state)
{
	(void)state;
	publish(public_jwk(jwk, sizeof(jwk), p256_key, "\"kid\":\"a\""), NULL);
	sign(token, sizeof(token), p256_key, "{\"alg\":\"ES256\",\"kid\":\"a\"}", ISSUED);
	assert_err(verify(PK_ID_TOKEN_ES256, NULL), PK_OK);
	for (size_t i = 0; i < strlen(token); i++) {
		const char right = token[i];

		token[i] = right == 'A' ? 'B' : 'A';
		assert_true(verify(PK_ID_TOKEN_ES256, NULL) != PK_OK);
		token[i] = right;
	}
	assert_err(verify(PK_ID_TOKEN_ES256, NULL), PK_OK);
}

/* C-38: RFC 8725 3.1 and 3.2 */
static void the_algorithm_is_ours_to_say(void **state)
{
	static const char *const headers[] = {"{\"alg\":\"none\"}",    "{\"alg\":\"None\"}",
					      "{\"alg\":\"RS512\"}",   "{\"alg\":\"PS256\"}",
					      "{\"alg\":\"HS256\"}",   "{\"alg\":\"rs256\"}",
					      "{\"alg\":\"\"}",        "{\"alg\":null}",
					      "{\"alg\":[\"RS256\"]}", "{}",
					      "{\"alg\":\"RS256 \"}"};

	(void)state;
	publish(public_jwk(jwk, sizeof(jwk), rsa_key, ""), NULL);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		forge(token, sizeof(token), headers[i], ISSUED, "AAAA");
		assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_ALG);
		forge(token, sizeof(token), headers[i], ISSUED, "");
		assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_ALG);
	}
	assert_string_equal(why.parameter, "alg");
	/* One that is right, at a provider that signs otherwise. */
	sign(token, sizeof(token), rsa_key, "{\"alg\":\"RS256\"}", ISSUED);
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_OK);
	assert_err(verify(PK_ID_TOKEN_ES256, NULL), PK_ERR_ID_TOKEN_ALG);
	assert_err(verify(PK_ID_TOKEN_HS256, "pw"), PK_ERR_ID_TOKEN_ALG);
	assert_err(verify(PK_ID_TOKEN_NONE, NULL), PK_ERR_ID_TOKEN_ALG);
	forge(token, sizeof(token), "{\"alg\":\"none\"}", ISSUED, "");
	assert_err(verify(PK_ID_TOKEN_NONE, NULL), PK_ERR_ID_TOKEN_ALG);
}

/* C-38: RFC 8725 2.1: the public key as the secret of an HMAC. */
static void the_public_key_is_no_secret(void **state)
{
	(void)state;
	publish(public_jwk(jwk, sizeof(jwk), rsa_key, "\"kid\":\"a\""), NULL);
	sign_hmac(token, sizeof(token), jwk, strlen(jwk), "{\"alg\":\"HS256\",\"kid\":\"a\"}",
		  ISSUED);
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_ALG);
	assert_err(verify(PK_ID_TOKEN_HS256, "the client's"), PK_ERR_ID_TOKEN_SIGNATURE);
	assert_err(verify(PK_ID_TOKEN_HS256, ""), PK_ERR_SECRET_MISSING);
	/* Nor does a secret in the set sign for anybody. */
	publish("{\"kty\":\"oct\",\"k\":\"cHc\",\"kid\":\"a\"}", NULL);
	sign_hmac(token, sizeof(token), "pw", 2, "{\"alg\":\"RS256\",\"kid\":\"a\"}", ISSUED);
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_KEY_UNKNOWN);
}

static void the_client_secret_signs(void **state)
{
	(void)state;
	jwks[0] = '\0';
	sign_hmac(token, sizeof(token), "pw", 2, "{\"alg\":\"HS256\",\"typ\":\"JWT\"}", ISSUED);
	assert_err(verify(PK_ID_TOKEN_HS256, "pw"), PK_OK);
	assert_err(verify(PK_ID_TOKEN_HS256, "pW"), PK_ERR_ID_TOKEN_SIGNATURE);
	assert_err(verify(PK_ID_TOKEN_HS256, NULL), PK_ERR_SECRET_MISSING);
	token[strlen(token) - 4] = '\0';
	assert_err(verify(PK_ID_TOKEN_HS256, "pw"), PK_ERR_ID_TOKEN_SIGNATURE);
	forge(token, sizeof(token), "{\"alg\":\"HS256\"}", ISSUED, "");
	assert_err(verify(PK_ID_TOKEN_HS256, "pw"), PK_ERR_ID_TOKEN_SIGNATURE);
}

/* RFC 7517 4: a provider that changes its keys publishes both for a while. */
static void a_key_is_chosen_by_its_name(void **state)
{
	(void)state;
	publish(public_jwk(jwk, sizeof(jwk), rsa_key, "\"kid\":\"old\",\"use\":\"sig\""),
		public_jwk(jwk_too, sizeof(jwk_too), second_rsa_key,
			   "\"kid\":\"new\",\"alg\":\"RS256\",\"key_ops\":[\"verify\"]"));
	sign(token, sizeof(token), rsa_key, "{\"alg\":\"RS256\",\"kid\":\"old\"}", ISSUED);
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_OK);
	sign(token, sizeof(token), second_rsa_key, "{\"alg\":\"RS256\",\"kid\":\"new\"}", ISSUED);
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_OK);
	/* The other's signature under this name. */
	sign(token, sizeof(token), rsa_key, "{\"alg\":\"RS256\",\"kid\":\"new\"}", ISSUED);
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_SIGNATURE);
	sign(token, sizeof(token), rsa_key, "{\"alg\":\"RS256\",\"kid\":\"next\"}", ISSUED);
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_KEY_UNKNOWN);
	assert_true(text_has(pk_str(why.detail), "next"));
	/* No name: either may be it. */
	sign(token, sizeof(token), second_rsa_key, "{\"alg\":\"RS256\"}", ISSUED);
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_OK);
	publish(public_jwk(jwk, sizeof(jwk), rsa_key, "\"kid\":\"old\""), NULL);
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_SIGNATURE);
	jwks[0] = '\0';
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_KEY_UNKNOWN);
}

/* A token that names no key is not tried with a thousand. */
static void the_keys_that_are_tried_are_few(void **state)
{
	static const size_t counts[] = {8, 9};

	(void)state;
	sign(token, sizeof(token), p256_key, "{\"alg\":\"ES256\"}", ISSUED);
	for (size_t i = 0; i < 2; i++) {
		cjose_err err;
		cjose_jwk_t *other = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &err);

		strcpy(jwks, "{\"keys\":[");
		public_jwk(jwk, sizeof(jwk), other, "");
		for (size_t n = 1; n < counts[i]; n++) {
			strcat(jwks, jwk);
			strcat(jwks, ",");
		}
		strcat(jwks, public_jwk(jwk, sizeof(jwk), p256_key, ""));
		strcat(jwks, "]}");
		assert_err(verify(PK_ID_TOKEN_ES256, NULL),
			   counts[i] == 8 ? PK_OK : PK_ERR_ID_TOKEN_SIGNATURE);
		cjose_jwk_release(other);
	}
}

static void keys_for_something_else(void **state)
{
	static const char *const members[] = {
		"\"use\":\"enc\"",
		"\"use\":1",
		"\"alg\":\"RS512\"",
		"\"alg\":\"RSA-OAEP\"",
		"\"key_ops\":[\"encrypt\"]",
		"\"key_ops\":[]",
		"\"key_ops\":\"verify\"",
		"\"d\":\"AQAB\"",
		"\"kid\":\"b\"",
		"\"kid\":null",
	};

	(void)state;
	sign(token, sizeof(token), rsa_key, "{\"alg\":\"RS256\",\"kid\":\"a\"}", ISSUED);
	publish(public_jwk(jwk, sizeof(jwk), rsa_key, "\"kid\":\"a\""), NULL);
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_OK);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		char more[64];

		(void)snprintf(more, sizeof(more), "%s%s", members[i],
			       strstr(members[i], "kid") ? "" : ",\"kid\":\"a\"");
		publish(public_jwk(jwk, sizeof(jwk), rsa_key, more), NULL);
		assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_KEY_UNKNOWN);
	}
}

/* Numbers that are no key: too short to be safe (RFC 7518 3.3), too long to be sane, not on the
 * curve, of another curve, not base64url. */
static void keys_that_are_none(void **state)
{
	static const char *const keys[] = {
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
		"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
		"\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":"
		"\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
		"\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
		"{\"kty\":\"EC\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":1,\"y\":[]}",
		"{\"kty\":\"EC\"}",
		"{}",
		"[]",
		"null",
	};
	static const char *const exponents[] = {"\"AQ\"  ", "\"AAAA\"", "\"AQAA\"", "\"\"    "};
	char modulus[2200];
	cjose_err err;
	cjose_jwk_t *small = cjose_jwk_create_RSA_random(1024, NULL, 0, &err);

	(void)state;
	forge(token, sizeof(token), "{\"alg\":\"ES256\"}", ISSUED, "AAAA");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		publish(keys[i], NULL);
		assert_err(verify(PK_ID_TOKEN_ES256, NULL), PK_ERR_ID_TOKEN_KEY_UNKNOWN);
	}
	sign(token, sizeof(token), small, "{\"alg\":\"RS256\"}", ISSUED);
	publish(public_jwk(jwk, sizeof(jwk), small, ""), NULL);
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_KEY_UNKNOWN);
	cjose_jwk_release(small);

	/* Exponents with which anybody could sign. */
	sign(token, sizeof(token), rsa_key, "{\"alg\":\"RS256\"}", ISSUED);
	for (size_t i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++) {
		public_jwk(jwk, sizeof(jwk), rsa_key, "");
		publish(jwk, NULL);
		assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_OK);
		memcpy(strstr(jwk, "\"AQAB\""), exponents[i], 6);
		publish(jwk, NULL);
		assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_KEY_UNKNOWN);
	}

	memset(modulus, '_', sizeof(modulus));
	modulus[1400] = '\0';
	(void)snprintf(jwk, sizeof(jwk), "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"}", modulus);
	publish(jwk, NULL);
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_KEY_UNKNOWN);
}

static void sets_that_are_none(void **state)
{
	static const char *const sets[] = {"",
					   "{}",
					   "[]",
					   "null",
					   "{\"keys\":{}}",
					   "{\"keys\":[1]}",
					   "{\"keys\":[{\"kty\":\"EC\",\"kty\":\"RSA\"}]}",
					   "{\"keys\":"};

	(void)state;
	sign(token, sizeof(token), p256_key, "{\"alg\":\"ES256\"}", ISSUED);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		strcpy(jwks, sets[i]);
		assert_err(verify(PK_ID_TOKEN_ES256, NULL), PK_ERR_ID_TOKEN_KEY_UNKNOWN);
	}
	/* A good key in a set that two readers read differently. */
	public_jwk(jwk, sizeof(jwk), p256_key, "\"kid\":\"a\",\"kid\":\"b\"");
	publish(jwk, NULL);
	assert_err(verify(PK_ID_TOKEN_ES256, NULL), PK_ERR_ID_TOKEN_KEY_UNKNOWN);
}

static void what_is_no_token(void **state)
{
	static const char *const texts[] = {
		"",
		".",
		"..",
		"...",
		"e30.e30",
		"e30..e30",
		".e30.e30",
		"e30.e30.e30.e30",
		"e30.e30.e30.e30.e30",
		"e30=.e30.AAAA",
		"e 30.e30.AAAA",
		"W10.e30.AAAA",
		"bnVsbA.e30.AAAA",
		"eyJhbGciOiJSUzI1NiIsImFsZyI6Im5vbmUifQ.e30.AAAA",
		"eyJhbGciOiJSUzI1NiJ9.eyJpc3Mic=A.AAAA",
		"eyJhbGciOiJSUzI1NiJ9.e30=.AAAA",
		"eyJhbGciOiJSUzI1NiJ9.e31.AAAA",
	};

	(void)state;
	publish(public_jwk(jwk, sizeof(jwk), rsa_key, ""), NULL);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		strcpy(token, texts[i]);
		assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_SYNTAX);
	}
	sign(token, sizeof(token), rsa_key, "{\"alg\":\"RS256\"}", ISSUED);
	memset(token + strlen(token), 'A', PK_ID_TOKEN_MAX);
	token[PK_ID_TOKEN_MAX + 1] = '\0';
	assert_err(verify(PK_ID_TOKEN_RS256, NULL), PK_ERR_ID_TOKEN_SYNTAX);
}

static void headers_that_are_refused(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}",
		"{\"alg\":\"HS256\",\"crit\":[]}",
		"{\"alg\":\"HS256\",\"crit\":null}",
		"{\"alg\":\"HS256\",\"kid\":1}",
		"{\"alg\":\"HS256\",\"kid\":null}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"HS256\",\"typ\":\"application/AT+JWT\"}",
		"{\"alg\":\"HS256\",\"typ\":\"logout+jwt\"}",
		"{\"alg\":\"HS256\",\"typ\":1}",
		"{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
		"{\"alg\":\"HS256\",\"kid\":\"a\\u0000b\"}",
	};
	static const char *const fine[] = {
		"{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
		"{\"alg\":\"HS256\",\"typ\":\"jwt\"}",
		"{\"alg\":\"HS256\",\"typ\":\"application/jwt\"}",
		"{\"alg\":\"HS256\",\"jku\":\"https://evil.example/\",\"x5u\":\"a\",\"jwk\":{}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		sign_hmac(token, sizeof(token), "pw", 2, headers[i], ISSUED);
		assert_err(verify(PK_ID_TOKEN_HS256, "pw"), PK_ERR_ID_TOKEN_SYNTAX);
	}
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		sign_hmac(token, sizeof(token), "pw", 2, fine[i], ISSUED);
		assert_err(verify(PK_ID_TOKEN_HS256, "pw"), PK_OK);
	}
}

static void claims_that_are_refused(void **state)
{
	static const char *const claims[] = {"",
					     "[]",
					     "null",
					     "{\"iss\":\"joe\",\"iss\":\"joe\"}",
					     "{\"iss\":\"joe\",\"exp\":99999999999999999999}",
					     "{\"iss\":\"joe\",\"exp\":1e999}",
					     "{\"iss\":\"joe\\u0000\"}",
					     "{\"iss\":\"\xff\"}",
					     "{'iss':'joe'}"};
	char deep[8000];

	(void)state;
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		sign_hmac(token, sizeof(token), "pw", 2, "{\"alg\":\"HS256\"}", claims[i]);
		assert_err(verify(PK_ID_TOKEN_HS256, "pw"), PK_ERR_ID_TOKEN_SYNTAX);
	}
	memset(deep, '[', sizeof(deep) - 1);
	memcpy(deep, "{\"a\":", 5);
	deep[sizeof(deep) - 1] = '\0';
	sign_hmac(token, sizeof(token), "pw", 2, "{\"alg\":\"HS256\"}", deep);
	assert_err(verify(PK_ID_TOKEN_HS256, "pw"), PK_ERR_ID_TOKEN_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_examples),
		cmocka_unit_test(no_bit_can_be_changed),
		cmocka_unit_test(the_algorithm_is_ours_to_say),
		cmocka_unit_test(the_public_key_is_no_secret),
		cmocka_unit_test(the_client_secret_signs),
		cmocka_unit_test(a_key_is_chosen_by_its_name),
		cmocka_unit_test(the_keys_that_are_tried_are_few),
		cmocka_unit_test(keys_for_something_else),
		cmocka_unit_test(keys_that_are_none),
		cmocka_unit_test(sets_that_are_none),
		cmocka_unit_test(what_is_no_token),
		cmocka_unit_test(headers_that_are_refused),
		cmocka_unit_test(claims_that_are_refused),
	};

	return cmocka_run_group_tests(tests, signing_setup, signing_teardown);
}
