/*
 * return_to under attack: whatever passes is an allowed origin and then a path or nothing, without
 * a character that a browser reads as something else, and passes again as it is.
 */
#include "must.h"

#include "base/text.h"
#include "gateway/return_to.h"

static const struct settings settings = {
	.public_url = {"https://app.example.com", 23},
	.return_to_origins = {{{"https://app.example.com:8443", 28}, {"http://127.0.0.1:3000", 21}},
			      2},
};

static bool is_at(struct pk_str url, struct pk_str origin)
{
	return pk_str_starts(url, origin) && (url.len == origin.len || url.ptr[origin.len] == '/');
}

static bool is_at_an_allowed_origin(struct pk_str url)
{
	bool found = is_at(url, settings.public_url);

	for (size_t i = 0; i < settings.return_to_origins.count; i++)
		found |= is_at(url, settings.return_to_origins.item[i]);
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char memory[2 * RETURN_TO_MAX], again_memory[2 * RETURN_TO_MAX];
	struct pk_buf out = pk_buf(memory, sizeof(memory));
	struct pk_buf again = pk_buf(again_memory, sizeof(again_memory));

	if (!return_to_write(&settings, (struct pk_str){(const char *)data, size}, &out))
		return 0;
	must(!out.overflow && out.len <= RETURN_TO_MAX);
	must(is_at_an_allowed_origin(pk_buf_str(&out)));
	for (size_t i = 0; i < out.len; i++)
		must(memory[i] > ' ' && memory[i] < 0x7f && memory[i] != '\\');
	must(return_to_write(&settings, pk_buf_str(&out), &again));
	must(pk_str_equal(pk_buf_str(&out), pk_buf_str(&again)));
	return 0;
}
