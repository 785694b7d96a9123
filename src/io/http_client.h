/*
 * HTTPS out, over libcurl's multi interface on the event loop. Certificates are checked, redirects
 * are not followed, replies are bounded by PK_REPLY_MAX, plain http goes to loopback addresses
 * only.
 */
#ifndef IO_HTTP_CLIENT_H
#define IO_HTTP_CLIENT_H

#include "proofkey.h"

#include <event2/event.h>

#define HTTP_CLIENT_SECONDS 20 /* from start to end of an exchange */
#define HTTP_CLIENT_CONNECT_SECONDS 5

struct http_client;

/* `reply` is NULL when there was none, and `problem` says why: "connection refused", without a
 * secret. */
typedef void http_client_done(const struct pk_http_reply *reply, const char *problem, void *arg);

struct http_client *http_client_new(struct event_base *base);
void http_client_free(struct http_client *client); /* exchanges under way end without a call */

/* Sends. The request is copied and may be wiped at once. `done` is called exactly once, never
 * before this returns. */
void http_client_send(struct http_client *client, const struct pk_http_request *request,
		      http_client_done *done, void *arg);

/* The same for an answer that is worth another wait: `seconds` from start to end. */
void http_client_send_within(struct http_client *client, int seconds,
			     const struct pk_http_request *request, http_client_done *done,
			     void *arg);

/* While `done` runs: whether its request, or a part of it, left. The other side may have acted on
 * it then, also where there is no reply. */
bool http_client_was_sent(const struct http_client *client);

/* While `done` runs: the Cache-Control header of its reply, or "not given". Of use to who keeps
 * what a provider publishes. */
struct pk_str http_client_cache_control(const struct http_client *client);

/* While `done` runs: the seconds after which its reply asks to be called again (Retry-After, RFC
 * 9110 10.2.3), 0 where it does not. */
int64_t http_client_retry_after(const struct http_client *client);

/* Replaces HTTP_CLIENT_SECONDS for what is sent from now on. */
void http_client_limit(struct http_client *client, int seconds);

size_t http_client_active(const struct http_client *client);

#endif
