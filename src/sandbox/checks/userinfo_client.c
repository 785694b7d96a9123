/* Some APIs want the client's name in a header of its own, and hold it against the token. */
#include "base/text.h"
#include "sandbox/check.h"

#define NAME_SIZE 64

static bool run(struct exchange *x)
{
	char memory[NAME_SIZE];
	struct pk_buf name = pk_buf(memory, sizeof(memory) - 1);

	if (!x->dialect->userinfo_client_header.len)
		return true;
	pk_buf_put(&name, x->dialect->userinfo_client_header);
	memory[name.len] = '\0';
	return pk_str_equal(http_header(x->http, memory), x->grant->client->id);
}

const struct check check_userinfo_client = {
	.name = "userinfo-client",
	.status = 401,
	.code = "invalid_request",
	.text = "The header with the client's id is missing, or is not that of the token's client.",
	.fault = "provider-error",
	.reference = "RFC 9110 6.3",
	.run = run,
};
