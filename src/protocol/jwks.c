/*
 * The provider's keys (RFC 7517, RFC 7518 6): fetching them, and choosing those that may have
 * signed a token. A key is believed for one algorithm only, the dialect's: its type, its curve, its
 * `use`, `key_ops` and `alg` must all allow it (RFC 8725 3.1). Secret keys in the set, and private
 * ones, are nobody's proof. Only the public numbers reach libcjose.
 */
#include "protocol/jwks.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/text.h"
#include "protocol/json.h"
#include "protocol/login.h"
#include "protocol/reply.h"

#include <string.h>

enum pk_err pk_jwks_request(struct pk_arena *arena, const struct pk_login *login,
			    struct pk_http_request *ret, struct pk_why *why)
{
	struct pk_http_request request = {
		.method = "GET", .header = {PK_STR("Accept: application/json")}, .header_count = 1};

	if (!login->dialect->jwks_url.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "jwks_url", "%.*s publishes no keys",
				 PK_ARG(login->dialect->title));

	struct pk_buf url = pk_arena_open(arena);

	TRY(pk_endpoint_write(login, login->dialect->jwks_url, &url, why));
	TRY(pk_space(why, pk_arena_close(arena, &url, &request.url)));
	*ret = request;
	return PK_OK;
}

enum pk_err pk_jwks_reply(const struct pk_http_reply *reply, struct pk_str *ret, struct pk_why *why)
{
	json_t *root;

	TRY(pk_reply_object(reply, "the keys", &root, why));

	const bool any = json_array_size(json_object_get(root, "keys")) > 0;

	json_decref(root);
	if (!any) {
		const enum pk_err err = pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, "jwks_url",
						  "the document at jwks_url has no keys");

		if (why)
			why->status = reply->status;
		return err;
	}
	*ret = reply->body;
	return PK_OK;
}

static const char *text_of(const json_t *key, const char *name)
{
	return json_string_value(json_object_get(key, name));
}

/* Where the member is there, it says this and nothing else. */
static bool allows(const json_t *key, const char *name, const char *value)
{
	const char *const text = text_of(key, name);

	return !json_object_get(key, name) || (text && strcmp(text, value) == 0);
}

/* RFC 7517 4.3: an array, in which "verify" must be where it is there at all. */
static bool may_verify(const json_t *key)
{
	const json_t *operations = json_object_get(key, "key_ops");

	if (!operations)
		return true;
	for (size_t i = 0; i < json_array_size(operations); i++) {
		const char *const name = json_string_value(json_array_get(operations, i));

		if (name && strcmp(name, "verify") == 0)
			return true;
	}
	return false;
}

static bool read_number(const json_t *key, const char *name, uint8_t *bytes, size_t cap,
			size_t *ret_size)
{
	return pk_base64url_decode(pk_str(text_of(key, name)), bytes, cap, ret_size) &&
	       *ret_size > 0;
}

#define RSA_MIN 256  /* bytes: RFC 7518 3.3 wants 2048 bits or more */
#define RSA_MAX 1024 /* more only costs time */

static cjose_jwk_t *read_rsa(const json_t *key)
{
	uint8_t modulus[RSA_MAX + 1], exponent[8];
	cjose_jwk_rsa_keyspec spec = {.n = modulus, .e = exponent};
	cjose_err err;

	if (!read_number(key, "n", modulus, sizeof(modulus), &spec.nlen) ||
	    !read_number(key, "e", exponent, sizeof(exponent), &spec.elen))
		return NULL;
	/* Some producers keep the zero byte that a signed number begins with. */
	if (spec.n[0] == 0) {
		spec.n++;
		spec.nlen--;
	}
	if (spec.nlen < RSA_MIN || spec.nlen > RSA_MAX || spec.n[0] == 0)
		return NULL;
	/* With an exponent of 1 anybody can sign; an even one has no private half. */
	if ((spec.elen == 1 && exponent[0] < 3) || exponent[spec.elen - 1] % 2 == 0)
		return NULL;
	return cjose_jwk_create_RSA_spec(&spec, &err);
}

#define P256_SIZE 32 /* RFC 7518 6.2.1.2: neither more nor less */

static cjose_jwk_t *read_p256(const json_t *key)
{
	uint8_t x[P256_SIZE], y[P256_SIZE];
	cjose_jwk_ec_keyspec spec = {.crv = CJOSE_JWK_EC_P_256, .x = x, .y = y};
	const char *const curve = text_of(key, "crv");
	cjose_err err;

	if (!curve || strcmp(curve, "P-256") != 0 ||
	    !read_number(key, "x", x, sizeof(x), &spec.xlen) || spec.xlen != P256_SIZE ||
	    !read_number(key, "y", y, sizeof(y), &spec.ylen) || spec.ylen != P256_SIZE)
		return NULL;
	return cjose_jwk_create_EC_spec(&spec, &err);
}

/* clang-format off */
static const struct kind {
	const char *alg;
	const char *type;
	cjose_jwk_t *(*read)(const json_t *);
} kinds[] = {
	[PK_ID_TOKEN_RS256] = {"RS256", "RSA", read_rsa},
	[PK_ID_TOKEN_ES256] = {"ES256", "EC",  read_p256},
};
/* clang-format on */

static bool is_for(const json_t *key, const struct kind *kind, const char *kid)
{
	const char *const type = text_of(key, "kty"), *const own_kid = text_of(key, "kid");

	return type && strcmp(type, kind->type) == 0 && allows(key, "use", "sig") &&
	       allows(key, "alg", kind->alg) && may_verify(key) && !json_object_get(key, "d") &&
	       (!kid || (own_kid && strcmp(own_kid, kid) == 0));
}

void pk_keys_find(const json_t *set, enum pk_id_token_alg alg, const char *kid, struct pk_keys *ret)
{
	const json_t *keys = json_object_get(set, "keys");
	const struct kind *kind = &kinds[alg];

	*ret = (struct pk_keys){0};
	for (size_t i = 0; i < json_array_size(keys) && ret->count < PK_KEYS_MAX; i++) {
		const json_t *key = json_array_get(keys, i);
		cjose_jwk_t *read = is_for(key, kind, kid) ? kind->read(key) : NULL;

		if (read)
			ret->key[ret->count++] = read;
	}
}

void pk_keys_release(struct pk_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		(void)cjose_jwk_release(keys->key[i]);
	keys->count = 0;
}
