/*
 * Where a dialect says that a value stands, it is put. Names, pointers and pairs are the dialect's,
 * and bounded here: an array has no more than ARRAY_MAX items. A value that is no UTF-8 cannot
 * stand in JSON and is left out.
 */
#include "sandbox/document.h"
#include "base/encode.h"
#include "base/text.h"

#define NAME_MAX_LEN 64
#define ARRAY_MAX 16
#define PAIR_MAX 512               /* bytes of a name or a value */
#define NUMBER_MAX 999999999999999 /* what every reader of JSON reads exactly (RFC 8259 6) */

static void copy_name(char out[static NAME_MAX_LEN], struct pk_str name)
{
	size_t n = 0;

	for (size_t i = 0; i < name.len && n < NAME_MAX_LEN - 1; i++) {
		char c = name.ptr[i];

		if (c == '~' && i + 1 < name.len)
			c = name.ptr[++i] == '1' ? '/' : '~';
		out[n++] = c;
	}
	out[n] = '\0';
}

static bool is_index(struct pk_str segment, int64_t *ret)
{
	return pk_str_number(segment, ARRAY_MAX - 1, ret);
}

/* Of an array the item, of an object the member, or NULL. */
static json_t *get(json_t *container, struct pk_str segment)
{
	char key[NAME_MAX_LEN];
	int64_t index;

	if (json_is_array(container))
		return is_index(segment, &index) ? json_array_get(container, (size_t)index) : NULL;
	copy_name(key, segment);
	return json_object_get(container, key);
}

/* The value is the container's from then on. */
static void set_new(json_t *container, struct pk_str segment, json_t *value)
{
	char key[NAME_MAX_LEN];
	int64_t index;

	if (!value)
		return;
	if (!json_is_array(container)) {
		copy_name(key, segment);
		(void)json_object_set_new(container, key, value);
		return;
	}
	if (!is_index(segment, &index)) {
		json_decref(value);
		return;
	}
	while (json_array_size(container) <= (size_t)index)
		(void)json_array_append_new(container, json_null());
	(void)json_array_set_new(container, (size_t)index, value);
}

void document_set(json_t *document, struct pk_str name, struct pk_str value)
{
	set_new(document, name, json_stringn(value.ptr, value.len));
}

void document_set_number(json_t *document, struct pk_str name, int64_t value)
{
	set_new(document, name, json_integer(value));
}

/* Goes into `segment`, and makes what `next` can stand in where nothing is there. */
static json_t *enter(json_t *container, struct pk_str segment, struct pk_str next)
{
	json_t *inner = get(container, segment);
	int64_t index;

	if (!json_is_object(inner) && !json_is_array(inner)) {
		set_new(container, segment, is_index(next, &index) ? json_array() : json_object());
		inner = get(container, segment);
	}
	return inner;
}

/* The value is the document's from then on. */
static void put_new(json_t *document, struct pk_str pointer, json_t *value)
{
	json_t *container = document;

	if (!pk_str_starts(pointer, PK_STR("/"))) {
		json_decref(value);
		return;
	}
	pointer = pk_str_from(pointer, 1);

	struct pk_str segment = pk_str_cut(&pointer, '/');

	while (pointer.ptr) {
		const struct pk_str next = pk_str_cut(&pointer, '/');

		container = enter(container, segment, next);
		segment = next;
	}
	set_new(container, segment, value);
}

void document_put(json_t *document, struct pk_str pointer, struct pk_str value)
{
	put_new(document, pointer, json_stringn(value.ptr, value.len));
}

void document_put_bool(json_t *document, struct pk_str pointer, bool value)
{
	put_new(document, pointer, json_boolean(value));
}

/* "007" is a text: a number has one way to be written. */
void document_put_typed(json_t *document, struct pk_str pointer, struct pk_str value)
{
	int64_t number;

	if (pk_str_number(value, NUMBER_MAX, &number) && (value.len == 1 || value.ptr[0] != '0'))
		put_new(document, pointer, json_integer(number));
	else if (pk_str_equal(value, PK_STR("true")) || pk_str_equal(value, PK_STR("false")))
		document_put_bool(document, pointer, value.len == 4);
	else
		document_put(document, pointer, value);
}

static bool decode(struct pk_buf *out, struct pk_str text)
{
	return pk_form_decode(out, text) && !out->overflow;
}

void document_put_more(json_t *document, struct pk_str pairs)
{
	while (pairs.len) {
		struct pk_str value = pk_str_cut(&pairs, '&');
		const struct pk_str name = pk_str_cut(&value, '=');
		char name_memory[PAIR_MAX];
		char value_memory[PAIR_MAX];
		struct pk_buf pointer = pk_buf(name_memory, sizeof(name_memory));
		struct pk_buf text = pk_buf(value_memory, sizeof(value_memory));

		if (decode(&pointer, name) && decode(&text, value))
			document_put_typed(document, pk_buf_str(&pointer), pk_buf_str(&text));
	}
}

/* What stands at a pointer that begins with a slash, or NULL. */
static json_t *find(json_t *document, struct pk_str pointer)
{
	json_t *found = document;

	pointer = pk_str_from(pointer, 1);
	while (pointer.ptr)
		found = get(found, pk_str_cut(&pointer, '/'));
	return found;
}

json_t *document_object(json_t *document, struct pk_str pointer)
{
	if (!pk_str_starts(pointer, PK_STR("/")))
		return document;
	if (!json_is_object(find(document, pointer)))
		put_new(document, pointer, json_object());

	json_t *object = find(document, pointer);

	return json_is_object(object) ? object : document;
}

void document_put_subject(json_t *document, struct pk_str pointer, const struct pk_dialect *dialect,
			  const struct person *person)
{
	char memory[PERSON_SUBJECT_MAX];
	struct pk_buf subject = pk_buf(memory, sizeof(memory));

	person_subject(person, dialect, &subject);
	if (dialect->subject_type == PK_SUBJECT_NUMBER)
		document_put_typed(document, pointer, pk_buf_str(&subject));
	else
		document_put(document, pointer, pk_buf_str(&subject));
}
