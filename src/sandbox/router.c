/*
 * Finds the endpoint of a path: the sandbox's own pages, and below /NAME/ the provider's own paths,
 * compared byte for byte, because a trailing slash too many is a mistake that people make at the
 * real one. A path that is none says which there are.
 */
#include "sandbox/router.h"
#include "base/arena.h"
#include "base/text.h"
#include "sandbox/clock.h"
#include "sandbox/console.h"
#include "sandbox/control.h"
#include "sandbox/document.h"
#include "sandbox/faults.h"
#include "sandbox/front_page.h"
#include "sandbox/landing.h"
#include "sandbox/recording.h"
#include "sandbox/reply.h"
#include "sandbox/steps.h"

static void serve_style(struct exchange *x)
{
	http_reply_header(x->http, "X-Content-Type-Options", PK_STR("nosniff"));
	http_reply(x->http, 200, "text/css; charset=utf-8", page_file("style.css"));
}

static void serve_health(struct exchange *x)
{
	http_reply(x->http, 200, "text/plain", PK_STR("ok\n"));
}

static const struct own_page {
	struct pk_str path;
	void (*serve)(struct exchange *x);
} own_pages[] = {
	{{"/", 1}, front_page},
	{{"/healthz", 8}, serve_health},
	{{"/assets/proofkey.css", 20}, serve_style},
};

static void put_path(const struct exchange *x, struct pk_buf *out, const char *what,
		     struct pk_str path)
{
	if (!path.len)
		return;
	pk_buf_put(out, pk_str(what));
	pk_buf_char(out, '/');
	pk_buf_put(out, x->dialect->name);
	pk_buf_put(out, path);
}

static void not_found(struct exchange *x)
{
	char memory[1024];
	struct pk_buf text = pk_buf(memory, sizeof(memory));
	json_t *document = json_object();

	if (x->provider) {
		pk_buf_put(&text, x->dialect->title);
		pk_buf_put(&text, PK_STR(" has no such path. It has"));
		put_path(x, &text, " authorize: ", x->provider->path[AUTHORIZE]);
		put_path(x, &text, " token: ", x->provider->path[TOKEN]);
		put_path(x, &text, " revoke: ", x->provider->path[REVOKE]);
		put_path(x, &text, " userinfo: ", x->provider->path[USERINFO]);
	} else {
		pk_buf_put(&text, PK_STR("There is no such provider; / lists them."));
	}
	document_set(document, PK_STR("error"), PK_STR("not_found"));
	document_set(document, PK_STR("error_description"), pk_buf_str(&text));
	reply_document(x, 404, PK_BODY_JSON, document);
}

/* The browser's question before a single-page app's token request. */
static void answer_preflight(struct exchange *x)
{
	reply_cors(x);
	http_reply_header(x->http, "Access-Control-Max-Age", PK_STR("600"));
	http_reply(x->http, 204, NULL, PK_STR(""));
}

static void route_provider(struct exchange *x, struct pk_str path)
{
	if (pk_str_equal(path, PK_STR("/_sandbox/callback"))) {
		landing_page(x);
		return;
	}
	if (!provider_match(x->provider, path, &x->endpoint, &x->tenant)) {
		record_stray(x);
		not_found(x);
		return;
	}
	record_exchange(x);
	if (x->endpoint != AUTHORIZE && x->endpoint != DECIDE && x->endpoint != END_SESSION &&
	    method_is(x, "OPTIONS"))
		answer_preflight(x);
	else if (!fault_interrupts(x))
		steps_run(x);
}

static void route_exchange(struct exchange *x)
{
	const struct pk_str path = http_path(x->http);
	struct pk_str rest = pk_str_from(path, 1);

	for (size_t i = 0; i < sizeof(own_pages) / sizeof(own_pages[0]); i++) {
		if (pk_str_equal(path, own_pages[i].path)) {
			own_pages[i].serve(x);
			return;
		}
	}

	if (console_serve(x, path) || control_serve(x, path))
		return;

	x->provider = provider_by_well_known(&x->sandbox->providers, path, &x->tenant);
	if (x->provider) {
		x->dialect = &x->provider->file.dialect;
		x->endpoint = DISCOVERY;
		steps_run(x);
		return;
	}

	const size_t slash = pk_str_find(rest, '/');

	x->provider = provider_find(&x->sandbox->providers, pk_str_first(rest, slash));
	if (!x->provider) {
		not_found(x);
		return;
	}
	x->dialect = &x->provider->file.dialect;
	route_provider(x, pk_str_from(rest, slash));
}

void route(struct http_request *http, void *arg)
{
	struct sandbox *sandbox = arg;
	struct pk_arena arena = pk_arena(sandbox->scratch, sizeof(sandbox->scratch));
	struct exchange x = {.sandbox = sandbox, .http = http, .arena = &arena, .now = now()};

	route_exchange(&x);
	pk_arena_wipe(&arena);
}
