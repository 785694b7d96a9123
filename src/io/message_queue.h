/*
 * Messages on their way out: sent at once while the socket has room, kept in order and sent when it
 * has some again. What waits is bounded, in bytes, and wiped when it is gone: tokens are among it.
 */
#ifndef IO_MESSAGE_QUEUE_H
#define IO_MESSAGE_QUEUE_H

#include "io/message.h"

#include <event2/event.h>
#include <sys/queue.h>

struct message_queue {
	STAILQ_HEAD(, message_waiting) waiting; /* the oldest first */
	struct event *writable;
	size_t bytes; /* that wait */
	size_t most;
	int fd;
};

/* For a socket of message_pair(), which stays the caller's. False without memory. */
bool message_queue_begin(struct message_queue *queue, struct event_base *base, int fd, size_t most);

/* Sends a copy, now or later. False when the other side is gone or more than `most` bytes behind;
 * then it was not sent and will not be. */
bool message_queue_send(struct message_queue *queue, struct pk_str message);

/* Forgets what was not sent. Also for a queue of zeros, which never began. */
void message_queue_end(struct message_queue *queue);

#endif
