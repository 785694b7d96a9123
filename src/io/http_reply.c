/*
 * What is answered. A header's value is data, however it came about: it cannot end its line. The
 * only headers that nobody asked for are those of RFC 9112's framing and the date.
 */
#include "base/text.h"
#include "io/http_exchange.h"

#include <event2/buffer.h>
#include <sodium.h>
#include <stdlib.h>

/* Longer values, which are rare, take the heap. */
#define VALUE_USUAL 1024

void http_reply_header(struct http_request *request, const char *name, struct pk_str value)
{
	char usual[VALUE_USUAL];
	char *text = value.len < sizeof(usual) ? usual : malloc(value.len + 1);
	size_t len = 0;

	if (!text) {
		request->starved = true;
		return;
	}
	for (size_t i = 0; i < value.len; i++) {
		const unsigned char c = (unsigned char)value.ptr[i];

		if (c >= ' ' && c != 0x7f)
			text[len++] = value.ptr[i];
	}
	text[len] = '\0';
	if (evhttp_add_header(evhttp_request_get_output_headers(request->evhttp), name, text) < 0)
		request->starved = true;
	sodium_memzero(text, len);
	if (text != usual)
		free(text);
}

/* RFC 9110 6.4.1: these have no content, and no length of it either. */
static bool has_no_content(int status)
{
	return status < 200 || status == 204 || status == 304;
}

/* RFC 9110 9.3.2: the reply to HEAD has the length that the one to GET would have; evhttp leaves it
 * out. */
static void put_length(struct http_request *request, size_t length)
{
	char memory[20];
	struct pk_buf text = pk_buf(memory, sizeof(memory));

	pk_buf_number(&text, (int64_t)length);
	http_reply_header(request, "Content-Length", pk_buf_str(&text));
}

void http_on_reply(struct http_request *request, http_reply_witness *replied, void *arg)
{
	request->replied = replied;
	request->replied_arg = arg;
}

static void put_body(struct http_request *request, const char *type, struct pk_str body)
{
	if (type)
		http_reply_header(request, "Content-Type", pk_str(type));
	if (evhttp_request_get_command(request->evhttp) == EVHTTP_REQ_HEAD)
		put_length(request, body.len);
	else if (body.len && evbuffer_add(evhttp_request_get_output_buffer(request->evhttp),
					  body.ptr, body.len) < 0)
		request->starved = true;
}

void http_reply(struct http_request *request, int status, const char *type, struct pk_str body)
{
	struct evhttp_request *evhttp = request->evhttp;

	if (request->state == EXCHANGE_LOST) {
		evhttp_request_free(evhttp);
		http_exchange_end(request);
		return;
	}
	if (!has_no_content(status))
		put_body(request, type, body);
	if (http_server_is_draining(request->server))
		http_reply_header(request, "Connection", PK_STR("close"));
	if (request->replied)
		request->replied(request, status, body, request->replied_arg);
	if (request->starved) {
		struct evbuffer *output = evhttp_request_get_output_buffer(evhttp);

		/* Half a reply may lack the header that makes it safe. */
		evhttp_clear_headers(evhttp_request_get_output_headers(evhttp));
		evbuffer_drain(output, evbuffer_get_length(output));
		status = 500;
	}
	http_arena_release(request);
	if (http_hold(request, status))
		return;
	http_exchange_answered(request);
	evhttp_send_reply(evhttp, status, NULL, NULL);
}

void http_redirect(struct http_request *request, int status, struct pk_str location)
{
	http_reply_header(request, "Location", location);
	http_reply(request, status, NULL, PK_STR(""));
}
