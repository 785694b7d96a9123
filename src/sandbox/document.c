/* Where a dialect says that a value stands, it is put. Names and pointers are the dialect's, checked
 * when it was read; a value that is no UTF-8 cannot stand in JSON and is left out. */
#include "sandbox/document.h"
#include "base/text.h"

#define NAME_MAX_LEN 64

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

static void set_new(json_t *object, struct pk_str name, json_t *value)
{
	char key[NAME_MAX_LEN];

	copy_name(key, name);
	if (value)
		(void)json_object_set_new(object, key, value);
}

void document_set(json_t *document, struct pk_str name, struct pk_str value)
{
	set_new(document, name, json_stringn(value.ptr, value.len));
}

void document_set_number(json_t *document, struct pk_str name, int64_t value)
{
	set_new(document, name, json_integer(value));
}

/* The value is the document's from then on. */
static void put_new(json_t *document, struct pk_str pointer, json_t *value)
{
	json_t *object = document;
	struct pk_str segment;

	if (!pk_str_starts(pointer, PK_STR("/"))) {
		json_decref(value);
		return;
	}
	pointer = pk_str_from(pointer, 1);
	segment = pk_str_cut(&pointer, '/');
	while (pointer.ptr) {
		char key[NAME_MAX_LEN];

		copy_name(key, segment);
		if (!json_is_object(json_object_get(object, key)))
			set_new(object, segment, json_object());
		object = json_object_get(object, key);
		segment = pk_str_cut(&pointer, '/');
	}
	set_new(object, segment, value);
}

void document_put(json_t *document, struct pk_str pointer, struct pk_str value)
{
	put_new(document, pointer, json_stringn(value.ptr, value.len));
}

void document_put_true(json_t *document, struct pk_str pointer)
{
	put_new(document, pointer, json_true());
}
