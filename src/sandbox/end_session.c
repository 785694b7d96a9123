/*
 * Logout at the provider (OpenID Connect RP-Initiated Logout 1.0): ends the session that the
 * id_token_hint names, or asks the person first where there is none, because anybody can send a
 * browser here (2, 6). The way back is a registered URI, checked before this, and nothing else (3).
 */
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/answers.h"
#include "sandbox/backchannel.h"
#include "sandbox/reply.h"
#include "sandbox/waiting.h"

/* The session that the hint names, of this browser or another; NULL where it has ended. */
static struct session *hinted_session(const struct exchange *x)
{
	struct session *session = NULL;

	while ((session = sign_in_of(x->sandbox->sessions, x->provider, x->hinted, session)))
		if (pk_str_equal(x->hinted_session,
				 (struct pk_str){session->id, sizeof(session->id)}))
			return session;
	return NULL;
}

static void ask(struct exchange *x, const struct session *session)
{
	char memory[64];
	struct pk_buf id = pk_buf(memory, sizeof(memory));
	struct pk_buf out = pk_arena_open(x->arena);
	struct pk_str request;

	for (size_t i = 0; i < x->form.count; i++)
		pk_form_put(&out, 0, x->form.param[i].name, x->form.param[i].value);
	if (pk_arena_close(x->arena, &out, &request) != PK_OK ||
	    !waiting_put(x->sandbox->waiting, x->provider, request, x->attempt, x->now, &id)) {
		http_reply(x->http, 503, "text/plain", PK_STR("no memory for this request\n"));
		return;
	}

	const struct page_field fields[] = {
		{"provider_title", x->dialect->title},
		{"name", session ? session->person->name : PK_STR("Nobody")},
		{"action", http_path(x->http)},
		{"request", pk_buf_str(&id)},
	};

	reply_page(x, 200, "sandbox-sign-out.html", fields, sizeof(fields) / sizeof(fields[0]));
}

static void send_back(struct exchange *x, struct pk_str uri)
{
	struct pk_buf out = pk_arena_open(x->arena);
	struct pk_str url;

	pk_buf_put(&out, uri);
	if (param(x, "state").len) {
		pk_buf_char(&out, pk_str_find(uri, '?') < uri.len ? '&' : '?');
		pk_form_put(&out, out.len, PK_STR("state"), param(x, "state"));
	}
	if (pk_arena_close(x->arena, &out, &url) != PK_OK) {
		http_reply(x->http, 500, "text/plain", PK_STR("the URI is too long\n"));
		return;
	}
	http_reply_header(x->http, "Cache-Control", PK_STR("no-store"));
	http_reply_header(x->http, "Referrer-Policy", PK_STR("no-referrer"));
	http_redirect(x->http, 303, url);
}

void answer_end_session(struct exchange *x)
{
	const struct pk_str uri = param(x, "post_logout_redirect_uri");
	struct session *own = sign_in_session(x);
	struct session *session = x->hinted ? hinted_session(x) : own;

	if (!x->hinted && !x->confirmed && (session || uri.len)) {
		ask(x, session);
		return;
	}
	if (session)
		log_out(x, session);
	if (session && session == own)
		sign_out_browser(x);
	if (uri.len) {
		send_back(x, uri);
		return;
	}

	const struct page_field fields[] = {{"provider_title", x->dialect->title}};

	reply_page(x, 200, "sandbox-signed-out.html", fields, 1);
}
