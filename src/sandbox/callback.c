/* Redirecting back (RFC 6749 4.1.2): the query that the redirect URI has is kept (3.1.2), `state`
 * goes back as it came, and the status is 303, so that no browser posts a form again (RFC 9700
 * 4.12). */
#include "sandbox/callback.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"

void callback_open(struct callback *callback, struct exchange *x)
{
	const struct pk_str uri = x->redirect_uri;

	callback->url = pk_arena_open(x->arena);
	pk_buf_put(&callback->url, uri);
	pk_buf_char(&callback->url, pk_str_find(uri, '?') < uri.len ? '&' : '?');
	callback->start = callback->url.len;
}

void callback_put(struct callback *callback, struct pk_str name, struct pk_str value)
{
	pk_form_put(&callback->url, callback->start, name, value);
}

void callback_send(struct callback *callback, struct exchange *x)
{
	struct pk_str url;

	/* Two states are one too many to know which is meant. */
	if (pk_form_count(&x->form, PK_STR("state")) == 1)
		callback_put(callback, PK_STR("state"), pk_form_get(&x->form, PK_STR("state")));
	/* RFC 9207 2: in every answer, of providers that do. */
	if (x->dialect->issuer.len)
		callback_put(callback, PK_STR("iss"), x->dialect->issuer);
	if (pk_arena_close(x->arena, &callback->url, &url) != PK_OK) {
		http_reply(x->http, 500, "text/plain", PK_STR("the callback is too long\n"));
		return;
	}
	http_reply_header(x->http, "Cache-Control", PK_STR("no-store"));
	http_reply_header(x->http, "Referrer-Policy", PK_STR("no-referrer"));
	http_redirect(x->http, 303, url);
}
