/*
 * Whether a provider has forgotten a token (RFC 7009 2.2): HTTP 200 says so, for a token that it did
 * not know, too. What stands in the body is not looked at by the standard; providers that say no
 * with 200 are believed when they do.
 */
#include "base/err.h"
#include "protocol/json.h"
#include "protocol/provider_words.h"

enum pk_err pk_revoke_reply(const struct pk_login *login, const struct pk_http_reply *reply,
			    struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	json_t *root = pk_json_parse(reply->body);
	enum pk_err err = PK_OK;

	if (reply->status != 200 || pk_reply_refuses(dialect, root)) {
		err = pk_refuse(why, PK_ERR_PROVIDER_REFUSED, NULL,
				"the provider did not revoke the token: HTTP status %d",
				reply->status);
		pk_provider_words_of_reply(why, dialect, root, pk_json_at(root, dialect->error_at));
		if (why)
			why->status = reply->status;
	}
	json_decref(root);
	return err;
}
