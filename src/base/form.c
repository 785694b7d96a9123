/* Queries and form bodies. Hostile input: bounded in number here and in size by the arena. */
#include "base/form.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/text.h"

#include <sodium.h>
#include <string.h>

static enum pk_err decode(struct pk_arena *arena, struct pk_str text, struct pk_str *ret,
			  struct pk_why *why)
{
	struct pk_buf out = pk_arena_open(arena);

	if (memchr(text.ptr, '\0', text.len) || !pk_form_decode(&out, text)) {
		/* It may hold most of a code, and the arena's wipe covers only what was kept. */
		sodium_memzero(out.ptr, out.len);
		return pk_refuse(
			why, PK_ERR_FORM_SYNTAX, NULL,
			"a %% without two hexadecimal digits, or a NUL, in a query or form");
	}
	if (pk_arena_close(arena, &out, ret) != PK_OK)
		return pk_refuse(why, PK_ERR_NO_SPACE, NULL,
				 "the query or form is larger than %zu bytes", arena->cap);
	return PK_OK;
}

enum pk_err pk_form_parse(struct pk_arena *arena, struct pk_str text, struct pk_form *ret,
			  struct pk_why *why)
{
	ret->count = 0;
	while (text.ptr) {
		struct pk_str value = pk_str_cut(&text, '&');
		const struct pk_str name = pk_str_cut(&value, '=');

		if (!name.len && !value.ptr)
			continue;
		if (ret->count == PK_FORM_MAX)
			return pk_refuse(why, PK_ERR_FORM_TOO_LARGE, NULL,
					 "more than %d parameters", PK_FORM_MAX);

		struct pk_param *param = &ret->param[ret->count];

		TRY(decode(arena, name, &param->name, why));
		if (!value.ptr)
			value = PK_STR("");
		TRY(decode(arena, value, &param->value, why));
		ret->count++;
	}
	return PK_OK;
}

struct pk_str pk_form_get(const struct pk_form *form, struct pk_str name)
{
	for (size_t i = 0; i < form->count; i++)
		if (pk_str_equal(form->param[i].name, name))
			return form->param[i].value;
	return (struct pk_str){0};
}

size_t pk_form_count(const struct pk_form *form, struct pk_str name)
{
	size_t count = 0;

	for (size_t i = 0; i < form->count; i++)
		count += pk_str_equal(form->param[i].name, name);
	return count;
}
