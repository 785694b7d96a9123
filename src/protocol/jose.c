/*
 * Who signed a token (RFC 7515, RFC 7518, RFC 8725). The header is the attacker's until the
 * signature holds, so nothing in it chooses how: the algorithm is the caller's, the key comes from
 * the provider's own set or is the client's secret, and the header is read with our reader before
 * libcjose sees it. Claims are parsed only after that.
 */
#include "protocol/jose.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/text.h"
#include "protocol/json.h"
#include "protocol/jwks.h"

#include <openssl/err.h>
#include <sodium.h>
#include <string.h>

/* clang-format off */
static const char *const names[] = {
	[PK_ID_TOKEN_NONE]  = "none",
	[PK_ID_TOKEN_RS256] = "RS256",
	[PK_ID_TOKEN_ES256] = "ES256",
	[PK_ID_TOKEN_HS256] = "HS256",
};
/* clang-format on */

#define ES256_SIZE 64 /* RFC 7518 3.4: R and S, 32 bytes each */

struct parts {
	struct pk_str header;
	struct pk_str claims;
	struct pk_str signature;
	struct pk_str signed_text; /* the first two and the dot between them */
};

/* libcjose aborts the program at a = in the middle, so it gets nothing that was not read here. */
static bool is_base64url(struct pk_str part)
{
	char memory[PK_ID_TOKEN_MAX];
	size_t size = 0;
	const bool is = pk_base64url_decode(part, memory, sizeof(memory), &size);

	sodium_memzero(memory, size);
	return is;
}

static enum pk_err split(struct pk_str token, struct parts *ret, struct pk_why *why)
{
	struct pk_str rest = token;

	if (token.len > PK_ID_TOKEN_MAX)
		return pk_refuse(why, PK_ERR_ID_TOKEN_SYNTAX, NULL,
				 "the token is longer than %d bytes", PK_ID_TOKEN_MAX);
	ret->header = pk_str_cut(&rest, '.');
	ret->claims = pk_str_cut(&rest, '.');
	ret->signature = rest;
	if (!ret->header.len || !ret->claims.len || !rest.ptr ||
	    pk_str_find(rest, '.') < rest.len || !is_base64url(ret->claims))
		return pk_refuse(why, PK_ERR_ID_TOKEN_SYNTAX, NULL,
				 "a token is three parts of base64url with a dot between them");
	ret->signed_text = pk_str_first(token, ret->header.len + 1 + ret->claims.len);
	return PK_OK;
}

