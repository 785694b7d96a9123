/*
 * The HTTP server: when an exchange begins, who owns it, and when it is over. evhttp reads and
 * writes HTTP/1.1 (RFC 9112) and is trusted with that; this file holds it to bounds in size and
 * time, and makes sure that neither a client that hangs up nor a drain finds memory already freed.
 */
#include "io/http_exchange.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

/* All methods that evhttp knows, so that the program answers for them. It gives 501 for others. */
#define METHODS                                                                                    \
	(EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | \
	 EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH)

static const struct timeval accept_pause = {1, 0};

struct http_server {
	struct evhttp *evhttp;
	struct evhttp_bound_socket *listening; /* NULL once it is to end */
	struct event *accept_again;
	struct event *settled; /* calls `drained`, outside of evhttp's own calls */
	http_handler *handler;
	void *arg;
	struct http_unread unread;
	size_t open; /* exchanges whose reply is not yet written */
	bool draining;
	void (*drained)(void *arg);
	void *drained_arg;
};

bool http_server_is_draining(const struct http_server *server)
{
	return !server->listening;
}

void http_exchange_end(struct http_request *request)
{
	struct http_server *server = request->server;

	if (request->state == EXCHANGE_ANSWERED)
		http_unread_remove(&server->unread, request);
	http_arena_release(request);
	if (request->due)
		event_free(request->due);
	free(request);
	server->open--;
	if (server->draining && server->open == 0)
		event_active(server->settled, EV_TIMEOUT, 1);
}

void http_exchange_answered(struct http_request *request)
{
	request->state = EXCHANGE_ANSWERED;
	http_unread_add(&request->server->unread, request);
}

struct bufferevent *http_stream(const struct http_request *request)
{
	return evhttp_connection_get_bufferevent(evhttp_request_get_connection(request->evhttp));
}

/* evhttp leaves open a connection that asked for CONNECT: that would be a tunnel. This is none. */
static void end_tunnel(const struct http_request *request)
{
	if (evhttp_request_get_command(request->evhttp) == EVHTTP_REQ_CONNECT)
		shutdown(bufferevent_getfd(http_stream(request)), SHUT_RDWR);
}

/* The last byte of the reply is with the kernel. evhttp frees its request after this. */
static void on_written(struct evhttp_request *evhttp, void *arg)
{
	struct http_request *request = arg;

	evhttp_connection_set_closecb(evhttp_request_get_connection(evhttp), NULL, NULL);
	if (request->watched)
		bufferevent_setwatermark(http_stream(request), EV_READ, 0, 0);
	end_tunnel(request);
	http_exchange_end(request);
}

/*
 * The connection ends with an exchange on it. evhttp has detached its request, which is ours to
 * free then, unless the reply was being written or the whole server ends: those it frees itself.
 */
static void on_closed(struct evhttp_connection *connection, void *arg)
{
	struct http_request *request = arg;
	const bool ours = evhttp_request_get_connection(request->evhttp) == NULL;

	(void)connection;
	if (request->state == EXCHANGE_PENDING && ours && !request->gone) {
		request->state = EXCHANGE_LOST; /* until http_reply() gives it back */
		return;
	}
	if (request->gone &&
	    (request->state == EXCHANGE_PENDING || request->state == EXCHANGE_STREAM))
		request->gone(request->gone_arg);
	if (ours)
		evhttp_request_free(request->evhttp);
	http_exchange_end(request);
}

/* A connection must not be used after a request that was not understood. */
static void refuse(struct http_request *request)
{
	http_reply_header(request, "Connection", PK_STR("close"));
	http_reply(request, 400, NULL, PK_STR(""));
}

static void on_request(struct evhttp_request *evhttp, void *arg)
{
	struct http_server *server = arg;
	struct http_request *request = calloc(1, sizeof(*request));

	if (!request) {
		evhttp_send_error(evhttp, 503, NULL);
		return;
	}
	request->server = server;
	request->evhttp = evhttp;
	server->open++;
	evhttp_connection_set_closecb(evhttp_request_get_connection(evhttp), on_closed, request);
	evhttp_request_set_on_complete_cb(evhttp, on_written, request);
	if (http_request_read(request))
		server->handler(request, server->arg);
	else
		refuse(request);
}

/*
 * evhttp does not read while a request is pending, and so would not see the end. It must not be
 * handed the next request now either: it ends the process then. So the next request waits in the
 * buffer, bounded by a watermark, and evhttp takes its callback back when the reply is written.
 */
