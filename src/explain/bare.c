/*
 * What people have when they have little: the address of a page, and the text that came back. A
 * body is told by the names in it; the text of a page is a page.
 */
#include "explain/capture.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

#include <string.h>

/* Names that a reply has, and that nothing else has at its top. */
static const char *const reply_names[] = {"error",      "access_token",  "errcode",
					  "error_code", "error_message", "errors",
					  "id_token",   "message",       "error_description"};

static bool is_scheme_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '-' || c == '.';
}

/* A scheme and "://", or a path with a query. */
static bool is_url(struct pk_str line)
{
	size_t scheme = 0;

	while (scheme < line.len && is_scheme_character(line.ptr[scheme]))
		scheme++;
	if (scheme && pk_str_starts(pk_str_from(line, scheme), PK_STR(":/")))
		return true;
	return line.len && (line.ptr[0] == '/' || line.ptr[0] == '?') &&
	       pk_str_find(line, '?') < line.len;
}

/* name=value with nothing around it. */
static bool is_form(struct pk_str line)
{
	const size_t name = pk_str_find(line, '=');

	if (!name || name == line.len)
		return false;
	for (size_t i = 0; i < name; i++)
		if (!is_scheme_character(line.ptr[i]) && line.ptr[i] != '_' && line.ptr[i] != '%')
			return false;
	return pk_str_find(line, ' ') == line.len;
}

static bool is_page(struct pk_str text)
{
	return text.len > 1 && text.ptr[0] == '<' &&
	       (is_scheme_character(text.ptr[1]) || text.ptr[1] == '!' || text.ptr[1] == '?');
}

bool bare_starts(struct pk_str rest)
{
	const struct pk_str line = pk_str_trim(text_line(rest));

	return pk_str_starts(rest, PK_STR("{")) || is_page(rest) || is_url(line) || is_form(line);
}

/* A body that came alone answers the request before it if that is one that has such an answer:
 * JSON after the address of a callback is that of a token request that was not captured. */
static enum pk_err add_reply(struct making *making, struct pk_str body, bool page)
{
	const struct pk_message reply = {.present = true, .body = body};
	const struct pk_event alone = {.at = -1, .reply = reply};
	const struct pk_event *open = making_open(making);
	enum pk_event_kind kind;

	if (open && (!request_kind(&open->request, &kind) || kind == PK_EVENT_CALLBACK ||
		     (kind == PK_EVENT_AUTHORIZE && !page)))
		return making_add(making, &alone);
	return making_reply(making, &reply);
}

static enum pk_err add_request(struct making *making, const char *method, struct pk_str url,
			       struct pk_str body)
{
	const struct pk_event event = {
		.at = -1,
		.request = {.present = true, .method = pk_str(method), .url = url, .body = body},
	};

	return making_add(making, &event);
}

static bool is_reply(const json_t *root)
{
	for (size_t i = 0; i < sizeof(reply_names) / sizeof(reply_names[0]); i++)
		if (json_object_get(root, reply_names[i]))
			return true;
	return false;
}

static enum pk_err read_json(struct making *making, struct pk_str *rest)
{
	const struct pk_str start = *rest;
	json_error_t error;
	size_t size;
	json_t *root = json_start(start, 0, &size, &error);
	const bool request = json_object_get(root, "grant_type") != NULL;
	const bool reply = making->kind_is_known || making_open(making) || is_reply(root);

	if (!root) {
		const size_t at = error.position > 0 ? (size_t)error.position - 1 : 0;

		return making_refuse(making, pk_str_from(start, at).ptr, "this is no JSON");
	}
	json_decref(root);
	*rest = pk_str_from(start, size);
	if (request)
		return add_request(making, "POST", (struct pk_str){0}, pk_str_first(start, size));
	if (!reply)
		return making_refuse(making, start.ptr,
				     "this JSON is no capture (events), HAR (log) or token reply "
				     "(error, access_token)");
	return add_reply(making, pk_str_first(start, size), false);
}

/* A form is the query of an authorize request or a callback, the body of a token request, or a
 * reply. */
static enum pk_err read_form(struct making *making, struct pk_str form)
{
	struct pk_message probe = {.present = true, .method = PK_STR("POST"), .body = form};
	enum pk_event_kind kind;
	struct pk_str url;

	if (request_kind(&probe, &kind) && kind == PK_EVENT_TOKEN)
		return add_request(making, "POST", (struct pk_str){0}, form);
	TRY(making_joined(making, PK_STR("?"), form, PK_STR(""), &url));
	probe = (struct pk_message){.present = true, .method = PK_STR("GET"), .url = url};
	if (request_kind(&probe, &kind) || form_has(form, "code"))
		return add_request(making, "GET", url, (struct pk_str){0});
	if (form_has(form, "error") || form_has(form, "access_token"))
		return add_reply(making, form, false);
	return making_refuse(making, form.ptr, "none of these parameters is one of a login");
}

enum pk_err bare_read(struct making *making, struct pk_str *rest)
{
	struct pk_str line;

	if (rest->ptr[0] == '{')
		return read_json(making, rest);
	if (is_page(*rest)) {
		const struct pk_str page = *rest;

		*rest = pk_str_from(*rest, rest->len);
		return add_reply(making, pk_str_trim(page), true);
	}
	line = pk_str_trim(text_cut_line(rest));
	if (!is_url(line))
		return read_form(making, line);
	if (pk_str_find(line, ' ') < line.len || pk_str_find(line, '\t') < line.len)
		return making_refuse(making, line.ptr, "a URL has no spaces");
	return add_request(making, "GET", line, (struct pk_str){0});
}
