/* The end of the provider's own session (OpenID Connect RP-Initiated Logout 1.0, 2): a URL for the
 * browser. The provider decides whether it believes it. */
#include "base/encode.h"
#include "base/err.h"
#include "base/text.h"
#include "protocol/login.h"

enum pk_err pk_end_session_url(const struct pk_login *login, struct pk_secret id_token,
			       struct pk_str return_to, struct pk_str state, struct pk_buf *out,
			       struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	const struct pk_str url = dialect->end_session_url;

	if (!url.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "end_session_url",
				 "%.*s has no session to end from here", PK_ARG(dialect->title));
	/* 3: the state comes back with the browser, so there is none without a way back. */
	if (state.len && !return_to.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "state",
				 "a state is for the way back, and there is none");
	TRY(pk_endpoint_write(login, url, out, why));
	pk_buf_char(out, pk_str_find(url, '?') < url.len ? '&' : '?');

	const size_t start = out->len;

	if (id_token.text.len)
		pk_form_put(out, start, PK_STR("id_token_hint"), id_token.text);
	pk_form_put(out, start, dialect->client_id_parameter, login->client_id);
	if (return_to.len)
		pk_form_put(out, start, PK_STR("post_logout_redirect_uri"), return_to);
	if (state.len)
		pk_form_put(out, start, PK_STR("state"), state);
	if (out->overflow)
		return pk_refuse(why, PK_ERR_NO_SPACE, NULL,
				 "the URL to end the session is longer than %zu characters",
				 out->cap);
	return PK_OK;
}
