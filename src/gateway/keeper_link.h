/*
 * A front's line to the keeper: calls out, answers back in any order. The keeper may die and come
 * back at any time.
 */
#ifndef GATEWAY_KEEPER_LINK_H
#define GATEWAY_KEEPER_LINK_H

#include "gateway/calls.h"

#include <event2/event.h>

#define KEEPER_CALL_SECONDS 90 /* longer than four exchanges with a slow provider take */

struct keeper_link;

/* `answer` is at the field after the call's number; NULL when the keeper is gone or takes too long.
 * Called exactly once. */
typedef void keeper_answer(struct message_reader *answer, void *arg);

struct keeper_link *keeper_link_new(struct event_base *base);
void keeper_link_free(struct keeper_link *link);

/* A new connection (after a start or a restart of the keeper); calls under way on the old one are
 * answered with NULL. */
void keeper_link_set(struct keeper_link *link, int fd);

/* Replaces KEEPER_CALL_SECONDS for calls from now on: tests do not wait that long. */
void keeper_link_patience(struct keeper_link *link, int64_t seconds);

bool keeper_link_up(const struct keeper_link *link);

/* Starts a call: writes its head into `message`; the fields follow, then keeper_link_send(). */
void keeper_link_begin(struct keeper_link *link, enum call call, struct pk_buf *message);

/* Sends it. False, and no call of `done`, when the keeper is away or too many calls are under
 * way. */
bool keeper_link_send(struct keeper_link *link, const struct pk_buf *message, keeper_answer *done,
		      void *arg);

#endif
