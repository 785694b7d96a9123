/*
 * Queries and form bodies. What was read and is written again reads as the same, and nothing that
 * is read holds a NUL; base64url has one text for one value, and both of its decoders agree.
 */
#include "must.h"

#include "base/encode.h"
#include "base/form.h"
#include "base/text.h"

#include <string.h>

static unsigned char first[65536], second[65536];
static char written[4 * sizeof(first)];

static void try_form(struct pk_str text)
{
	struct pk_arena arena = pk_arena(first, sizeof(first));
	struct pk_arena again = pk_arena(second, sizeof(second));
	struct pk_buf out = pk_buf(written, sizeof(written));
	struct pk_form form, copy;

	if (pk_form_parse(&arena, text, &form, NULL) != PK_OK)
		return;
	must(form.count <= PK_FORM_MAX);
	for (size_t i = 0; i < form.count; i++) {
		const struct pk_param *param = &form.param[i];

		must(pk_str_find(param->name, '\0') == param->name.len);
		must(param->value.ptr && pk_str_find(param->value, '\0') == param->value.len);
		must(pk_form_count(&form, param->name) >= 1);
		pk_form_put(&out, 0, param->name, param->value);
	}
	must(!out.overflow);
	must(pk_form_parse(&again, form.count ? pk_buf_str(&out) : pk_str(NULL), &copy, NULL) ==
	     PK_OK);
	must(copy.count == form.count);
	for (size_t i = 0; i < form.count; i++) {
		must(pk_str_equal(copy.param[i].name, form.param[i].name));
		must(pk_str_equal(copy.param[i].value, form.param[i].value));
	}
}

static void try_base64url(struct pk_str text)
{
	size_t fast = 0, slow = 0;
	const bool taken = pk_base64url_decode(text, first, sizeof(first), &fast);

	must(taken == pk_base64url_secret(text, second, sizeof(second), &slow));
	if (!taken)
		return;

	struct pk_buf out = pk_buf(written, sizeof(written));

	must(fast == slow && memcmp(first, second, fast) == 0);
	pk_base64url_encode(&out, first, fast);
	must(pk_str_equal(pk_buf_str(&out), text));
}

static void try_bytes(struct pk_str bytes)
{
	struct pk_buf out = pk_buf(written, sizeof(written));
	size_t size = 0;

	pk_base64url_encode(&out, bytes.ptr, bytes.len);
	must(!out.overflow && out.len == PK_BASE64URL_LEN(bytes.len));
	must(pk_base64url_decode(pk_buf_str(&out), first, sizeof(first), &size));
	must(size == bytes.len && (size == 0 || memcmp(first, bytes.ptr, size) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pk_str input = {(const char *)data, size};

	if (size > sizeof(first))
		return 0;
	try_form(input);
	try_base64url(input);
	try_bytes(input);
	return 0;
}
