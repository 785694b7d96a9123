/*
 * Finds the row of a path and guards it. Two things come to a server on a developer's machine from
 * pages in the developer's browser: requests across origins, which are told by Sec-Fetch-Site and
 * Origin and, where a form could send them, by their media type; and names that were made to point
 * at this machine (DNS rebinding), which are told by Host. Whoever is no browser sends what it
 * likes, and could do as much without us.
 */
#include "sandbox/control.h"
#include "base/arena.h"
#include "base/text.h"
#include "protocol/redirect_uri.h"
#include "sandbox/document.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* clang-format off */
static const struct control_row {
	const char *method;
	struct pk_str path; /* one that ends in a slash takes all below it */
	void (*serve)(struct exchange *x, struct pk_str rest);
} rows[] = {
	{"GET",    {"/_sandbox/attempts",  18}, attempts_list},
	{"POST",   {"/_sandbox/logout",    16}, logout_everywhere},
	{"DELETE", {"/_sandbox/attempts",  18}, attempts_clear},
	{"GET",    {"/_sandbox/attempts/", 19}, attempts_item},
	{"GET",    {"/_sandbox/events",    16}, stream_listen},
	{"GET",    {"/_sandbox/faults",    16}, faults_list},
	{"POST",   {"/_sandbox/faults",    16}, faults_post},
	{"DELETE", {"/_sandbox/faults",    16}, faults_delete},
};
/* clang-format on */

void control_reply(struct exchange *x, int status, json_t *document)
{
	char *text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(14));

	json_decref(document);
	http_reply_header(x->http, "Cache-Control", PK_STR("no-store"));
	http_reply_header(x->http, "X-Content-Type-Options", PK_STR("nosniff"));
	http_reply_header(x->http, "Cross-Origin-Resource-Policy", PK_STR("same-origin"));
	if (text)
		http_reply(x->http, status, "application/json", pk_str(text));
	else
		http_reply(x->http, 503, "text/plain", PK_STR("no memory for this answer\n"));
	free(text);
}

void control_refuse(struct exchange *x, int status, const char *code, const char *text)
{
	json_t *document = json_object();

	document_set(document, PK_STR("error"), pk_str(code));
	document_set(document, PK_STR("error_description"), pk_str(text));
	control_reply(x, status, document);
}

bool control_query(struct exchange *x, const char *name, struct pk_str *ret)
{
	struct pk_form form;

	*ret = (struct pk_str){0};
	if (!http_query(x->http).ptr)
		return true;
	if (pk_form_parse(x->arena, http_query(x->http), &form, NULL) != PK_OK)
		return false;
	*ret = pk_form_get(&form, pk_str(name));
	return true;
}

/* A name without a dot is in no zone that a stranger has; an address is no name. */
static bool is_own_host(const struct exchange *x)
{
	char memory[512];
	struct pk_buf url = pk_buf(memory, sizeof(memory));
	struct pk_uri parts;
	struct pk_uri listen;

	pk_buf_put(&url, PK_STR("http://"));
	pk_buf_put(&url, http_header(x->http, "Host"));
	if (url.overflow || !pk_uri_split(pk_buf_str(&url), &parts) || !parts.host.len)
		return false;
	if (pk_str_find(parts.host, '.') == parts.host.len ||
	    pk_str_ends(parts.host, PK_STR(".localhost")))
		return true;
	for (size_t i = 0; i < parts.host.len; i++)
		if (!strchr("0123456789.", parts.host.ptr[i]))
			return pk_uri_split(pk_str(x->sandbox->base), &listen) &&
			       pk_str_equal(listen.host, parts.host);
	return true;
}

static bool is_own_origin(const struct exchange *x)
{
	const struct pk_str site = http_header(x->http, "Sec-Fetch-Site");
	struct pk_str origin = http_header(x->http, "Origin");

	if (site.ptr && !pk_str_equal(site, PK_STR("same-origin")) &&
	    !pk_str_equal(site, PK_STR("none")))
		return false;
	if (!origin.ptr)
		return true;
	return pk_str_starts(origin, PK_STR("http://")) &&
	       pk_str_equal(pk_str_from(origin, 7), http_header(x->http, "Host"));
}

static bool is_json(const struct exchange *x)
{
	struct pk_str type = http_header(x->http, "Content-Type");

	type = pk_str_trim(pk_str_cut(&type, ';'));
	return type.len == 16 && strncasecmp(type.ptr, "application/json", 16) == 0;
}

/* Says no where the guard does; true: go on. */
static bool pass(struct exchange *x)
{
	if (!is_own_host(x)) {
		control_refuse(
			x, 403, "forbidden",
			"This Host is none of the sandbox's: use its address, or localhost.");
		return false;
	}
	/* A page elsewhere cannot read what it gets, but it can look how long that takes. */
	if (!is_own_origin(x)) {
		control_refuse(x, 403, "forbidden",
			       "Pages of other origins have no access to the sandbox's records.");
		return false;
	}
	if (method_is(x, "POST") && !is_json(x)) {
		control_refuse(x, 415, "unsupported_media_type",
			       "Send JSON, as Content-Type: application/json.");
		return false;
	}
	return true;
}

static bool is_at(const struct control_row *row, struct pk_str path)
{
	if (row->path.ptr[row->path.len - 1] == '/')
		return pk_str_starts(path, row->path);
	return pk_str_equal(path, row->path);
}

bool control_serve(struct exchange *x, struct pk_str path)
{
	char memory[64];
	struct pk_buf methods = pk_buf(memory, sizeof(memory));

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!is_at(&rows[i], path))
			continue;
		if (method_is(x, rows[i].method)) {
			if (pass(x))
				rows[i].serve(x, pk_str_from(path, rows[i].path.len));
			return true;
		}
		pk_buf_put(&methods, methods.len ? PK_STR(", ") : PK_STR(""));
		pk_buf_put(&methods, pk_str(rows[i].method));
	}
	if (!methods.len)
		return false;
	http_reply_header(x->http, "Allow", pk_buf_str(&methods));
	control_refuse(x, 405, "method_not_allowed", "Allow says what can be asked here.");
	return true;
}
