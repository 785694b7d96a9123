/*
 * What was asked: views into the strings that evhttp parsed, never copies. A request that another
 * reader on its way, a proxy before us, could have cut up differently is refused (RFC 9112 11.2):
 * evhttp alone would take several of them.
 */
#include "base/text.h"
#include "io/http_exchange.h"

#include <event2/buffer.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

/* The headers that decide where a request ends and whom it is for. */
struct framing {
	size_t host;
	size_t length;
	size_t coding;
	const char *length_value;
	const char *coding_value;
};

/* RFC 9110 5.6.2 */
static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || (c && strchr("_!#$%&'*+.^`|~", c));
}

/* RFC 9112 5.1: "A server MUST reject, with a response status code of 400 (Bad Request), any
 * received request message that contains whitespace between a header field name and colon." */
static bool is_token(const char *name)
{
	const char *at = name;

	while (is_token_char(*at))
		at++;
	return at > name && *at == '\0';
}

/* Most headers are none of these, and are told by their first letter. */
static void count_framing(struct framing *framing, const struct evkeyval *header)
{
	const int first = header->key[0] | 0x20;

	if (first == 'h' && strcasecmp(header->key, "Host") == 0) {
		framing->host++;
	} else if (first == 'c' && strcasecmp(header->key, "Content-Length") == 0) {
		framing->length++;
		framing->length_value = header->value;
	} else if (first == 't' && strcasecmp(header->key, "Transfer-Encoding") == 0) {
		framing->coding++;
		framing->coding_value = header->value;
	}
}

/* evhttp takes no body with these, whatever the headers say: the body would be the next request. */
static bool takes_no_body(const struct http_request *request)
{
	const enum evhttp_cmd_type method = evhttp_request_get_command(request->evhttp);

	return method == EVHTTP_REQ_HEAD || method == EVHTTP_REQ_TRACE;
}

static bool is_framing_clear(const struct http_request *request, const struct framing *framing)
{
	const bool latest = request->evhttp->minor >= 1;
	int64_t length = 0;

	if (request->evhttp->major != 1 || request->evhttp->minor < 0)
		return false;
	/* RFC 9112 3.2: 400 "to any HTTP/1.1 request message that lacks a Host header field and to
	 * any request message that contains more than one Host header field line" */
	if (framing->host > 1 || (latest && framing->host == 0))
		return false;
	if (framing->length > 1 || framing->coding > 1 || (framing->length && framing->coding))
		return false;
	if (framing->length && !pk_str_number(pk_str(framing->length_value), INT64_MAX, &length))
		return false;
	if (framing->coding && (!latest || strcasecmp(framing->coding_value, "chunked") != 0))
		return false;
	return !takes_no_body(request) || (length == 0 && !framing->coding);
}

static bool are_headers_clear(const struct http_request *request)
{
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(request->evhttp);
	const struct evkeyval *header;
	struct framing framing = {0};

	TAILQ_FOREACH(header, headers, next)
	{
		if (!is_token(header->key))
			return false;
		count_framing(&framing, header);
	}
	return is_framing_clear(request, &framing);
}

/* RFC 9112 3.2.2: "a server MUST accept the absolute-form in requests". Its host means nothing to
 * us; what is left of it is the path. */
static struct pk_str cut_absolute(struct pk_str target)
{
	size_t host = 0;

	if (target.len && target.ptr[0] == '/')
		return target;
	if (target.len > 7 && strncasecmp(target.ptr, "http://", 7) == 0)
		host = 7;
	else if (target.len > 8 && strncasecmp(target.ptr, "https://", 8) == 0)
		host = 8;
	else
		return target;
	target = pk_str_from(target, host);
	return pk_str_from(target,
			   pk_str_find(pk_str_first(target, pk_str_find(target, '?')), '/'));
}

static bool read_target(struct http_request *request)
{
	struct pk_str target = pk_str(evhttp_request_get_uri(request->evhttp));

	for (size_t i = 0; i < target.len; i++) {
		const unsigned char c = (unsigned char)target.ptr[i];

		if (c <= ' ' || c == 0x7f || c == '#')
			return false;
	}
	target = cut_absolute(target);
	request->path = pk_str_cut(&target, '?');
	request->query = target;
	return request->path.len && request->path.ptr[0] == '/';
}

bool http_request_read(struct http_request *request)
{
	return read_target(request) && are_headers_clear(request);
}

