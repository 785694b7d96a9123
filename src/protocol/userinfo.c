/* User info: who logged in. Where it stands in the reply is the dialect's; that it is one and the
 * same person is checked here. */
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "protocol/json.h"
#include "protocol/login.h"

enum pk_err pk_userinfo_request(struct pk_arena *arena, const struct pk_login *login,
				struct pk_secret access_token, struct pk_http_request *ret,
				struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	struct pk_http_request request = {
		.method = "GET", .header = {PK_STR("Accept: application/json")}, .header_count = 1};

	if (!dialect->userinfo_url.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "userinfo_url", "%.*s has no user info",
				 PK_ARG(dialect->title));

	if (!access_token.text.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "access_token", "there is no access token");

	struct pk_buf url = pk_arena_open(arena);

	TRY(pk_endpoint_write(login, dialect->userinfo_url, &url, why));
	if (dialect->userinfo_query.len) {
		pk_buf_char(&url, '?');
		pk_buf_put(&url, dialect->userinfo_query);
	}
	TRY(pk_space(why, pk_arena_close(arena, &url, &request.url)));

	/* A token goes into a header line as it is, so it must not be able to end that line. RFC
	 * 6750 2.1 allows fewer still. */
	for (size_t i = 0; i < access_token.text.len; i++)
		if ((unsigned char)access_token.text.ptr[i] <= 0x20 ||
		    (unsigned char)access_token.text.ptr[i] >= 0x7f)
			return pk_refuse(
				why, PK_ERR_REPLY_INCOMPLETE, "access_token",
				"the access token has a character that no header can carry");

	struct pk_buf header = pk_arena_open(arena);

	pk_buf_put(&header, PK_STR("Authorization: Bearer "));
	pk_buf_put(&header, access_token.text);
	TRY(pk_space(why, pk_arena_close(arena, &header, &request.header[request.header_count++])));
	*ret = request;
	return PK_OK;
}

static enum pk_err refuse_as_provider(const struct pk_http_reply *reply, const json_t *code,
				      struct pk_why *why)
{
	const enum pk_err err =
		pk_refuse(why, PK_ERR_PROVIDER_REFUSED, "userinfo_url",
			  "the user info endpoint refused with HTTP status %d", reply->status);

	if (why)
		pk_text_tame(why->provider_error, sizeof(why->provider_error),
			     pk_str(json_string_value(code)));
	return err;
}

/* OpenID Connect Core 5.1 has email_verified as a boolean; some providers write it as text. */
static bool is_email_verified(const struct pk_dialect *dialect, const json_t *root)
{
	const json_t *verified = pk_json_at(root, dialect->userinfo_email_verified);

	return !dialect->userinfo_email_verified.len || json_is_true(verified) ||
	       pk_str_equal(pk_str(json_string_value(verified)), PK_STR("true"));
}

static enum pk_err read_identity(struct pk_arena *arena, const struct pk_dialect *dialect,
				 const struct pk_tokens *tokens, const json_t *root,
				 struct pk_identity *ret, struct pk_why *why)
{
	struct pk_identity identity = {0};

	TRY(pk_json_text(arena, pk_json_at(root, dialect->userinfo_subject), &identity.subject));
	if (!identity.subject.len || identity.subject.len > PK_SUBJECT_MAX)
		return pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, "userinfo_subject",
				 "the user info has no subject at %.*s",
				 PK_ARG(dialect->userinfo_subject));
	if (tokens->subject.len && !pk_str_equal(tokens->subject, identity.subject))
		return pk_refuse(why, PK_ERR_SUBJECT_MISMATCH, "userinfo_subject",
				 "the token reply and the user info name two people");
	TRY(pk_json_text(arena, pk_json_at(root, dialect->userinfo_name), &identity.name));
	if (is_email_verified(dialect, root))
		TRY(pk_json_text(arena, pk_json_at(root, dialect->userinfo_email),
				 &identity.email));
	TRY(pk_json_text(arena, pk_json_at(root, dialect->userinfo_picture), &identity.picture));
	*ret = identity;
	return PK_OK;
}

enum pk_err pk_userinfo_reply(struct pk_arena *arena, const struct pk_login *login,
			      const struct pk_tokens *tokens, const struct pk_http_reply *reply,
			      struct pk_identity *ret, struct pk_why *why)
{
	json_t *root = pk_json_parse(reply->body);
	const json_t *code = pk_json_at(root, login->dialect->userinfo_error);
	const bool fine = !json_is_string(code) ||
			  pk_str_equal(pk_str(json_string_value(code)), PK_STR("ok"));
	enum pk_err err;

	if (reply->status < 200 || reply->status > 299 || !fine)
		err = refuse_as_provider(reply, code, why);
	else if (!json_is_object(root))
		err = pk_refuse(why, PK_ERR_REPLY_NOT_OAUTH, "userinfo_url",
				"the user info is no JSON object");
	else
		err = pk_space(why, read_identity(arena, login->dialect, tokens, root, ret, why));
	json_decref(root);
	if (err != PK_OK && why)
		why->status = reply->status;
	return err;
}
