/*
 * Replies as they come: RFC 6749 5.1 and 5.2, and every way in which providers and what stands
 * before them depart from it. Nothing is refused: what cannot be read is said to be unreadable.
 */
#include "explain/flow_reply.h"
#include "base/arena.h"
#include "base/form.h"
#include "base/text.h"
#include "protocol/json.h"

#include <string.h>

/* Where providers put the tokens, and the error, when they do not put them at the top. */
static const char *const token_places[] = {
	"/data", "/data/0", "/authed_user", "/body", "/result", "/access_token", "/0"};
static const char *const error_codes[] = {
	"/error",   "/error/code", "/error/type",        "/error_code",
	"/errcode", "/code",       "/errors/0/errorType"};
static const char *const error_texts[] = {"/error_description", "/error/message", "/error_message",
					  "/message",           "/errmsg",        "/hint",
					  "/errors/0"};

/* Beside the description, and often more exact than it. */
static const char *const error_asides[] = {"/hint", "/error_code", "/error_uri", "/error_type"};

static struct pk_str text_of(struct pk_arena *arena, const json_t *value)
{
	struct pk_str text = {0};

	return pk_json_text(arena, value, &text) == PK_OK ? text : (struct pk_str){0};
}

static struct pk_str text_at(struct pk_arena *arena, const json_t *root, const char *pointer)
{
	return text_of(arena, pk_json_at(root, pk_str(pointer)));
}

static struct pk_str first_text(struct pk_arena *arena, const json_t *root,
				const char *const *pointers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct pk_str text = text_at(arena, root, pointers[i]);

		if (text.len)
			return text;
	}
	return (struct pk_str){0};
}

static bool is_false(const json_t *root, struct pk_str pointer)
{
	return pointer.len && json_is_false(pk_json_at(root, pointer));
}

static void read_tokens(struct pk_arena *arena, const json_t *object, struct flow_reply *ret)
{
	const json_t *expires_in = json_object_get(object, "expires_in");

	ret->access_token = text_at(arena, object, "/access_token");
	ret->refresh_token = text_at(arena, object, "/refresh_token");
	ret->id_token = text_at(arena, object, "/id_token");
	ret->scope = text_at(arena, object, "/scope");
	ret->token_type = text_at(arena, object, "/token_type");
	ret->expires_in = pk_json_seconds(expires_in);
	ret->expires_in_text = json_is_string(expires_in);
	ret->success = ret->access_token.len > 0;
}

/* "0" and "ok" where an error code belongs mean that there is none. */
static bool is_no_error(struct pk_str error)
{
	return pk_str_equal(error, PK_STR("0")) || pk_str_equal(error, PK_STR("ok")) ||
	       pk_str_equal(error, PK_STR("200"));
}

/* The scopes where they stand in an array: joined by spaces. */
static struct pk_str join_scopes(struct pk_arena *arena, const json_t *scopes)
{
	struct pk_buf out = pk_arena_open(arena);
	struct pk_str text;

	for (size_t i = 0; i < json_array_size(scopes); i++) {
		const json_t *scope = json_array_get(scopes, i);

		pk_buf_put(&out, i ? PK_STR(" ") : PK_STR(""));
		pk_buf_put(&out,
			   (struct pk_str){json_string_value(scope), json_string_length(scope)});
	}
	return pk_arena_close(arena, &out, &text) == PK_OK ? text : (struct pk_str){0};
}

/* The dialect's place first: a reply may have two objects with tokens in it. */
static void find_tokens(struct pk_arena *arena, const struct pk_dialect *dialect,
			const json_t *root, struct flow_reply *ret)
{
	const json_t *object = NULL;

	if (dialect && dialect->token_reply_at.len) {
		object = pk_json_at(root, dialect->token_reply_at);
		if (json_is_object(object))
			read_tokens(arena, object, ret);
		ret->nested = ret->success;
	}
	if (!ret->success) {
		object = root;
		read_tokens(arena, root, ret);
	}
	for (size_t i = 0; i < sizeof(token_places) / sizeof(token_places[0]) && !ret->success;
	     i++) {
		object = pk_json_at(root, pk_str(token_places[i]));
		if (!json_is_object(object))
			continue;
		read_tokens(arena, object, ret);
		ret->nested = ret->success;
	}
	if (ret->success && json_is_array(json_object_get(object, "scope")))
		ret->scope = join_scopes(arena, json_object_get(object, "scope"));
}

