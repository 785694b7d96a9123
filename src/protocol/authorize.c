/* The authorize URL (RFC 6749 4.1.1, RFC 7636 4.3), in the dialect's parameter names. */
#include "protocol/authorize.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/text.h"
#include "protocol/login.h"

/* Scopes are joined by the dialect's separator. A comma stands as it is: RFC 3986 3.4 allows it in
 * a query, and it is how the providers that use it show it. A space is %20 and never +, which some
 * providers take for a plus. */
static void write_scope(const struct pk_login *login, struct pk_buf *out)
{
	pk_form_put(out, 0, login->dialect->scope_parameter, (struct pk_str){0});
	for (size_t i = 0; i < login->scopes.count; i++) {
		if (i && pk_str_equal(login->dialect->scope_separator, PK_STR(",")))
			pk_buf_char(out, ',');
		else if (i)
			pk_percent_encode(out, login->dialect->scope_separator);
		pk_percent_encode(out, login->scopes.item[i]);
	}
}

bool pk_login_has_id_token(const struct pk_login *login)
{
	return login->dialect->id_token_alg != PK_ID_TOKEN_NONE &&
	       pk_list_has(&login->scopes, PK_STR("openid"));
}

bool pk_login_has_challenge(const struct pk_login *login)
{
	return login->dialect->pkce == PK_PKCE_SENT || login->dialect->pkce == PK_PKCE_REQUIRED;
}

static enum pk_err check(const struct pk_login *login, struct pk_str state, struct pk_str nonce,
			 const struct pk_challenge *challenge, struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;

	if (state.len < PK_STATE_MIN)
		return pk_refuse(why, PK_ERR_ARGUMENT, "state",
				 "a state of %zu characters can be guessed; %d are the fewest",
				 state.len, PK_STATE_MIN);
	if (state.len < (uint64_t)dialect->state_min)
		return pk_refuse(why, PK_ERR_ARGUMENT, "state",
				 "%.*s refuses a state of %zu characters; %lld are the fewest",
				 PK_ARG(dialect->title), state.len, (long long)dialect->state_min);
	if (nonce.ptr && nonce.len < PK_STATE_MIN)
		return pk_refuse(why, PK_ERR_ARGUMENT, "nonce",
				 "a nonce of %zu characters can be guessed; %d are the fewest",
				 nonce.len, PK_STATE_MIN);
	if ((!challenge || !challenge->len) && pk_login_has_challenge(login))
		return pk_refuse(why, PK_ERR_VERIFIER_MISSING, "code_challenge",
				 "%.*s is sent a challenge with every login",
				 PK_ARG(dialect->title));
	return PK_OK;
}

enum pk_err pk_authorize_query_write(const struct pk_login *login, struct pk_str state,
				     struct pk_str nonce, const struct pk_challenge *challenge,
				     struct pk_buf *out, struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	const size_t start = out->len;

	TRY(check(login, state, nonce, challenge, why));
	pk_form_put(out, start, PK_STR("response_type"), PK_STR("code"));
	pk_form_put(out, start, dialect->client_id_parameter, login->client_id);
	pk_form_put(out, start, PK_STR("redirect_uri"), login->redirect_uri);
	if (login->scopes.count)
		write_scope(login, out);
	pk_form_put(out, start, PK_STR("state"), state);
	if (nonce.len)
		pk_form_put(out, start, PK_STR("nonce"), nonce);
	if (pk_login_has_challenge(login)) {
		pk_form_put(out, start, PK_STR("code_challenge"), pk_challenge_str(challenge));
		if (dialect->challenge_method.len)
			pk_form_put(out, start, PK_STR("code_challenge_method"),
				    dialect->challenge_method);
	}
	if (dialect->response_mode == PK_RESPONSE_MODE_FORM_POST)
		pk_form_put(out, start, PK_STR("response_mode"), PK_STR("form_post"));
	if (dialect->authorize_query.len) {
		pk_buf_char(out, '&');
		pk_buf_put(out, dialect->authorize_query);
	}
	return PK_OK;
}

enum pk_err pk_authorize_url(const struct pk_login *login, struct pk_str state, struct pk_str nonce,
			     const struct pk_challenge *challenge, struct pk_buf *out,
			     struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;

	TRY(pk_endpoint_write(login, dialect->authorize_url, out, why));
	pk_buf_char(out, pk_str_find(dialect->authorize_url, '?') < dialect->authorize_url.len
				 ? '&'
				 : '?');
	TRY(pk_authorize_query_write(login, state, nonce, challenge, out, why));
	if (dialect->authorize_fragment.len) {
		pk_buf_char(out, '#');
		pk_buf_put(out, dialect->authorize_fragment);
	}
	return out->overflow
		       ? pk_refuse(why, PK_ERR_NO_SPACE, NULL,
				   "the authorize URL is longer than %zu characters", out->cap)
		       : PK_OK;
}
