/* Reading what a command is given. Files may be pipes and of any length; what is longer than it may
 * be is refused, never cut. */
#include "cli/input.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_CAP 65536

/* Doubles the memory; unlike realloc() it leaves no copy behind. */
static bool grow(struct input *input, size_t max)
{
	const size_t wanted = input->cap ? 2 * input->cap : FIRST_CAP;
	const size_t cap = wanted < max ? wanted : max;
	char *const memory = malloc(cap);
	const size_t len = input->text.len;

	if (!memory)
		return false;
	if (len)
		memcpy(memory, input->memory, len);
	input_free(input);
	*input = (struct input){.memory = memory, .cap = cap, .text = {memory, len}};
	return true;
}

/* Reads to the end. One byte of room beyond `max` tells a text that is too long. */
static bool read_all(int fd, size_t max, struct input *ret)
{
	for (;;) {
		if (ret->text.len == ret->cap && !grow(ret, max + 1))
			return false;

		const ssize_t got = read(fd, ret->memory + ret->text.len, ret->cap - ret->text.len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		if (got == 0)
			return true;
		ret->text.len += (size_t)got;
		if (ret->text.len > max) {
			errno = EFBIG;
			return false;
		}
	}
}

bool input_read(const char *path, size_t max, struct input *ret, char *error, size_t size)
{
	const bool standard = strcmp(path, "-") == 0;
	const int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool well;

	*ret = (struct input){0};
	well = fd >= 0 && read_all(fd, max, ret);
	if (!well && errno == EFBIG)
		snprintf(error, size, "%s: it is longer than %zu bytes",
			 standard ? "standard input" : path, max);
	else if (!well)
		snprintf(error, size, "%s: %s", standard ? "standard input" : path,
			 strerror(errno));
	if (fd >= 0 && !standard)
		close(fd);
	if (!well)
		input_free(ret);
	return well;
}

bool input_take(char *argument, struct input *ret)
{
	const size_t len = strlen(argument);
	char *const memory = malloc(len + 1);

	*ret = (struct input){0};
	if (!memory)
		return false;
	memcpy(memory, argument, len);
	sodium_memzero(argument, len);
	*ret = (struct input){.memory = memory, .cap = len + 1, .text = {memory, len}};
	return true;
}

struct pk_str input_line(struct pk_str text)
{
	if (!pk_str_ends(text, PK_STR("\n")))
		return text;
	text.len--;
	if (pk_str_ends(text, PK_STR("\r")))
		text.len--;
	return text;
}

void input_free(struct input *input)
{
	if (!input)
		return;
	if (input->memory)
		sodium_memzero(input->memory, input->cap);
	free(input->memory);
	*input = (struct input){0};
}
