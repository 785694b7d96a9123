/*
 * Tells listeners what happens. An event is the attempt as a whole, with its verdict, so that who
 * missed one has lost nothing; many exchanges of one attempt in a moment are one event, and of very
 * many attempts in a moment the newest are told, because nobody can read the others. It costs
 * nothing while nobody listens. A listener that does not read is hung up on by io/http_stream.c.
 */
#include "sandbox/stream.h"
#include "base/text.h"
#include "sandbox/attempt_json.h"
#include "sandbox/control.h"

#include <stdlib.h>
#include <string.h>

#define AT_ONCE 32 /* attempts in one turn */
#define RECENT 64  /* attempts that a new listener is told */

static const struct timeval gather = {0, 50000};
static const struct timeval heartbeat = {15, 0};

struct listener {
	struct stream *stream;
	struct http_request *http; /* NULL: free */
};

struct stream {
	struct sandbox *sandbox;
	struct listener listener[STREAM_LISTENERS_MAX];
	size_t count;
	struct event *flush;
	struct event *beat;
	bool changed[ATTEMPTS_MAX]; /* the attempt of a serial at its remainder, as in the ring */
};

/* ---- Saying ---- */

static void say_to(struct stream *stream, const struct listener *only, struct pk_str text)
{
	for (size_t i = 0; i < STREAM_LISTENERS_MAX; i++) {
		const struct listener *listener = &stream->listener[i];

		if (listener->http && (!only || only == listener))
			http_stream_send(listener->http, text);
	}
}

static void say_attempt(struct stream *stream, const struct listener *only,
			const struct attempt *attempt)
{
	json_t *item = attempt_json(stream->sandbox->attempts, attempt);
	const char *verdict = NULL;
	char *explanation = attempt_explain(attempt, &verdict);
	char *text;

	free(explanation);
	(void)json_object_set_new(item, "verdict", verdict ? json_string(verdict) : json_null());
	text = json_dumps(item, JSON_COMPACT | JSON_REAL_PRECISION(14));
	json_decref(item);
	if (!text)
		return; /* the next event has all of it again */
	say_to(stream, only, PK_STR("event: attempt\ndata: "));
	say_to(stream, only, pk_str(text));
	say_to(stream, only, PK_STR("\n\n"));
	free(text);
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;
	const struct attempts *attempts = stream->sandbox->attempts;
	const struct attempt *told[AT_ONCE];
	const struct attempt *at = attempts_before(attempts, 0);
	size_t count = 0;

	(void)fd;
	(void)what;
	for (; at && count < AT_ONCE; at = attempts_before(attempts, at->serial))
		if (stream->changed[at->serial % ATTEMPTS_MAX])
			told[count++] = at;
	memset(stream->changed, 0, sizeof(stream->changed));
	while (count-- > 0)
		say_attempt(stream, NULL, told[count]);
}

static void on_added(uint64_t serial, void *arg)
{
	struct stream *stream = arg;

	if (!stream->count)
		return;
	stream->changed[serial % ATTEMPTS_MAX] = true;
	if (!evtimer_pending(stream->flush, NULL))
		(void)evtimer_add(stream->flush, &gather);
}

/* A proxy on the way, and the browser, see that the connection lives. */
static void on_beat(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	say_to(arg, NULL, PK_STR(":\n\n"));
}

void stream_cleared(struct stream *stream)
{
	say_to(stream, NULL, PK_STR("event: cleared\ndata: {}\n\n"));
}

/* ---- Listeners ---- */

static void on_gone(void *arg)
{
	struct listener *listener = arg;

	listener->http = NULL;
	listener->stream->count--;
}

static void say_recent(struct stream *stream, const struct listener *listener)
{
	const struct attempts *attempts = stream->sandbox->attempts;
	const struct attempt *at = NULL;
	uint64_t serial = 0;

	for (size_t i = 0; i < RECENT && (at = attempts_before(attempts, serial)); i++)
		serial = at->serial;
	for (at = serial ? attempts_get(attempts, serial) : NULL; at;
	     at = attempts_after(attempts, at->serial))
		say_attempt(stream, listener, at);
}

void stream_listen(struct exchange *x, struct pk_str rest)
{
	struct stream *stream = x->sandbox->stream;
	struct listener *listener = stream->listener;

	(void)rest;
	if (stream->count == STREAM_LISTENERS_MAX) {
		control_refuse(x, 503, "too_many", "Sixteen pages listen already; close one.");
		return;
	}
	while (listener->http)
		listener++;
	listener->http = x->http;
	stream->count++;
	http_on_gone(x->http, on_gone, listener);
	http_reply_header(x->http, "Cache-Control", PK_STR("no-store"));
	http_reply_header(x->http, "X-Content-Type-Options", PK_STR("nosniff"));
	http_reply_header(x->http, "Cross-Origin-Resource-Policy", PK_STR("same-origin"));
	http_stream_start(x->http, "text/event-stream");
	say_to(stream, listener, PK_STR("retry: 1000\n\n"));
	say_recent(stream, listener);
}

/* ---- Beginning and end ---- */

struct stream *stream_new(struct event_base *base, struct sandbox *sandbox)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->sandbox = sandbox;
	for (size_t i = 0; i < STREAM_LISTENERS_MAX; i++)
		stream->listener[i].stream = stream;
	stream->flush = evtimer_new(base, on_flush, stream);
	stream->beat = event_new(base, -1, EV_PERSIST, on_beat, stream);
	if (!stream->flush || !stream->beat || event_add(stream->beat, &heartbeat) < 0) {
		stream_free(stream);
		return NULL;
	}
	attempts_watch(sandbox->attempts, on_added, stream);
	return stream;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	for (size_t i = 0; i < STREAM_LISTENERS_MAX; i++)
		if (stream->listener[i].http)
			http_on_gone(stream->listener[i].http, NULL, NULL);
	attempts_watch(stream->sandbox->attempts, NULL, NULL);
	if (stream->flush)
		event_free(stream->flush);
	if (stream->beat)
		event_free(stream->beat);
	free(stream);
}
