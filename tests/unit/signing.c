/* The provider's side of signed tokens, done with libcjose, or by hand where it refuses to. */
#include "signing.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"

cjose_jwk_t *rsa_key, *second_rsa_key, *p256_key;

int signing_setup(void **state)
{
	cjose_err err;

	(void)state;
	rsa_key = cjose_jwk_create_RSA_random(2048, NULL, 0, &err);
	second_rsa_key = cjose_jwk_create_RSA_random(2048, NULL, 0, &err);
	p256_key = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &err);
	return rsa_key && second_rsa_key && p256_key ? 0 : -1;
}

int signing_teardown(void **state)
{
	(void)state;
	cjose_jwk_release(rsa_key);
	cjose_jwk_release(second_rsa_key);
	cjose_jwk_release(p256_key);
	return 0;
}

const char *public_jwk(char *out, size_t cap, const cjose_jwk_t *key, const char *more)
{
	cjose_err err;
	char *json = cjose_jwk_to_json(key, false, &err);

	assert_non_null(json);
	assert_true((size_t)snprintf(out, cap, "{%s%s%s", more, more[0] ? "," : "", json + 1) <
		    cap);
	free(json);
	return out;
}

const char *sign(char *out, size_t cap, const cjose_jwk_t *key, const char *header,
		 const char *claims)
{
	json_t *head = json_loads(header, 0, NULL);
	const char *text;
	cjose_err err;
	cjose_jws_t *jws = cjose_jws_sign(key, head, (const uint8_t *)claims, strlen(claims), &err);

	assert_non_null(jws);
	assert_true(cjose_jws_export(jws, &text, &err));
	assert_true(strlen(text) < cap);
	strcpy(out, text);
	cjose_jws_release(jws);
	json_decref(head);
	return out;
}

static void put_parts(struct pk_buf *token, const char *header, const char *claims)
{
	pk_base64url_encode(token, header, strlen(header));
	pk_buf_put(token, PK_STR("."));
	pk_base64url_encode(token, claims, strlen(claims));
}

static const char *finish(struct pk_buf *token)
{
	pk_buf_put(token, (struct pk_str){"", 1});
	assert_false(token->overflow);
	return token->ptr;
}

const char *sign_hmac(char *out, size_t cap, const void *secret, size_t size, const char *header,
		      const char *claims)
{
	struct pk_buf token = pk_buf(out, cap);
	crypto_auth_hmacsha256_state hmac;
	unsigned char mac[crypto_auth_hmacsha256_BYTES];

	put_parts(&token, header, claims);
	crypto_auth_hmacsha256_init(&hmac, secret, size);
	crypto_auth_hmacsha256_update(&hmac, (const unsigned char *)token.ptr, token.len);
	crypto_auth_hmacsha256_final(&hmac, mac);
	pk_buf_put(&token, PK_STR("."));
	pk_base64url_encode(&token, mac, sizeof(mac));
	return finish(&token);
}

const char *forge(char *out, size_t cap, const char *header, const char *claims,
		  const char *signature)
{
	struct pk_buf token = pk_buf(out, cap);

	put_parts(&token, header, claims);
	pk_buf_put(&token, PK_STR("."));
	pk_buf_put(&token, pk_str(signature));
	return finish(&token);
}
