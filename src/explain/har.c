/*
 * HAR 1.2 as browsers write it. The raw URL counts and not queryString, a body's text and not its
 * params, which some browsers give decoded: only where there is no text is a form made of them, and
 * then mistakes of encoding cannot show. The file is walked over, and of its entries only those are
 * parsed, one at a time, that can have to do with a login.
 */
#include "explain/member.h"
#include "explain/skim.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/text.h"

#include <sodium.h>
#include <string.h>

/* An entry, taken apart; its texts point into the JSON. */
struct entry {
	struct pk_event event;
	struct pk_header request_header[CAPTURE_HEADERS_MAX];
	struct pk_header reply_header[CAPTURE_HEADERS_MAX + 1]; /* one for redirectURL */
	struct place place, request, data;
	struct place params; /* of a body without text */
	bool reply_base64;
};

static enum pk_err read_headers(const struct making *making, const struct place *place,
				struct pk_message *message, struct pk_header *room)
{
	struct place headers, header;

	TRY(member_array(making, place, "headers", &headers));
	for (size_t i = 0; i < json_array_size(headers.value); i++) {
		struct pk_str name, value;

		TRY(member_element(making, &headers, i, &header));
		TRY(member_text(making, &header, "name", &name));
		TRY(member_text(making, &header, "value", &value));
		/* HTTP/2 writes the request line as headers; it is in method and url too. */
		if (!name.len || name.ptr[0] == ':')
			continue;
		TRY(member_header(making, &headers, message, room, name,
				  value.ptr ? value : PK_STR("")));
	}
	return PK_OK;
}

static enum pk_err read_request(const struct making *making, struct entry *entry)
{
	const struct place *place = &entry->request;
	struct pk_message *request = &entry->event.request;

	TRY(member_text(making, place, "method", &request->method));
	TRY(member_text(making, place, "url", &request->url));
	if (!request->url.ptr)
		return member_refuse(making, place, "url", "is missing");
	TRY(read_headers(making, place, request, entry->request_header));
	TRY(member_object(making, place, "postData", &entry->data));
	TRY(member_text(making, &entry->data, "text", &request->body));
	if (!request->body.len)
		TRY(member_array(making, &entry->data, "params", &entry->params));
	request->present = true;
	return PK_OK;
}

static enum pk_err read_reply(const struct making *making, const struct place *place,
			      struct entry *entry)
{
	struct pk_message *reply = &entry->event.reply;
	struct place content;
	struct pk_str encoding, redirect;
	double status;

	/* Status 0 is the browser's word for: there was no response. Chrome also writes -1. */
	reply->present = true;
	if (json_number_value(json_object_get(place->value, "status")) <= 0)
		return PK_OK;
	TRY(member_number(making, place, "status", 999, &status));
	reply->status = (int)status;
	TRY(read_headers(making, place, reply, entry->reply_header));
	TRY(member_text(making, place, "redirectURL", &redirect));
	if (redirect.len && !message_has_header(reply, "Location")) {
		entry->reply_header[reply->header_count++] =
			(struct pk_header){PK_STR("Location"), redirect};
		reply->header = entry->reply_header;
	}
	TRY(member_object(making, place, "content", &content));
	TRY(member_text(making, &content, "text", &reply->body));
	TRY(member_text(making, &content, "encoding", &encoding));
	entry->reply_base64 = pk_str_equal(encoding, PK_STR("base64"));
	return PK_OK;
}

static enum pk_err read_entry(const struct making *making, struct entry *ret)
{
	struct place response;
	struct pk_str started;

	ret->event.at = -1;
	TRY(member_text(making, &ret->place, "startedDateTime", &started));
	if (started.len && !iso_time(started, &ret->event.at))
		return member_refuse(making, &ret->place, "startedDateTime",
				     "is no date and time of ISO 8601");
	ret->event.took = json_number_value(json_object_get(ret->place.value, "time")) / 1000;
	TRY(member_object(making, &ret->place, "request", &ret->request));
	if (!ret->request.value)
		return member_refuse(making, &ret->request, NULL, "is missing");
	TRY(read_request(making, ret));
	TRY(member_object(making, &ret->place, "response", &response));
	return response.value ? read_reply(making, &response, ret) : PK_OK;
}

