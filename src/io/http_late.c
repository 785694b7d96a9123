/*
 * Replies that come late or never, as those of a provider in trouble do. The reply is complete and
 * waits in evhttp's buffers; the client may hang up meanwhile. A connection is ended by the event
 * loop, because evhttp must not free one that it is just working on.
 */
#include "io/http_exchange.h"

#include <event2/bufferevent.h>

static const struct timeval at_once = {0, 0};

void http_reply_later(struct http_request *request, const struct timeval *delay)
{
	request->fate = FATE_LATE;
	request->delay = *delay;
}

void http_reply_never(struct http_request *request)
{
	request->fate = FATE_NEVER;
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	struct http_request *request = arg;

	(void)fd;
	(void)what;
	if (request->fate == FATE_NEVER) {
		evhttp_connection_free(evhttp_request_get_connection(request->evhttp));
		return;
	}
	http_exchange_answered(request);
	evhttp_send_reply(request->evhttp, request->status, NULL, NULL);
}

static bool wait_for(struct http_request *request, const struct timeval *delay)
{
	if (!request->due)
		request->due =
			evtimer_new(bufferevent_get_base(http_stream(request)), on_due, request);
	return request->due && event_add(request->due, delay) == 0;
}

bool http_hold(struct http_request *request, int status)
{
	if (request->fate == FATE_REPLY ||
	    !wait_for(request, request->fate == FATE_LATE ? &request->delay : &at_once))
		return false;
	request->state = EXCHANGE_HELD;
	request->status = status;
	return true;
}

void http_hang_up(struct http_request *request)
{
	request->fate = FATE_NEVER;
	(void)wait_for(request, &at_once);
}
