/*
 * `proofkey provider show`: a dialect with every key, defaults too. The text is a dialect file
 * again: saved and changed, it is the way to a dialect of one's own.
 */
#include "cli/provider.h"
#include "cli/answer.h"
#include "base/text.h"
#include "io/dialect_file.h"
#include "protocol/dialect.h"

#include <stdio.h>
#include <stdlib.h>

/* Every key and value of a file, and every default, in the file format. */
#define WRITTEN_MAX ((size_t)2 * DIALECT_FILE_MAX)

static json_t *refusals(const struct pk_dialect *dialect)
{
	json_t *const object = json_object();

	for (size_t i = 0; i < dialect->refusal_count; i++) {
		const struct pk_refusal *refusal = &dialect->refusal[i];
		json_t *const words = json_pack(
			"{s:i, s:o, s:o, s:o}", "status", refusal->status, "error",
			answer_json_text(refusal->code), "number",
			refusal->number.ptr ? answer_json_text(refusal->number) : json_null(),
			"error_description", answer_json_text(refusal->text));

		if (json_object_setn_new(object, refusal->check.ptr, refusal->check.len, words)) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *dialect_object(const struct dialect_file *file)
{
	json_t *const object = json_object();
	int failed = json_object_set_new(object, "name", answer_json_text(file->dialect.name));

	failed |= json_object_set_new(object, "file",
				      file->path.ptr ? answer_json_text(file->path) : json_null());
	for (size_t i = 0; i < pk_column_count; i++)
		failed |= json_object_set_new(
			object, pk_columns[i].key,
			dialect_value(&file->dialect, pk_str(pk_columns[i].key)));
	failed |= json_object_set_new(object, "refusals", refusals(&file->dialect));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

/* What a login has to ask for itself, and what each authorize URL asks for already. */
static void print_refresh(const struct pk_dialect *dialect)
{
	struct pk_str value = dialect->refresh_asked_by;

	if (!value.len)
		return;
	if (pk_str_equal(pk_str_cut(&value, '='), PK_STR("scope")))
		printf("# A refresh token comes only to logins with the scope %.*s\n",
		       PK_ARG(value));
	else
		printf("# A refresh token comes only where the authorize URL has %.*s\n",
		       PK_ARG(dialect->refresh_asked_by));
}

/* How far these facts can be trusted, as comments before them. */
static void print_origin(const struct dialect_file *file)
{
	const struct pk_dialect *dialect = &file->dialect;
	char memory[1024];
	struct pk_buf unconfirmed = pk_buf(memory, sizeof(memory));

	printf("# %.*s: %.*s, %.*s\n", PK_ARG(dialect->name), PK_ARG(dialect->title),
	       PK_ARG(file->path.ptr ? file->path : PK_STR("built in")));
	printf("# Checked %.*s against %.*s\n", PK_ARG(dialect->checked), PK_ARG(dialect->source));
	pk_buf_join(&unconfirmed, &dialect->unconfirmed, PK_STR(", "));
	if (unconfirmed.len)
		printf("# Not confirmed by any source: %.*s%s\n", PK_ARG(pk_buf_str(&unconfirmed)),
		       unconfirmed.overflow ? "..." : "");
	print_refresh(dialect);
	putchar('\n');
}

static int print_dialect(const struct provider_options *options, const struct dialect_file *file)
{
	char *const memory = malloc(WRITTEN_MAX);
	struct pk_buf out = pk_buf(memory, memory ? WRITTEN_MAX : 0);

	pk_dialect_write(&file->dialect, &out);
	if (out.overflow) {
		free(memory);
		return answer_failed(options->command, "%.*s: there is no memory to show it",
				     PK_ARG(file->dialect.name));
	}
	print_origin(file);
	fwrite(out.ptr, 1, out.len, stdout);
	free(memory);
	return answer_end(options->command, ANSWER_YES);
}

int provider_show(const struct provider_options *options)
{
	struct dialect_file file;
	char error[512];

	if (!dialect_load(options->directory, pk_str(options->operand), &file, error,
			  sizeof(error)))
		return answer_failed(options->command, "%s", error);

	const int status =
		options->json ? answer_json(options->command, dialect_object(&file), ANSWER_YES)
			      : print_dialect(options, &file);

	dialect_file_free(&file);
	return status;
}
