/*
 * Going back (RFC 6749 4.1.2): the query that the redirect URI has is kept (3.1.2), `state` goes
 * back as it came, and the status is 303, so that no browser posts a form again (RFC 9700 4.12).
 * With response_mode=form_post a page posts the same parameters (OAuth 2.0 Form Post Response Mode).
 * What came from the client is encoded or escaped on both ways.
 */
#include "sandbox/callback.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "protocol/redirect_uri.h"
#include "sandbox/faults.h"
#include "sandbox/reply.h"
#include "sandbox/twice.h"

#define ISSUER_MAX 512 /* bytes */

bool callback_has_modes(const struct pk_dialect *dialect)
{
	return dialect->issuer.len || dialect->response_mode == PK_RESPONSE_MODE_FORM_POST;
}

void callback_open(struct callback *callback, struct exchange *x)
{
	const struct pk_str uri = x->redirect_uri;

	callback->out = pk_arena_open(x->arena);
	callback->posts = callback_has_modes(x->dialect) &&
			  pk_str_equal(param(x, "response_mode"), PK_STR("form_post"));
	if (!callback->posts) {
		pk_buf_put(&callback->out, uri);
		pk_buf_char(&callback->out, pk_str_find(uri, '?') < uri.len ? '&' : '?');
	}
	callback->start = callback->out.len;
}

void callback_put(struct callback *callback, struct pk_str name, struct pk_str value)
{
	pk_form_put(&callback->out, callback->start, name, value);
}

void callback_put_more(struct callback *callback, struct pk_str pairs)
{
	if (!pairs.len)
		return;
	if (callback->out.len > callback->start)
		pk_buf_char(&callback->out, '&');
	pk_buf_put(&callback->out, pairs);
}

static void put_issuer(struct callback *callback, struct exchange *x)
{
	char memory[ISSUER_MAX];
	struct pk_buf issuer = pk_buf(memory, sizeof(memory));

	provider_issuer(x, &issuer);
	if (fault_is(x, "issuer-mismatch"))
		pk_buf_put(&issuer, PK_STR("/of-another"));
	callback_put(callback, PK_STR("iss"), pk_buf_str(&issuer));
}

static void write_fields(const struct pk_form *form, struct pk_buf *out)
{
	for (size_t i = 0; i < form->count; i++) {
		const struct page_field fields[] = {
			{"name", form->param[i].name},
			{"value", form->param[i].value},
		};

		page_render(out, "form-post-field.html", fields, 2);
	}
}

/* Where everything is written by us, what cannot be read again is too long. */
static void too_long(struct exchange *x)
{
	http_reply(x->http, 500, "text/plain", PK_STR("the callback is too long\n"));
}

static void post(struct exchange *x, struct pk_str text)
{
	struct pk_form form;
	struct pk_str inputs;
	struct pk_uri uri;

	if (pk_form_parse(x->arena, text, &form, NULL) != PK_OK) {
		too_long(x);
		return;
	}

	struct pk_buf out = pk_arena_open(x->arena);

	write_fields(&form, &out);
	if (pk_arena_close(x->arena, &out, &inputs) != PK_OK) {
		too_long(x);
		return;
	}
	x->posted_to = x->redirect_uri;
	x->posted_form = text;

	const struct page_field fields[] = {
		{"provider_title", x->dialect->title},
		{"redirect_host", pk_uri_split(x->redirect_uri, &uri) ? uri.host : x->redirect_uri},
		{"redirect_uri", x->redirect_uri},
		{"fields", inputs},
		{"script", page_file("form-post.js")},
	};

	reply_page_with_script(x, "form-post.html", fields, sizeof(fields) / sizeof(fields[0]),
			       page_file("form-post.js"));
}

static void redirect(struct exchange *x, struct pk_str url)
{
	http_reply_header(x->http, "Cache-Control", PK_STR("no-store"));
	http_reply_header(x->http, "Referrer-Policy", PK_STR("no-referrer"));
	http_redirect(x->http, 303, url);
}

/* On demand with a character too many, as something on the way may leave it. */
static void put_state(struct callback *callback, struct exchange *x)
{
	callback_put(callback, PK_STR("state"), pk_form_get(&x->form, PK_STR("state")));
	if (fault_is(x, "state-altered"))
		pk_buf_char(&callback->out, 'x');
}

void callback_send(struct callback *callback, struct exchange *x)
{
	const struct pk_str fragment = x->dialect->callback_fragment;
	struct pk_str text;

	/* Two states are one too many to know which is meant. */
	if (pk_form_count(&x->form, PK_STR("state")) == 1 && !fault_is(x, "state-missing"))
		put_state(callback, x);
	/* RFC 9207 2: in every answer, of providers that do. */
	if (x->dialect->callback_issuer)
		put_issuer(callback, x);
	if (fragment.len && !callback->posts) {
		pk_buf_char(&callback->out, '#');
		pk_buf_put(&callback->out, fragment);
	}
	if (pk_arena_close(x->arena, &callback->out, &text) != PK_OK)
		too_long(x);
	else if (callback->posts)
		post(x, text);
	else if (x->second_code.len)
		twice_send(x, text);
	else
		redirect(x, text);
}
