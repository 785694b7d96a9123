/* A header that the provider's API wants with every request: its version, a name for the program.
 * That it is there is checked; the value is the client's choice. */
#include "base/text.h"
#include "sandbox/check.h"

#define NAME_SIZE 64

static bool run(struct exchange *x)
{
	struct pk_str header = x->dialect->userinfo_header;
	char memory[NAME_SIZE];
	struct pk_buf name = pk_buf(memory, sizeof(memory) - 1);

	if (!header.len)
		return true;
	pk_buf_put(&name, pk_str_trim(pk_str_cut(&header, ':')));
	memory[name.len] = '\0';
	return http_header(x->http, memory).len > 0;
}

const struct check check_userinfo_header = {
	.name = "userinfo-header",
	.status = 400,
	.code = "invalid_request",
	.text = "A header is missing that this API wants with every request.",
	.fault = "provider-error",
	.reference = "RFC 9110 6.3",
	.run = run,
};
