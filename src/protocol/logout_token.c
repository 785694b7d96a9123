/*
 * Logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6): the provider ends a session
 * of ours without the browser. The token comes from anybody who can reach the endpoint, so it is
 * held against the same signature, issuer and audience as an ID token, and must not be one.
 */
#include "base/err.h"
#include "base/text.h"
#include "protocol/claims.h"
#include "protocol/jose.h"
#include "protocol/json.h"

#define EVENT "http://schemas.openid.net/event/backchannel-logout"

static enum pk_err refuse(struct pk_why *why, const char *claim, const char *what)
{
	return pk_refuse(why, PK_ERR_LOGOUT_TOKEN, claim, "%s", what);
}

/* 2.6, steps 5 to 7: what an ID token never has, and one thing that it may have. */
static enum pk_err check_purpose(const json_t *claims, struct pk_why *why)
{
	if (!json_is_object(json_object_get(json_object_get(claims, "events"), EVENT)))
		return refuse(why, "events", "events does not say that this is about a logout");
	if (json_object_get(claims, "nonce"))
		return refuse(why, "nonce", "a logout token has no nonce; ID tokens have");
	if (!json_object_get(claims, "sub") && !json_object_get(claims, "sid"))
		return refuse(why, "sub", "neither sub nor sid says who is logged out");
	return PK_OK;
}

/* A text that is there where it is, and that a log or a store can hold. */
static enum pk_err read_name(struct pk_arena *arena, const json_t *claims, const char *name,
			     struct pk_str *ret, struct pk_why *why)
{
	const json_t *value = json_object_get(claims, name);

	if (!value)
		return PK_OK;
	if (!pk_claims_is_subject(value))
		return refuse(why, name, "a name in it is not 1 to 255 characters of ASCII");
	return pk_space(why, pk_json_text(arena, value, ret));
}

static enum pk_err read_claims(struct pk_arena *arena, const json_t *claims,
			       const struct pk_login *login, int64_t now, struct pk_logout *ret,
			       struct pk_why *why)
{
	int64_t expires_at;

	TRY(pk_claims_issuer(claims, login, why));
	TRY(pk_claims_audience(claims, login, why));
	TRY(pk_claims_times(claims, now, &ret->issued_at, &expires_at, why));
	TRY(check_purpose(claims, why));
	TRY(read_name(arena, claims, "sub", &ret->subject, why));
	TRY(read_name(arena, claims, "sid", &ret->session, why));
	TRY(read_name(arena, claims, "jti", &ret->id, why));
	return ret->id.len ? PK_OK : refuse(why, "jti", "there is no jti to know it again by");
}

/* What is wrong with a token is told in the words of ID tokens; here it is one fault, but for the
 * key, after which the caller asks again. */
static enum pk_err as_logout_token(enum pk_err err, struct pk_why *why)
{
	switch (err) {
	case PK_ERR_ID_TOKEN_SYNTAX:
	case PK_ERR_ID_TOKEN_ALG:
	case PK_ERR_ID_TOKEN_SIGNATURE:
	case PK_ERR_ID_TOKEN_ISSUER:
	case PK_ERR_ID_TOKEN_AUDIENCE:
	case PK_ERR_ID_TOKEN_EXPIRED:
	case PK_ERR_ID_TOKEN_TIME:
		if (why)
			why->err = PK_ERR_LOGOUT_TOKEN;
		return PK_ERR_LOGOUT_TOKEN;
	default:
		return err;
	}
}

enum pk_err pk_logout_token_verify(struct pk_arena *arena, const struct pk_login *login,
				   struct pk_str jwks, struct pk_str logout_token, int64_t now,
				   struct pk_logout *ret, struct pk_why *why)
{
	const struct pk_jws jws = {.token = logout_token,
				   .alg = login->dialect->id_token_alg,
				   .type = PK_STR("logout+jwt"),
				   .jwks = jwks};
	struct pk_logout logout = {0};
	json_t *claims;
	enum pk_err err;

	if (jws.alg == PK_ID_TOKEN_NONE || jws.alg == PK_ID_TOKEN_HS256)
		return pk_refuse(why, PK_ERR_ARGUMENT, "id_token_alg",
				 "%.*s signs nothing with a key of its own",
				 PK_ARG(login->dialect->title));
	TRY(as_logout_token(pk_jws_verify(&jws, &claims, why), why));
	err = read_claims(arena, claims, login, now, &logout, why);
	json_decref(claims);
	TRY(as_logout_token(err, why));
	*ret = logout;
	return PK_OK;
}
