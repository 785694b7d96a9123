/*
 * A redirect leads to one place, so a page calls the app twice: by an image, as prefetchers and
 * impatient browsers do, and by going there a second later. Both requests have the cookies that the
 * browser would send with them. The codes are both good.
 */
#include "sandbox/twice.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/reply.h"

#include <string.h>

/* The URL with the second code where the first one stands, both form-encoded. */
static bool replace_code(struct exchange *x, struct pk_str url, struct pk_str *ret)
{
	char memory[3 * TICKET_TEXT_MAX];
	struct pk_buf code = pk_buf(memory, sizeof(memory));
	struct pk_buf out;
	const char *at;

	pk_percent_encode(&code, x->first_code);
	at = code.overflow ? NULL : memmem(url.ptr, url.len, memory, code.len);
	if (!at)
		return false;
	out = pk_arena_open(x->arena);
	pk_buf_put(&out, pk_str_first(url, (size_t)(at - url.ptr)));
	pk_percent_encode(&out, x->second_code);
	pk_buf_put(&out, pk_str_from(url, (size_t)(at - url.ptr) + code.len));
	return pk_arena_close(x->arena, &out, ret) == PK_OK;
}

void twice_send(struct exchange *x, struct pk_str url)
{
	struct pk_str second;

	if (!replace_code(x, url, &second)) {
		http_reply(x->http, 500, "text/plain", PK_STR("the callback is too long\n"));
		return;
	}
	x->callback[0] = url;
	x->callback[1] = second;

	const struct page_field fields[] = {
		{"provider_title", x->dialect->title},
		{"first", url},
		{"second", second},
	};

	reply_page_with_images(x, "callback-twice.html", fields,
			       sizeof(fields) / sizeof(fields[0]));
}
