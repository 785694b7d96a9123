/* The token request (RFC 6749 4.1.3, RFC 7636 4.5), the refresh (RFC 6749 6) and the revocation
 * request (RFC 7009 2.1). */
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "protocol/authorize.h"
#include "protocol/bearer.h"
#include "protocol/callback.h"
#include "protocol/client_auth.h"
#include "protocol/login.h"

enum pk_err pk_token_request(struct pk_arena *arena, const struct pk_login *login,
			     struct pk_secret secret, const struct pk_grant_code *code,
			     const struct pk_verifier *verifier, struct pk_http_request *ret,
			     struct pk_why *why)
{
	const bool pkce = pk_login_has_challenge(login);
	struct pk_pair pairs[4] = {
		{PK_STR("grant_type"), PK_STR("authorization_code")},
		{PK_STR("code"), code->code.text},
		{PK_STR("redirect_uri"), login->redirect_uri},
	};
	size_t count = 3;

	if (code->login != login)
		return pk_refuse(why, PK_ERR_ISSUER_MISMATCH, "code",
				 "the code came in the callback of another login");
	if (pkce && (!verifier || !verifier->len))
		return pk_refuse(why, PK_ERR_VERIFIER_MISSING, "code_verifier",
				 "a challenge was sent, so the verifier must be");
	/* OAuth 2.1 4.1.3: no verifier where there was no challenge; some providers refuse the
	 * request for it. */
	if (pkce)
		pairs[count++] =
			(struct pk_pair){PK_STR("code_verifier"), pk_verifier_str(verifier)};
	return pk_client_redeem(arena, login, secret, login->dialect->token_url, pairs, count, ret,
				why);
}

/* RFC 6749 6: "The requested scope MUST NOT include any scope not originally granted", and without
 * one it is that of before; where the provider insists on it, it is the login's. */
static enum pk_err join_scopes(struct pk_arena *arena, const struct pk_login *login,
			       struct pk_str *ret)
{
	struct pk_buf scope = pk_arena_open(arena);

	pk_buf_join(&scope, &login->scopes, login->dialect->scope_separator);
	return pk_arena_close(arena, &scope, ret);
}

enum pk_err pk_refresh_request(struct pk_arena *arena, const struct pk_login *login,
			       struct pk_secret secret, struct pk_secret refresh_token,
			       struct pk_http_request *ret, struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	struct pk_pair pairs[3] = {
		{PK_STR("grant_type"), PK_STR("refresh_token")},
		{PK_STR("refresh_token"), refresh_token.text},
	};
	size_t count = 2;

	if (!refresh_token.text.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "refresh_token",
				 "there is no refresh token");
	if (dialect->refresh_scope && login->scopes.count) {
		pairs[count].name = PK_STR("scope");
		TRY(pk_space(why, join_scopes(arena, login, &pairs[count++].value)));
	}
	return pk_client_redeem(arena, login, secret,
				dialect->refresh_url.len ? dialect->refresh_url
							 : dialect->token_url,
				pairs, count, ret, why);
}

/* The token is its own proof: no parameter and no client. */
static enum pk_err revoke_by_bearer(struct pk_arena *arena, const struct pk_login *login,
				    struct pk_secret token, struct pk_http_request *ret,
				    struct pk_why *why)
{
	struct pk_http_request request = {.method = "POST",
					  .header = {PK_STR("Accept: application/json")},
					  .header_count = 1,
					  .body = PK_STR("")};
	struct pk_buf url = pk_arena_open(arena);

	TRY(pk_endpoint_write(login, login->dialect->revoke_url, &url, why));
	TRY(pk_space(why, pk_arena_close(arena, &url, &request.url)));
	TRY(pk_bearer_add(arena, token, &request, why));
	*ret = request;
	return PK_OK;
}

enum pk_err pk_revoke_request(struct pk_arena *arena, const struct pk_login *login,
			      struct pk_secret secret, struct pk_secret token,
			      struct pk_http_request *ret, struct pk_why *why)
{
	const struct pk_pair pairs[] = {{login->dialect->revoke_token_parameter, token.text}};

	if (!login->dialect->revoke_url.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "revoke_url", "%.*s has no revocation",
				 PK_ARG(login->dialect->title));
	if (login->dialect->revoke_auth == PK_REVOKE_AUTH_BEARER)
		return revoke_by_bearer(arena, login, token, ret, why);
	return pk_client_post(arena, login, secret, login->dialect->revoke_url, pairs, 1, ret, why);
}
