/*
 * A peer that is busy is not one that is lost: what its socket has no room for waits here, in order.
 * One that takes nothing is another matter, so there is a bound. That the other side is gone is told
 * by whoever reads from the socket; what waits for it is forgotten without a word.
 */
#include "io/message_queue.h"
#include "base/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct message_waiting {
	STAILQ_ENTRY(message_waiting) entry;
	size_t len;
	char bytes[];
};

static void drop_first(struct message_queue *queue)
{
	struct message_waiting *first = STAILQ_FIRST(&queue->waiting);

	STAILQ_REMOVE_HEAD(&queue->waiting, entry);
	queue->bytes -= first->len;
	sodium_memzero(first->bytes, first->len);
	free(first);
}

static void drop_all(struct message_queue *queue)
{
	while (!STAILQ_EMPTY(&queue->waiting))
		drop_first(queue);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct message_queue *queue = arg;
	struct message_waiting *first;

	(void)what;
	while ((first = STAILQ_FIRST(&queue->waiting)) &&
	       message_send(fd, (struct pk_str){first->bytes, first->len}, -1))
		drop_first(queue);
	if (first && errno != EAGAIN)
		drop_all(queue);
	else if (first && event_add(queue->writable, NULL) != 0)
		drop_all(queue);
}

bool message_queue_begin(struct message_queue *queue, struct event_base *base, int fd, size_t most)
{
	*queue = (struct message_queue){.most = most, .fd = fd};
	STAILQ_INIT(&queue->waiting);
	queue->writable = event_new(base, fd, EV_WRITE, on_writable, queue);
	return queue->writable != NULL;
}

static bool keep(struct message_queue *queue, struct pk_str message)
{
	struct message_waiting *last;

	if (message.len > queue->most - queue->bytes)
		return false;
	last = malloc(sizeof(*last) + message.len);
	if (!last || event_add(queue->writable, NULL) != 0) {
		free(last);
		return false;
	}
	last->len = message.len;
	memcpy(last->bytes, message.ptr, message.len);
	STAILQ_INSERT_TAIL(&queue->waiting, last, entry);
	queue->bytes += message.len;
	return true;
}

bool message_queue_send(struct message_queue *queue, struct pk_str message)
{
	if (message.len == 0 || message.len > MESSAGE_MAX)
		return false;
	if (!STAILQ_EMPTY(&queue->waiting))
		return keep(queue, message);
	return message_send(queue->fd, message, -1) || (errno == EAGAIN && keep(queue, message));
}

void message_queue_end(struct message_queue *queue)
{
	if (!queue->writable)
		return;
	drop_all(queue);
	event_free(queue->writable);
	queue->writable = NULL;
}
