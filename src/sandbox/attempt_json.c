/*
 * Writes attempts down. What was recorded is bytes from anybody: text that is no UTF-8, which JSON
 * cannot hold, is written with a mark (U+FFFD) for each byte that is not; explain reads the bytes
 * themselves. HAR 1.2: http://www.softwareishard.com/blog/har-12-spec/
 */
#include "sandbox/attempt_json.h"
#include "base/text.h"
#include "explain/capture.h"
#include "sandbox/provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const kind_words[] = {
	[PK_EVENT_AUTHORIZE] = "authorize",
	[PK_EVENT_CALLBACK] = "callback",
	[PK_EVENT_TOKEN] = "token",
	[PK_EVENT_OTHER] = "other",
};

/* ---- Text ---- */

/* The whole, where every byte of it can stand; else each byte for itself. */
static json_t *mend(struct pk_str text)
{
	char *const memory = malloc(3 * text.len + 1);
	struct pk_buf out = pk_buf(memory, memory ? 3 * text.len : 0);
	json_t *value;

	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] < 0x80)
			pk_buf_char(&out, text.ptr[i]);
		else
			pk_buf_put(&out, PK_STR("\xef\xbf\xbd"));
	}
	value = json_stringn(out.ptr ? out.ptr : "", out.len);
	free(memory);
	return value;
}

static json_t *text_json(struct pk_str text)
{
	json_t *value = json_stringn(text.ptr ? text.ptr : "", text.len);

	return value ? value : mend(text);
}

static void put_text(json_t *object, const char *key, struct pk_str text)
{
	if (text.ptr)
		(void)json_object_set_new(object, key, text_json(text));
}

/* ---- Captures ---- */

/* A header that comes several times is an array. */
static void put_header(json_t *headers, const struct pk_header *header)
{
	char name[256];
	struct pk_buf out = pk_buf(name, sizeof(name) - 1);
	json_t *before;
	json_t *both;

	pk_buf_put(&out, header->name);
	name[out.len] = '\0';
	before = json_object_get(headers, name);
	if (!before) {
		put_text(headers, name, header->value);
	} else if (json_is_array(before)) {
		(void)json_array_append_new(before, text_json(header->value));
	} else {
		both = json_array();
		(void)json_array_append(both, before);
		(void)json_array_append_new(both, text_json(header->value));
		(void)json_object_set_new(headers, name, both);
	}
}

static void put_message(json_t *object, const struct pk_message *message)
{
	json_t *headers = json_object();

	for (size_t i = 0; i < message->header_count; i++)
		put_header(headers, &message->header[i]);
	(void)json_object_set_new(object, "headers", headers);
	if (message->body.len)
		put_text(object, "body", message->body);
}

static json_t *event_json(const struct pk_event *event)
{
	json_t *object = json_object();
	json_t *request = json_object();
	json_t *response;

	put_text(object, "kind", pk_str(kind_words[event->kind]));
	(void)json_object_set_new(object, "at", json_real(event->at));
	if (event->took > 0)
		(void)json_object_set_new(object, "took", json_real(event->took));
	put_text(request, "method", event->request.method);
	put_text(request, "url", event->request.url);
	put_message(request, &event->request);
	/* A browser's request is the event; a client's stands in it. */
	if (event->kind == PK_EVENT_AUTHORIZE || event->kind == PK_EVENT_CALLBACK) {
		(void)json_object_update(object, request);
		json_decref(request);
	} else {
		(void)json_object_set_new(object, "request", request);
	}
	if (event->reply.present) {
		response = json_object();
		(void)json_object_set_new(response, "status", json_integer(event->reply.status));
		put_message(response, &event->reply);
		(void)json_object_set_new(object, "response", response);
	}
	return object;
}

json_t *attempt_json(const struct attempts *attempts, const struct attempt *attempt)
{
	char id[ATTEMPT_ID_MAX];
	json_t *object = json_object();
	json_t *capture = json_object();
	json_t *events = json_array();
	json_t *produced = json_array();

	for (size_t i = 0; i < attempt->produced_count; i++)
		(void)json_array_append_new(produced, json_string(attempt->produced[i]));
	for (const struct record *at = attempt->first; at; at = at->next)
		(void)json_array_append_new(events, event_json(&at->event));
	put_text(capture, "provider", attempt->provider->file.dialect.name);
	(void)json_object_set_new(capture, "events", events);
	put_text(object, "id", attempt_id(attempts, attempt->serial, id));
	put_text(object, "provider", attempt->provider->file.dialect.name);
	(void)json_object_set_new(object, "at", json_real(attempt->at));
	(void)json_object_set_new(object, "produced", produced);
	(void)json_object_set_new(object, "capture", capture);
	return object;
}

/* ---- Explanation ---- */

#define EXPLAIN_ARENA ((size_t)4 << 20) /* bytes */

struct explaining {
	struct pk_event event[ATTEMPT_EVENTS_MAX + 1];
	struct pk_report report;
	struct pk_arena arena;
	unsigned char memory[EXPLAIN_ARENA];
	char text[PK_REPORT_MAX];
};

