/*
 * What a dialect must be as a whole, once each of its keys was read: endpoints that may be trusted
 * with a code and a secret (RFC 6749 3.1.2.1 and 3.2 want TLS), a way to say who logged in, names
 * that are not empty. Trusts nothing: an override directory is somebody else's file.
 */
#include "protocol/dialect.h"
#include "protocol/redirect_uri.h"
#include "base/err.h"
#include "base/text.h"

static const struct pk_str *text_at(const struct pk_dialect *dialect,
				    const struct pk_column *column)
{
	return (const void *)((const unsigned char *)dialect + column->offset);
}

/* A text that is required, or that the RFC gives a value, may not be emptied. The one exception has
 * a meaning: no code_challenge_method is sent. */
static enum pk_err check_texts(const struct pk_dialect *dialect, struct pk_why *why)
{
	for (size_t i = 0; i < pk_column_count; i++) {
		const struct pk_column *column = &pk_columns[i];

		if (column->type != PK_COLUMN_TEXT || text_at(dialect, column)->len ||
		    column->offset == offsetof(struct pk_dialect, challenge_method))
			continue;
		if (column->required || text_at(&pk_dialect_defaults, column)->len)
			return pk_refuse(why, PK_ERR_DIALECT_VALUE, column->key,
					 "%s: the value is empty", column->key);
	}
	return PK_OK;
}

static enum pk_err check_endpoint(const char *key, struct pk_str url, struct pk_why *why)
{
	struct pk_uri uri;

	if (!url.len)
		return PK_OK;
	if (!pk_uri_split(url, &uri) || uri.fragment.ptr)
		return pk_refuse(why, PK_ERR_DIALECT_VALUE, key,
				 "%s: an endpoint is an absolute URL without user and fragment",
				 key);
	if (!pk_str_equal(uri.scheme, PK_STR("https")) && !pk_uri_is_loopback(url))
		return pk_refuse(why, PK_ERR_DIALECT_VALUE, key,
				 "%s: an endpoint begins with https://, on other machines", key);
	return PK_OK;
}

static enum pk_err check_client_auth(const struct pk_list *ways, struct pk_why *why)
{
	for (size_t i = 0; i < ways->count; i++)
		if (!pk_str_equal(ways->item[i], PK_STR("basic")) &&
		    !pk_str_equal(ways->item[i], PK_STR("post")) &&
		    !pk_str_equal(ways->item[i], PK_STR("none")))
			return pk_refuse(why, PK_ERR_DIALECT_VALUE, "client_auth",
					 "client_auth takes \"basic\", \"post\" and \"none\"");
	if (!ways->count)
		return pk_refuse(
			why, PK_ERR_DIALECT_VALUE, "client_auth",
			"client_auth names at least one of \"basic\", \"post\" and \"none\"");
	return PK_OK;
}

enum pk_err pk_dialect_check(const struct pk_dialect *dialect, struct pk_why *why)
{
	TRY(check_texts(dialect, why));
	if (!dialect->discovery_url.len && !dialect->authorize_url.len)
		return pk_refuse(why, PK_ERR_DIALECT_INCOMPLETE, "authorize_url",
				 "every dialect needs authorize_url, or discovery_url to find it");
	if (!dialect->discovery_url.len && !dialect->token_url.len)
		return pk_refuse(why, PK_ERR_DIALECT_INCOMPLETE, "token_url",
				 "every dialect needs token_url, or discovery_url to find it");
	TRY(check_endpoint("authorize_url", dialect->authorize_url, why));
	TRY(check_endpoint("token_url", dialect->token_url, why));
	TRY(check_endpoint("revoke_url", dialect->revoke_url, why));
	TRY(check_endpoint("userinfo_url", dialect->userinfo_url, why));
	TRY(check_client_auth(&dialect->client_auth, why));
	if (!dialect->userinfo_url.len && !dialect->token_subject.len)
		return pk_refuse(why, PK_ERR_DIALECT_INCOMPLETE, "userinfo_url",
				 "without userinfo_url, token_subject must say who logged in");
	for (size_t i = 0; i < dialect->redirect_rules.count; i++)
		if (!pk_redirect_rule_exists(dialect->redirect_rules.item[i]))
			return pk_refuse(why, PK_ERR_DIALECT_VALUE, "redirect_rules",
					 "there is no redirect rule %.*s",
					 PK_ARG(dialect->redirect_rules.item[i]));
	return PK_OK;
}
