/* `proofkey provider list`: what each provider wants, one a line. */
#include "cli/provider.h"
#include "cli/answer.h"
#include "io/dialect_file.h"

#include <stdio.h>
#include <string.h>

/* The columns of the table: the keys of a dialect that people choose by. */
/* clang-format off */
static const struct {
	const char *heading;
	const char *key;
} columns[] = {
	{"NAME",      "name"},
	{"TITLE",     "title"},
	{"PKCE",      "pkce"},
	{"CHALLENGE", "challenge"},
	{"CLIENT",    "client_auth"},
};
/* clang-format on */

#define CELL_MAX 128 /* bytes; a longer one is cut */
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static json_t *row(const struct pk_dialect *dialect)
{
	json_t *const object = json_object();
	int failed = json_object_set_new(object, "name", answer_json_text(dialect->name));

	for (size_t i = 1; i < COLUMNS; i++)
		failed |= json_object_set_new(object, columns[i].key,
					      dialect_value(dialect, pk_str(columns[i].key)));
	/* Where no challenge is sent, it has no encoding. */
	if (dialect->pkce == PK_PKCE_OFF || dialect->pkce == PK_PKCE_REFUSED)
		failed |= json_object_set_new(object, "challenge", json_null());
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

/* Writes one cell as text into `out`: a string, a list with commas, or - for nothing. */
static void write_cell(const json_t *row, const char *key, char *out, size_t size)
{
	const json_t *const value = json_object_get(row, key);
	struct pk_buf text = pk_buf(out, size - 1);

	for (size_t i = 0; i < json_array_size(value); i++) {
		pk_buf_put(&text, i ? PK_STR(",") : PK_STR(""));
		pk_buf_put(&text, pk_str(json_string_value(json_array_get(value, i))));
	}
	if (json_is_string(value))
		pk_buf_put(&text, pk_str(json_string_value(value)));
	if (!text.len)
		pk_buf_put(&text, PK_STR("-"));
	out[text.len] = '\0';
}

static void measure(const json_t *rows, int width[COLUMNS])
{
	char text[CELL_MAX];

	for (size_t i = 0; i < COLUMNS; i++) {
		width[i] = (int)strlen(columns[i].heading);
		for (size_t j = 0; j < json_array_size(rows); j++) {
			write_cell(json_array_get(rows, j), columns[i].key, text, sizeof(text));
			if ((int)strlen(text) > width[i])
				width[i] = (int)strlen(text);
		}
	}
}

static void print_table(const json_t *rows)
{
	int width[COLUMNS];
	char text[CELL_MAX];

	measure(rows, width);
	width[COLUMNS - 1] = 0; /* no blanks at the end of a line */
	for (size_t i = 0; i < COLUMNS; i++)
		printf("%-*s%s", width[i], columns[i].heading, i + 1 < COLUMNS ? "  " : "\n");
	for (size_t j = 0; j < json_array_size(rows); j++) {
		for (size_t i = 0; i < COLUMNS; i++) {
			write_cell(json_array_get(rows, j), columns[i].key, text, sizeof(text));
			printf("%-*s%s", width[i], text, i + 1 < COLUMNS ? "  " : "\n");
		}
	}
}

/* Adds the dialect `name`; one that cannot be read is said and gives false. */
static bool add_row(const struct provider_options *options, const char *name, json_t *rows)
{
	struct dialect_file file;
	char error[512];

	if (!dialect_load(options->directory, pk_str(name), &file, error, sizeof(error))) {
		(void)answer_failed(options->command, "%s", error);
		return false;
	}

	const bool added = json_array_append_new(rows, row(&file.dialect)) == 0;

	dialect_file_free(&file);
	return added;
}

int provider_list(const struct provider_options *options)
{
	struct dialect_names names;
	char error[512];
	int status = ANSWER_YES;

	if (!dialect_list(options->directory, &names, error, sizeof(error)))
		return answer_failed(options->command, "%s", error);

	json_t *const rows = json_array();

	for (size_t i = 0; i < names.count; i++)
		if (!add_row(options, names.name[i], rows))
			status = ANSWER_NO;
	if (options->json)
		return answer_json(options->command, rows, status);
	print_table(rows);
	json_decref(rows);
	return answer_end(options->command, status);
}
