/* Introspection (RFC 7662): what the provider says of a token now. Only `active` counts; where it
 * is false, nothing else is read (2.2). */
#include "base/err.h"
#include "base/text.h"
#include "protocol/claims.h"
#include "protocol/client_auth.h"
#include "protocol/json.h"
#include "protocol/reply.h"

enum pk_err pk_introspect_request(struct pk_arena *arena, const struct pk_login *login,
				  struct pk_secret secret, struct pk_secret token,
				  struct pk_http_request *ret, struct pk_why *why)
{
	const struct pk_pair pairs[] = {{PK_STR("token"), token.text}};

	if (!login->dialect->introspect_url.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "introspect_url",
				 "%.*s has no introspection", PK_ARG(login->dialect->title));
	if (!token.text.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "token", "there is no token to ask about");
	return pk_client_post(arena, login, secret, login->dialect->introspect_url, pairs, 1, ret,
			      why);
}

static enum pk_err read_answer(struct pk_arena *arena, const json_t *root,
			       struct pk_introspection *ret, struct pk_why *why)
{
	const json_t *active = json_object_get(root, "active");
	struct pk_introspection found = {.active = json_is_true(active),
					 .expires_at = PK_TIME_UNKNOWN};

	if (!json_is_boolean(active))
		return pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, "active",
				 "the answer does not say whether the token is active");
	if (found.active) {
		const json_t *expires = json_object_get(root, "exp");

		if (expires && !pk_claims_time(expires, &found.expires_at))
			return pk_refuse(why, PK_ERR_REPLY_INCOMPLETE, "exp", "exp is no time");
		TRY(pk_json_text(arena, json_object_get(root, "sub"), &found.subject));
		TRY(pk_json_text(arena, json_object_get(root, "client_id"), &found.client_id));
		TRY(pk_json_text(arena, json_object_get(root, "scope"), &found.scope));
	}
	*ret = found;
	return PK_OK;
}

enum pk_err pk_introspect_reply(struct pk_arena *arena, const struct pk_http_reply *reply,
				struct pk_introspection *ret, struct pk_why *why)
{
	json_t *root;

	TRY(pk_reply_object(reply, "the introspection", &root, why));

	const enum pk_err err = pk_space(why, read_answer(arena, root, ret, why));

	json_decref(root);
	if (err != PK_OK && why)
		why->status = reply->status;
	return err;
}
