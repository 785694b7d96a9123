/* What a program asks for: the names in the path and the parameters of the query (RFC 3986 2.1). */
#include "base/arena.h"
#include "base/encode.h"
#include "base/form.h"
#include "base/text.h"
#include "gateway/broker.h"

/* In a path + is a plus. */
static bool decode(struct pk_str segment, struct pk_arena *arena, struct pk_str *ret)
{
	struct pk_buf out = pk_arena_open(arena);

	if (!segment.len)
		return false;
	while (segment.ptr) {
		if (!pk_form_decode(&out, pk_str_cut(&segment, '+')))
			return false;
		if (segment.ptr)
			pk_buf_char(&out, '+');
	}
	return pk_arena_close(arena, &out, ret) == PK_OK;
}

bool broker_path(struct http_request *http, struct pk_str path, struct broker_request *ret)
{
	const struct pk_str login = pk_str_cut(&path, '/');

	return path.ptr && pk_str_find(path, '/') == path.len &&
	       decode(login, http_arena(http), &ret->login) &&
	       decode(path, http_arena(http), &ret->subject);
}

bool broker_parameter(struct http_request *http, const char *name, struct pk_str *ret)
{
	struct pk_form form;

	*ret = (struct pk_str){0};
	if (!http_query(http).ptr)
		return true;
	if (pk_form_parse(http_arena(http), http_query(http), &form, NULL) != PK_OK ||
	    pk_form_count(&form, pk_str(name)) > 1)
		return false;
	*ret = pk_form_get(&form, pk_str(name));
	return true;
}