static enum pk_err write_params(struct making *making, const struct place *params,
				struct pk_str *ret)
{
	struct pk_buf out = pk_arena_open(making->arena);
	const size_t start = out.len;

	for (size_t i = 0; i < json_array_size(params->value); i++) {
		struct place param;
		struct pk_str name, value;

		TRY(member_element(making, params, i, &param));
		TRY(member_text(making, &param, "name", &name));
		TRY(member_text(making, &param, "value", &value));
		pk_form_put(&out, start, name, value);
	}
	return pk_space(making->why, pk_arena_close(making->arena, &out, ret));
}

/* Decodes a body in base64, as much of it as is kept. */
static enum pk_err decode_body(struct making *making, const struct entry *entry, size_t max,
			       struct pk_str *body)
{
	const struct pk_str text = pk_str_first(*body, max / 3 * 4);
	const size_t cap = text.len / 4 * 3 + 3;
	unsigned char *bytes = pk_arena_take(making->arena, cap);
	size_t size;

	if (!bytes)
		return pk_space(making->why, PK_ERR_NO_SPACE);
	if (sodium_base642bin(bytes, cap, text.ptr, text.len, "\r\n ", &size, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0)
		return member_refuse(making, &entry->place, "response.content.text",
				     "is no base64");
	*body = (struct pk_str){(const char *)bytes, size};
	return PK_OK;
}

static enum pk_err keep_entry(struct making *making, struct entry *entry)
{
	const size_t max =
		entry->event.kind == PK_EVENT_TOKEN ? PK_CAPTURE_TEXT_MAX : CAPTURE_PAGE_MAX;
	struct pk_str *body = &entry->event.reply.body;

	if (body->len && entry->reply_base64)
		TRY(decode_body(making, entry, max, body));
	TRY(making_copy(making, &entry->event.request, PK_CAPTURE_TEXT_MAX));
	TRY(making_copy(making, &entry->event.reply, max));
	return making_add(making, &entry->event);
}

/* ---- Which entries are parsed ---- */

/* Each request that request_kind() or a redirect URI can know has one of these in it. */
static const char *const words[] = {
	"response_type", "redirect_uri", "request_uri", "grant_type", "code=",  "code\"",
	"code\\\"",      "error=",       "error\"",     "oken",       "OKEN",   "evo",
	"EVO",           "efresh",       "EFRESH",      "access",     "earer ", ".well-known/",
	"jwks",          "JWKS",         "certs",       "/keys"};

/* An entry as it stands in the text. */
struct outline {
	struct pk_str request;
	struct pk_str url; /* with its quotes */
	bool redirects;
};

static bool is_key(struct pk_str key, const char *quoted)
{
	return pk_str_equal(key, pk_str(quoted));
}

/* The value of a member of the object, as it is written; a later one counts, as in a parser. */
static struct pk_str skim_member(struct pk_str object, const char *quoted)
{
	struct skim skim = {.rest = object};
	struct pk_str key, found = {0};

	if (!skim_enter(&skim, '{'))
		return found;
	while (skim_key(&skim, &key)) {
		const struct pk_str value = skim_value(&skim);

		if (is_key(key, quoted))
			found = value;
	}
	return skim.broken ? (struct pk_str){0} : found;
}

static struct outline outline_of(struct pk_str entry)
{
	const struct pk_str request = skim_member(entry, "\"request\"");
	const struct pk_str response = skim_member(entry, "\"response\"");

	return (struct outline){
		.request = request,
		.url = skim_member(request, "\"url\""),
		.redirects = pk_str_starts(skim_member(response, "\"status\""), PK_STR("3")),
	};
}

static bool has_any_word(struct pk_str text)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text.len && memmem(text.ptr, text.len, words[i], strlen(words[i])))
			return true;
	return false;
}

