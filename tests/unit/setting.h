/* What the tests of the core stand on: cmocka with what it needs, a login at a dialect with memory
 * of its own, and comparisons that print both sides. */
#ifndef TESTS_SETTING_H
#define TESTS_SETTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proofkey.h"

struct setting {
	struct pk_dialect dialect;
	struct pk_login login;
	unsigned char memory[PK_ARENA_LOGIN];
	struct pk_arena arena;
	struct pk_why why;
};

/* A login at a built-in dialect: client "client-1", a redirect URI that its rules allow, two
 * scopes, those that it insists on first, and where the dialect asks for a host or is to be
 * discovered, "login.example.com". */
void setting_make(struct setting *setting, const char *dialect);

/* The state that tests send: as short as one may be. */
#define STATE "abcdefghijklmnopqrstuv"

/* A code out of a callback that was right. */
const struct pk_grant_code *setting_code(struct setting *setting);

/* Compares errors by name, so that a failure can be read. */
#define assert_err(expression, want)                                                               \
	assert_string_equal(pk_err_info(expression)->name, pk_err_info(want)->name)

#define assert_text(got, want) assert_text_at((got), (want), __FILE__, __LINE__)
void assert_text_at(struct pk_str got, const char *want, const char *file, int line);

/* "Not given" is not the empty text. */
#define assert_not_given(got) assert_null((got).ptr)

/* Whether `needle` stands in `text`; for what must be said, and for what must not leak. */
bool text_has(struct pk_str text, const char *needle);

#endif
