/* A request with the client's proof: to the token endpoint in the dialect's way, to the others as a
 * POST (RFC 6749 2.3.1, 4.1.3). */
#include "protocol/client_auth.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/form.h"
#include "base/text.h"
#include "protocol/login.h"
#include "protocol/redirect_uri.h"

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

static void write_form(const struct pk_pair *pairs, size_t count, size_t start, struct pk_buf *out)
{
	for (size_t i = 0; i < count; i++)
		pk_form_put(out, start, pairs[i].name, pairs[i].value);
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

/* RFC 6454 4: scheme, host and port of the page that the browser came back to. */
static enum pk_err write_origin(struct pk_arena *arena, const struct pk_login *login,
				struct pk_str *ret, struct pk_why *why)
{
	struct pk_buf header = pk_arena_open(arena);
	struct pk_uri uri;

	if (!pk_uri_split(login->redirect_uri, &uri))
		return pk_refuse(why, PK_ERR_REDIRECT_URI, "redirect_uri",
				 "%.*s wants an Origin header, and the redirect URI has no host",
				 PK_ARG(login->dialect->title));
	pk_buf_put(&header, PK_STR("Origin: "));
	pk_buf_put(&header, uri.scheme);
	pk_buf_put(&header, PK_STR("://"));
	pk_buf_put(&header, uri.host);
	if (uri.port.ptr) {
		pk_buf_char(&header, ':');
		pk_buf_put(&header, uri.port);
	}
	return pk_space(why, pk_arena_close(arena, &header, ret));
}

#define PAIRS_MAX 32

/* What a request is made of, before it is written. */
struct draft {
	struct pk_str url;
	enum pk_request_body body;
	bool origin;
	struct pk_pair pair[PAIRS_MAX];
	size_t count;
};

static enum pk_err add_pairs(struct draft *draft, const struct pk_pair *pairs, size_t count,
			     struct pk_why *why)
{
	/* Two places are kept for the client. */
	if (count > PAIRS_MAX - 2 - draft->count)
		return pk_refuse(why, PK_ERR_ARGUMENT, NULL, "a request has at most %d parameters",
				 PAIRS_MAX - 2);
	for (size_t i = 0; i < count; i++)
		draft->pair[draft->count++] = pairs[i];
	return PK_OK;
}

/* A GET has everything in its URL, which logs keep: only where a provider knows nothing else. */
static enum pk_err write_url(struct pk_arena *arena, const struct pk_login *login,
			     const struct draft *draft, struct pk_str *ret, struct pk_why *why)
{
	struct pk_buf url = pk_arena_open(arena);

	TRY(pk_endpoint_write(login, draft->url, &url, why));
	if (draft->body == PK_REQUEST_QUERY) {
		const bool has_query = pk_str_find(draft->url, '?') < draft->url.len;

		pk_buf_char(&url, has_query ? '&' : '?');
		write_form(draft->pair, draft->count, url.len, &url);
	}
	return pk_space(why, pk_arena_close(arena, &url, ret));
}

static enum pk_err write_body(struct pk_arena *arena, const struct draft *draft,
			      struct pk_http_request *request, struct pk_why *why)
{
	const bool json = draft->body == PK_REQUEST_JSON;
	struct pk_buf body = pk_arena_open(arena);

	request->header[request->header_count++] =
		json ? PK_STR("Content-Type: application/json")
		     : PK_STR("Content-Type: application/x-www-form-urlencoded");
	if (json)
		TRY(write_json(draft->pair, draft->count, &body, why));
	else
		write_form(draft->pair, draft->count, 0, &body);
	return pk_space(why, pk_arena_close(arena, &body, &request->body));
}

static bool has_pair(const struct draft *draft, struct pk_str name)
{
	for (size_t i = 0; i < draft->count; i++)
		if (pk_str_equal(draft->pair[i].name, name))
			return true;
	return false;
}

static enum pk_err write_request(struct pk_arena *arena, const struct pk_login *login,
				 struct pk_secret secret, struct draft *draft,
				 struct pk_http_request *ret, struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	const bool get = draft->body == PK_REQUEST_QUERY;
	struct pk_http_request request = {.method = get ? "GET" : "POST"};
	struct pk_str how;

	TRY(choose(login, secret, &how, why));
	/* A pushed authorize request has it already, whatever the proof is. */
	if (!pk_str_equal(how, PK_STR("basic")) && !has_pair(draft, dialect->client_id_parameter))
		draft->pair[draft->count++] =
			(struct pk_pair){dialect->client_id_parameter, login->client_id};
	if (pk_str_equal(how, PK_STR("post")))
		draft->pair[draft->count++] =
			(struct pk_pair){dialect->client_secret_parameter, secret.text};
	TRY(write_url(arena, login, draft, &request.url, why));
	request.header[request.header_count++] = PK_STR("Accept: application/json");
	if (pk_str_equal(how, PK_STR("basic")))
		TRY(pk_space(why, write_basic(arena, login, secret,
					      &request.header[request.header_count++])));
	if (draft->origin && pk_str_equal(how, PK_STR("none")))
		TRY(write_origin(arena, login, &request.header[request.header_count++], why));
	if (!get)
		TRY(write_body(arena, draft, &request, why));
	*ret = request;
	return PK_OK;
}

enum pk_err pk_client_post(struct pk_arena *arena, const struct pk_login *login,
			   struct pk_secret secret, struct pk_str url, const struct pk_pair *pairs,
			   size_t count, struct pk_http_request *ret, struct pk_why *why)
{
	const bool json = login->dialect->token_request == PK_REQUEST_JSON;
	struct draft draft = {.url = url, .body = json ? PK_REQUEST_JSON : PK_REQUEST_FORM};

	TRY(add_pairs(&draft, pairs, count, why));
	return write_request(arena, login, secret, &draft, ret, why);
}

enum pk_err pk_client_redeem(struct pk_arena *arena, const struct pk_login *login,
			     struct pk_secret secret, struct pk_str url,
			     const struct pk_pair *pairs, size_t count, struct pk_http_request *ret,
			     struct pk_why *why)
{
	const struct pk_dialect *dialect = login->dialect;
	struct draft draft = {.url = url,
			      .body = dialect->token_request,
			      .origin = dialect->origin_from_public_clients};
	struct pk_form more = {0};

	TRY(add_pairs(&draft, pairs, count, why));
	TRY(pk_form_parse(arena, dialect->token_parameters, &more, why));
	for (size_t i = 0; i < more.count; i++)
		TRY(add_pairs(&draft,
			      &(const struct pk_pair){more.param[i].name, more.param[i].value}, 1,
			      why));
	return write_request(arena, login, secret, &draft, ret, why);
}
