/* What the tests of the readers of captures share: reading a text in memory of its own, and asking
 * what came of it. */
#ifndef TESTS_CAPTURED_H
#define TESTS_CAPTURED_H

#include "setting.h"

#include "proofkey_explain.h"

#include <stdio.h>
#include <stdlib.h>

struct captured {
	struct pk_capture capture;
	struct pk_why why;
	struct pk_arena arena;
};

static unsigned char captured_memory[PK_ARENA_CAPTURE];

/* Reads the text; a text that is refused fails the test. */
static inline struct captured captured_read(struct pk_str text)
{
	struct captured captured = {.arena = pk_arena(captured_memory, sizeof(captured_memory))};
	const enum pk_err err =
		pk_capture_read(&captured.arena, text, &captured.capture, &captured.why);

	if (err != PK_OK)
		print_error("%s: %s\n", pk_err_info(err)->name, captured.why.detail);
	assert_err(err, PK_OK);
	return captured;
}

/* Reads a file of tests/captures/. What is in memory lives until the next one. */
static inline struct pk_str captured_file(const char *name)
{
	static char text[1 << 16];
	const char *folder = getenv("CAPTURES");
	char path[4096];
	FILE *file;
	size_t size;

	assert_non_null(folder);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	size = fread(text, 1, sizeof(text), file);
	assert_true(size < sizeof(text));
	(void)fclose(file);
	return (struct pk_str){text, size};
}

/* A text that is refused with an error, and the start of its sentence. */
static inline void assert_refused(const char *text, enum pk_err want, const char *detail)
{
	struct captured captured = {.arena = pk_arena(captured_memory, sizeof(captured_memory))};

	assert_err(pk_capture_read(&captured.arena, pk_str(text), &captured.capture, &captured.why),
		   want);
	if (strncmp(captured.why.detail, detail, strlen(detail)) != 0)
		assert_string_equal(captured.why.detail, detail);
}

/* The header of that name, in any case, or "not given". */
static inline struct pk_str header_of(const struct pk_message *message, const char *name)
{
	for (size_t i = 0; i < message->header_count; i++)
		if (message->header[i].name.len == strlen(name) &&
		    strncasecmp(message->header[i].name.ptr, name, strlen(name)) == 0)
			return message->header[i].value;
	return (struct pk_str){0};
}

/* The kinds of the events in their order: A, C, T, O. */
static inline void assert_kinds(const struct captured *captured, const char *want)
{
	char got[PK_EVENTS_MAX + 1] = "";

	for (size_t i = 0; i < captured->capture.count; i++)
		got[i] = "ACTO"[captured->capture.event[i].kind];
	assert_string_equal(got, want);
}

#endif