static void read_error(struct pk_arena *arena, const struct pk_dialect *dialect, const json_t *root,
		       struct flow_reply *ret)
{
	if (dialect) {
		ret->error = text_of(arena, pk_json_at(root, dialect->error_at));
		ret->text = text_of(arena, pk_json_at(root, dialect->error_text_at));
		if (dialect->error_number_at.len)
			ret->number = text_of(arena, pk_json_at(root, dialect->error_number_at));
	}
	if (!ret->error.len)
		ret->error = first_text(arena, root, error_codes,
					sizeof(error_codes) / sizeof(error_codes[0]));
	if (!ret->text.len)
		ret->text = first_text(arena, root, error_texts,
				       sizeof(error_texts) / sizeof(error_texts[0]));
	ret->also = first_text(arena, root, error_asides,
			       sizeof(error_asides) / sizeof(error_asides[0]));
	if (is_no_error(ret->error))
		ret->error = (struct pk_str){0};
}

static void read_json(struct pk_arena *arena, const struct pk_dialect *dialect, const json_t *root,
		      struct flow_reply *ret)
{
	find_tokens(arena, dialect, root, ret);
	if (ret->success && dialect && dialect->token_subject.len)
		ret->subject = text_of(arena, pk_json_at(root, dialect->token_subject));
	if (ret->success && dialect && is_false(root, dialect->ok_at))
		ret->success = false;
	if (!ret->success)
		read_error(arena, dialect, root, ret);
}

static bool read_form(struct pk_arena *arena, struct pk_str body, struct flow_reply *ret)
{
	struct pk_form form;

	if (pk_form_parse(arena, body, &form, NULL) != PK_OK)
		return false;
	ret->access_token = pk_form_get(&form, PK_STR("access_token"));
	ret->refresh_token = pk_form_get(&form, PK_STR("refresh_token"));
	ret->id_token = pk_form_get(&form, PK_STR("id_token"));
	ret->scope = pk_form_get(&form, PK_STR("scope"));
	ret->token_type = pk_form_get(&form, PK_STR("token_type"));
	if (!pk_str_number(pk_form_get(&form, PK_STR("expires_in")), INT32_MAX, &ret->expires_in))
		ret->expires_in = PK_TIME_UNKNOWN;
	ret->error = pk_form_get(&form, PK_STR("error"));
	ret->text = pk_form_get(&form, PK_STR("error_description"));
	ret->success = ret->access_token.len > 0;
	ret->form = ret->success || ret->error.len;
	return ret->form;
}

/* A redirect that carries an error is an answer too: that of an authorize request. */
static void read_location(struct pk_arena *arena, struct pk_str location, struct flow_reply *ret)
{
	const size_t mark = pk_str_find(location, '?');

	if (mark < location.len)
		(void)read_form(arena,
				pk_str_first(pk_str_from(location, mark + 1),
					     pk_str_find(pk_str_from(location, mark + 1), '#')),
				ret);
	ret->success = false;
	ret->form = false;
}

void flow_read_reply(const struct flow *flow, const struct pk_event *event, struct flow_reply *ret)
{
	struct pk_arena *arena = flow->arena;
	const struct pk_message *reply = &event->reply;
	const struct pk_str body = pk_str_trim(reply->body);
	json_t *root;

	/* A browser's record of a request that was not answered has a reply with nothing in it. */
	*ret = (struct flow_reply){.visible = reply->status || reply->header_count || body.len,
				   .status = reply->status,
				   .expires_in = PK_TIME_UNKNOWN};
	if (!ret->visible)
		return;
	if (!body.len) {
		read_location(arena, flow_header(reply, "Location"), ret);
		ret->empty = !ret->error.len;
		return;
	}
	root = pk_json_parse(body);
	if (json_is_object(root) || json_is_array(root))
		read_json(arena, flow->dialect, root, ret);
	else if (body.ptr[0] == '<' || !read_form(arena, body, ret))
		ret->html = true;
	json_decref(root);
}

/* A text as it was sent: a control character in it may be the fault. */
static enum pk_err copy_param(struct pk_arena *arena, const json_t *value, struct pk_str *ret)
{
	const struct pk_str text = {json_string_value(value), json_string_length(value)};

	return text.ptr ? pk_arena_copy(arena, text, ret) : pk_json_text(arena, value, ret);
}

size_t flow_json_params(struct pk_arena *arena, struct pk_str body, struct flow_param *ret,
			size_t max)
{
	json_t *root = pk_json_parse(pk_str_trim(body));
	const char *key;
	json_t *value;
	size_t count = 0;

	json_object_foreach(root, key, value)
	{
		struct flow_param param = {.raw_name = {0}};

		if (count == max || pk_arena_copy(arena, pk_str(key), &param.name) != PK_OK ||
		    copy_param(arena, value, &param.value) != PK_OK)
			break;
		if (!param.value.ptr)
			param.value = PK_STR("");
		param.raw_name = param.name;
		param.raw = param.value;
		ret[count++] = param;
	}
	json_decref(root);
	return count;
}
