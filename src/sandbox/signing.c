/*
 * Which key signs. Two keys of each kind are enough for any number of rotations: a provider takes
 * them in turn, and names them by how often it has rotated, so that a key that comes again comes
 * under a new name. The name also has a random part of this process: a client that outlives the
 * sandbox must not take the new key for the one that it has kept.
 */
#include "sandbox/signing.h"
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/clients.h"
#include "sandbox/provider.h"

#include <sodium.h>
#include <stdlib.h>

#define RSA_BITS 2048
#define KEYS 2
#define NAME_MAX_LEN 48

struct signing {
	const struct providers *providers;
	uint64_t *rotations;    /* of each provider */
	cjose_jwk_t *rsa[KEYS]; /* NULL: not made yet */
	cjose_jwk_t *ec[KEYS];
	unsigned char process[6];
};

static const char *const alg_names[] = {
	[PK_ID_TOKEN_NONE] = "none",
	[PK_ID_TOKEN_RS256] = "RS256",
	[PK_ID_TOKEN_ES256] = "ES256",
	[PK_ID_TOKEN_HS256] = "HS256",
};

struct signing *signing_new(const struct providers *providers)
{
	struct signing *signing = calloc(1, sizeof(*signing));

	if (!signing)
		return NULL;
	signing->providers = providers;
	signing->rotations = calloc(providers->count + 1, sizeof(*signing->rotations));
	if (!signing->rotations) {
		free(signing);
		return NULL;
	}
	randombytes_buf(signing->process, sizeof(signing->process));
	return signing;
}

void signing_free(struct signing *signing)
{
	if (!signing)
		return;
	for (size_t i = 0; i < KEYS; i++) {
		cjose_jwk_release(signing->rsa[i]);
		cjose_jwk_release(signing->ec[i]);
	}
	free(signing->rotations);
	free(signing);
}

static uint64_t *rotation_of(const struct signing *signing, const struct provider *provider)
{
	return &signing->rotations[provider - signing->providers->item];
}

static enum pk_id_token_alg alg_of(const struct provider *provider)
{
	return provider->file.dialect.id_token_alg;
}

/* The pair's key of that number, made if there is none yet; NULL where the provider has none. */
static cjose_jwk_t *key_at(struct signing *signing, const struct provider *provider, size_t number)
{
	const enum pk_id_token_alg alg = alg_of(provider);
	cjose_jwk_t **key = &(alg == PK_ID_TOKEN_RS256 ? signing->rsa : signing->ec)[number];
	cjose_err error;

	if (alg != PK_ID_TOKEN_RS256 && alg != PK_ID_TOKEN_ES256)
		return NULL;
	if (!*key && alg == PK_ID_TOKEN_RS256)
		*key = cjose_jwk_create_RSA_random(RSA_BITS, NULL, 0, &error);
	else if (!*key)
		*key = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &error);
	return *key;
}

static cjose_jwk_t *secret_of(const struct client *client)
{
	cjose_err error;

	if (!client || client_is_public(client))
		return NULL;
	return cjose_jwk_create_oct_spec((const uint8_t *)client->secret.ptr, client->secret.len,
					 &error);
}

/* NUL-terminated, for libcjose. */
static void write_name(const struct signing *signing, const struct provider *provider,
		       char ret[static NAME_MAX_LEN])
{
	struct pk_buf out = pk_buf(ret, NAME_MAX_LEN - 1);

	pk_base64url_encode(&out, signing->process, sizeof(signing->process));
	pk_buf_char(&out, '.');
	pk_buf_number(&out, (int64_t)*rotation_of(signing, provider));
	ret[out.len] = '\0';
}

bool signing_sign(struct signing *signing, const struct provider *provider,
		  const struct client *client, const char *type, const json_t *claims,
		  struct pk_buf *out)
{
	const enum pk_id_token_alg alg = alg_of(provider);
	char name[NAME_MAX_LEN];
	cjose_jwk_t *secret;
	cjose_jwk_t *key;
	bool ok;

	if (alg != PK_ID_TOKEN_HS256) {
		key = key_at(signing, provider, *rotation_of(signing, provider) % KEYS);
		write_name(signing, provider, name);
		return key && jwt_sign(key, alg_names[alg], type, name, claims, out);
	}
	secret = secret_of(client);
	ok = secret && jwt_sign(secret, alg_names[alg], type, NULL, claims, out);
	cjose_jwk_release(secret);
	return ok;
}

bool signing_verify(struct signing *signing, const struct provider *provider,
		    const struct client *client, const struct jwt *jwt)
{
	const enum pk_id_token_alg alg = alg_of(provider);
	cjose_jwk_t *secret = alg == PK_ID_TOKEN_HS256 ? secret_of(client) : NULL;
	bool ok = secret && jwt_verify(jwt, alg_names[alg], secret);

	cjose_jwk_release(secret);
	for (size_t i = 0; !ok && i < KEYS && i <= *rotation_of(signing, provider); i++) {
		const cjose_jwk_t *key = key_at(signing, provider, i);

		ok = key && jwt_verify(jwt, alg_names[alg], key);
	}
	return ok;
}

json_t *signing_keys(struct signing *signing, const struct provider *provider)
{
	const cjose_jwk_t *key = key_at(signing, provider, *rotation_of(signing, provider) % KEYS);
	json_t *keys = json_array();
	char name[NAME_MAX_LEN];
	cjose_err error;
	char *text;
	json_t *public;

	if (!key)
		return keys;
	text = cjose_jwk_to_json(key, false, &error);
	public = text ? json_loads(text, 0, NULL) : NULL;
	free(text);
	if (!public)
		return keys;
	write_name(signing, provider, name);
	(void)json_object_set_new(public, "kid", json_string(name));
	(void)json_object_set_new(public, "use", json_string("sig"));
	(void)json_object_set_new(public, "alg", json_string(alg_names[alg_of(provider)]));
	(void)json_array_append_new(keys, public);
	return keys;
}

void signing_rotate(struct signing *signing, const struct provider *provider)
{
	(*rotation_of(signing, provider))++;
}
