/*
 * The token reply (RFC 6749 5.1 and 5.2), and the ways in which providers depart from it: an error
 * with HTTP 200, a form instead of JSON, tokens further inside, lifetimes as text, scopes as an
 * array, no token_type. A form is turned into the same JSON object first, so that there is one
 * reader.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/form.h"
#include "base/text.h"
#include "protocol/json.h"
#include "protocol/provider_words.h"

#include <stdio.h>
#include <strings.h>

static json_t *form_to_json(struct pk_arena *arena, const struct pk_dialect *dialect,
			    struct pk_str body)
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
	if (!json_object_get(object, "access_token") && !pk_reply_refuses(dialect, object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static enum pk_err refuse_as_provider(const struct pk_dialect *dialect, const json_t *root,
				      int status, struct pk_why *why)
{
	const enum pk_err err = pk_refuse(why, PK_ERR_PROVIDER_REFUSED, "error",
					  "the token endpoint refused with HTTP status %d", status);

	pk_provider_words_of_reply(why, dialect, root, pk_json_at(root, dialect->error_at));
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

static bool is_same_word(struct pk_str a, struct pk_str b)
{
	return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

/* RFC 6749 7.1: "The client MUST NOT use an access token if it does not understand the token
 * type." 5.1: "Value is case insensitive." A missing one is taken for Bearer, and so is the word
 * that the dialect has for it: providers that leave it out, or have a word of their own, mean
 * nothing else. */
static enum pk_err check_type(const struct pk_dialect *dialect, const json_t *object,
			      struct pk_why *why)
{
	const json_t *type = json_object_get(object, "token_type");
	const struct pk_str word = {json_string_value(type), json_string_length(type)};
	char name[32];

	if (!type || json_is_null(type))
		return PK_OK;
	if (word.len &&
	    (is_same_word(word, PK_STR("Bearer")) || is_same_word(word, dialect->token_type)))
		return PK_OK;
	pk_text_tame(name, sizeof(name), word);
	return pk_refuse(why, PK_ERR_TOKEN_TYPE, "token_type",
			 "the token type is \"%s\"; this client uses Bearer", name);
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

/* Writes a scope text with `separator` wherever it has `from`. */
static void write_scopes(struct pk_buf *out, struct pk_str text, struct pk_str from,
			 struct pk_str separator)
{
	while (text.len) {
		const bool between = from.len && pk_str_starts(text, from);
		const size_t step = between ? from.len : 1;

		pk_buf_put(out, between ? separator : pk_str_first(text, 1));
		text = pk_str_from(text, step);
	}
}

/* A text in the provider's separator, or an array; either way it becomes a text in the separator
 * that the login's scopes have, so that the two can be compared. */
static enum pk_err read_scope(struct pk_arena *arena, const struct pk_dialect *dialect,
			      const json_t *value, struct pk_str *ret)
{
	const struct pk_str to = dialect->scope_separator;
	const struct pk_str from =
		dialect->reply_scope_separator.len ? dialect->reply_scope_separator : to;
	struct pk_buf out = pk_arena_open(arena);

	if (pk_json_is_text(value))
		write_scopes(&out, pk_json_view(value), from, to);
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *item = json_array_get(value, i);

		if (!pk_json_is_text(item))
			continue;
		pk_buf_put(&out, out.len ? to : PK_STR(""));
		pk_buf_put(&out, pk_json_view(item));
	}
	return out.len || out.overflow ? pk_arena_close(arena, &out, ret) : PK_OK;
}

static enum pk_err read_tokens(struct pk_arena *arena, const struct pk_dialect *dialect,
			       const json_t *root, int64_t now, struct pk_tokens *ret,
			       struct pk_why *why)
{
	const json_t *object =
		dialect->token_reply_at.len ? pk_json_at(root, dialect->token_reply_at) : root;
	struct pk_tokens tokens = {0};

	TRY(check_type(dialect, object, why));
	if (!json_is_string(json_object_get(object, "access_token")))
		return pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, "access_token",
				 "the token reply has no access_token%s%.*s",
				 dialect->token_reply_at.len ? " at " : "",
				 PK_ARG(dialect->token_reply_at));
	TRY(read_token(arena, object, "access_token", &tokens.access_token, why));
	if (!tokens.access_token.text.len)
		return pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, "access_token",
				 "the access_token is empty");
	TRY(read_token(arena, object, "refresh_token", &tokens.refresh_token, why));
	TRY(read_token(arena, object, "id_token", &tokens.id_token, why));
	TRY(read_scope(arena, dialect, json_object_get(object, "scope"), &tokens.scope));
	TRY(pk_json_subject(arena, dialect, pk_json_at(root, dialect->token_subject),
			    &tokens.subject));
	if (tokens.subject.len > PK_SUBJECT_MAX)
		return pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, "subject",
				 "the subject is longer than %d bytes", PK_SUBJECT_MAX);
	tokens.access_expires_at =
		later(now, pk_json_seconds(json_object_get(object, "expires_in")));
	tokens.refresh_expires_at =
		later(now, pk_json_seconds(member(object, dialect->refresh_lifetime_parameter)));
	*ret = tokens;
	return PK_OK;
}

/* A provider that answers who accepts JSON with JSON may answer with a form all the same, and says
 * so; no form begins with a brace. */
static bool is_form(const struct pk_dialect *dialect, const struct pk_http_reply *reply)
{
	const struct pk_str type = PK_STR("application/x-www-form-urlencoded");

	if (dialect->token_reply != PK_BODY_ACCEPT)
		return dialect->token_reply == PK_BODY_FORM;
	return is_same_word(pk_str_first(reply->content_type, type.len), type) &&
	       !pk_str_starts(reply->body, PK_STR("{"));
}

enum pk_err pk_token_reply(struct pk_arena *arena, const struct pk_login *login,
			   const struct pk_http_reply *reply, int64_t now, struct pk_tokens *ret,
			   struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	json_t *root = NULL;
	enum pk_err err;

	if (reply->body.len <= PK_REPLY_MAX)
		root = is_form(dialect, reply) ? form_to_json(arena, dialect, reply->body)
					       : pk_json_parse(reply->body);
	if (!json_is_object(root))
		err = refuse_as_unreadable(reply, why);
	else if (pk_reply_refuses(dialect, root) || reply->status < 200 || reply->status > 299)
		err = refuse_as_provider(dialect, root, reply->status, why);
	else
		err = pk_space(why, read_tokens(arena, dialect, root, now, ret, why));
	json_decref(root);
	if (err != PK_OK && why)
		why->status = reply->status;
	return err;
}
