/*
 * Reading JSON with its place in hand, so that a refusal can say events[2].request.url. The views
 * given point into the JSON; what is kept of them is copied.
 */
#include "explain/member.h"
#include "base/err.h"
#include "base/text.h"

struct pk_str json_view(const json_t *value)
{
	return (struct pk_str){json_string_value(value), json_string_length(value)};
}

static void put_path(struct pk_buf *out, const struct place *place)
{
	if (place->parent)
		put_path(out, place->parent);
	if (place->key) {
		pk_buf_put(out, out->len ? PK_STR(".") : PK_STR(""));
		pk_buf_put(out, pk_str(place->key));
	} else if (place->parent) {
		pk_buf_char(out, '[');
		pk_buf_number(out, (int64_t)place->index);
		pk_buf_char(out, ']');
	}
}

enum pk_err member_refuse(const struct making *making, const struct place *place, const char *key,
			  const char *sentence)
{
	const struct place whole = {.parent = place, .key = key};
	char memory[128];
	struct pk_buf path = pk_buf(memory, sizeof(memory));

	put_path(&path, key ? &whole : place);
	return pk_refuse(making->why, PK_ERR_CAPTURE_SYNTAX, NULL, "%.*s %s", (int)path.len,
			 path.ptr, sentence);
}

static const json_t *member(const struct place *place, const char *key)
{
	const json_t *value = json_object_get(place->value, key);

	return json_is_null(value) ? NULL : value;
}

enum pk_err member_text(const struct making *making, const struct place *place, const char *key,
			struct pk_str *ret)
{
	const json_t *value = member(place, key);

	if (value && !json_is_string(value))
		return member_refuse(making, place, key, "is no text");
	*ret = json_view(value);
	return PK_OK;
}

enum pk_err member_object(const struct making *making, const struct place *place, const char *key,
			  struct place *ret)
{
	*ret = (struct place){.value = member(place, key), .parent = place, .key = key};
	if (ret->value && !json_is_object(ret->value))
		return member_refuse(making, ret, NULL, "is no object");
	return PK_OK;
}

enum pk_err member_array(const struct making *making, const struct place *place, const char *key,
			 struct place *ret)
{
	*ret = (struct place){.value = member(place, key), .parent = place, .key = key};
	if (ret->value && !json_is_array(ret->value))
		return member_refuse(making, ret, NULL, "is no array");
	return PK_OK;
}

enum pk_err member_number(const struct making *making, const struct place *place, const char *key,
			  double max, double *ret)
{
	const json_t *value = member(place, key);

	*ret = value ? json_number_value(value) : -1;
	if (value && (!json_is_number(value) || *ret < 0 || *ret > max))
		return member_refuse(making, place, key, "is no number that it can be");
	return PK_OK;
}

enum pk_err member_element(const struct making *making, const struct place *array, size_t index,
			   struct place *ret)
{
	*ret = (struct place){
		.value = json_array_get(array->value, index), .parent = array, .index = index};
	if (!json_is_object(ret->value))
		return member_refuse(making, ret, NULL, "is no object");
	return PK_OK;
}

enum pk_err member_header(const struct making *making, const struct place *place,
			  struct pk_message *message, struct pk_header *room, struct pk_str name,
			  struct pk_str value)
{
	if (message->header_count == CAPTURE_HEADERS_MAX)
		return member_refuse(making, place, NULL, "has more than 100 headers");
	room[message->header_count++] = (struct pk_header){name, value};
	message->header = room;
	return PK_OK;
}
