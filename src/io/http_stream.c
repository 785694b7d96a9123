/*
 * A reply without end, for a page that watches. It is sent in chunks (RFC 9112 7.1) for as long as
 * the client reads; what a client sends meanwhile is bounded and thrown away with the connection.
 */
#include "base/text.h"
#include "io/http_exchange.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>

static const struct timeval write_patience = {HTTP_IDLE_SECONDS, 0};

void http_stream_start(struct http_request *request, const char *type)
{
	http_reply_header(request, "Content-Type", pk_str(type));
	http_arena_release(request);
	request->state = EXCHANGE_STREAM;
	evhttp_send_reply_start(request->evhttp, 200, NULL);
	bufferevent_setwatermark(http_stream(request), EV_READ, 0, HTTP_HEADERS_MAX);
	/* A client that only listens is not idle. */
	bufferevent_set_timeouts(http_stream(request), NULL, &write_patience);
}

void http_stream_send(struct http_request *request, struct pk_str text)
{
	struct evbuffer *chunk;

	if (request->fate == FATE_NEVER)
		return;
	chunk = evbuffer_new();
	if (!chunk || evbuffer_add(chunk, text.ptr, text.len) < 0 ||
	    evbuffer_get_length(bufferevent_get_output(http_stream(request))) + text.len >
		    HTTP_STREAM_MAX)
		http_hang_up(request);
	else
		evhttp_send_reply_chunk(request->evhttp, chunk);
	if (chunk)
		evbuffer_free(chunk);
}
