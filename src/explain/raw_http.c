/*
 * HTTP messages as text (RFC 9112): copied from a log or a proxy, or what curl -v prints. They have
 * been through editors and terminals, so that line ends are LF or CRLF and Content-Length is taken
 * where it fits; otherwise a body goes on to the next thing that is known, or to the end.
 */
#include "explain/capture.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"};

/* The mark that curl -v puts before each line of a head: '>', '<', or '\0'. */
static char mark_of(struct pk_str line)
{
	return pk_str_starts(line, PK_STR("> ")) || pk_str_starts(line, PK_STR("< ")) ? line.ptr[0]
										      : '\0';
}

static struct pk_str without_mark(struct pk_str line, char mark)
{
	return mark ? pk_str_from(line, 2) : line;
}

static bool is_method(struct pk_str word)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (pk_str_equal(word, pk_str(methods[i])))
			return true;
	return false;
}

/* METHOD TARGET HTTP/1.1; the version may be missing. */
static bool read_request_line(struct pk_str line, struct pk_message *ret)
{
	const struct pk_str method = pk_str_cut(&line, ' ');
	struct pk_str target;

	if (!is_method(method) || !line.ptr)
		return false;
	target = pk_str_cut(&line, ' ');
	if (line.ptr && !pk_str_starts(line, PK_STR("HTTP/")))
		return false;
	if (!target.len || !(target.ptr[0] == '/' || pk_str_starts(target, PK_STR("http"))))
		return false;
	*ret = (struct pk_message){.present = true, .method = method, .url = target};
	return true;
}

/* HTTP/1.1 400 Bad Request; the reason may be missing. */
static bool read_status_line(struct pk_str line, struct pk_message *ret)
{
	int64_t status;

	if (!pk_str_starts(line, PK_STR("HTTP/")))
		return false;
	(void)pk_str_cut(&line, ' ');
	if (!pk_str_number(pk_str_cut(&line, ' '), 999, &status))
		return false;
	*ret = (struct pk_message){.present = true, .status = (int)status};
	return true;
}

bool raw_starts(struct pk_str rest)
{
	const struct pk_str line = text_line(rest);
	const struct pk_str plain = without_mark(line, mark_of(line));
	struct pk_message message;

	return read_request_line(plain, &message) || read_status_line(plain, &message);
}

/* Whether the head goes on with this line; with marks, a line without one is not of the head. */
static bool is_of_head(struct pk_str line, char mark)
{
	if (mark)
		return line.len && line.ptr[0] == mark && pk_str_trim(pk_str_from(line, 1)).len;
	return line.len > 0;
}

static enum pk_err read_header(struct making *making, struct pk_str line,
			       struct pk_message *message, struct pk_header *room)
{
	struct pk_str value = line;
	const struct pk_str name = pk_str_cut(&value, ':');

	if (!value.ptr || !name.len || pk_str_trim(name).len != name.len)
		return making_refuse(making, line.ptr,
				     "this is no header, and an empty line must stand before a "
				     "body");
	if (message->header_count == CAPTURE_HEADERS_MAX)
		return making_refuse(making, line.ptr, "more than %d headers", CAPTURE_HEADERS_MAX);
	room[message->header_count++] = (struct pk_header){name, pk_str_trim(value)};
	return PK_OK;
}

static enum pk_err read_headers(struct making *making, struct pk_str *rest, char mark,
				struct pk_message *message)
{
	struct pk_header room[CAPTURE_HEADERS_MAX];
	struct pk_str after = *rest;
	struct pk_str line = text_cut_line(&after);

	while (is_of_head(line, mark)) {
		TRY(read_header(making, without_mark(line, mark), message, room));
		*rest = after;
		line = text_cut_line(&after);
	}
	/* The empty line is of the head too. */
	if (!pk_str_trim(line).len || (mark && line.ptr[0] == mark))
		*rest = after;
	message->header = room;
	return making_keep_headers(making, message);
}

/* ---- Bodies ---- */

static bool may_have_body(const struct pk_message *message)
{
	if (message->status)
		return message->status >= 200 && message->status != 204 && message->status != 304;
	return message_has_header(message, "Content-Length") ||
	       message_has_header(message, "Transfer-Encoding") ||
	       !(pk_str_equal(message->method, PK_STR("GET")) ||
		 pk_str_equal(message->method, PK_STR("HEAD")) ||
		 pk_str_equal(message->method, PK_STR("OPTIONS")));
}

/* Whether a message may end here: at a line's end, or where the next one starts. */
static bool is_end(struct pk_str rest)
{
	return !text_line(rest).len || raw_starts(rest) || curl_starts(rest);
}

