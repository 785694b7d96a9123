/*
 * The log: one line on stderr for each event, `key=value` pairs, quoted where they need it. No line
 * ever holds a code, a verifier, a token, a secret or a cookie; values from outside are cut and
 * reduced to printable ASCII.
 */
#ifndef GATEWAY_LOG_H
#define GATEWAY_LOG_H

#include "proofkey.h"

struct log_field {
	const char *key;
	struct pk_str value; /* an empty one is left out */
};

/* Lines that matter less than this are not written. */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVELS };
void log_threshold(enum log_level level);

/* The level of that name, or LOG_LEVELS. */
enum log_level log_level_named(struct pk_str name);

/* Names the process in every line from now on: "front", "keeper", "supervisor". */
void log_process(const char *name);

/* `level` is "debug", "info", "warn" or "error"; `event` a dotted name, "login.failed". */
void log_event(const char *level, const char *event, const struct log_field *fields, size_t count);

/* A sentence, for what has no fields. */
void log_text(const char *level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
