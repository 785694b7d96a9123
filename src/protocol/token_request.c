/* The token request (RFC 6749 4.1.3, RFC 7636 4.5) and the revocation request (RFC 7009 2.1). */
#include "base/err.h"
#include "base/text.h"
#include "protocol/callback.h"
#include "protocol/client_auth.h"

enum pk_err pk_token_request(struct pk_arena *arena, const struct pk_login *login,
			     struct pk_secret secret, const struct pk_grant_code *code,
			     const struct pk_verifier *verifier, struct pk_http_request *ret,
			     struct pk_why *why)
{
	const bool pkce = login->dialect->pkce != PK_PKCE_OFF;
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
	return pk_client_post(arena, login, secret, login->dialect->token_url, pairs, count, ret,
			      why);
}

enum pk_err pk_revoke_request(struct pk_arena *arena, const struct pk_login *login,
			      struct pk_secret secret, struct pk_secret token,
			      struct pk_http_request *ret, struct pk_why *why)
{
	const struct pk_pair pairs[] = {{login->dialect->revoke_token_parameter, token.text}};

	if (!login->dialect->revoke_url.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "revoke_url", "%.*s has no revocation",
				 PK_ARG(login->dialect->title));
	return pk_client_post(arena, login, secret, login->dialect->revoke_url, pairs, 1, ret, why);
}
