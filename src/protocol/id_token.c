/*
 * ID tokens (OpenID Connect Core 2 and 3.1.3.7): who logged in, said by the provider to this client
 * for this login. Each step of 3.1.3.7 is a function, in the order in which it is asked; none
 * believes a claim before the signature was right.
 */
#include "base/arena.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/text.h"
#include "protocol/claims.h"
#include "protocol/jose.h"
#include "protocol/json.h"

#include <sodium.h>

/* What a step is given, and what it finds. */
struct reading {
	const json_t *claims;
	const struct pk_login *login;
	const struct pk_id_token_expected *expected;
	const struct pk_tokens *tokens;
	struct pk_id_token *found;
};

static struct pk_str text_of(const json_t *value)
{
	return (struct pk_str){json_string_value(value), json_string_length(value)};
}

static enum pk_err check_issuer(const struct reading *r, struct pk_why *why)
{
	return pk_claims_issuer(r->claims, r->login, why);
}

static enum pk_err check_audience(const struct reading *r, struct pk_why *why)
{
	return pk_claims_audience(r->claims, r->login, why);
}

static enum pk_err check_times(const struct reading *r, struct pk_why *why)
{
	return pk_claims_times(r->claims, r->expected->now, &r->found->issued_at,
			       &r->found->expires_at, why);
}

/* Step 11: "If a nonce value was sent in the Authentication Request, a nonce Claim MUST be present
 * and its value checked". One that nobody asked for is another login's. 12.2: a refresh gives a
 * token without it, or with the one from before. */
static enum pk_err check_nonce(const struct reading *r, struct pk_why *why)
{
	const json_t *nonce = json_object_get(r->claims, "nonce");
	const struct pk_str sent = r->expected->nonce;
	const bool refreshed = r->expected->subject.len > 0;

	if (refreshed && (!nonce || !sent.len))
		return PK_OK;
	if (!nonce && !sent.len)
		return PK_OK;
	if (!nonce)
		return pk_refuse(why, PK_ERR_ID_TOKEN_NONCE, "nonce",
				 "a nonce was sent, and the token has none");
	if (!sent.len)
		return pk_refuse(why, PK_ERR_ID_TOKEN_NONCE, "nonce",
				 "the token has a nonce, and none was sent");
	if (!json_is_string(nonce) || !pk_str_equal_secret(text_of(nonce), sent))
		return pk_refuse(why, PK_ERR_ID_TOKEN_NONCE, "nonce",
				 "the token was made for another authorize request");
	return PK_OK;
}

/* 3.1.3.6: base64url of the left half of the hash of the access token; each algorithm that we know
 * hashes with SHA-256. */
static enum pk_err check_hash(const struct reading *r, struct pk_why *why)
{
	const struct pk_str token = r->tokens->access_token.text;
	const json_t *hash = json_object_get(r->claims, "at_hash");
	uint8_t digest[crypto_hash_sha256_BYTES];
	char memory[PK_BASE64URL_LEN(sizeof(digest) / 2)];
	struct pk_buf right = pk_buf(memory, sizeof(memory));

	if (!hash)
		return PK_OK;
	crypto_hash_sha256(digest, (const unsigned char *)token.ptr, token.len);
	pk_base64url_encode(&right, digest, sizeof(digest) / 2);
	sodium_memzero(digest, sizeof(digest));
	if (!json_is_string(hash) || !pk_str_equal_secret(text_of(hash), pk_buf_str(&right)))
		return pk_refuse(why, PK_ERR_ID_TOKEN_HASH, "at_hash",
				 "at_hash is not that of the access token beside it");
	return PK_OK;
}

/* Step 13: whoever asks for a max_age is told when the person proved themself. */
static enum pk_err check_age(const struct reading *r, struct pk_why *why)
{
	const json_t *value = json_object_get(r->claims, "auth_time");
	const int64_t max_age = r->expected->max_age, now = r->expected->now;
	int64_t at = PK_TIME_UNKNOWN;