static json_t *read_object(struct pk_str part)
{
	char memory[PK_ID_TOKEN_MAX];
	struct pk_str text = {memory, 0};
	json_t *object = NULL;

	if (pk_base64url_decode(part, memory, sizeof(memory), &text.len))
		object = pk_json_parse(text);
	sodium_memzero(memory, text.len);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

static bool is_word(struct pk_str text, struct pk_str word)
{
	return text.len == word.len && strncasecmp(text.ptr, word.ptr, word.len) == 0;
}

/* RFC 8725 3.11: a kind of token that has a type of its own, such as at+jwt, must not pass for
 * another. RFC 7515 4.1.9: "application/" may be left out, and case says nothing. */
static bool is_of_kind(const json_t *type, struct pk_str wanted)
{
	const struct pk_str media = PK_STR("application/"), mark = PK_STR("+jwt");
	struct pk_str name = {json_string_value(type), json_string_length(type)};

	if (!type)
		return true;
	if (is_word(pk_str_first(name, media.len), media))
		name = pk_str_from(name, media.len);
	if (name.len < mark.len || !is_word(pk_str_from(name, name.len - mark.len), mark))
		return name.len > 0;
	return wanted.len && is_word(name, wanted);
}

static enum pk_err check_header(const struct pk_jws *jws, const json_t *header, struct pk_why *why)
{
	const json_t *alg = json_object_get(header, "alg"), *kid = json_object_get(header, "kid");

	if (!json_is_string(alg) || strcmp(json_string_value(alg), names[jws->alg]) != 0 ||
	    jws->alg == PK_ID_TOKEN_NONE) {
		char name[16];

		pk_text_tame(name, sizeof(name), pk_str(json_string_value(alg)));
		return pk_refuse(why, PK_ERR_ID_TOKEN_ALG, "alg",
				 "the token's alg is \"%s\"; this provider signs with %s", name,
				 names[jws->alg]);
	}
	/* RFC 7515 4.1.11: who does not understand what it names must refuse; we know none. */
	if (json_object_get(header, "crit"))
		return pk_refuse(why, PK_ERR_ID_TOKEN_SYNTAX, "crit",
				 "the token names extensions that must be understood");
	if (kid && !json_is_string(kid))
		return pk_refuse(why, PK_ERR_ID_TOKEN_SYNTAX, "kid", "the token's kid is no text");
	if (!is_of_kind(json_object_get(header, "typ"), jws->type))
		return pk_refuse(why, PK_ERR_ID_TOKEN_SYNTAX, "typ",
				 "the token says that it is of another kind");
	return PK_OK;
}

static enum pk_err refuse_signature(struct pk_why *why)
{
	return pk_refuse(why, PK_ERR_ID_TOKEN_SIGNATURE, NULL,
			 "no key that may have signed the token gives this signature");
}

/* OpenID Connect Core 10.1: the key is the client secret, its bytes as they are. */
static enum pk_err check_hmac(const struct pk_jws *jws, const struct parts *parts,
			      struct pk_why *why)
{
	const struct pk_str key = jws->secret.text, text = parts->signed_text;
	crypto_auth_hmacsha256_state hmac;
	uint8_t right[crypto_auth_hmacsha256_BYTES], given[crypto_auth_hmacsha256_BYTES];
	size_t size = 0;
	bool same;

	if (!key.len)
		return pk_refuse(why, PK_ERR_SECRET_MISSING, "client_secret",
				 "the token is signed with the client secret, and there is none");
	crypto_auth_hmacsha256_init(&hmac, (const unsigned char *)key.ptr, key.len);
	crypto_auth_hmacsha256_update(&hmac, (const unsigned char *)text.ptr, text.len);
	crypto_auth_hmacsha256_final(&hmac, right);
	same = pk_base64url_secret(parts->signature, given, sizeof(given), &size) &&
	       size == sizeof(given) && sodium_memcmp(right, given, sizeof(given)) == 0;
	sodium_memzero(&hmac, sizeof(hmac));
	sodium_memzero(right, sizeof(right));
	return same ? PK_OK : refuse_signature(why);
}

/* One value has one text: libcjose would drop the odd byte of a longer signature. */
static bool has_form(const struct pk_jws *jws, const struct parts *parts)
{
	uint8_t bytes[1024];
	size_t size;

	return pk_base64url_decode(parts->signature, bytes, sizeof(bytes), &size) && size > 0 &&
	       (jws->alg != PK_ID_TOKEN_ES256 || size == ES256_SIZE);
}

static bool is_signed_with(struct pk_str token, const struct pk_keys *keys)
{
	cjose_err err;
	cjose_jws_t *jws = cjose_jws_import(token.ptr, token.len, &err);
	bool good = false;

	for (size_t i = 0; jws && i < keys->count && !good; i++)
		good = cjose_jws_verify(jws, keys->key[i], &err);
	cjose_jws_release(jws);
	return good;
}

static enum pk_err refuse_key(const struct pk_jws *jws, const char *kid, struct pk_why *why)
{
	char name[64];

	pk_text_tame(name, sizeof(name), pk_str(kid));
	return pk_refuse(why, PK_ERR_ID_TOKEN_KEY_UNKNOWN, "kid",
			 kid ? "the provider's keys have none for %s with the kid \"%s\""
			     : "the provider's keys have none for %s%s",
			 names[jws->alg], name);
}

static enum pk_err check_public(const struct pk_jws *jws, const struct parts *parts,
				const json_t *header, struct pk_why *why)
{
	const char *const kid = json_string_value(json_object_get(header, "kid"));
	json_t *set = pk_json_parse(jws->jwks);
	struct pk_keys keys;
	enum pk_err err = PK_OK;

	/* What fails here stays ours: the caller's TLS reads the same queue of errors. */
	(void)ERR_set_mark();
	pk_keys_find(set, jws->alg, kid, &keys);
	if (!keys.count)
		err = refuse_key(jws, kid, why);
	else if (!has_form(jws, parts) || !is_signed_with(jws->token, &keys))
		err = refuse_signature(why);
	pk_keys_release(&keys);
	json_decref(set);
	(void)ERR_pop_to_mark();
	return err;
}

enum pk_err pk_jws_verify(const struct pk_jws *jws, json_t **ret, struct pk_why *why)
{
	struct parts parts;
	enum pk_err err;

	TRY(split(jws->token, &parts, why));

	json_t *header = read_object(parts.header);

	if (!header)
		return pk_refuse(why, PK_ERR_ID_TOKEN_SYNTAX, NULL,
				 "the token's header is no JSON object in base64url");
	err = check_header(jws, header, why);
	if (err == PK_OK)
		err = jws->alg == PK_ID_TOKEN_HS256 ? check_hmac(jws, &parts, why)
						    : check_public(jws, &parts, header, why);
	json_decref(header);
	TRY(err);

	json_t *claims = read_object(parts.claims);

	if (!claims)
		return pk_refuse(why, PK_ERR_ID_TOKEN_SYNTAX, NULL,
				 "the token's claims are no JSON object in base64url, each claim "
				 "once");
	*ret = claims;
	return PK_OK;
}
