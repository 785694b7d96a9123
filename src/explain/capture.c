/*
 * Reading what a developer has at hand. It decides what a text is by its content, never by a name,
 * has it read, and puts the events into the order of time. Input is hostile; the readers bound it.
 */
#include "explain/capture.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- Events under construction ---- */

static enum pk_err grow(struct making *making)
{
	const size_t space = making->space ? making->space * 2 : 8;
	struct pk_event *event = pk_arena_take(making->arena, space * sizeof(*event));

	if (!event)
		return pk_space(making->why, PK_ERR_NO_SPACE);
	if (making->count)
		memcpy(event, making->event, making->count * sizeof(*event));
	making->event = event;
	making->space = space;
	return PK_OK;
}

enum pk_err making_add(struct making *making, const struct pk_event *event)
{
	if (making->count == CAPTURE_MESSAGES_MAX)
		return pk_refuse(making->why, PK_ERR_CAPTURE_TOO_LARGE, NULL,
				 "more than %d requests and replies", CAPTURE_MESSAGES_MAX);
	if (making->count == making->space)
		TRY(grow(making));
	making->event[making->count++] = *event;
	return PK_OK;
}

const struct pk_event *making_open(const struct making *making)
{
	const struct pk_event *last = making->count ? &making->event[making->count - 1] : NULL;

	return last && last->request.present && !last->reply.present ? last : NULL;
}

enum pk_err making_reply(struct making *making, const struct pk_message *reply)
{
	const struct pk_event alone = {.kind = PK_EVENT_TOKEN, .at = -1, .reply = *reply};

	if (!making_open(making))
		return making_add(making, &alone);
	making->event[making->count - 1].reply = *reply;
	return PK_OK;
}

enum pk_err making_refuse(const struct making *making, const char *at, const char *format, ...)
{
	struct pk_str before = {making->text.ptr, (size_t)(at - making->text.ptr)};
	unsigned line = 1;
	char sentence[200];
	va_list args;

	for (; before.len; line++) {
		const size_t end = pk_str_find(before, '\n');

		if (end == before.len)
			break;
		before = pk_str_from(before, end + 1);
	}
	va_start(args, format);
	(void)vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);

	const enum pk_err err =
		pk_refuse(making->why, PK_ERR_CAPTURE_SYNTAX, NULL, "line %u: %s", line, sentence);

	if (making->why)
		making->why->line = line;
	return err;
}

static enum pk_err copy_text(struct making *making, struct pk_str *text)
{
	return text->ptr ? pk_space(making->why, pk_arena_copy(making->arena, *text, text)) : PK_OK;
}

enum pk_err making_keep_headers(struct making *making, struct pk_message *message)
{
	const size_t size = message->header_count * sizeof(struct pk_header);
	struct pk_header *kept = pk_arena_take(making->arena, size);

	if (!kept)
		return pk_space(making->why, PK_ERR_NO_SPACE);
	if (size)
		memcpy(kept, message->header, size);
	message->header = kept;
	return PK_OK;
}

enum pk_err making_copy(struct making *making, struct pk_message *message, size_t body_max)
{
	struct pk_header room[CAPTURE_HEADERS_MAX + 1];

	for (size_t i = 0; i < message->header_count; i++) {
		room[i] = message->header[i];
		TRY(copy_text(making, &room[i].name));
		TRY(copy_text(making, &room[i].value));
	}
	message->header = room;
	TRY(making_keep_headers(making, message));
	message->body = pk_str_first(message->body, body_max);
	TRY(copy_text(making, &message->method));
	TRY(copy_text(making, &message->url));
	return copy_text(making, &message->body);
}

enum pk_err making_joined(struct making *making, struct pk_str a, struct pk_str b, struct pk_str c,
			  struct pk_str *ret)
{
	struct pk_buf out = pk_arena_open(making->arena);

	pk_buf_put(&out, a);
	pk_buf_put(&out, b);
	pk_buf_put(&out, c);
	return pk_space(making->why, pk_arena_close(making->arena, &out, ret));
}

/* ---- Texts ---- */

struct pk_str text_line(struct pk_str text)
{
	struct pk_str line = pk_str_first(text, pk_str_find(text, '\n'));

	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

struct pk_str text_cut_line(struct pk_str *text)
{
	const struct pk_str line = text_line(*text);