/* What cannot be outlined is parsed, so that it is refused with its place. */
static bool can_matter(const struct clues *clues, struct pk_str entry)
{
	const struct outline outline = outline_of(entry);
	const struct pk_str url = pk_str_first(pk_str_from(outline.url, 1), outline.url.len - 2);

	if (outline.url.len < 2 || pk_str_find(url, '\\') < url.len)
		return true;
	return has_any_word(outline.request) || outline.redirects || clues_lead_to(clues, url);
}

/* ---- Walking over the file ---- */

struct walk {
	struct making *making;
	struct clues clues;
};

typedef enum pk_err visit_fn(struct walk *walk, struct entry *entry);

/* First what is of a login by itself ... */
static enum pk_err note_entry(struct walk *walk, struct entry *entry)
{
	if (!request_kind(&entry->event.request, &entry->event.kind))
		return PK_OK;
	return clues_note(walk->making, &walk->clues, &entry->event);
}

/* ... and then all, with what that says about the others. */
static enum pk_err keep_if_known(struct walk *walk, struct entry *entry)
{
	return clues_kind(&walk->clues, &entry->event) ? keep_entry(walk->making, entry) : PK_OK;
}

static enum pk_err visit_entry(struct walk *walk, struct pk_str text, size_t index, visit_fn *visit)
{
	const struct place entries = {.key = "log.entries"};
	struct entry entry = {.place = {.parent = &entries, .index = index}};
	json_error_t error;
	size_t size;
	json_t *root;
	enum pk_err err;

	if (text.ptr[0] != '{')
		return member_refuse(walk->making, &entry.place, NULL, "is no object");
	root = json_start(text, 0, &size, &error);
	if (!root)
		return making_refuse(walk->making, pk_str_from(text, (size_t)error.position).ptr,
				     "this is no JSON, in log.entries[%zu]", index);
	entry.place.value = root;
	err = read_entry(walk->making, &entry);
	if (err == PK_OK && entry.params.value)
		err = write_params(walk->making, &entry.params, &entry.event.request.body);
	if (err == PK_OK)
		err = visit(walk, &entry);
	json_decref(root);
	return err;
}

static enum pk_err visit_entries(struct walk *walk, struct skim entries, visit_fn *visit)
{
	(void)skim_enter(&entries, '[');
	for (size_t i = 0; skim_element(&entries); i++) {
		const struct pk_str text = skim_value(&entries);

		if (!entries.broken && can_matter(&walk->clues, text))
			TRY(visit_entry(walk, text, i, visit));
	}
	if (entries.broken)
		return making_refuse(walk->making, entries.rest.ptr,
				     "the JSON is broken in what starts here");
	return PK_OK;
}

/* Goes to a member of the object that the walk stands at; the others before it are passed. */
static bool skim_to(struct skim *skim, const char *quoted)
{
	struct pk_str key;

	if (!skim_enter(skim, '{'))
		return false;
	while (skim_key(skim, &key)) {
		if (is_key(key, quoted))
			return true;
		(void)skim_value(skim);
	}
	return false;
}

/* What follows the entries is walked over to the end of the file. */
static bool ends_well(struct skim after)
{
	struct pk_str key;

	(void)skim_value(&after);
	for (int depth = 0; depth < 2; depth++)
		while (skim_key(&after, &key))
			(void)skim_value(&after);
	return !after.broken && skim_is_at_end(&after);
}

enum pk_err har_read(struct making *making)
{
	struct walk walk = {.making = making};
	struct skim skim = {.rest = making->text};

	if (!skim_to(&skim, "\"log\"") || !skim_to(&skim, "\"entries\""))
		return making_refuse(making, skim.rest.ptr,
				     skim.broken ? "the JSON is broken in what starts here"
						 : "this HAR has no entries");
	TRY(visit_entries(&walk, skim, note_entry));
	TRY(visit_entries(&walk, skim, keep_if_known));
	if (!ends_well(skim))
		return making_refuse(making, making->text.ptr + making->text.len,
				     "the JSON is broken behind the entries");
	return PK_OK;
}
