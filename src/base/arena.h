/* Taking memory from an arena. What is taken lives until pk_arena_wipe(). */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "proofkey.h"

/* `size` zeroed bytes, aligned for any type, or NULL when the arena is full. */
void *pk_arena_take(struct pk_arena *arena, size_t size);

/* A copy of `text`. */
enum pk_err pk_arena_copy(struct pk_arena *arena, struct pk_str text, struct pk_str *ret);

/* Opens a writer over all that is left. Nothing else may be taken until it is closed. */
struct pk_buf pk_arena_open(const struct pk_arena *arena);

/* Keeps what was written; PK_ERR_NO_SPACE when it overflowed, and then the arena is as it was
 * before. */
enum pk_err pk_arena_close(struct pk_arena *arena, const struct pk_buf *buf, struct pk_str *ret);

#endif