/* Whether the line at `rest` is none of the body. Within a page, only the head of a message or a
 * command is told from what may be its text; elsewhere all that stands behind an empty line. */
static bool ends_body(struct pk_str rest, bool page, bool after_empty_line)
{
	if (raw_starts(rest) || curl_starts(rest) || pk_str_starts(rest, PK_STR("* ")))
		return true;
	return !page && after_empty_line && text_starts(rest);
}

static struct pk_str take_to_next(struct pk_str *rest)
{
	const struct pk_str start = *rest;
	const struct pk_str first = pk_str_trim(text_line(start));
	const bool page = first.len && first.ptr[0] == '<';
	bool after_empty_line = false;
	size_t len;

	while (rest->len && !ends_body(*rest, page, after_empty_line))
		after_empty_line = !pk_str_trim(text_cut_line(rest)).len;
	len = start.len - rest->len;
	/* The line end is the file's. */
	while (len && (start.ptr[len - 1] == '\n' || start.ptr[len - 1] == '\r'))
		len--;
	return pk_str_first(start, len);
}

static bool hex_size(struct pk_str text, size_t *ret)
{
	*ret = 0;
	text = pk_str_trim(pk_str_first(text, pk_str_find(text, ';')));
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];
		const int digit = c >= '0' && c <= '9'   ? c - '0'
				  : c >= 'a' && c <= 'f' ? c - 'a' + 10
				  : c >= 'A' && c <= 'F' ? c - 'A' + 10
							 : -1;

		if (digit < 0 || *ret > PK_CAPTURE_TEXT_MAX)
			return false;
		*ret = *ret * 16 + (size_t)digit;
	}
	return text.len > 0;
}

/* RFC 9112 7.1: chunks with their sizes before them, then trailers, then an empty line. */
static enum pk_err take_chunks(struct making *making, struct pk_str *rest, struct pk_str *ret)
{
	struct pk_buf out = pk_arena_open(making->arena);
	size_t size;

	do {
		const struct pk_str line = text_cut_line(rest);

		if (!hex_size(line, &size) || size > rest->len)
			return making_refuse(making, line.ptr,
					     "the size of a chunk does not fit to what follows");
		pk_buf_put(&out, pk_str_first(*rest, size));
		*rest = pk_str_from(*rest, size);
		if (size && text_cut_line(rest).len)
			return making_refuse(making, line.ptr, "a chunk is longer than its size");
	} while (size);
	while (rest->len && text_cut_line(rest).len)
		;
	return pk_space(making->why, pk_arena_close(making->arena, &out, ret));
}

static enum pk_err read_body(struct making *making, struct pk_str *rest, struct pk_message *message)
{
	const struct pk_str length = message_header(message, "Content-Length");
	const struct pk_str coding = message_header(message, "Transfer-Encoding");
	int64_t size;
	size_t chunk;

	/* curl -v prints no body of a request: what follows is the reply. */
	if (!rest->len || !may_have_body(message) || ends_body(*rest, false, false))
		return PK_OK;
	/* Tools that print bodies decoded leave the header as it was. */
	if (coding.len == 7 && strncasecmp(coding.ptr, "chunked", 7) == 0 &&
	    hex_size(text_line(*rest), &chunk))
		return take_chunks(making, rest, &message->body);
	if (pk_str_number(length, (int64_t)rest->len, &size) &&
	    is_end(pk_str_from(*rest, (size_t)size))) {
		message->body = pk_str_first(*rest, (size_t)size);
		*rest = pk_str_from(*rest, (size_t)size);
	} else {
		message->body = take_to_next(rest);
	}
	return PK_OK;
}

/* What curl -v says between request and reply, and the body of a request that it does not print. */
static void skip_remarks(struct pk_str *rest)
{
	while (pk_str_starts(*rest, PK_STR("* ")) || pk_str_starts(*rest, PK_STR("{ [")) ||
	       pk_str_starts(*rest, PK_STR("} [")))
		(void)text_cut_line(rest);
}

enum pk_err raw_read(struct making *making, struct pk_str *rest)
{
	const struct pk_str line = text_cut_line(rest);
	const char mark = mark_of(line);
	struct pk_event event = {.at = -1};
	struct pk_message message;
	const bool is_request = read_request_line(without_mark(line, mark), &message);

	if (!is_request && !read_status_line(without_mark(line, mark), &message))
		return making_refuse(making, line.ptr, "this is no HTTP message");
	TRY(read_headers(making, rest, mark, &message));
	if (mark)
		skip_remarks(rest);
	TRY(read_body(making, rest, &message));
	if (is_request) {
		event.request = message;
		return making_add(making, &event);
	}
	/* 100 Continue and its like are not the reply. */
	return message.status < 200 ? PK_OK : making_reply(making, &message);
}
