/*
 * What the parts of the HTTP server share: http.c decides when an exchange begins and ends,
 * http_request.c what was asked, http_reply.c what is answered, http_unread.c for how long a client
 * may leave a reply unread and still be listened to, http_late.c how a reply comes late or never,
 * http_stream.c how it goes on. Nobody else includes this.
 */
#ifndef IO_HTTP_EXCHANGE_H
#define IO_HTTP_EXCHANGE_H

#include "io/http.h"

#include <event2/http.h>

#define HTTP_ARENA 16384 /* bytes */

enum exchange_fate {
	FATE_REPLY,
	FATE_LATE,
	FATE_NEVER,
};

enum exchange_state {
	EXCHANGE_PENDING,  /* the program has it */
	EXCHANGE_LOST,     /* the client hung up, and the program does not know yet */
	EXCHANGE_HELD,     /* the reply is made, and waits */
	EXCHANGE_ANSWERED, /* the reply is being written */
	EXCHANGE_STREAM,   /* likewise, and it has no end */
};

struct http_request {
	struct http_server *server;
	struct evhttp_request *evhttp;
	enum exchange_state state;
	struct pk_str path;
	struct pk_str query;
	struct pk_arena arena; /* without memory until it is asked for */
	void (*gone)(void *arg);
	void *gone_arg;
	http_reply_witness *replied;
	void *replied_arg;
	enum exchange_fate fate;
	struct timeval delay;       /* of a late reply */
	struct event *due;          /* when it leaves, or the connection ends */
	int status;                 /* of a reply that waits */
	bool watched;               /* the connection is read while the request is pending */
	bool starved;               /* memory ran out while the reply was made */
	bool unread;                /* the client has been slow to take the reply */
	struct http_request *newer; /* among those that are being written */
	struct http_request *older;
};

/* Replies that are being written, the newest first, and when to look whether clients take them. */
struct http_unread {
	struct http_request *newest;
	struct event *look;
	bool looking;
};

bool http_unread_init(struct http_unread *unread, struct event_base *base);
void http_unread_free(struct http_unread *unread);
void http_unread_add(struct http_unread *unread, struct http_request *request);
void http_unread_remove(struct http_unread *unread, struct http_request *request);

/* Fills in path and query; false when two readers could read the request differently. */
bool http_request_read(struct http_request *request);

/* Whether replies are to say that the connection ends. */
bool http_server_is_draining(const struct http_server *server);

/* The reply is with evhttp. */
void http_exchange_answered(struct http_request *request);

/* Releases an exchange whose reply is written, or never will be. */
void http_exchange_end(struct http_request *request);

void http_arena_release(struct http_request *request);

/* Keeps back a reply that is made, if that is its fate; false: send it. */
bool http_hold(struct http_request *request, int status);

/* Ends the connection as soon as no callback of it runs. */
void http_hang_up(struct http_request *request);

/* The connection that the request came over. */
struct bufferevent *http_stream(const struct http_request *request);

/* Replaces HTTP_IDLE_SECONDS for connections that come from now on: tests do not wait a minute. */
void http_server_idle(struct http_server *server, const struct timeval *idle);

#endif
