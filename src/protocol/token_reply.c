/*
 * The token reply (RFC 6749 5.1 and 5.2), and the ways in which providers depart from it: an error
 * with HTTP 200, a form instead of JSON, lifetimes as text, no token_type. A form is turned into
 * the same JSON object first, so that there is one reader.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/form.h"
#include "base/text.h"
#include "protocol/json.h"

#include <stdio.h>
#include <strings.h>

static json_t *form_to_json(struct pk_arena *arena, struct pk_str body)
{
	struct pk_form form;
	json_t *object = NULL;

	if (pk_form_parse(arena, body, &form, NULL) != PK_OK || !form.count)
		return NULL;
	object = json_object();
	for (size_t i = 0; i < form.count; i++) {
		char name[64];

		pk_text_tame(name, sizeof(name), form.param[i].name);
		if (json_object_get(object, name) ||
		    json_object_set_new(
			    object, name,
			    json_stringn(form.param[i].value.ptr, form.param[i].value.len)) != 0) {
			json_decref(object);
			return NULL;
		}
	}
	/* Nearly every text is a form; one of these two tells a reply from a proxy's page. */
	if (!json_object_get(object, "access_token") && !json_object_get(object, "error")) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* RFC 6749 5.2. Some providers nest the error or name it otherwise; their dialects come with
 * columns for it when they do. */
static enum pk_err refuse_as_provider(const json_t *root, int status, struct pk_why *why)
{
	const json_t *error = json_object_get(root, "error");
	const json_t *text = json_object_get(root, "error_description");
	const enum pk_err err = pk_refuse(why, PK_ERR_PROVIDER_REFUSED, "error",
					  "the token endpoint refused with HTTP status %d", status);

	if (why) {
		pk_text_tame(why->provider_error, sizeof(why->provider_error),
			     pk_str(json_string_value(error)));
		pk_text_tame(why->provider_text, sizeof(why->provider_text),
			     pk_str(json_string_value(text)));
	}
	return err;
}

static enum pk_err refuse_as_unreadable(const struct pk_http_reply *reply, struct pk_why *why)
{
	char type[64];

	pk_text_tame(type, sizeof(type), reply->content_type);

	return pk_refuse(why, PK_ERR_REPLY_NOT_OAUTH, NULL,
			 "the token endpoint answered HTTP status %d with %zu bytes of %s, which "
			 "is no token reply",
			 reply->status, reply->body.len, type[0] ? type : "unnamed type");
}

/* RFC 6749 7.1: "The client MUST NOT use an access token if it does not understand the token
 * type." 5.1: "Value is case insensitive." A missing one is taken for Bearer: providers that leave
 * it out mean nothing else. */
static enum pk_err check_type(const json_t *root, struct pk_why *why)
{
	const json_t *type = json_object_get(root, "token_type");

	if (!type || json_is_null(type))
		return PK_OK;
	if (!json_is_string(type) || strcasecmp(json_string_value(type), "bearer") != 0) {
		char name[32];

		pk_text_tame(name, sizeof(name), pk_str(json_string_value(type)));
		return pk_refuse(why, PK_ERR_TOKEN_TYPE, "token_type",
				 "the token type is \"%s\"; this client uses Bearer", name);
	}
	return PK_OK;
}

static int64_t later(int64_t now, int64_t seconds)
{
	return seconds < 0 ? PK_TIME_UNKNOWN : now + seconds;
}

static const json_t *member(const json_t *root, struct pk_str name)
{
	char key[64];

	pk_text_tame(key, sizeof(key), name);
	return name.len ? json_object_get(root, key) : NULL;
}

/* RFC 6749 A.12 and A.17: "access-token = 1*VSCHAR", which keeps a token from ending the header
 * line that it will stand in. */
static enum pk_err read_token(struct pk_arena *arena, const json_t *root, const char *name,
			      struct pk_secret *ret, struct pk_why *why)
{
	const json_t *value = json_object_get(root, name);
	const struct pk_str text = {json_string_value(value), json_string_length(value)};

	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || (unsigned char)text.ptr[i] > 0x7e)
			return pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, name,
					 "the %s has a character that no token may have", name);
	return pk_json_text(arena, value, &ret->text);
}

static enum pk_err read_tokens(struct pk_arena *arena, const struct pk_dialect *dialect,
			       const json_t *root, int64_t now, struct pk_tokens *ret,
			       struct pk_why *why)
{
	const json_t *scope = json_object_get(root, "scope");
	struct pk_tokens tokens = {0};

	TRY(check_type(root, why));
	if (!json_is_string(json_object_get(root, "access_token")))
		return pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, "access_token",
				 "the token reply has no access_token");
	TRY(read_token(arena, root, "access_token", &tokens.access_token, why));
	if (!tokens.access_token.text.len)
		return pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, "access_token",
				 "the access_token is empty");
	TRY(read_token(arena, root, "refresh_token", &tokens.refresh_token, why));
	TRY(read_token(arena, root, "id_token", &tokens.id_token, why));
	TRY(pk_json_text(arena, scope, &tokens.scope));
	TRY(pk_json_text(arena, pk_json_at(root, dialect->token_subject), &tokens.subject));
	if (tokens.subject.len > PK_SUBJECT_MAX)
		return pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, "subject",
				 "the subject is longer than %d bytes", PK_SUBJECT_MAX);
	tokens.access_expires_at = later(now, pk_json_seconds(json_object_get(root, "expires_in")));
	tokens.refresh_expires_at =
		later(now, pk_json_seconds(member(root, dialect->refresh_lifetime_parameter)));
	*ret = tokens;
	return PK_OK;
}

enum pk_err pk_token_reply(struct pk_arena *arena, const struct pk_login *login,
			   const struct pk_http_reply *reply, int64_t now, struct pk_tokens *ret,
			   struct pk_why *why)
{
	json_t *root = NULL;
	enum pk_err err;

	if (reply->body.len <= PK_REPLY_MAX)
		root = login->dialect->token_reply == PK_BODY_FORM
			       ? form_to_json(arena, reply->body)
			       : pk_json_parse(reply->body);
	if (!json_is_object(root))
		err = refuse_as_unreadable(reply, why);
	else if (json_is_string(json_object_get(root, "error")) || reply->status < 200 ||
		 reply->status > 299)
		err = refuse_as_provider(root, reply->status, why);
	else
		err = pk_space(why, read_tokens(arena, login->dialect, root, now, ret, why));
	json_decref(root);
	if (err != PK_OK && why)
		why->status = reply->status;
	return err;
}