static void watch(struct http_request *request)
{
	struct bufferevent *stream = http_stream(request);
	bufferevent_data_cb on_output;
	bufferevent_event_cb on_event;
	void *arg;

	request->watched = true;
	bufferevent_getcb(stream, NULL, &on_output, &on_event, &arg);
	bufferevent_setcb(stream, NULL, on_output, on_event, arg);
	bufferevent_setwatermark(stream, EV_READ, 0, HTTP_HEADERS_MAX + HTTP_BODY_MAX);
	bufferevent_enable(stream, EV_READ);
}

void http_on_gone(struct http_request *request, void (*gone)(void *arg), void *arg)
{
	request->gone = gone;
	request->gone_arg = arg;
	if (gone && !request->watched && request->state == EXCHANGE_PENDING)
		watch(request);
}

/* Out of descriptors: without a pause the loop would do nothing but fail to accept. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	evconnlistener_disable(listener);
}

static void on_accept_again(evutil_socket_t fd, short what, void *arg)
{
	const struct http_server *server = arg;

	(void)fd;
	(void)what;
	if (server->listening)
		evconnlistener_enable(evhttp_bound_socket_get_listener(server->listening));
}

/* Nothing is under way; connections that still exist are idle, and end with evhttp. Called by the
 * loop, because evhttp cannot be freed while it runs one of our callbacks. */
static void on_settled(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;
	void (*drained)(void *) = server->drained;

	(void)fd;
	(void)what;
	if (server->open > 0)
		return; /* one more came over a connection that was idle */
	if (server->evhttp)
		evhttp_free(server->evhttp);
	server->evhttp = NULL;
	server->drained = NULL;
	if (drained)
		drained(server->drained_arg);
}

static bool start(struct http_server *server, struct event_base *base, int fd)
{
	const int on = 1;

	server->evhttp = evhttp_new(base);
	server->settled = event_new(base, -1, 0, on_settled, server);
	server->accept_again = event_new(base, -1, EV_PERSIST, on_accept_again, server);
	if (!server->evhttp || !server->settled || !server->accept_again ||
	    !http_unread_init(&server->unread, base) ||
	    event_add(server->accept_again, &accept_pause) < 0)
		return false;

	evhttp_set_max_headers_size(server->evhttp, HTTP_HEADERS_MAX);
	evhttp_set_max_body_size(server->evhttp, HTTP_BODY_MAX);
	evhttp_set_timeout(server->evhttp, HTTP_IDLE_SECONDS);
	evhttp_set_allowed_methods(server->evhttp, METHODS);
	evhttp_set_default_content_type(server->evhttp, NULL);
	evhttp_set_gencb(server->evhttp, on_request, server);

	/* Accepted sockets inherit it. A local socket has no such option and needs none. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (evutil_make_socket_nonblocking(fd) < 0)
		return false;
	server->listening = evhttp_accept_socket_with_handle(server->evhttp, fd);
	if (!server->listening)
		return false;
	evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(server->listening),
				    on_accept_error);
	return true;
}

/* evhttp takes back and makes anew what a connection waits for four times in an exchange; the kernel
 * is told once in a turn of the loop, and only what is left of it by then. */
struct event_base *http_base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config && event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == 0)
		base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	return base;
}

struct http_server *http_server_new(struct event_base *base, int fd, http_handler *handler,
				    void *arg)
{
	struct http_server *server = calloc(1, sizeof(*server));

	if (!server)
		return NULL;
	server->handler = handler;
	server->arg = arg;
	if (start(server, base, fd))
		return server;
	http_server_free(server);
	return NULL;
}

void http_server_idle(struct http_server *server, const struct timeval *idle)
{
	evhttp_set_timeout_tv(server->evhttp, idle);
}

void http_server_close(struct http_server *server)
{
	if (server->listening)
		evhttp_del_accept_socket(server->evhttp, server->listening);
	server->listening = NULL;
}

/*
 * A connection that is idle now may have a request on its way already: closing it at once would
 * lose that. It is answered with "Connection: close", and what is idle at the end is closed then.
 */
void http_server_drain(struct http_server *server, void (*drained)(void *arg), void *arg)
{
	if (server->draining)
		return;
	server->draining = true;
	server->drained = drained;
	server->drained_arg = arg;
	http_server_close(server);
	if (server->open == 0)
		event_active(server->settled, EV_TIMEOUT, 1);
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	server->draining = false; /* nobody is to be told any more */
	if (server->evhttp)
		evhttp_free(server->evhttp);
	http_unread_free(&server->unread);
	if (server->settled)
		event_free(server->settled);
	if (server->accept_again)
		event_free(server->accept_again);
	free(server);
}
