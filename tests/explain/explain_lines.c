/*
 * What `proofkey explain --json` says, for thousands of captures without starting a program for each:
 * explain_lines DIALECT_FILE... reads captures from its input, each behind a line with its length in
 * bytes, and answers each with such a line and the report. The built-in dialects are there anyway.
 */
#include "proofkey_explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIALECTS_MAX 64
#define DIALECT_TEXT_MAX 65536

static struct pk_dialect dialects[DIALECTS_MAX];
static const struct pk_dialect *known[DIALECTS_MAX];
static size_t known_count;
static unsigned char arena_memory[PK_ARENA_CAPTURE];
static char report_memory[PK_REPORT_MAX];

static void die(const char *what, const struct pk_why *why)
{
	fprintf(stderr, "explain_lines: %s: %s\n", what, why ? why->detail : "cannot be read");
	exit(2);
}

static void add_dialect(const char *name, size_t name_len, const char *text, size_t size)
{
	struct pk_why why = {0};

	if (known_count == DIALECTS_MAX)
		die("too many dialects", NULL);
	if (pk_dialect_parse((struct pk_str){name, name_len}, (struct pk_str){text, size},
			     &dialects[known_count], &why) != PK_OK)
		die(name, &why);
	known[known_count] = &dialects[known_count];
	known_count++;
}

/* The text stays in memory: the dialect is a view of it. */
static void read_dialect(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');
	char *text = malloc(DIALECT_TEXT_MAX);
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!text || !file || !dot)
		die(path, NULL);
	size = fread(text, 1, DIALECT_TEXT_MAX, file);
	if (ferror(file) || size == DIALECT_TEXT_MAX)
		die(path, NULL);
	(void)fclose(file);
	add_dialect(name, (size_t)(dot - name), text, size);
}

/* What is no capture is answered with why, as JSON too. */
static void put_refusal(const struct pk_why *why, struct pk_buf *out)
{
	pk_buf_put(out, PK_STR("{\"refused\": \""));
	for (const char *c = why->detail; *c; c++)
		pk_buf_put(out, *c == '"' || *c == '\\' ? PK_STR("'") : (struct pk_str){c, 1});
	pk_buf_put(out, PK_STR("\"}\n"));
}

static void explain(const char *text, size_t size)
{
	static struct pk_report report;
	struct pk_arena arena = pk_arena(arena_memory, sizeof(arena_memory));
	struct pk_buf out = pk_buf(report_memory, sizeof(report_memory));
	struct pk_capture capture = {0};
	struct pk_why why = {0};

	if (pk_capture_read(&arena, (struct pk_str){text, size}, &capture, &why) != PK_OK ||
	    pk_explain(&arena, &capture, known, known_count, &report, &why) != PK_OK)
		put_refusal(&why, &out);
	else
		pk_report_json(&report, false, &out);
	printf("%zu\n", out.len);
	(void)fwrite(out.ptr, 1, out.len, stdout);
	(void)fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[32];

	for (const char *name; (name = pk_dialect_name(known_count));)
		add_dialect(name, strlen(name), pk_dialect_text(name),
			    strlen(pk_dialect_text(name)));
	for (int i = 1; i < argc; i++)
		read_dialect(argv[i]);
	while (fgets(line, sizeof(line), stdin)) {
		const size_t size = strtoul(line, NULL, 10);
		char *text = malloc(size + 1);

		if (!text || fread(text, 1, size, stdin) != size)
			die("the input", NULL);
		explain(text, size);
		free(text);
	}
	return 0;
}
