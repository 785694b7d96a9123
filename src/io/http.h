/*
 * HTTP server glue over evhttp: views instead of C strings, bounded requests, replies that cannot
 * be split by a header value. Everything that arrives is hostile. Programs include this and not
 * evhttp's own header.
 */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include "proofkey.h"

#include <event2/event.h>

#define HTTP_HEADERS_MAX 32768 /* bytes of request line and headers together */
#define HTTP_BODY_MAX 65536
#define HTTP_IDLE_SECONDS 60

struct http_server;
struct http_request; /* one request, until one http_reply*() ends it */

typedef void http_handler(struct http_request *request, void *arg);

/* An event loop that suits many short exchanges. No descriptor that it watches may be a
 * duplicate of another that it watches. NULL without memory. */
struct event_base *http_base_new(void);

/* Serves on the listening socket `fd`, which the server owns from then on; NULL when it cannot. */
struct http_server *http_server_new(struct event_base *base, int fd, http_handler *handler,
				    void *arg);

/* Accepts no more connections; from now on each reply asks its client to close. To drain some time
 * after this loses nobody who is just about to ask. */
void http_server_close(struct http_server *server);

/* Accepts no more connections, closes idle ones, and calls `drained` once (perhaps at once) when
 * the last request has been answered. */
void http_server_drain(struct http_server *server, void (*drained)(void *arg), void *arg);
void http_server_free(struct http_server *server);

/* The request. The views live until it is answered; an absent header is "not given". */
struct pk_str http_method(
	const struct http_request *request); /* "GET", "HEAD", "POST", or another name */
struct pk_str http_path(
	const struct http_request *request); /* as sent, still encoded, without query */
struct pk_str http_query(const struct http_request *request); /* as sent, "not given" without ? */
struct pk_str http_body(struct http_request *request);
struct pk_str http_header(const struct http_request *request,
			  const char *name); /* the first of that name */
size_t http_header_count(const struct http_request *request, const char *name);
struct pk_str http_peer(
	const struct http_request *request); /* the address of the connection, without port */

/*
 * A cookie by name: its values in order of appearance over all Cookie headers, `index` from 0; "not
 * given" past the last. http_cookie_prefixed() takes all cookies whose name starts with `prefix`.
 */
struct pk_str http_cookie(const struct http_request *request, struct pk_str name);
struct pk_str http_cookie_prefixed(const struct http_request *request, struct pk_str prefix,
				   size_t index);

/* Memory that lives until the request is answered; wiped then. */
struct pk_arena *http_arena(struct http_request *request);

/* Calls `gone` when the client hangs up before the answer; the request must not be touched from
 * then on. NULL takes it back. */
void http_on_gone(struct http_request *request, void (*gone)(void *arg), void *arg);

/* Each header of the request, in its order; or of the reply, as far as it is made. */
typedef void http_header_visitor(struct pk_str name, struct pk_str value, void *arg);
void http_each_header(const struct http_request *request, bool of_reply, http_header_visitor *visit,
		      void *arg);

/* Calls `replied` once, when the reply is made and not yet sent: what a record is made of. It must
 * not answer. */
typedef void http_reply_witness(struct http_request *request, int status, struct pk_str body,
				void *arg);
void http_on_reply(struct http_request *request, http_reply_witness *replied, void *arg);

/* For servers that misbehave on demand: the reply that will be made leaves after that time, or
 * never does, and the connection ends instead. */
void http_reply_later(struct http_request *request, const struct timeval *delay);
void http_reply_never(struct http_request *request);

/* Adds a header to the reply. A value with a control character is written without it: no value can
 * start another header. */
void http_reply_header(struct http_request *request, const char *name, struct pk_str value);

/* Answers. A reply to HEAD has no body. `type` is a media type, NULL for an empty body. */
void http_reply(struct http_request *request, int status, const char *type, struct pk_str body);
void http_redirect(struct http_request *request, int status, struct pk_str location);

#define HTTP_STREAM_MAX 4194304 /* bytes that a client may leave unread */

/*
 * Answers with a body that goes on until the client hangs up, which http_on_gone() tells and must
 * have been asked to. A client that does not keep up is hung up on, by the event loop: `gone` is
 * called then, too. A server with a stream does not end draining.
 */
void http_stream_start(struct http_request *request, const char *type);
void http_stream_send(struct http_request *request, struct pk_str text);

/*
 * Opens a TCP listening socket on "127.0.0.1:8080" or "[::1]:0"; -1 with a sentence in `ret_error`
 * when it cannot. With `share`, other sockets of this user may listen on the same port too
 * (SO_REUSEPORT).
 */
int http_listen(const char *address, bool share, char *ret_error, size_t error_size);

/* The same on a unix socket, which its owner and group may connect to (mode 0660). A name that a
 * process left behind is taken over. The name is the caller's to take away at the end. */
int http_listen_unix(const char *path, char *ret_error, size_t error_size);

/* Whether a listening socket that somebody else opened is at this address, as http_listen() takes
 * it, however both are spelled. */
bool http_listens_on(int fd, const char *address);

/* Writes where it is: "127.0.0.1:8080", "[::1]:8080" or "unix:/run/name". */
bool http_listening_at(int fd, struct pk_buf *out);

#endif