struct pk_str http_method(const struct http_request *request)
{
	/* clang-format off */
	static const struct {
		enum evhttp_cmd_type type;
		struct pk_str name;
	} methods[] = {
		{EVHTTP_REQ_GET,     {"GET", 3}},
		{EVHTTP_REQ_POST,    {"POST", 4}},
		{EVHTTP_REQ_HEAD,    {"HEAD", 4}},
		{EVHTTP_REQ_PUT,     {"PUT", 3}},
		{EVHTTP_REQ_DELETE,  {"DELETE", 6}},
		{EVHTTP_REQ_OPTIONS, {"OPTIONS", 7}},
		{EVHTTP_REQ_TRACE,   {"TRACE", 5}},
		{EVHTTP_REQ_PATCH,   {"PATCH", 5}},
	};
	/* clang-format on */
	const enum evhttp_cmd_type type = evhttp_request_get_command(request->evhttp);

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (methods[i].type == type)
			return methods[i].name;
	return PK_STR("CONNECT"); /* never seen: its target is no path */
}

struct pk_str http_path(const struct http_request *request)
{
	return request->path;
}

struct pk_str http_query(const struct http_request *request)
{
	return request->query;
}

struct pk_str http_body(struct http_request *request)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(request->evhttp);
	const size_t len = evbuffer_get_length(body);

	return len ? (struct pk_str){(const char *)evbuffer_pullup(body, -1), len} : PK_STR("");
}

struct pk_str http_header(const struct http_request *request, const char *name)
{
	return pk_str(evhttp_find_header(evhttp_request_get_input_headers(request->evhttp), name));
}

size_t http_header_count(const struct http_request *request, const char *name)
{
	const struct evkeyval *header;
	size_t count = 0;

	TAILQ_FOREACH(header, evhttp_request_get_input_headers(request->evhttp), next)
	count += strcasecmp(header->key, name) == 0;
	return count;
}

void http_each_header(const struct http_request *request, bool of_reply, http_header_visitor *visit,
		      void *arg)
{
	const struct evkeyvalq *headers =
		of_reply ? evhttp_request_get_output_headers(request->evhttp)
			 : evhttp_request_get_input_headers(request->evhttp);
	const struct evkeyval *header;

	TAILQ_FOREACH(header, headers, next)
	visit(pk_str(header->key), pk_str(header->value), arg);
}

struct pk_str http_peer(const struct http_request *request)
{
	return pk_str(request->evhttp->remote_host);
}

/* RFC 6265 4.2.1: pairs between "; ", the value as it is, quotes included. */
static struct pk_str find_cookie(const struct http_request *request,
				 bool (*matches)(struct pk_str name, struct pk_str wanted),
				 struct pk_str wanted, size_t index)
{
	const struct evkeyval *header;

	TAILQ_FOREACH(header, evhttp_request_get_input_headers(request->evhttp), next)
	{
		if (strcasecmp(header->key, "Cookie") != 0)
			continue;

		struct pk_str left = pk_str(header->value);

		while (left.ptr) {
			struct pk_str value = pk_str_cut(&left, ';');
			const struct pk_str name = pk_str_trim(pk_str_cut(&value, '='));

			if (value.ptr && matches(name, wanted) && index-- == 0)
				return pk_str_trim(value);
		}
	}
	return (struct pk_str){0};
}

struct pk_str http_cookie(const struct http_request *request, struct pk_str name)
{
	return find_cookie(request, pk_str_equal, name, 0);
}

struct pk_str http_cookie_prefixed(const struct http_request *request, struct pk_str prefix,
				   size_t index)
{
	return find_cookie(request, pk_str_starts, prefix, index);
}

/* Made when first asked for: most requests are checks of a session, which need none. Without memory
 * it is an arena of no bytes, and everything taken from it is refused. */
struct pk_arena *http_arena(struct http_request *request)
{
	if (!request->arena.ptr) {
		void *memory = malloc(HTTP_ARENA);

		request->arena = pk_arena(memory, memory ? HTTP_ARENA : 0);
	}
	return &request->arena;
}

/* All of it, because a writer that was never closed has left its bytes beyond what is taken. */
void http_arena_release(struct http_request *request)
{
	if (request->arena.ptr) {
		sodium_memzero(request->arena.ptr, request->arena.cap);
		free(request->arena.ptr);
	}
	request->arena = (struct pk_arena){0};
}
