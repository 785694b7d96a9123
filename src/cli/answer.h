/*
 * How a command ends: with its result on stdout, or with one sentence on stderr; 0 is yes, 1 is no
 * or failed, 2 is wrong usage. `command` is what the person typed, "proofkey pkce".
 */
#ifndef CLI_ANSWER_H
#define CLI_ANSWER_H

#include "proofkey.h"

#include <jansson.h>

enum answer { ANSWER_YES = 0, ANSWER_NO = 1, ANSWER_USAGE = 2 };

/* Says what is wrong with the command line and where the help is; gives ANSWER_USAGE. */
int answer_usage(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same for what getopt_long() gave ('?' or ':') with an option string that begins with ':'. */
int answer_option(const char *command, int got, char *const *argv);

/* Says what failed; gives ANSWER_NO. */
int answer_failed(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Says what the library refused: the error's sentence, the evidence, the reference. */
int answer_refused(const char *command, enum pk_err err, const struct pk_why *why);

/* Ends the result on stdout. Gives `status`, or ANSWER_NO when the result could not be written. */
int answer_end(const char *command, int status);

/* Writes `result` as the whole answer and releases it; NULL, one that could not be made, is a
 * failure. */
int answer_json(const char *command, json_t *result, int status);

/* The JSON string of a view; what is not UTF-8 makes NULL, which json_pack() hands on. */
json_t *answer_json_text(struct pk_str text);

#endif
