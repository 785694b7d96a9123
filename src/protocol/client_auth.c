/* One POST with the client's proof: the token request, and revocation. */
#include "protocol/client_auth.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/text.h"
#include "protocol/login.h"

#include <jansson.h>
#include <sodium.h>

/* RFC 6749 2.3.1: id and secret are form-encoded each, joined by a colon, and the whole is base64.
 */
static enum pk_err write_basic(struct pk_arena *arena, const struct pk_login *login,
			       struct pk_secret secret, struct pk_str *ret)
{
	char memory[2048];
	struct pk_buf plain = pk_buf(memory, sizeof(memory));

	pk_percent_encode(&plain, login->client_id);
	pk_buf_char(&plain, ':');
	pk_percent_encode(&plain, secret.text);

	struct pk_buf header = pk_arena_open(arena);

	pk_buf_put(&header, PK_STR("Authorization: Basic "));
	if (plain.overflow)
		header.overflow = true;
	else
		pk_base64_encode(&header, plain.ptr, plain.len);
	sodium_memzero(memory, sizeof(memory));
	return pk_arena_close(arena, &header, ret);
}

static void write_form(const struct pk_pair *pairs, size_t count, struct pk_buf *out)
{
	for (size_t i = 0; i < count; i++)
		pk_form_put(out, 0, pairs[i].name, pairs[i].value);
}

static enum pk_err write_json(const struct pk_pair *pairs, size_t count, struct pk_buf *out,
			      struct pk_why *why)
{
	const size_t room = out->cap - out->len;
	json_t *object = json_object();
	bool whole = object != NULL;
	size_t size;

	for (size_t i = 0; i < count && whole; i++) {
		char name[64];

		pk_text_tame(name, sizeof(name), pairs[i].name);
		whole = json_object_set_new(object, name,
					    json_stringn(pairs[i].value.ptr, pairs[i].value.len)) ==
			0;
	}
	size = whole ? json_dumpb(object, out->ptr + out->len, room, JSON_COMPACT) : 0;
	json_decref(object);
	if (!whole || size == 0)
		return pk_refuse(why, PK_ERR_ARGUMENT, "token_request",
				 "the request is JSON, which is UTF-8, and a value of it is not");
	if (size > room) {
		sodium_memzero(out->ptr + out->len, room);
		out->overflow = true;
		return PK_OK;
	}
	out->len += size;
	return PK_OK;
}

/* The best of the dialect's ways that this client can use. */
static enum pk_err choose(const struct pk_login *login, struct pk_secret secret, struct pk_str *ret,
			  struct pk_why *why)
{
	const struct pk_list *ways = &login->dialect->client_auth;

	for (size_t i = 0; i < ways->count; i++) {
		if (pk_str_equal(ways->item[i], PK_STR("none")) == (secret.text.len == 0)) {
			*ret = ways->item[i];
			return PK_OK;
		}
	}
	if (!secret.text.len)
		return pk_refuse(why, PK_ERR_SECRET_MISSING, "client_secret",
				 "%.*s has no public clients: the login needs its %.*s",
				 PK_ARG(login->dialect->title),
				 PK_ARG(login->dialect->client_secret_parameter));
	return pk_refuse(why, PK_ERR_ARGUMENT, "client_secret",
			 "%.*s takes no client secret: it knows public clients only",
			 PK_ARG(login->dialect->title));
}

#define PAIRS_MAX 12

enum pk_err pk_client_post(struct pk_arena *arena, const struct pk_login *login,
			   struct pk_secret secret, struct pk_str url, const struct pk_pair *pairs,
			   size_t count, struct pk_http_request *ret, struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	const bool json = dialect->token_request == PK_BODY_JSON;
	struct pk_pair all[PAIRS_MAX];
	struct pk_http_request request = {.method = "POST"};
	struct pk_str how;
	size_t n = 0;

	if (count > PAIRS_MAX - 2)
		return pk_refuse(why, PK_ERR_ARGUMENT, NULL, "a request has at most %d parameters",
				 PAIRS_MAX - 2);
	TRY(choose(login, secret, &how, why));
	for (size_t i = 0; i < count; i++)
		all[n++] = pairs[i];
	if (!pk_str_equal(how, PK_STR("basic")))
		all[n++] = (struct pk_pair){dialect->client_id_parameter, login->client_id};
	if (pk_str_equal(how, PK_STR("post")))
		all[n++] = (struct pk_pair){dialect->client_secret_parameter, secret.text};

	struct pk_buf target = pk_arena_open(arena);

	TRY(pk_endpoint_write(login, url, &target, why));
	TRY(pk_space(why, pk_arena_close(arena, &target, &request.url)));

	request.header[request.header_count++] =
		json ? PK_STR("Content-Type: application/json")
		     : PK_STR("Content-Type: application/x-www-form-urlencoded");
	request.header[request.header_count++] = PK_STR("Accept: application/json");
	if (pk_str_equal(how, PK_STR("basic")))
		TRY(pk_space(why, write_basic(arena, login, secret,
					      &request.header[request.header_count++])));

	struct pk_buf body = pk_arena_open(arena);

	if (json)
		TRY(write_json(all, n, &body, why));
	else
		write_form(all, n, &body);
	TRY(pk_space(why, pk_arena_close(arena, &body, &request.body)));
	*ret = request;
	return PK_OK;
}
