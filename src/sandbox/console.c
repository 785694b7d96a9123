/*
 * Serves the console's page and its files as they are built in. The page shows what hostile clients
 * sent, so its policy lets nothing run or load but these files, and no text become markup (Trusted
 * Types); what it shows it asks this sandbox for, and nobody else.
 */
#include "sandbox/console.h"
#include "base/text.h"
#include "io/page.h"

/* clang-format off */
static const struct console_file {
	const char *path;
	const char *file; /* in web/ */
	const char *type;
} files[] = {
	{"/_sandbox/console",             "console.html",       "text/html; charset=utf-8"},
	{"/_sandbox/console/console.css", "console.css",        "text/css; charset=utf-8"},
	{"/_sandbox/console/console.js",  "console.js",         "text/javascript; charset=utf-8"},
	{"/_sandbox/console/draw.js",     "console-draw.js",    "text/javascript; charset=utf-8"},
	{"/_sandbox/console/reading.js",  "console-reading.js", "text/javascript; charset=utf-8"},
	{"/_sandbox/console/sample.js",   "console-sample.js",  "text/javascript; charset=utf-8"},
	{"/_sandbox/console/words.js",    "console-words.js",   "text/javascript; charset=utf-8"},
};

static const struct console_header {
	const char *name;
	const char *value;
} headers[] = {
	{"Content-Security-Policy",      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
					 "img-src 'self' data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; "
					 "require-trusted-types-for 'script'; trusted-types 'none'"},
	{"Cross-Origin-Opener-Policy",   "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"X-Frame-Options",              "DENY"},
	{"Referrer-Policy",              "no-referrer"},
	{"X-Content-Type-Options",       "nosniff"},
	{"Cache-Control",                "no-cache"},
};
/* clang-format on */

static void serve(struct exchange *x, const struct console_file *file)
{
	if (!method_is(x, "GET")) {
		http_reply_header(x->http, "Allow", PK_STR("GET, HEAD"));
		http_reply(x->http, 405, "text/plain", PK_STR("the console is read with GET\n"));
		return;
	}
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		http_reply_header(x->http, headers[i].name, pk_str(headers[i].value));
	http_reply(x->http, 200, file->type, page_file(file->file));
}

bool console_serve(struct exchange *x, struct pk_str path)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (pk_str_equal(path, pk_str(files[i].path))) {
			serve(x, &files[i]);
			return true;
		}
	}
	return false;
}
