/*
 * The capture format of this product: a JSON object with events, each a request and its response,
 * and what the client stored. Everything is optional; what is there must have its type. An event
 * may hold its request's members itself.
 */
#include "explain/member.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

#define TIME_MAX 1e11 /* seconds: some thousand years on */

static const struct {
	const char *word;
	enum pk_event_kind kind;
} kinds[] = {
	{"authorize", PK_EVENT_AUTHORIZE},
	{"callback", PK_EVENT_CALLBACK},
	{"token", PK_EVENT_TOKEN},
	{"other", PK_EVENT_OTHER},
};

/* A header's value is a text, or an array of texts where it came several times. */
static enum pk_err read_header(const struct making *making, const struct place *headers,
			       const char *name, const json_t *value, struct pk_message *message,
			       struct pk_header *room)
{
	const bool several = json_is_array(value);
	const size_t count = several ? json_array_size(value) : 1;

	for (size_t i = 0; i < count; i++) {
		const json_t *one = several ? json_array_get(value, i) : value;
		enum pk_err err;

		if (!json_is_string(one))
			return member_refuse(making, headers, NULL,
					     "has a header whose value is no text");
		err = member_header(making, headers, message, room, pk_str(name), json_view(one));
		if (err != PK_OK)
			return err;
	}
	return PK_OK;
}

static enum pk_err read_headers(const struct making *making, const struct place *message_place,
				struct pk_message *message, struct pk_header *room)
{
	struct place headers;
	const char *name;
	json_t *value;
	enum pk_err err = member_object(making, message_place, "headers", &headers);

	if (err != PK_OK || !headers.value)
		return err;
	/* jansson iterates over objects that are not const only. */
	json_object_foreach((json_t *)headers.value, name, value)
	{
		err = read_header(making, &headers, name, value, message, room);
		if (err != PK_OK)
			return err;
	}
	return PK_OK;
}

static enum pk_err read_request(struct making *making, const struct place *place,
				struct pk_message *ret)
{
	struct pk_header room[CAPTURE_HEADERS_MAX];

	*ret = (struct pk_message){0};
	TRY(member_text(making, place, "method", &ret->method));
	TRY(member_text(making, place, "url", &ret->url));
	TRY(member_text(making, place, "body", &ret->body));
	TRY(read_headers(making, place, ret, room));
	ret->present = ret->url.ptr || ret->body.ptr || ret->method.ptr;
	return making_copy(making, ret, PK_CAPTURE_TEXT_MAX);
}

static enum pk_err read_response(struct making *making, const struct place *event,
				 struct pk_message *ret)
{
	struct pk_header room[CAPTURE_HEADERS_MAX];
	struct place place;
	double status;

	*ret = (struct pk_message){0};
	TRY(member_object(making, event, "response", &place));
	if (!place.value)
		return PK_OK;
	TRY(member_number(making, &place, "status", 999, &status));
	TRY(member_text(making, &place, "body", &ret->body));
	TRY(read_headers(making, &place, ret, room));
	ret->present = true;
	ret->status = status < 0 ? 0 : (int)status;
	return making_copy(making, ret, PK_CAPTURE_TEXT_MAX);
}

/* The kind that is given, or the one that the request shows. */
static enum pk_err read_kind(const struct making *making, const struct place *place,
			     struct pk_event *event)
{
	struct pk_str word;

	TRY(member_text(making, place, "kind", &word));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (pk_str_equal(word, pk_str(kinds[i].word))) {
			event->kind = kinds[i].kind;
			return PK_OK;
		}
	if (word.ptr)
		return member_refuse(making, place, "kind",
				     "is none of authorize, callback, token, other");
	if (!request_kind(&event->request, &event->kind))
		event->kind =
			request_may_return(&event->request) ? PK_EVENT_CALLBACK : PK_EVENT_OTHER;
	return PK_OK;
}

static enum pk_err read_event(struct making *making, const struct place *place)
{
	struct pk_event event = {0};
	struct place request;

	TRY(member_number(making, place, "at", TIME_MAX, &event.at));
	TRY(member_number(making, place, "took", TIME_MAX, &event.took));
	TRY(member_object(making, place, "request", &request));
	TRY(read_request(making, request.value ? &request : place, &event.request));
	TRY(read_response(making, place, &event.reply));
	TRY(read_kind(making, place, &event));
	return making_add(making, &event);
}

static enum pk_err copy_text(struct making *making, const struct place *place, const char *key,
			     struct pk_str *ret)
{
	TRY(member_text(making, place, key, ret));
	return ret->ptr ? pk_space(making->why, pk_arena_copy(making->arena, *ret, ret)) : PK_OK;
}

static enum pk_err read_stored(struct making *making, const struct place *root,
			       struct pk_capture *ret)
{
	struct place stored;
	double expires_at;

	TRY(member_object(making, root, "stored", &stored));
	TRY(copy_text(making, &stored, "verifier", &ret->stored_verifier));
	TRY(copy_text(making, &stored, "state", &ret->stored_state));
	TRY(copy_text(making, &stored, "redirect_uri", &ret->stored_redirect_uri));
	TRY(member_number(making, &stored, "expires_at", TIME_MAX, &expires_at));
	ret->stored_expires_at = expires_at < 0 ? PK_TIME_UNKNOWN : (int64_t)expires_at;
	return PK_OK;
}

enum pk_err capture_json_read(struct making *making, const json_t *document, struct pk_capture *ret)
{
	const struct place root = {.value = document};
	struct place events, event;

	TRY(copy_text(making, &root, "provider", &ret->provider));
	TRY(read_stored(making, &root, ret));
	TRY(member_array(making, &root, "events", &events));
	for (size_t i = 0; i < json_array_size(events.value); i++) {
		TRY(member_element(making, &events, i, &event));
		TRY(read_event(making, &event));
	}
	return PK_OK;
}
