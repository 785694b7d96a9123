/*
 * Reading JSON Web Tokens without believing them: explain has no key, or none that it may trust, so
 * what a token says is held against the requests around it and its signature against nothing.
 */
#include "explain/jwt_text.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "protocol/json.h"

static json_t *decode_part(struct pk_arena *arena, struct pk_str text)
{
	char *bytes = text.len && text.len < JWT_MAX ? pk_arena_take(arena, text.len) : NULL;
	json_t *root;
	size_t size;

	if (!bytes || !pk_base64url_decode(text, bytes, text.len, &size))
		return NULL;
	root = pk_json_parse((struct pk_str){bytes, size});
	if (json_is_object(root))
		return root;
	json_decref(root);
	return NULL;
}

bool jwt_text_read(struct pk_arena *arena, struct pk_str text, struct jwt_text *ret)
{
	struct pk_str rest = text;
	const struct pk_str header = pk_str_cut(&rest, '.');
	const struct pk_str claims = pk_str_cut(&rest, '.');

	*ret = (struct jwt_text){NULL, NULL};
	if (!rest.ptr || pk_str_find(rest, '.') != rest.len)
		return false;
	ret->header = decode_part(arena, header);
	ret->claims = decode_part(arena, claims);
	return ret->header && ret->claims;
}

void jwt_text_free(struct jwt_text *jwt)
{
	json_decref(jwt->header);
	json_decref(jwt->claims);
	*jwt = (struct jwt_text){NULL, NULL};
}
