/*
 * Tokens, signed and checked by libcjose; taken apart here, so that the algorithm is compared before
 * any cryptography is asked. RFC 7515 5.2, RFC 7519 7.2, RFC 7638. A token that comes is hostile:
 * its size is bounded, its JSON read without repeated members.
 */
#include "sandbox/jwt.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "protocol/json.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static json_t *read_part(struct pk_arena *arena, struct pk_str part)
{
	unsigned char *bytes = pk_arena_take(arena, part.len + 1);
	json_t *object;
	size_t size;

	if (!bytes || !pk_base64url_decode(part, bytes, part.len, &size))
		return NULL;
	object = pk_json_parse((struct pk_str){(const char *)bytes, size});
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

bool jwt_read(struct pk_arena *arena, struct pk_str text, struct jwt *ret)
{
	struct pk_str rest = text;
	const struct pk_str header = pk_str_cut(&rest, '.');
	const struct pk_str claims = pk_str_cut(&rest, '.');

	*ret = (struct jwt){.text = text};
	if (text.len > JWT_MAX || !rest.ptr || pk_str_find(rest, '.') < rest.len)
		return false;
	ret->header = read_part(arena, header);
	ret->claims = read_part(arena, claims);
	if (ret->header && ret->claims)
		return true;
	jwt_free(ret);
	return false;
}

void jwt_free(struct jwt *jwt)
{
	json_decref(jwt->header);
	json_decref(jwt->claims);
	*jwt = (struct jwt){0};
}

/* libcjose has an assertion in its decoder, which ends the program at a = inside a text: it gets
 * nothing that was not read here. */
static bool is_base64url(struct pk_str text)
{
	unsigned char bytes[2048];
	size_t size;

	return pk_base64url_decode(text, bytes, sizeof(bytes), &size);
}

static struct pk_str signature_of(struct pk_str text)
{
	(void)pk_str_cut(&text, '.');
	(void)pk_str_cut(&text, '.');
	return text;
}

cjose_jwk_t *jwt_key(const json_t *jwk)
{
	static const char *const numbers[] = {"n", "e", "x", "y"};
	cjose_jwk_t *key;
	cjose_err error;
	char *text;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!is_base64url(jwt_member(jwk, numbers[i])))
			return NULL;
	text = json_dumps(jwk, JSON_COMPACT);
	key = text ? cjose_jwk_import(text, strlen(text), &error) : NULL;
	free(text);
	return key;
}

bool jwt_verify(const struct jwt *jwt, const char *alg, const cjose_jwk_t *key)
{
	cjose_jws_t *jws;
	cjose_err error;
	bool ok;

	/* RFC 7515 4.1.11: what is critical and not understood makes the token invalid. */
	if (!pk_str_equal(jwt_member(jwt->header, "alg"), pk_str(alg)) ||
	    json_object_get(jwt->header, "crit") || !is_base64url(signature_of(jwt->text)))
		return false;
	jws = cjose_jws_import(jwt->text.ptr, jwt->text.len, &error);
	ok = jws && cjose_jws_verify(jws, key, &error);
	cjose_jws_release(jws);
	return ok;
}

static bool sign(const cjose_jwk_t *key, cjose_header_t *header, const char *claims,
		 struct pk_buf *out)
{
	cjose_err error;
	const char *text = NULL;
	cjose_jws_t *jws =
		cjose_jws_sign(key, header, (const uint8_t *)claims, strlen(claims), &error);
	const bool ok = jws && cjose_jws_export(jws, &text, &error);

	if (ok)
		pk_buf_put(out, pk_str(text));
	cjose_jws_release(jws);
	return ok && !out->overflow;
}

bool jwt_sign(const cjose_jwk_t *key, const char *alg, const char *type, const char *kid,
	      const json_t *claims, struct pk_buf *out)
{
	cjose_err error;
	cjose_header_t *header = cjose_header_new(&error);
	char *text = json_dumps(claims, JSON_COMPACT);
	const bool ok = header && text && cjose_header_set(header, "alg", alg, &error) &&
			cjose_header_set(header, "typ", type, &error) &&
			(!kid || cjose_header_set(header, "kid", kid, &error)) &&
			sign(key, header, text, out);

	free(text);
	cjose_header_release(header);
	return ok;
}

struct pk_str jwt_member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_string(value))
		return (struct pk_str){0};
	return (struct pk_str){json_string_value(value), json_string_length(value)};
}

/* RFC 7638 3.2: the members that a public key must have, in the order of their names. Their values
 * are base64url or a curve's name; anything that JSON would have to escape is no key. */
static const struct kind {
	const char *kty;
	const char *members[5];
} kinds[] = {
	{"EC", {"crv", "kty", "x", "y", NULL}},
	{"RSA", {"e", "kty", "n", NULL}},
};

static bool write_members(const json_t *key, const char *const *members, struct pk_buf *out)
{
	pk_buf_char(out, '{');
	for (size_t i = 0; members[i]; i++) {
		const struct pk_str value = jwt_member(key, members[i]);

		for (size_t j = 0; j < value.len; j++)
			if (value.ptr[j] < ' ' || value.ptr[j] == '"' || value.ptr[j] == '\\')
				return false;
		if (!value.len)
			return false;
		pk_buf_put(out, i ? PK_STR(",\"") : PK_STR("\""));
		pk_buf_put(out, pk_str(members[i]));
		pk_buf_put(out, PK_STR("\":\""));
		pk_buf_put(out, value);
		pk_buf_char(out, '"');
	}
	pk_buf_char(out, '}');
	return !out->overflow;
}

bool jwt_thumbprint(const json_t *key, unsigned char ret[static JWT_THUMBPRINT])
{
	const struct pk_str kty = jwt_member(key, "kty");
	char memory[2048];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!pk_str_equal(kty, pk_str(kinds[i].kty)))
			continue;
		if (!write_members(key, kinds[i].members, &out))
			return false;
		crypto_hash_sha256(ret, (const unsigned char *)out.ptr, out.len);
		return true;
	}
	return false;
}
