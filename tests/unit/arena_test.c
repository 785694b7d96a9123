/* Arenas: bounds, alignment, and that nothing outlives the wipe. */
#include "setting.h"

#include "base/arena.h"
#include "base/text.h"

#include <stdalign.h>

static void what_is_taken_is_aligned_and_zeroed(void **state)
{
	unsigned char memory[512];
	struct pk_arena arena = pk_arena(memory + 1, sizeof(memory) - 1);

	(void)state;
	memset(memory, 0xaa, sizeof(memory));
	for (size_t size = 1; size < 40; size += 7) {
		const unsigned char *taken = pk_arena_take(&arena, size);

		assert_non_null(taken);
		assert_int_equal((uintptr_t)taken % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(taken[i], 0);
	}
}

static void a_full_arena_says_so(void **state)
{
	alignas(max_align_t) unsigned char memory[64];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_str copy = PK_STR("untouched");

	(void)state;
	assert_null(pk_arena_take(&arena, 65));
	assert_null(pk_arena_take(&arena, SIZE_MAX));
	assert_int_equal(arena.used, 0);
	assert_non_null(pk_arena_take(&arena, 64));
	assert_null(pk_arena_take(&arena, 1));
	assert_err(pk_arena_copy(&arena, PK_STR("x"), &copy), PK_ERR_NO_SPACE);
	assert_text(copy, "untouched");
}

static void an_overflowing_writer_leaves_the_arena_as_it_was(void **state)
{
	unsigned char memory[8];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_str first, ret;

	(void)state;
	assert_err(pk_arena_copy(&arena, PK_STR("abc"), &first), PK_OK);

	struct pk_buf buf = pk_arena_open(&arena);

	pk_buf_put(&buf, PK_STR("key"));
	pk_buf_put(&buf, PK_STR("secret"));
	assert_err(pk_arena_close(&arena, &buf, &ret), PK_ERR_NO_SPACE);
	assert_int_equal(arena.used, 3);
	assert_text(first, "abc");
	assert_false(text_has((struct pk_str){(char *)memory, sizeof(memory)}, "key"));
}

static void wiping_leaves_nothing(void **state)
{
	unsigned char memory[32] = {0};
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_str copy;

	(void)state;
	assert_err(pk_arena_copy(&arena, PK_STR("a token"), &copy), PK_OK);
	pk_arena_wipe(&arena);
	assert_int_equal(arena.used, 0);
	for (size_t i = 0; i < sizeof(memory); i++)
		assert_int_equal(memory[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_taken_is_aligned_and_zeroed),
		cmocka_unit_test(a_full_arena_says_so),
		cmocka_unit_test(an_overflowing_writer_leaves_the_arena_as_it_was),
		cmocka_unit_test(wiping_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
