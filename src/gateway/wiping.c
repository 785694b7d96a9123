/* free() and realloc(), less what they leave behind. */
#include "gateway/wiping.h"

#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void wiping_free(void *memory)
{
	if (memory)
		sodium_memzero(memory, malloc_usable_size(memory));
	free(memory);
}

void *wiping_realloc(void *memory, size_t size)
{
	const size_t before = memory ? malloc_usable_size(memory) : 0;
	void *moved;

	if (memory && size && size <= before)
		return memory;
	moved = size ? malloc(size) : NULL;
	if (size && !moved)
		return NULL;
	if (moved && before)
		memcpy(moved, memory, before);
	wiping_free(memory);
	return moved;
}
