/*
 * Answers and their headers. Pages run no script, load nothing from elsewhere and stand in no frame
 * (RFC 9700 4.16); nothing that may hold a token is stored by anybody on the way (RFC 6749 5.1).
 * There is no form-action in the policy: browsers apply it to the redirect behind the form, too.
 */
#include "sandbox/reply.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct header {
	const char *name;
	const char *value;
} page_headers[] = {
	{"Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'"},
	{"X-Frame-Options",         "DENY"},
	{"Referrer-Policy",         "no-referrer"},
	{"X-Content-Type-Options",  "nosniff"},
	{"Cache-Control",           "no-store"},
};
/* clang-format on */

static void fail(struct exchange *x)
{
	http_reply(x->http, 500, "text/plain", PK_STR("the answer is too large\n"));
}

void reply_page(struct exchange *x, int status, const char *file, const struct page_field *fields,
		size_t count)
{
	struct pk_buf page = pk_arena_open(x->arena);
	struct pk_str text;

	page_render(&page, file, fields, count);
	if (pk_arena_close(x->arena, &page, &text) != PK_OK) {
		fail(x);
		return;
	}
	for (size_t i = 0; i < sizeof(page_headers) / sizeof(page_headers[0]); i++)
		http_reply_header(x->http, page_headers[i].name, pk_str(page_headers[i].value));
	http_reply(x->http, status, "text/html; charset=utf-8", text);
}

void reply_cors(struct http_request *http)
{
	http_reply_header(http, "Access-Control-Allow-Origin", PK_STR("*"));
	http_reply_header(http, "Access-Control-Allow-Methods", PK_STR("GET, POST, OPTIONS"));
	http_reply_header(http, "Access-Control-Allow-Headers",
			  PK_STR("Authorization, Content-Type"));
	http_reply_header(http, "Access-Control-Expose-Headers", PK_STR("WWW-Authenticate"));
}

static void write_json(json_t *document, struct pk_buf *out)
{
	char *text = json_dumps(document, JSON_COMPACT);

	if (!text) {
		out->overflow = true;
		return;
	}
	pk_buf_put(out, pk_str(text));
	sodium_memzero(text, strlen(text));
	free(text);
}

/* A form has no depth: the members of the document itself, as text. */
static void write_form(json_t *document, struct pk_buf *out)
{
	const size_t start = out->len;
	const char *key;
	json_t *value;

	json_object_foreach(document, key, value)
	{
		char memory[24];
		struct pk_buf number = pk_buf(memory, sizeof(memory));

		if (json_is_integer(value)) {
			pk_buf_number(&number, json_integer_value(value));
			pk_form_put(out, start, pk_str(key), pk_buf_str(&number));
		} else if (json_is_string(value)) {
			pk_form_put(out, start, pk_str(key), pk_str(json_string_value(value)));
		}
	}
}

void reply_document(struct exchange *x, int status, enum pk_body body, json_t *document)
{
	struct pk_buf out = pk_arena_open(x->arena);
	struct pk_str text;

	if (body == PK_BODY_FORM)
		write_form(document, &out);
	else
		write_json(document, &out);
	json_decref(document);
	if (pk_arena_close(x->arena, &out, &text) != PK_OK) {
		fail(x);
		return;
	}
	reply_cors(x->http);
	http_reply_header(x->http, "Cache-Control", PK_STR("no-store"));
	http_reply_header(x->http, "Pragma", PK_STR("no-cache"));
	http_reply(x->http, status,
		   body == PK_BODY_FORM ? "application/x-www-form-urlencoded" : "application/json",
		   text);
}
