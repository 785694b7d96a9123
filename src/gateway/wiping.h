/*
 * Memory that is wiped as it is given back: for libraries that hold tokens while they read and
 * write them, and let an allocator be chosen.
 */
#ifndef GATEWAY_WIPING_H
#define GATEWAY_WIPING_H

#include <stddef.h>

void wiping_free(void *memory);

/* As realloc(), except that what was moved leaves nothing behind. */
void *wiping_realloc(void *memory, size_t size);

#endif
