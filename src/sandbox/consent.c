/*
 * The consent page: who logs in, and to what. Each scope can be switched off but those that the
 * dialect fixes, because a client has to cope with that (RFC 6749 3.3). The page carries the random
 * id of the request that waits and nothing else of it; all that is shown is hostile and escaped.
 */
#include "sandbox/consent.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "protocol/redirect_uri.h"
#include "sandbox/reply.h"
#include "sandbox/waiting.h"

#include <string.h>

static struct pk_str hue(size_t index)
{
	static const char *const hues[] = {"hue-0", "hue-1", "hue-2", "hue-3",
					   "hue-4", "hue-5", "hue-6", "hue-7"};

	return pk_str(hues[index % 8]);
}

static void write_users(const struct exchange *x, struct pk_buf *out)
{
	for (size_t i = 0; i < people_count; i++) {
		const struct page_field fields[] = {
			{"id", people[i].id},
			{"name", people[i].name},
			{"email", people[i].email},
			{"letter", pk_str_first(people[i].name, 1)},
			{"hue", hue(3 * i + 1)},
			{"checked", &people[i] == x->person ? PK_STR("checked") : PK_STR("")},
		};

		page_render(out, "consent-user.html", fields, sizeof(fields) / sizeof(fields[0]));
	}
}

/* "user.info.basic" in words: "user info basic". */
static struct pk_str in_words(struct pk_str scope, char *memory, size_t cap)
{
	struct pk_buf out = pk_buf(memory, cap);

	scope = pk_str_first(scope, cap);
	for (size_t i = 0; i < scope.len; i++)
		pk_buf_char(&out, memchr("._-:/", scope.ptr[i], 5) ? ' ' : scope.ptr[i]);
	return pk_buf_str(&out);
}

static void write_scopes(const struct exchange *x, struct pk_buf *out)
{
	for (size_t i = 0; i < x->scopes.count; i++) {
		const struct pk_str scope = x->scopes.item[i];
		const bool fixed = scope_is_fixed(x->dialect, scope);
		char words[GRANT_SCOPE_MAX];
		const struct page_field fields[] = {
			{"scope", scope},
			{"text", in_words(scope, words, sizeof(words))},
			{"checked", PK_STR("checked")},
			{"disabled", fixed ? PK_STR("disabled") : PK_STR("")},
		};

		page_render(out, "consent-scope.html", fields, sizeof(fields) / sizeof(fields[0]));
	}
}

/* The tenant of the path on a line of its own, and the request, written again from its decoded
 * parameters: what came as POST waits like a GET. */
static bool write_request(struct exchange *x, struct pk_str *ret)
{
	struct pk_buf out = pk_arena_open(x->arena);

	pk_buf_put(&out, x->tenant);
	pk_buf_char(&out, '\n');

	const size_t start = out.len;

	for (size_t i = 0; i < x->form.count; i++)
		pk_form_put(&out, start, x->form.param[i].name, x->form.param[i].value);
	return pk_arena_close(x->arena, &out, ret) == PK_OK;
}

static bool write_raw(struct exchange *x, void (*write)(const struct exchange *, struct pk_buf *),
		      struct pk_str *ret)
{
	struct pk_buf out = pk_arena_open(x->arena);

	write(x, &out);
	return pk_arena_close(x->arena, &out, ret) == PK_OK;
}

static void write_action(const struct exchange *x, struct pk_buf *out)
{
	pk_buf_char(out, '/');
	pk_buf_put(out, x->dialect->name);
	pk_buf_put(out, PK_STR("/_sandbox/decide"));
}

void consent_ask(struct exchange *x)
{
	char memory[64];
	struct pk_buf id = pk_buf(memory, sizeof(memory));
	struct pk_str request;
	struct pk_str users;
	struct pk_str scopes;
	struct pk_str action;
	struct pk_uri uri;

	if (!write_request(x, &request) || !write_raw(x, write_users, &users) ||
	    !write_raw(x, write_scopes, &scopes) || !write_raw(x, write_action, &action) ||
	    !waiting_put(x->sandbox->waiting, x->provider, request, x->attempt, x->now, &id)) {
		http_reply(x->http, 503, "text/plain", PK_STR("no memory for this request\n"));
		return;
	}

	const struct page_field fields[] = {
		{"provider_title", x->dialect->title},
		{"client_id", x->client->id},
		{"redirect_host", pk_uri_split(x->redirect_uri, &uri) ? uri.host : x->redirect_uri},
		{"action", action},
		{"request", pk_buf_str(&id)},
		{"users", users},
		{"scopes", scopes},
	};

	reply_page(x, 200, "consent.html", fields, sizeof(fields) / sizeof(fields[0]));
}