	if (value && !pk_claims_time(value, &at))
		return pk_refuse(why, PK_ERR_ID_TOKEN_SYNTAX, "auth_time", "auth_time is no time");
	if (at - PK_ID_TOKEN_LEEWAY > now)
		return pk_refuse(why, PK_ERR_ID_TOKEN_TIME, "auth_time",
				 "the person proved themself at a time that is still to come");
	r->found->authenticated_at = at;
	if (max_age < 0)
		return PK_OK;
	if (!value)
		return pk_refuse(why, PK_ERR_ID_TOKEN_AGE, "auth_time",
				 "max_age was asked for, and the token has no auth_time");
	if (now - at - PK_ID_TOKEN_LEEWAY > max_age)
		return pk_refuse(why, PK_ERR_ID_TOKEN_AGE, "auth_time",
				 "the person proved themself longer than max_age ago");
	return PK_OK;
}

static enum pk_err check_subject(const struct reading *r, struct pk_why *why)
{
	const json_t *subject = json_object_get(r->claims, "sub");
	const struct pk_str before = r->expected->subject;

	if (!pk_claims_is_subject(subject))
		return pk_refuse(why, PK_ERR_ID_TOKEN_SYNTAX, "sub",
				 "sub is 1 to %d characters of ASCII in every ID token",
				 PK_SUBJECT_MAX);
	if (before.len && !pk_str_equal(before, text_of(subject)))
		return pk_refuse(why, PK_ERR_SUBJECT_MISMATCH, "sub",
				 "the refresh gave an ID token of another person");
	return PK_OK;
}

/* clang-format off */
static enum pk_err (*const steps[])(const struct reading *, struct pk_why *) = {
	check_issuer,
	check_audience,
	check_times,
	check_nonce,
	check_hash,
	check_age,
	check_subject,
};
/* clang-format on */

static bool is_verified(const struct pk_dialect *dialect, const json_t *claims)
{
	const json_t *verified = json_object_get(claims, "email_verified");

	return !dialect->userinfo_email_verified.len || json_is_true(verified) ||
	       pk_str_equal(text_of(verified), PK_STR("true"));
}

/* 5.1: what the claims are called. A name may be anybody's, a subject may not. */
static enum pk_err read_identity(struct pk_arena *arena, const struct reading *r)
{
	struct pk_identity *identity = &r->found->identity;
	const json_t *claims = r->claims;

	TRY(pk_json_text(arena, json_object_get(claims, "sub"), &identity->subject));
	TRY(pk_json_text(arena, json_object_get(claims, "name"), &identity->name));
	if (is_verified(r->login->dialect, claims))
		TRY(pk_json_text(arena, json_object_get(claims, "email"), &identity->email));
	TRY(pk_json_text(arena, json_object_get(claims, "picture"), &identity->picture));
	return pk_json_text(arena, json_object_get(claims, "sid"), &r->found->session);
}

static enum pk_err read_claims(struct pk_arena *arena, const struct reading *r, struct pk_why *why)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		TRY(steps[i](r, why));
	return pk_space(why, read_identity(arena, r));
}

enum pk_err pk_id_token_verify(struct pk_arena *arena, const struct pk_login *login,
			       const struct pk_id_token_expected *expected,
			       struct pk_tokens *tokens, struct pk_id_token *ret,
			       struct pk_why *why)
{
	const struct pk_jws jws = {.token = tokens->id_token.text,
				   .alg = login->dialect->id_token_alg,
				   .jwks = expected->jwks,
				   .secret = expected->client_secret};
	struct pk_id_token found = {0};
	json_t *claims;

	if (jws.alg == PK_ID_TOKEN_NONE)
		return pk_refuse(why, PK_ERR_ARGUMENT, "id_token_alg", "%.*s gives no ID tokens",
				 PK_ARG(login->dialect->title));
	if (!jws.token.len)
		return pk_refuse(why, PK_ERR_ID_TOKEN_MISSING, "id_token",
				 "openid was asked for, and the token reply has no id_token");
	TRY(pk_jws_verify(&jws, &claims, why));

	const struct reading reading = {claims, login, expected, tokens, &found};
	const enum pk_err err = read_claims(arena, &reading, why);

	json_decref(claims);
	TRY(err);
	tokens->subject = found.identity.subject;
	*ret = found;
	return PK_OK;
}
