/*
 * Tokens that a client sends to the sandbox: DPoP proofs with a key of their own, and hints. The
 * input is header, claims and signature, a line each; the first two are encoded here, so that what
 * is tried is what they say. Whatever comes is read, its key is taken and its signature checked, and
 * nothing ends the program; a key with a thumbprint has one only.
 */
#include "must.h"

#include "base/encode.h"
#include "base/text.h"
#include "sandbox/jwt.h"

#include <string.h>

static unsigned char memory[131072];
static char token[65536];

static void try_key(const struct jwt *jwt)
{
	static const char *const algs[] = {"ES256", "RS256", "PS256", "ES512", "HS256", "none", ""};
	const json_t *jwk = json_object_get(jwt->header, "jwk");
	unsigned char one[JWT_THUMBPRINT];
	unsigned char two[JWT_THUMBPRINT];
	cjose_jwk_t *key;

	if (!json_is_object(jwk))
		return;
	if (jwt_thumbprint(jwk, one)) {
		must(jwt_thumbprint(jwk, two));
		must(memcmp(one, two, sizeof(one)) == 0);
	}
	key = jwt_key(jwk);
	for (size_t i = 0; key && i < sizeof(algs) / sizeof(algs[0]); i++)
		(void)jwt_verify(jwt, algs[i], key);
	cjose_jwk_release(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pk_str rest = {(const char *)data, size};
	const struct pk_str header = pk_str_cut(&rest, '\n');
	const struct pk_str claims = pk_str_cut(&rest, '\n');
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_buf out = pk_buf(token, sizeof(token));
	struct jwt jwt;

	pk_base64url_encode(&out, header.ptr, header.len);
	pk_buf_char(&out, '.');
	pk_base64url_encode(&out, claims.ptr, claims.len);
	pk_buf_char(&out, '.');
	pk_buf_put(&out, rest);
	if (out.overflow || !jwt_read(&arena, pk_buf_str(&out), &jwt))
		return 0;
	must(json_is_object(jwt.header) && json_is_object(jwt.claims));
	try_key(&jwt);
	jwt_free(&jwt);
	return 0;
}
