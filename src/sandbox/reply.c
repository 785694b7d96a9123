/*
 * Answers and their headers. Pages run no script (one runs one), load nothing from elsewhere and
 * stand in no frame (RFC 9700 4.16); nothing that may hold a token is stored by anybody on the way (RFC 6749 5.1).
 * There is no form-action in the policy: browsers apply it to the redirect behind the form, too.
 */
#include "sandbox/reply.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/faults.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TYPE_MAX 128 /* bytes of a content type */
#define POLICY                                                                                     \
	"default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'; base-uri "   \
	"'none'"

#define POLICY_IMAGES                                                                              \
	"default-src 'none'; style-src 'self'; img-src * data:; frame-ancestors 'none'; base-uri " \
	"'none'"

/* clang-format off */
static const struct header {
	const char *name;
	const char *value;
} page_headers[] = {
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

static void send_page(struct exchange *x, int status, struct pk_str policy, const char *file,
		      const struct page_field *fields, size_t count)
{
	struct pk_buf page = pk_arena_open(x->arena);
	struct pk_str text;

	page_render(&page, file, fields, count);
	if (pk_arena_close(x->arena, &page, &text) != PK_OK) {
		fail(x);
		return;
	}
	http_reply_header(x->http, "Content-Security-Policy", policy);
	for (size_t i = 0; i < sizeof(page_headers) / sizeof(page_headers[0]); i++)
		http_reply_header(x->http, page_headers[i].name, pk_str(page_headers[i].value));
	http_reply(x->http, status, "text/html; charset=utf-8", text);
}

void reply_page(struct exchange *x, int status, const char *file, const struct page_field *fields,
		size_t count)
{
	send_page(x, status, PK_STR(POLICY), file, fields, count);
}

void reply_page_with_images(struct exchange *x, const char *file, const struct page_field *fields,
			    size_t count)
{
	send_page(x, 200, PK_STR(POLICY_IMAGES), file, fields, count);
}

/* The policy names the script by its hash (CSP 3, 2.3.1). */
void reply_page_with_script(struct exchange *x, const char *file, const struct page_field *fields,
			    size_t count, struct pk_str script)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	char memory[256];
	struct pk_buf policy = pk_buf(memory, sizeof(memory));

	crypto_hash_sha256(digest, (const unsigned char *)script.ptr, script.len);
	pk_buf_put(&policy, PK_STR(POLICY "; script-src 'sha256-"));
	pk_base64_encode(&policy, digest, sizeof(digest));
	pk_buf_char(&policy, '\'');
	send_page(x, 200, pk_buf_str(&policy), file, fields, count);
}

void reply_cors(struct exchange *x)
{
	if (http_header(x->http, "Origin").ptr && fault_is(x, "cors-blocked"))
		return;
	http_reply_header(x->http, "Access-Control-Allow-Origin", PK_STR("*"));
	http_reply_header(x->http, "Access-Control-Allow-Methods", PK_STR("GET, POST, OPTIONS"));
	http_reply_header(x->http, "Access-Control-Allow-Headers",
			  PK_STR("Authorization, Content-Type, DPoP"));
	http_reply_header(x->http, "Access-Control-Expose-Headers",
			  PK_STR("WWW-Authenticate, DPoP-Nonce"));
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

static const char *const body_types[] = {
	[PK_BODY_FORM] = "application/x-www-form-urlencoded",
	[PK_BODY_JSON] = "application/json",
};

static void send_document(struct exchange *x, int status, enum pk_body body, const char *type,
			  json_t *document)
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
	reply_cors(x);
	http_reply_header(x->http, "Cache-Control", PK_STR("no-store"));
	http_reply_header(x->http, "Pragma", PK_STR("no-cache"));
	http_reply(x->http, status, type, text);
}

void reply_document(struct exchange *x, int status, enum pk_body body, json_t *document)
{
	send_document(x, status, body, body_types[body], document);
}

/* Whether the client names JSON among what it takes; that it takes anything is not enough. */
static bool accepts_json(const struct exchange *x)
{
	struct pk_str accept = http_header(x->http, "Accept");

	while (accept.len) {
		struct pk_str range = pk_str_cut(&accept, ',');
		const struct pk_str type = pk_str_trim(pk_str_cut(&range, ';'));

		if (type.len == 16 && strncasecmp(type.ptr, "application/json", 16) == 0)
			return true;
	}
	return false;
}

void reply_as_token_endpoint(struct exchange *x, int status, json_t *document)
{
	const struct pk_str own = x->dialect->token_reply_type;
	enum pk_body body = x->dialect->token_reply;
	char type[TYPE_MAX];
	struct pk_buf out = pk_buf(type, sizeof(type) - 1);

	if (body == PK_BODY_ACCEPT)
		body = accepts_json(x) ? PK_BODY_JSON : PK_BODY_FORM;
	pk_buf_put(&out, own.len ? own : pk_str(body_types[body]));
	type[out.len] = '\0';
	send_document(x, status, body, type, document);
}
