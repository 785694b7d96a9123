/* Tokens come from a provider, and stand in a header line as they are: one that could end the line
 * is refused. */
#include "protocol/bearer.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

enum pk_err pk_bearer_add(struct pk_arena *arena, struct pk_secret token,
			  struct pk_http_request *request, struct pk_why *why)
{
	if (!token.text.len)
		return pk_refuse(why, PK_ERR_ARGUMENT, "access_token", "there is no access token");
	/* RFC 6750 2.1 allows fewer still. */
	for (size_t i = 0; i < token.text.len; i++)
		if ((unsigned char)token.text.ptr[i] <= 0x20 ||
		    (unsigned char)token.text.ptr[i] >= 0x7f)
			return pk_refuse(
				why, PK_ERR_REPLY_INCOMPLETE, "access_token",
				"the access token has a character that no header can carry");

	struct pk_buf header = pk_arena_open(arena);

	pk_buf_put(&header, PK_STR("Authorization: Bearer "));
	pk_buf_put(&header, token.text);
	return pk_space(why,
			pk_arena_close(arena, &header, &request->header[request->header_count++]));
}
