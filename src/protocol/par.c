/*
 * Pushed authorization requests (RFC 9126): the client tells the provider what it wants under its
 * own proof, and the browser carries only a reference, which nobody can alter.
 */
#include "base/arena.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/form.h"
#include "base/text.h"
#include "protocol/authorize.h"
#include "protocol/client_auth.h"
#include "protocol/json.h"
#include "protocol/login.h"
#include "protocol/reply.h"

/* 2.1: the parameters of the authorize URL, `request_uri` excluded, in a form. */
enum pk_err pk_par_request(struct pk_arena *arena, const struct pk_login *login,
			   struct pk_secret secret, struct pk_str state, struct pk_str nonce,
			   const struct pk_challenge *challenge, struct pk_http_request *ret,
			   struct pk_why *why)
{
	struct pk_pair pairs[PK_FORM_MAX];
	struct pk_form form;
	struct pk_str query;

	if (!login->dialect->par_url.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "par_url",
				 "%.*s takes no pushed authorization requests",
				 PK_ARG(login->dialect->title));

	struct pk_buf text = pk_arena_open(arena);

	TRY(pk_authorize_query_write(login, state, nonce, challenge, &text, why));
	TRY(pk_space(why, pk_arena_close(arena, &text, &query)));
	TRY(pk_form_parse(arena, query, &form, why));
	for (size_t i = 0; i < form.count; i++)
		pairs[i] = (struct pk_pair){form.param[i].name, form.param[i].value};
	return pk_client_post(arena, login, secret, login->dialect->par_url, pairs, form.count, ret,
			      why);
}

/* 2.2: an opaque URI, so no more than its characters is known of it. */
static bool is_uri(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= 0x20 || text.ptr[i] > 0x7e)
			return false;
	return text.len > 0 && text.len <= 512;
}

static enum pk_err read_answer(struct pk_arena *arena, const json_t *root, int64_t now,
			       struct pk_str *ret_request_uri, int64_t *ret_expires_at,
			       struct pk_why *why)
{
	const json_t *uri = json_object_get(root, "request_uri");
	const int64_t lifetime = pk_json_seconds(json_object_get(root, "expires_in"));

	if (!is_uri((struct pk_str){json_string_value(uri), json_string_length(uri)}))
		return pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, "request_uri",
				 "the answer has no request_uri that is a URI");
	if (lifetime <= 0)
		return pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, "expires_in",
				 "the answer does not say how long request_uri is good");
	TRY(pk_json_text(arena, uri, ret_request_uri));
	*ret_expires_at = now + lifetime;
	return PK_OK;
}

enum pk_err pk_par_reply(struct pk_arena *arena, const struct pk_login *login,
			 const struct pk_http_reply *reply, int64_t now,
			 struct pk_str *ret_request_uri, int64_t *ret_expires_at,
			 struct pk_why *why)
{
	json_t *root;

	(void)login;
	TRY(pk_reply_object(reply, "the pushed request", &root, why));

	const enum pk_err err =
		pk_space(why, read_answer(arena, root, now, ret_request_uri, ret_expires_at, why));

	json_decref(root);
	if (err != PK_OK && why)
		why->status = reply->status;
	return err;
}

/* 4: "the client uses the request_uri value [...] to create an authorization request", with the
 * client's id beside it and nothing else. */
enum pk_err pk_authorize_url_pushed(const struct pk_login *login, struct pk_str request_uri,
				    struct pk_buf *out, struct pk_why *why)
{
	const struct pk_str url = login->dialect->authorize_url;

	if (!is_uri(request_uri))
		return pk_refuse(why, PK_ERR_ARGUMENT, "request_uri",
				 "this is no request_uri of a provider");
	TRY(pk_endpoint_write(login, url, out, why));
	pk_buf_char(out, pk_str_find(url, '?') < url.len ? '&' : '?');

	const size_t start = out->len;

	pk_form_put(out, start, login->dialect->client_id_parameter, login->client_id);
	pk_form_put(out, start, PK_STR("request_uri"), request_uri);
	if (out->overflow)
		return pk_refuse(why, PK_ERR_NO_SPACE, NULL,
				 "the authorize URL is longer than %zu characters", out->cap);
	return PK_OK;
}