	*text = pk_str_from(*text, pk_str_find(*text, '\n') + 1);
	return line;
}

static const struct reader {
	bool (*starts)(struct pk_str rest);
	enum pk_err (*read)(struct making *making, struct pk_str *rest);
} readers[] = {
	{curl_starts, curl_read},
	{raw_starts, raw_read},
	{bare_starts, bare_read},
};

static const struct reader *find_reader(struct pk_str rest)
{
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (readers[i].starts(rest))
			return &readers[i];
	return NULL;
}

bool text_starts(struct pk_str rest)
{
	return find_reader(rest) != NULL;
}

/* Between the parts of a text: empty lines, comments, and what curl -v tells about itself. */
static bool is_nothing(struct pk_str line)
{
	line = pk_str_trim(line);
	return !line.len || line.ptr[0] == '#' || line.ptr[0] == '*' ||
	       pk_str_starts(line, PK_STR("{ [")) || pk_str_starts(line, PK_STR("} ["));
}

static enum pk_err read_texts(struct making *making)
{
	struct pk_str rest = making->text;

	while (rest.len) {
		struct pk_str line_rest = rest;
		const struct reader *reader;

		if (is_nothing(text_cut_line(&line_rest))) {
			rest = line_rest;
			continue;
		}
		while (rest.ptr[0] == ' ' || rest.ptr[0] == '\t')
			rest = pk_str_from(rest, 1);
		reader = find_reader(rest);
		if (!reader)
			return making_refuse(making, rest.ptr,
					     "this is no curl command, HTTP message, URL, or body "
					     "of a token reply");
		TRY(reader->read(making, &rest));
	}
	return PK_OK;
}

/* ---- Documents ---- */

json_t *json_start(struct pk_str text, size_t flags, size_t *ret_size, json_error_t *ret_error)
{
	json_t *root = json_loadb(text.ptr, text.len,
				  JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL | flags, ret_error);

	if (root)
		*ret_size = (size_t)ret_error->position;
	return root;
}

/* jansson quotes what it stumbled over, which may be a secret: its sentence ends before that. */
static enum pk_err refuse_json(const struct making *making, const json_error_t *error)
{
	const struct pk_str text = pk_str(error->text);
	const char *near = memmem(text.ptr, text.len, " near ", 6);
	const size_t len = near ? (size_t)(near - text.ptr) : text.len;
	const enum pk_err err = pk_refuse(making->why, PK_ERR_CAPTURE_SYNTAX, NULL,
					  "line %d, byte %d of the JSON: %.*s", error->line,
					  error->position, (int)len, text.ptr);

	if (making->why)
		making->why->line = (unsigned)error->line;
	return err;
}

/* A HAR begins with its log. It is not parsed as a whole, and keys may come twice in it: browsers
 * and their extensions write such files. */
static bool starts_as_har(struct pk_str text)
{
	text = pk_str_trim(pk_str_first(pk_str_from(text, 1), 64));
	return pk_str_starts(text, PK_STR("\"log\""));
}

static bool is_capture(const json_t *root)
{
	return json_object_get(root, "events") || json_object_get(root, "stored") ||
	       json_object_get(root, "provider");
}

/* Reads the text if it is one of the two documents; sets *ret_done then. */
static enum pk_err read_document(struct making *making, struct pk_capture *ret, bool *ret_done)
{
	json_error_t error;
	size_t size = 0;
	json_t *root;
	enum pk_err err = PK_OK;

	*ret_done = starts_as_har(making->text);
	if (*ret_done)
		return har_read(making);
	root = json_start(making->text, JSON_REJECT_DUPLICATES, &size, &error);
	if (!root)
		return refuse_json(making, &error);
	*ret_done = is_capture(root);
	if (json_is_object(json_object_get(root, "log"))) {
		*ret_done = true;
		err = har_read(making);
	} else if (*ret_done && pk_str_trim(pk_str_from(making->text, size)).len) {
		err = making_refuse(making, making->text.ptr + size,
				    "something follows the end of the JSON document");
	} else if (*ret_done) {
		err = capture_json_read(making, root, ret);
	}
	json_decref(root);
	return err;
}

/* ---- The order of time ---- */

/* An event whose time is not known stays behind the one before it. */
static double time_of(const struct pk_event *event, double before)
{
	return event->at < 0 ? before : event->at;
}

static enum pk_err sort_events(struct making *making)
{
	double *at = pk_arena_take(making->arena, making->count * sizeof(*at));

