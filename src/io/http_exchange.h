/*
 * What the parts of the HTTP server share: http.c decides when an exchange begins and ends,
 * http_request.c what was asked, http_reply.c what is answered. Nobody else includes this.
 */
#ifndef IO_HTTP_EXCHANGE_H
#define IO_HTTP_EXCHANGE_H

#include "io/http.h"

#include <event2/http.h>

#define HTTP_ARENA 16384 /* bytes */

enum exchange_state {
	EXCHANGE_PENDING,  /* the program has it */
	EXCHANGE_LOST,     /* the client hung up, and the program does not know yet */
	EXCHANGE_ANSWERED, /* the reply is being written */
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
	bool starved; /* memory ran out while the reply was made */
};

/* Fills in path and query; false when the request is one that two readers could read differently. */
bool http_request_read(struct http_request *request);

/* Whether replies are to say that the connection ends. */
bool http_server_is_draining(const struct http_server *server);

/* Releases an exchange whose reply is written, or never will be. */
void http_exchange_end(struct http_request *request);

void http_arena_release(struct http_request *request);

/* Replaces HTTP_IDLE_SECONDS for connections that come from now on: tests do not wait a minute. */
void http_server_idle(struct http_server *server, const struct timeval *idle);

#endif
