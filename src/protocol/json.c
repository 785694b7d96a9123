/* JSON of providers, read with jansson; pointers after RFC 6901. */
#include "protocol/json.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

json_t *pk_json_parse(struct pk_str text)
{
	json_error_t error;

	if (!text.len || text.len > PK_REPLY_MAX)
		return NULL;
	return json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
}

/* Writes one pointer segment, unescaped, with a NUL; false where it is too long for any key that a
 * dialect names. */
static bool read_segment(struct pk_str segment, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < segment.len; i++) {
		char c = segment.ptr[i];

		if (c == '~' && i + 1 < segment.len)
			c = segment.ptr[++i] == '1' ? '/' : '~';
		if (n + 1 >= cap)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return true;
}

const json_t *pk_json_at(const json_t *root, struct pk_str pointer)
{
	const json_t *value = root;

	if (!pointer.len || pointer.ptr[0] != '/')
		return NULL;
	pointer = pk_str_from(pointer, 1);
	while (pointer.ptr && value) {
		const struct pk_str segment = pk_str_cut(&pointer, '/');
		char key[64];
		int64_t index;

		if (json_is_array(value))
			value = pk_str_number(segment, 1000, &index)
					? json_array_get(value, (size_t)index)
					: NULL;
		else if (json_is_object(value) && read_segment(segment, key, sizeof(key)))
			value = json_object_get(value, key);
		else
			value = NULL;
	}
	return value;
}

static bool has_control(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return true;
	return false;
}

struct pk_str pk_json_view(const json_t *value)
{
	return (struct pk_str){json_string_value(value), json_string_length(value)};
}

bool pk_json_is_text(const json_t *value)
{
	return json_string_length(value) > 0 && !has_control(pk_json_view(value));
}

enum pk_err pk_json_text(struct pk_arena *arena, const json_t *value, struct pk_str *ret)
{
	struct pk_buf out = pk_arena_open(arena);

	if (json_is_integer(value))
		pk_buf_number(&out, json_integer_value(value));
	else if (pk_json_is_text(value))
		pk_buf_put(&out, pk_json_view(value));
	if (!out.len && !out.overflow) {
		*ret = (struct pk_str){0};
		return PK_OK;
	}
	return pk_arena_close(arena, &out, ret);
}

static bool is_digits(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	return text.len > 0;
}

enum pk_err pk_json_subject(struct pk_arena *arena, const struct pk_dialect *dialect,
			    const json_t *value, struct pk_str *ret)
{
	struct pk_str subject;

	TRY(pk_json_text(arena, value, &subject));
	*ret = dialect->subject_type != PK_SUBJECT_NUMBER || is_digits(subject)
		       ? subject
		       : (struct pk_str){0};
	return PK_OK;
}

/* No lifetime is longer than this; larger numbers are nonsense and must not overflow a point in
 * time. */
#define SECONDS_MAX ((int64_t)100 * 366 * 86400)

int64_t pk_json_seconds(const json_t *value)
{
	int64_t seconds = -1;

	if (json_is_integer(value))
		seconds = json_integer_value(value);
	else if (json_is_real(value) && json_real_value(value) >= 0 &&
		 json_real_value(value) <= (double)SECONDS_MAX)
		seconds = (int64_t)json_real_value(value);
	else if (json_is_string(value) && !pk_str_number((struct pk_str){json_string_value(value),
									 json_string_length(value)},
							 SECONDS_MAX, &seconds))
		seconds = -1;
	return seconds < 0 || seconds > SECONDS_MAX ? -1 : seconds;
}
