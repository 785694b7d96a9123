/* What holds of a capture whatever it was read from. */
#ifndef FUZZ_CAPTURED_H
#define FUZZ_CAPTURED_H

#include "must.h"

#include "base/text.h"
#include "explain/capture.h"

/* A text lies in what was given or in the arena, or is a constant of a few bytes; reading its ends
 * shows whether it lies anywhere. */
static inline void must_be_readable(struct pk_str text)
{
	must(text.ptr || !text.len);
	if (text.len)
		(void)(*(const volatile char *)text.ptr +
		       *(const volatile char *)(text.ptr + text.len - 1));
}

static inline void must_be_message(const struct pk_message *message)
{
	must_be_readable(message->method);
	must_be_readable(message->url);
	must_be_readable(message->body);
	must(message->header_count <= CAPTURE_HEADERS_MAX + 1);
	must(message->status >= 0 && message->status <= 999);
	must(message->present || (!message->status && !message->header_count));
	for (size_t i = 0; i < message->header_count; i++) {
		must_be_readable(message->header[i].name);
		must_be_readable(message->header[i].value);
	}
}

static inline void must_be_capture(const struct pk_capture *capture)
{
	double at = -1;

	must(capture->count <= PK_EVENTS_MAX);
	for (size_t i = 0; i < capture->count; i++) {
		const struct pk_event *event = &capture->event[i];

		must_be_message(&event->request);
		must_be_message(&event->reply);
		/* The order of time, as far as it is known. */
		must(event->at < 0 || event->at >= at);
		if (event->at >= 0)
			at = event->at;
	}
}

/* Reads a text of which every byte may be touched and none behind it; a refusal has its evidence.
 */
static inline void must_read(struct pk_str text)
{
	static unsigned char memory[PK_ARENA_CAPTURE];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_capture capture;
	struct pk_why why = {0};
	const enum pk_err err = pk_capture_read(&arena, text, &capture, &why);

	if (err == PK_OK)
		must_be_capture(&capture);
	else
		must(why.err == err && why.detail[0]);
}

#endif
