/*
 * The claims of an ID token: who signed in, when, for which client, in answer to which request
 * (OpenID Connect Core 2, 3.1.3.6, 12.2); and reading one that comes back as a hint. Trusts the
 * checks: the grant is the exchange's. A hint is hostile until its signature is found to be ours.
 */
#include "sandbox/id_token.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/clock.h"
#include "sandbox/distort.h"
#include "sandbox/document.h"
#include "sandbox/faults.h"
#include "sandbox/sign_in.h"
#include "sandbox/signing.h"

#include <sodium.h>
#include <stdlib.h>

#define LIFETIME 3600 /* seconds */

struct pk_str issuer_of(struct exchange *x)
{
	struct pk_buf out = pk_arena_open(x->arena);
	struct pk_str issuer;

	provider_issuer(x, &out);
	return pk_arena_close(x->arena, &out, &issuer) == PK_OK ? issuer : PK_STR("");
}

/* OpenID Connect Core 3.1.3.6: the left half of the SHA-256 of the access token's characters. */
static void put_hash(json_t *claims, struct pk_str access_token)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	char memory[PK_BASE64URL_LEN(sizeof(digest) / 2)];
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	crypto_hash_sha256(digest, (const unsigned char *)access_token.ptr, access_token.len);
	pk_base64url_encode(&out, digest, sizeof(digest) / 2);
	document_set(claims, PK_STR("at_hash"), pk_buf_str(&out));
}

/* OpenID Connect Core 5.4: which scope asks for which. */
static void put_person(const struct exchange *x, json_t *claims)
{
	const struct person *person = x->grant->person;

	if (!scope_withholds(x, PK_STR("profile"))) {
		document_set(claims, PK_STR("name"), person->name);
		document_set(claims, PK_STR("picture"), person->picture);
	}
	if (!scope_withholds(x, PK_STR("email"))) {
		document_set(claims, PK_STR("email"), person->email);
		document_put_bool(claims, PK_STR("/email_verified"), true);
	}
}

/* The nonce is for the first token alone: a refresh answers no request of a browser (12.2). */
static void put_nonce(struct grant *grant, json_t *claims)
{
	if (!grant->nonce)
		return;
	document_set(claims, PK_STR("nonce"), (struct pk_str){grant->nonce, grant->nonce_len});
	free(grant->nonce);
	grant->nonce = NULL;
	grant->nonce_len = 0;
}

static json_t *make_claims(struct exchange *x, struct pk_str access_token)
{
	struct grant *grant = x->grant;
	const int64_t time = wall_clock();
	char memory[PERSON_SUBJECT_MAX];
	struct pk_buf subject = pk_buf(memory, sizeof(memory));
	json_t *claims = json_object();

	person_subject(grant->person, x->dialect, &subject);
	document_set(claims, PK_STR("iss"), issuer_of(x));
	document_set(claims, PK_STR("sub"), pk_buf_str(&subject));
	document_set(claims, PK_STR("aud"), grant->client->id);
	document_set_number(claims, PK_STR("exp"), time + LIFETIME);
	document_set_number(claims, PK_STR("iat"), time);
	document_set_number(claims, PK_STR("auth_time"), grant->authenticated_at);
	document_set(claims, PK_STR("sid"),
		     (struct pk_str){grant->session_id, sizeof(grant->session_id)});
	put_nonce(grant, claims);
	put_hash(claims, access_token);
	put_person(x, claims);
	return claims;
}

static bool has_scope(const struct exchange *x, struct pk_str scope)
{
	struct pk_list granted = {0};

	return grant_scopes(x->grant, x->dialect, &granted) && pk_list_has(&granted, scope);
}

void id_token_put(struct exchange *x, json_t *reply)
{
	const char *access_token = json_string_value(json_object_get(reply, "access_token"));
	struct pk_buf out;
	struct pk_str token;
	json_t *claims;

	if (!speaks_openid(x) || !access_token || !has_scope(x, PK_STR("openid")))
		return;
	claims = make_claims(x, pk_str(access_token));
	distort(x, DISTORT_CLAIMS, claims);
	if (fault_is(x, "id-token-key-unknown"))
		signing_rotate(x->sandbox->signing, x->provider);
	out = pk_arena_open(x->arena);
	if (signing_sign(x->sandbox->signing, x->provider, x->grant->client, "JWT", claims, &out) &&
	    pk_arena_close(x->arena, &out, &token) == PK_OK)
		document_set(reply, PK_STR("id_token"), token);
	json_decref(claims);
}

static const struct person *person_of(const struct pk_dialect *dialect, struct pk_str subject)
{
	for (size_t i = 0; i < people_count; i++) {
		char memory[PERSON_SUBJECT_MAX];
		struct pk_buf out = pk_buf(memory, sizeof(memory));

		person_subject(&people[i], dialect, &out);
		if (pk_str_equal(subject, pk_buf_str(&out)))
			return &people[i];
	}
	return NULL;
}

static bool take_hint(struct exchange *x, const struct jwt *jwt)
{
	const struct client *client = client_find(jwt_member(jwt->claims, "aud"));
	const struct pk_str session = jwt_member(jwt->claims, "sid");

	if (!client || !signing_verify(x->sandbox->signing, x->provider, client, jwt) ||
	    !pk_str_equal(jwt_member(jwt->claims, "iss"), issuer_of(x)) ||
	    !pk_str_equal(jwt_member(jwt->header, "typ"), PK_STR("JWT")))
		return false;
	x->hinted = person_of(x->dialect, jwt_member(jwt->claims, "sub"));
	x->hinted_for = client;
	return x->hinted && pk_arena_copy(x->arena, session, &x->hinted_session) == PK_OK;
}

bool id_token_hint_read(struct exchange *x)
{
	struct jwt jwt;
	bool ok;

	if (!jwt_read(x->arena, param(x, "id_token_hint"), &jwt))
		return false;
	ok = take_hint(x, &jwt);
	jwt_free(&jwt);
	return ok;
}
