/* Signed tokens for tests: a provider with three keys, and an attacker who writes what he likes. */
#ifndef TESTS_SIGNING_H
#define TESTS_SIGNING_H

#include "setting.h"

#include <cjose/cjose.h>

/* Made once for each test program: RSA of 2048 bits takes a while. */
extern cjose_jwk_t *rsa_key, *second_rsa_key, *p256_key;

int signing_setup(void **state);
int signing_teardown(void **state);

/* The public half as a JWK, with these members in addition: "\"kid\":\"a\"". */
const char *public_jwk(char *out, size_t cap, const cjose_jwk_t *key, const char *more);

/* A token with this header and these claims, signed as the header's alg says; `key` is of that kind.
 */
const char *sign(char *out, size_t cap, const cjose_jwk_t *key, const char *header,
		 const char *claims);

/* The same with the HMAC of any bytes. */
const char *sign_hmac(char *out, size_t cap, const void *secret, size_t size, const char *header,
		      const char *claims);

/* Three parts as they are; nobody signed them. */
const char *forge(char *out, size_t cap, const char *header, const char *claims,
		  const char *signature);

#endif
