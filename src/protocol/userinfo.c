/* User info: who logged in. How it is asked for and where it stands in the reply is the dialect's;
 * that it is one and the same person is checked here. */
#include "base/arena.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/text.h"
#include "protocol/bearer.h"
#include "protocol/json.h"
#include "protocol/login.h"
#include "protocol/provider_words.h"

/* Parameters follow what the endpoint has in its own query. */
static void begin_parameter(struct pk_buf *url)
{
	const struct pk_str written = pk_buf_str(url);

	pk_buf_char(url, pk_str_find(written, '?') < written.len ? '&' : '?');
}

static void add_parameter(struct pk_buf *url, struct pk_str name, struct pk_str value)
{
	begin_parameter(url);
	pk_form_put(url, url->len, name, value);
}

static enum pk_err write_url(struct pk_arena *arena, const struct pk_login *login,
			     const struct pk_tokens *tokens, struct pk_str *ret, struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	struct pk_buf url = pk_arena_open(arena);

	TRY(pk_endpoint_write(login, dialect->userinfo_url, &url, why));
	if (dialect->userinfo_query.len) {
		begin_parameter(&url);
		pk_buf_put(&url, dialect->userinfo_query);
	}
	if (dialect->userinfo_token == PK_USERINFO_TOKEN_QUERY)
		add_parameter(&url, PK_STR("access_token"), tokens->access_token.text);
	if (dialect->userinfo_subject_parameter.len)
		add_parameter(&url, dialect->userinfo_subject_parameter, tokens->subject);
	return pk_space(why, pk_arena_close(arena, &url, ret));
}

/* RFC 9110 5.5: what a field may have; nothing in it ends the line. */
static enum pk_err add_client_header(struct pk_arena *arena, const struct pk_login *login,
				     struct pk_http_request *request, struct pk_why *why)
{
	struct pk_buf header = pk_arena_open(arena);

	for (size_t i = 0; i < login->client_id.len; i++)
		if ((unsigned char)login->client_id.ptr[i] <= 0x20 ||
		    (unsigned char)login->client_id.ptr[i] >= 0x7f)
			return pk_refuse(why, PK_ERR_ARGUMENT, "client_id",
					 "the client id has a character that no header can carry");
	pk_buf_put(&header, login->dialect->userinfo_client_header);
	pk_buf_put(&header, PK_STR(": "));
	pk_buf_put(&header, login->client_id);
	return pk_space(why,
			pk_arena_close(arena, &header, &request->header[request->header_count++]));
}

enum pk_err pk_userinfo_request(struct pk_arena *arena, const struct pk_login *login,
				const struct pk_tokens *tokens, struct pk_http_request *ret,
				struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	struct pk_http_request request = {
		.method = "GET", .header = {PK_STR("Accept: application/json")}, .header_count = 1};

	if (!dialect->userinfo_url.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "userinfo_url", "%.*s has no user info",
				 PK_ARG(dialect->title));
	if (!tokens->access_token.text.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "access_token", "there is no access token");
	if (dialect->userinfo_subject_parameter.len && !tokens->subject.len)
		return pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, "subject",
				 "the user info is asked for by subject, and the token reply has "
				 "none");
	if (dialect->userinfo_method == PK_USERINFO_POST) {
		request.method = "POST";
		request.body = PK_STR("");
	}
	TRY(write_url(arena, login, tokens, &request.url, why));
	if (dialect->userinfo_token == PK_USERINFO_TOKEN_HEADER)
		TRY(pk_bearer_add(arena, tokens->access_token, &request, why));
	if (dialect->userinfo_client_header.len)
		TRY(add_client_header(arena, login, &request, why));
	if (dialect->userinfo_header.len)
		request.header[request.header_count++] = dialect->userinfo_header;
	*ret = request;
	return PK_OK;
}

/* The code of an error with HTTP 200; "ok" and 0 are none. */
static bool is_error(const json_t *code)
{
	if (json_is_integer(code))
		return json_integer_value(code) != 0;
	return json_is_string(code) && !pk_str_equal(pk_json_view(code), PK_STR("ok"));
}

static bool is_refusal(const struct pk_dialect *dialect, const struct pk_http_reply *reply,
		       const json_t *root)
{
	return reply->status < 200 || reply->status > 299 ||
	       is_error(pk_json_at(root, dialect->userinfo_error)) ||
	       json_is_false(pk_json_at(root, dialect->ok_at));
}

/* In the words of userinfo_error, or in those of the token endpoint where it has none. */
static enum pk_err refuse_as_provider(const struct pk_dialect *dialect,
				      const struct pk_http_reply *reply, const json_t *root,
				      struct pk_why *why)
{
	const json_t *code = pk_json_at(root, dialect->userinfo_error);
	const enum pk_err err =
		pk_refuse(why, PK_ERR_PROVIDER_REFUSED, "userinfo_url",
			  "the user info endpoint refused with HTTP status %d", reply->status);

	pk_provider_words_of_reply(why, dialect, root, code);
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

	TRY(pk_json_subject(arena, dialect, pk_json_at(root, dialect->userinfo_subject),
			    &identity.subject));
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
	enum pk_err err;

	if (is_refusal(login->dialect, reply, root))
		err = refuse_as_provider(login->dialect, reply, root, why);
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
