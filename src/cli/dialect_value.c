/* A dialect's values by key, from the same table of columns that the dialect reader goes by. */
#include "cli/provider.h"
#include "cli/answer.h"
#include "protocol/dialect.h"

static json_t *list_value(const struct pk_list *list)
{
	json_t *const array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		if (json_array_append_new(array, answer_json_text(list->item[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *column_value(const struct pk_column *column, const void *at)
{
	switch (column->type) {
	case PK_COLUMN_TEXT:
		return answer_json_text(*(const struct pk_str *)at);
	case PK_COLUMN_LIST:
		return list_value(at);
	case PK_COLUMN_CHOICE:
		return json_string(column->choices[*(const int *)at]);
	case PK_COLUMN_BOOL:
		return json_boolean(*(const bool *)at);
	case PK_COLUMN_NUMBER:
		return json_integer(*(const int64_t *)at);
	}
	return NULL;
}

json_t *dialect_value(const struct pk_dialect *dialect, struct pk_str key)
{
	for (size_t i = 0; i < pk_column_count; i++)
		if (pk_str_equal(key, pk_str(pk_columns[i].key)))
			return column_value(&pk_columns[i],
					    (const unsigned char *)dialect + pk_columns[i].offset);
	return NULL;
}
