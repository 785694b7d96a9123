/*
 * Text that a command is given: a file, standard input, or an argument of the command line, which
 * is wiped there. All of it may hold secrets, so the copy is wiped when it is given back.
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "proofkey.h"

struct input {
	char *memory;
	size_t cap;
	struct pk_str text;
};

/* Reads the file at `path`, or standard input for "-", of at most `max` bytes. False with one
 * sentence in `error`. */
bool input_read(const char *path, size_t max, struct input *ret, char *error, size_t size);

/* Takes the argument out of the command line, so that a list of processes shows it no longer than
 * it must. False without memory. */
bool input_take(char *argument, struct input *ret);

/* Leaves out one line end, as editors and `echo` add it, and nothing else. */
struct pk_str input_line(struct pk_str text);

/* NULL-safe, and harmless on what was never read. */
void input_free(struct input *input);

#endif