char *attempt_explain(const struct attempt *attempt, const char **ret_verdict)
{
	const struct pk_dialect *dialect = &attempt->provider->file.dialect;
	struct explaining *work = malloc(sizeof(*work)); /* most of it is never touched */
	struct pk_capture capture = {.provider = dialect->name,
				     .stored_expires_at = PK_TIME_UNKNOWN};
	char *text = NULL;

	if (!work)
		return NULL;
	for (const struct record *at = attempt->first; at; at = at->next)
		work->event[capture.count++] = at->event;
	capture.event = work->event;
	work->arena = pk_arena(work->memory, sizeof(work->memory));
	if (pk_explain(&work->arena, &capture, &dialect, 1, &work->report, NULL) == PK_OK) {
		struct pk_buf out = pk_buf(work->text, sizeof(work->text) - 1);

		pk_report_json(&work->report, false, &out);
		work->text[out.len] = '\0';
		text = strdup(work->text);
		if (ret_verdict)
			*ret_verdict = work->report.finding_count
					       ? work->report.finding[0].fault->id
					       : NULL;
	}
	free(work);
	return text;
}

/* ---- HAR ---- */

static json_t *har_pair(struct pk_str name, struct pk_str value)
{
	json_t *pair = json_object();

	(void)json_object_set_new(pair, "name", text_json(name));
	(void)json_object_set_new(pair, "value", text_json(value));
	return pair;
}

/* The parameters still encoded, as browsers write them too. */
static json_t *har_query(struct pk_str url)
{
	json_t *list = json_array();
	struct pk_str rest = url_query(url);

	while (rest.len) {
		struct pk_str value = pk_str_cut(&rest, '&');
		const struct pk_str name = pk_str_cut(&value, '=');

		(void)json_array_append_new(list, har_pair(name, value));
	}
	return list;
}

static void har_message(json_t *object, const struct pk_message *message)
{
	json_t *headers = json_array();

	for (size_t i = 0; i < message->header_count; i++)
		(void)json_array_append_new(
			headers, har_pair(message->header[i].name, message->header[i].value));
	put_text(object, "httpVersion", PK_STR("HTTP/1.1"));
	(void)json_object_set_new(object, "cookies", json_array());
	(void)json_object_set_new(object, "headers", headers);
	(void)json_object_set_new(object, "headersSize", json_integer(-1));
	(void)json_object_set_new(object, "bodySize", json_integer((json_int_t)message->body.len));
}

static json_t *har_request(const struct pk_message *message)
{
	json_t *request = json_object();
	json_t *data;

	(void)json_object_set_new(request, "method", text_json(message->method));
	(void)json_object_set_new(request, "url", text_json(message->url));
	(void)json_object_set_new(request, "queryString", har_query(message->url));
	har_message(request, message);
	if (message->body.len) {
		data = json_object();
		(void)json_object_set_new(data, "mimeType",
					  text_json(message_header(message, "Content-Type")));
		(void)json_object_set_new(data, "text", text_json(message->body));
		(void)json_object_set_new(request, "postData", data);
	}
	return request;
}

/* Status 0 is a reply that never came. */
static json_t *har_response(const struct pk_message *message)
{
	json_t *response = json_object();
	json_t *content = json_object();

	(void)json_object_set_new(response, "status", json_integer(message->status));
	put_text(response, "statusText", PK_STR(""));
	har_message(response, message);
	(void)json_object_set_new(content, "size", json_integer((json_int_t)message->body.len));
	(void)json_object_set_new(content, "mimeType",
				  text_json(message_header(message, "Content-Type")));
	(void)json_object_set_new(content, "text", text_json(message->body));
	(void)json_object_set_new(response, "content", content);
	(void)json_object_set_new(response, "redirectURL",
				  text_json(message_header(message, "Location")));
	return response;
}

static json_t *har_time(double at)
{
	const time_t seconds = (time_t)at;
	struct tm parts;
	char text[64];
	size_t len;

	(void)gmtime_r(&seconds, &parts);
	len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	(void)snprintf(text + len, sizeof(text) - len, ".%03dZ",
		       (int)((at - (double)seconds) * 1000));
	return json_string(text);
}

static json_t *har_entry(const struct pk_event *event)
{
	json_t *entry = json_object();

	(void)json_object_set_new(entry, "startedDateTime", har_time(event->at));
	(void)json_object_set_new(entry, "time", json_real(event->took * 1000));
	(void)json_object_set_new(entry, "request", har_request(&event->request));
	(void)json_object_set_new(entry, "response", har_response(&event->reply));
	(void)json_object_set_new(entry, "cache", json_object());
	(void)json_object_set_new(
		entry, "timings",
		json_pack("{s:i,s:f,s:i}", "send", 0, "wait", event->took * 1000, "receive", 0));
	return entry;
}

json_t *attempt_har(const struct attempt *attempt)
{
	json_t *entries = json_array();

	for (const struct record *at = attempt->first; at; at = at->next)
		(void)json_array_append_new(entries, har_entry(&at->event));
	return json_pack("{s:{s:s,s:{s:s,s:s},s:o}}", "log", "version", "1.2", "creator", "name",
			 "proofkey sandbox", "version", PROOFKEY_VERSION, "entries", entries);
}
