/* Arenas: bump allocation out of the caller's block. There is no free; the block is wiped at the
 * end of its login. */
#include "base/arena.h"

#include <sodium.h>
#include <stdalign.h>

struct pk_arena pk_arena(void *memory, size_t cap)
{
	return (struct pk_arena){.ptr = memory, .cap = cap};
}

void pk_arena_wipe(struct pk_arena *arena)
{
	sodium_memzero(arena->ptr, arena->used);
	arena->used = 0;
}

void *pk_arena_take(struct pk_arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	const size_t pad = (align - ((uintptr_t)(arena->ptr + arena->used) % align)) % align;

	if (arena->cap - arena->used < pad || arena->cap - arena->used - pad < size)
		return NULL;

	unsigned char *taken = arena->ptr + arena->used + pad;
	arena->used += pad + size;
	for (size_t i = 0; i < size; i++)
		taken[i] = 0;
	return taken;
}

enum pk_err pk_arena_copy(struct pk_arena *arena, struct pk_str text, struct pk_str *ret)
{
	struct pk_buf buf = pk_arena_open(arena);

	pk_buf_put(&buf, text);
	return pk_arena_close(arena, &buf, ret);
}

struct pk_buf pk_arena_open(const struct pk_arena *arena)
{
	return pk_buf(arena->ptr + arena->used, arena->cap - arena->used);
}

enum pk_err pk_arena_close(struct pk_arena *arena, const struct pk_buf *buf, struct pk_str *ret)
{
	if (buf->overflow) {
		sodium_memzero(buf->ptr, buf->len);
		return PK_ERR_NO_SPACE;
	}
	arena->used += buf->len;
	*ret = pk_buf_str(buf);
	return PK_OK;
}
