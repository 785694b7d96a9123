/*
 * Clients that do not take their replies. evhttp reads on while it writes, and keeps what it reads:
 * a client that asks, takes nothing and goes on sending would fill the memory. Such a connection is
 * read no further until the reply is gone; evhttp then reads again by itself. A look every few
 * milliseconds costs the quick ones nothing, where a watermark on the input costs every request.
 */
#include "io/http_exchange.h"

#include <event2/bufferevent.h>

/* Between one and two of these pass before a client counts as slow. */
static const struct timeval patience = {0, 10000};

static void look_again(struct http_unread *unread)
{
	unread->looking = unread->newest && event_add(unread->look, &patience) == 0;
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct http_unread *unread = arg;

	(void)fd;
	(void)what;
	for (struct http_request *at = unread->newest; at; at = at->older) {
		if (at->unread)
			bufferevent_disable(http_stream(at), EV_READ);
		at->unread = true;
	}
	look_again(unread);
}

bool http_unread_init(struct http_unread *unread, struct event_base *base)
{
	unread->look = evtimer_new(base, on_look, unread);
	return unread->look != NULL;
}

void http_unread_free(struct http_unread *unread)
{
	if (unread->look)
		event_free(unread->look);
	unread->look = NULL;
}

void http_unread_add(struct http_unread *unread, struct http_request *request)
{
	request->older = unread->newest;
	if (request->older)
		request->older->newer = request;
	unread->newest = request;
	if (!unread->looking)
		look_again(unread);
}

void http_unread_remove(struct http_unread *unread, struct http_request *request)
{
	if (request->newer)
		request->newer->older = request->older;
	else
		unread->newest = request->older;
	if (request->older)
		request->older->newer = request->newer;
}
