/*
 * The start of a child. The settings come in a memory file that the supervisor made for this role
 * alone.
 */
#include "gateway/child.h"
#include "gateway/calls.h"
#include "gateway/log.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

struct child_memory {
	struct settings settings;
	size_t size;
	char packed[];
};

struct settings *child_settings(enum role role)
{
	struct stat info;
	struct child_memory *memory = NULL;

	if (fstat(CHILD_SETTINGS, &info) != 0 || info.st_size <= 0 || info.st_size > SETTINGS_MAX)
		return NULL;
	/* sodium_malloc() aligns the end, so the size decides how the start is aligned. */
	memory = sodium_malloc((sizeof(*memory) + (size_t)info.st_size + 15) / 16 * 16);
	if (!memory)
		return NULL;
	memory->size = (size_t)info.st_size;
	if (pread(CHILD_SETTINGS, memory->packed, memory->size, 0) != info.st_size ||
	    !settings_unpack((struct pk_str){memory->packed, memory->size}, role,
			     &memory->settings)) {
		sodium_free(memory);
		errno = EBADMSG;
		return NULL;
	}
	close(CHILD_SETTINGS);
	log_threshold((enum log_level)memory->settings.log_level);
	return &memory->settings;
}

/* sodium_free() wipes. */
void child_settings_free(struct settings *settings)
{
	sodium_free(settings);
}
