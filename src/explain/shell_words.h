/* The words of a command line, as the shell would hand them to the program. */
#ifndef EXPLAIN_SHELL_WORDS_H
#define EXPLAIN_SHELL_WORDS_H

#include "proofkey.h"

enum shell {
	SHELL_POSIX,
	SHELL_CMD,        /* Windows: ^ escapes, then the C runtime's quoting */
	SHELL_POWERSHELL, /* a backtick escapes and continues lines */
};

enum shell_token {
	SHELL_WORD,
	SHELL_NEXT,   /* the command ends and another may follow on the line: ; & | */
	SHELL_LINE,   /* the command ends with its line, or the text does */
	SHELL_BROKEN, /* see `problem` */
	SHELL_FULL,   /* the arena is */
};

struct shell_words {
	struct pk_arena *arena;
	enum shell shell;
	struct pk_str rest; /* what was not read yet */
	const char *start;  /* of the last word; with SHELL_CMD, of its command */
	struct pk_str cmd;  /* SHELL_CMD: what is left of the command without its ^ */
	bool cmd_ready;
	bool any_variable;   /* a variable is no problem: the words are not looked at */
	const char *problem; /* a sentence, static; it is about what `rest` starts with */
};

/* Which shell a command is written for, by its first line. */
enum shell shell_guess(struct pk_str command);

/* The next word, unquoted. Comments and redirections are left out. */
enum shell_token shell_next(struct shell_words *words, struct pk_str *ret);

#endif
