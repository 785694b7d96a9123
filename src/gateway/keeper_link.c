/*
 * Calls to the keeper. A call is known by a number that is never used twice, so an answer that
 * comes too late finds nobody.
 */
#include "gateway/keeper_link.h"
#include "base/text.h"
#include "io/message_queue.h"

#include <sodium.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WAITING_MAX (1u << 22) /* bytes of calls that the socket has no room for yet */

struct pending {
	uint64_t number;  /* 0: free */
	int64_t deadline; /* seconds on a clock that nobody sets */
	keeper_answer *done;
	void *arg;
};

struct keeper_link {
	struct event_base *base;
	struct event *readable;
	struct event *tick;
	struct message_queue calls;
	int fd;
	uint64_t next_number;
	int64_t patience;
	struct pending pending[CALLS_MAX];
	char memory[MESSAGE_MAX];
};

static struct pending *slot_of(struct keeper_link *link, uint64_t number)
{
	return &link->pending[number % CALLS_MAX];
}

static void finish(struct pending *pending, struct message_reader *answer)
{
	const struct pending call = *pending;

	*pending = (struct pending){0};
	call.done(answer, call.arg);
}

static int64_t now(void)
{
	struct timespec clock;

	clock_gettime(CLOCK_MONOTONIC, &clock);
	return clock.tv_sec;
}

/* Answers with NULL the calls whose time is up. */
static void abandon(struct keeper_link *link, int64_t deadline)
{
	for (size_t i = 0; i < CALLS_MAX; i++)
		if (link->pending[i].number && link->pending[i].deadline <= deadline)
			finish(&link->pending[i], NULL);
}

static void hang_up(struct keeper_link *link)
{
	if (link->fd < 0)
		return;
	message_queue_end(&link->calls);
	event_free(link->readable);
	link->readable = NULL;
	close(link->fd);
	link->fd = -1;
}

static void abandon_all(struct keeper_link *link)
{
	hang_up(link);
	abandon(link, INT64_MAX);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct keeper_link *link = arg;
	struct pk_str message;

	(void)what;
	for (;;) {
		switch (message_receive(fd, link->memory, &message, NULL)) {
		case MESSAGE_NONE:
			return;
		case MESSAGE_CLOSED:
			abandon_all(link);
			return;
		case MESSAGE_GOT:
			break;
		}

		struct message_reader reader = message_reader(message);
		const uint64_t number = message_number(&reader);
		struct pending *pending = slot_of(link, number);

		if (number && pending->number == number)
			finish(pending, &reader);
		sodium_memzero(link->memory, message.len);
		if (link->fd != fd)
			return;
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	abandon(arg, now());
}

struct keeper_link *keeper_link_new(struct event_base *base)
{
	struct keeper_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->base = base;
	link->fd = -1;
	link->next_number = 1;
	link->patience = KEEPER_CALL_SECONDS;
	link->tick = event_new(base, -1, EV_PERSIST, on_tick, link);
	if (!link->tick || event_add(link->tick, &(struct timeval){1, 0}) != 0) {
		keeper_link_free(link);
		return NULL;
	}
	return link;
}

void keeper_link_free(struct keeper_link *link)
{
	if (!link)
		return;
	abandon_all(link);
	if (link->tick)
		event_free(link->tick);
	free(link);
}

void keeper_link_set(struct keeper_link *link, int fd)
{
	abandon_all(link);
	link->readable = event_new(link->base, fd, EV_READ | EV_PERSIST, on_readable, link);
	if (link->readable && message_queue_begin(&link->calls, link->base, fd, WAITING_MAX) &&
	    event_add(link->readable, NULL) == 0) {
		link->fd = fd;
		return;
	}
	message_queue_end(&link->calls);
	if (link->readable)
		event_free(link->readable);
	link->readable = NULL;
	close(fd);
}

void keeper_link_patience(struct keeper_link *link, int64_t seconds)
{
	link->patience = seconds;
}

bool keeper_link_up(const struct keeper_link *link)
{
	return link->fd >= 0;
}

void keeper_link_begin(struct keeper_link *link, enum call call, struct pk_buf *message)
{
	/* A call that takes long keeps its place; the numbers go on past it. */
	for (size_t i = 0; i < CALLS_MAX && slot_of(link, link->next_number)->number; i++)
		link->next_number++;
	message_put_number(message, (uint64_t)call);
	message_put_number(message, link->next_number);
}

bool keeper_link_send(struct keeper_link *link, const struct pk_buf *message, keeper_answer *done,
		      void *arg)
{
	struct pending *pending = slot_of(link, link->next_number);

	if (message->overflow || link->fd < 0 || pending->number ||
	    !message_queue_send(&link->calls, pk_buf_str(message)))
		return false;
	*pending = (struct pending){link->next_number++, now() + link->patience, done, arg};
	return true;
}