	if (!at)
		return pk_space(making->why, PK_ERR_NO_SPACE);
	for (size_t i = 0; i < making->count; i++) {
		const struct pk_event event = making->event[i];
		const double time = time_of(&event, i ? at[i - 1] : 0);
		size_t place = i;

		for (; place && at[place - 1] > time; place--) {
			at[place] = at[place - 1];
			making->event[place] = making->event[place - 1];
		}
		at[place] = time;
		making->event[place] = event;
	}
	return PK_OK;
}

static enum pk_err finish(struct making *making, struct pk_capture *ret)
{
	if (making->count > PK_EVENTS_MAX)
		return pk_refuse(making->why, PK_ERR_CAPTURE_TOO_LARGE, NULL,
				 "%zu events; a capture has at most %d", making->count,
				 PK_EVENTS_MAX);
	TRY(sort_events(making));
	ret->event = making->event;
	ret->count = making->count;
	return PK_OK;
}

/* ---- The two entries ---- */

/* What can be said without reading: the size, the encoding. Takes a byte order mark away. */
static enum pk_err check_text(struct pk_str *text, struct pk_why *why)
{
	if (text->len > PK_CAPTURE_TEXT_MAX)
		return pk_refuse(why, PK_ERR_CAPTURE_TOO_LARGE, NULL,
				 "%zu bytes; a capture has at most %u", text->len,
				 PK_CAPTURE_TEXT_MAX);
	if (pk_str_starts(*text, PK_STR("\xff\xfe")) || pk_str_starts(*text, PK_STR("\xfe\xff")))
		return pk_refuse(why, PK_ERR_CAPTURE_SYNTAX, NULL,
				 "the text is in UTF-16; save it as UTF-8");
	if (pk_str_starts(*text, PK_STR("\xef\xbb\xbf")))
		*text = pk_str_from(*text, 3);
	if (!pk_str_trim(*text).len)
		return pk_refuse(why, PK_ERR_CAPTURE_EMPTY, NULL, "the text is empty");
	return PK_OK;
}

static bool has_stored(const struct pk_capture *capture)
{
	return capture->stored_verifier.ptr || capture->stored_state.ptr ||
	       capture->stored_redirect_uri.ptr || capture->stored_expires_at != PK_TIME_UNKNOWN;
}

enum pk_err pk_capture_read(struct pk_arena *arena, struct pk_str text, struct pk_capture *ret,
			    struct pk_why *why)
{
	struct making making = {.arena = arena, .why = why};
	struct pk_capture capture = {.stored_expires_at = PK_TIME_UNKNOWN};
	bool done = false;

	TRY(check_text(&text, why));
	while (text.ptr[0] == ' ' || text.ptr[0] == '\n')
		text = pk_str_from(text, 1);
	making.text = text;
	if (text.ptr[0] == '{')
		TRY(read_document(&making, &capture, &done));
	if (!done) {
		TRY(read_texts(&making));
		TRY(making_sift(&making, true));
	}
	if (!making.count && !has_stored(&capture))
		return pk_refuse(why, PK_ERR_CAPTURE_EMPTY, NULL,
				 "no request in it has to do with a login");
	TRY(finish(&making, &capture));
	*ret = capture;
	return PK_OK;
}

/* The last event of that kind, if it has no reply yet. */
static struct pk_event *find_unanswered(struct making *making, enum pk_event_kind kind)
{
	for (size_t i = making->count; i-- > 0;)
		if (making->event[i].kind == kind)
			return making->event[i].reply.present ? NULL : &making->event[i];
	return NULL;
}

/* Reads one exchange, or one half of it. */
static enum pk_err read_one(struct pk_arena *arena, struct pk_str text, struct pk_event *ret,
			    struct pk_why *why)
{
	struct making making = {.arena = arena, .why = why, .kind_is_known = true};

	TRY(check_text(&text, why));
	making.text = text;
	TRY(read_texts(&making));
	if (making.count != 1)
		return pk_refuse(why, PK_ERR_CAPTURE_SYNTAX, NULL,
				 "one request, one reply or both belong here, and these are %zu",
				 making.count);
	*ret = making.event[0];
	return PK_OK;
}

/* Moves the last event, of which no time is known, before those of the last attempt that come after
 * its kind: pieces are added in any order, and the kinds are declared in that of a login. */
static void put_in_place(struct making *making)
{
	size_t at = making->count - 1;
	const struct pk_event event = making->event[at];

	for (; at > 0 && making->event[at - 1].kind > event.kind; at--)
		making->event[at] = making->event[at - 1];
	making->event[at] = event;
}

enum pk_err pk_capture_add(struct pk_arena *arena, struct pk_capture *capture,
			   enum pk_event_kind kind, struct pk_str text, struct pk_why *why)
{
	struct making making = {.arena = arena, .why = why};
	struct pk_event event, *unanswered;

	TRY(read_one(arena, text, &event, why));
	event.kind = kind;
	for (size_t i = 0; i < capture->count; i++)
		TRY(making_add(&making, &capture->event[i]));
	unanswered = event.request.present ? NULL : find_unanswered(&making, kind);
	if (unanswered) {
		unanswered->reply = event.reply;
	} else {
		TRY(making_add(&making, &event));
		put_in_place(&making);
	}
	return finish(&making, capture);
}
