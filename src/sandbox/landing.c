/* Shows the parameters of a callback. They are hostile (anybody can send a browser here), so they
 * are decoded once, bounded and escaped. */
#include "sandbox/landing.h"
#include "base/arena.h"
#include "sandbox/reply.h"

static void write_rows(const struct exchange *x, struct pk_buf *out)
{
	for (size_t i = 0; i < x->form.count; i++) {
		const struct page_field fields[] = {
			{"name", x->form.param[i].name},
			{"value", x->form.param[i].value},
		};

		page_render(out, "sandbox-callback-row.html", fields, 2);
	}
}

void landing_page(struct exchange *x)
{
	struct pk_str rows = PK_STR("");

	const struct pk_str sent = method_is(x, "POST") ? http_body(x->http) : http_query(x->http);

	if (pk_form_parse(x->arena, sent, &x->form, NULL) != PK_OK)
		x->form.count = 0;

	struct pk_buf out = pk_arena_open(x->arena);

	write_rows(x, &out);
	if (pk_arena_close(x->arena, &out, &rows) != PK_OK)
		rows = PK_STR("");

	const struct page_field fields[] = {{"params", rows}};

	reply_page(x, 200, "sandbox-callback.html", fields, 1);
}
