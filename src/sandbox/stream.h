/* Attempts as they happen, for the console: server-sent events (HTML, "9.2 Server-sent events"). */
#ifndef SANDBOX_STREAM_H
#define SANDBOX_STREAM_H

#include "sandbox/state.h"

#include <event2/event.h>

#define STREAM_LISTENERS_MAX 16

struct stream;

/* Watches the sandbox's attempts; NULL without memory. */
struct stream *stream_new(struct event_base *base, struct sandbox *sandbox);

/* Before the server that it listens at. */
void stream_free(struct stream *stream);

/* Tells all listeners that the attempts are forgotten. */
void stream_cleared(struct stream *stream);

#endif
