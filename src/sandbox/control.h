/*
 * The sandbox's own endpoints, below /_sandbox/: what was sent, what to get wrong next. They are for
 * the developer who runs it, and for tests; a page of somebody else's in the developer's browser is
 * told nothing and changes nothing.
 */
#ifndef SANDBOX_CONTROL_H
#define SANDBOX_CONTROL_H

#include "sandbox/check.h"

#include <jansson.h>

/* Answers, if the path is one of these. */
bool control_serve(struct exchange *x, struct pk_str path);

/* Answers with a document, which is released. No other origin may read it. */
void control_reply(struct exchange *x, int status, json_t *document);

/* Answers with what is wrong. */
void control_refuse(struct exchange *x, int status, const char *code, const char *text);

/* The value of a query parameter, decoded into the exchange's arena, or "not given"; false where the
 * query cannot be read. */
bool control_query(struct exchange *x, const char *name, struct pk_str *ret);

/* The rows of the table, each in the file that is named for it. */
void logout_everywhere(struct exchange *x, struct pk_str rest);
void attempts_list(struct exchange *x, struct pk_str rest);
void attempts_clear(struct exchange *x, struct pk_str rest);
void attempts_item(struct exchange *x, struct pk_str rest); /* "ID", "ID/explain", "ID/har" */
void stream_listen(struct exchange *x, struct pk_str rest);
void faults_list(struct exchange *x, struct pk_str rest);
void faults_post(struct exchange *x, struct pk_str rest);
void faults_delete(struct exchange *x, struct pk_str rest);

#endif
