/*
 * The HTTPS client's loop: libcurl's sockets and timer on the event loop, and the order in which
 * results are handed out. One exchange is http_outgoing.c's.
 */
#include "io/http_client.h"
#include "io/http_outgoing.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

struct http_client {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct event *deliver;
	struct http_outgoing *under_way;  /* with libcurl */
	struct http_outgoing *ended;      /* waiting for their turn, the first to end first */
	const struct http_outgoing *told; /* the one whose result is being handed out */
	size_t active;
	int seconds; /* for an exchange */
};

static void push_ended(struct http_client *client, struct http_outgoing *outgoing)
{
	struct http_outgoing **last = &client->ended;

	while (*last)
		last = &(*last)->next;
	outgoing->next = NULL;
	*last = outgoing;
	event_active(client->deliver, EV_TIMEOUT, 1);
}

static void unlink_under_way(struct http_client *client, const struct http_outgoing *outgoing)
{
	struct http_outgoing **at = &client->under_way;

	while (*at != outgoing)
		at = &(*at)->next;
	*at = outgoing->next;
}

static void collect_ended(struct http_client *client)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left))) {
		struct http_outgoing *outgoing = NULL;
		const CURLcode result = message->data.result;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&outgoing);
		curl_multi_remove_handle(client->multi, message->easy_handle);
		http_outgoing_end(outgoing, result);
		unlink_under_way(client, outgoing);
		push_ended(client, outgoing);
	}
}

/* Hands out one result. `done` may send again or free the client, so nothing of the client is
 * touched after it. */
static void on_deliver(evutil_socket_t fd, short what, void *arg)
{
	struct http_client *client = arg;
	struct http_outgoing *outgoing = client->ended;

	(void)fd;
	(void)what;
	if (!outgoing)
		return;
	client->ended = outgoing->next;
	client->active--;
	if (client->ended)
		event_active(client->deliver, EV_TIMEOUT, 1);
	client->told = outgoing;
	http_outgoing_tell(outgoing);
	http_outgoing_free(outgoing);
}

static void on_socket_ready(evutil_socket_t fd, short what, void *arg)
{
	struct http_client *client = arg;
	const int ready = ((what & EV_READ) ? CURL_CSELECT_IN : 0) |
			  ((what & EV_WRITE) ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(client->multi, fd, ready, &running);
	collect_ended(client);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct http_client *client = arg;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect_ended(client);
}

/* libcurl says what it waits for on a socket; its event is kept with the socket. */
static int watch_socket(CURL *easy, curl_socket_t fd, int wanted, void *arg, void *socket_arg)
{
	struct http_client *client = arg;
	struct event *ready = socket_arg;
	const short what = (short)(((wanted & CURL_POLL_IN) ? EV_READ : 0) |
				   ((wanted & CURL_POLL_OUT) ? EV_WRITE : 0) | EV_PERSIST);

	(void)easy;
	if (ready)
		event_free(ready);
	ready = NULL;
	if (wanted != CURL_POLL_REMOVE) {
		ready = event_new(client->base, fd, what, on_socket_ready, client);
		if (ready && event_add(ready, NULL) < 0) {
			event_free(ready);
			ready = NULL;
		}
	}
	curl_multi_assign(client->multi, fd, ready);
	return ready || wanted == CURL_POLL_REMOVE ? 0 : -1;
}

/* libcurl may not be called from here, so that even "now" goes over the loop. */
static int set_timer(CURLM *multi, long milliseconds, void *arg)
{
	struct http_client *client = arg;
	const struct timeval in = {milliseconds / 1000, milliseconds % 1000 * 1000};

	(void)multi;
	return milliseconds < 0 ? evtimer_del(client->timer) : evtimer_add(client->timer, &in);
}

static bool start(struct http_client *client)
{
	client->multi = curl_multi_init();
	client->timer = evtimer_new(client->base, on_timer, client);
	client->deliver = event_new(client->base, -1, 0, on_deliver, client);
	return client->multi && client->timer && client->deliver &&
	       !curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) &&
	       !curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client) &&
	       !curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer) &&
	       !curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
}

struct http_client *http_client_new(struct event_base *base)
{
	struct http_client *client;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	client = calloc(1, sizeof(*client));
	if (!client) {
		curl_global_cleanup();
		return NULL;
	}
	client->base = base;
	client->seconds = HTTP_CLIENT_SECONDS;
	if (start(client))
		return client;
	http_client_free(client);
	return NULL;
}

static void free_all(struct http_client *client, struct http_outgoing *outgoing)
{
	while (outgoing) {
		struct http_outgoing *next = outgoing->next;

		if (outgoing->easy)
			curl_multi_remove_handle(client->multi, outgoing->easy);
		http_outgoing_free(outgoing);
		outgoing = next;
	}
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	free_all(client, client->under_way);
	free_all(client, client->ended);
	if (client->multi)
		curl_multi_cleanup(client->multi); /* still takes its events back */
	if (client->timer)
		event_free(client->timer);
	if (client->deliver)
		event_free(client->deliver);
	free(client);
	curl_global_cleanup();
}

void http_client_send(struct http_client *client, const struct pk_http_request *request,
		      http_client_done *done, void *arg)
{
	http_client_send_within(client, client->seconds, request, done, arg);
}

void http_client_send_within(struct http_client *client, int seconds,
			     const struct pk_http_request *request, http_client_done *done,
			     void *arg)
{
	struct http_outgoing *outgoing = http_outgoing_new(request, done, arg);

	if (!outgoing) {
		/* `done` must be called once, and there is no memory to remember it in. */
		fputs("proofkey: out of memory\n", stderr);
		abort();
	}
	client->active++;
	if (outgoing->easy)
		curl_easy_setopt(outgoing->easy, CURLOPT_TIMEOUT, (long)seconds);
	if (!outgoing->problem[0] &&
	    curl_multi_add_handle(client->multi, outgoing->easy) != CURLM_OK)
		http_outgoing_end(outgoing, CURLE_FAILED_INIT);
	if (outgoing->problem[0]) {
		push_ended(client, outgoing);
		return;
	}
	outgoing->next = client->under_way;
	client->under_way = outgoing;
}

/* libcurl notes when the connection stands, with TLS, and the request is about to leave. */
bool http_client_was_sent(const struct http_client *client)
{
	curl_off_t ready = 0;

	return curl_easy_getinfo(client->told->easy, CURLINFO_PRETRANSFER_TIME_T, &ready) ==
		       CURLE_OK &&
	       ready > 0;
}

struct pk_str http_client_cache_control(const struct http_client *client)
{
	struct curl_header *header;

	if (curl_easy_header(client->told->easy, "Cache-Control", 0, CURLH_HEADER, -1, &header) !=
	    CURLHE_OK)
		return (struct pk_str){0};
	return pk_str(header->value);
}

int64_t http_client_retry_after(const struct http_client *client)
{
	curl_off_t seconds = 0;

	if (curl_easy_getinfo(client->told->easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK)
		return 0;
	return seconds;
}

void http_client_limit(struct http_client *client, int seconds)
{
	client->seconds = seconds;
}

size_t http_client_active(const struct http_client *client)
{
	return client->active;
}
