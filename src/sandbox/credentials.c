/* Reads the client's proof: Basic, each half form-encoded (RFC 6749 2.3.1), or the body's
 * parameters in the dialect's names. Hostile input; the arena that holds the result is wiped at the
 * end of the exchange. */
#include "sandbox/credentials.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#define BASIC_MAX 1024 /* bytes of id, colon and secret */

static bool decode_half(struct pk_arena *arena, struct pk_str half, struct pk_str *ret)
{
	struct pk_buf out = pk_arena_open(arena);

	return pk_form_decode(&out, half) && pk_arena_close(arena, &out, ret) == PK_OK;
}

static bool read_basic(struct exchange *x, struct pk_str header, struct credentials *ret)
{
	unsigned char plain[BASIC_MAX];
	size_t size;
	bool ok = false;

	if (header.len < 6 || strncasecmp(header.ptr, "Basic ", 6) != 0)
		return false;
	header = pk_str_trim(pk_str_from(header, 6));
	if (sodium_base642bin(plain, sizeof(plain), header.ptr, header.len, NULL, &size, NULL,
			      sodium_base64_VARIANT_ORIGINAL) == 0) {
		struct pk_str secret = {(const char *)plain, size};
		const struct pk_str id = pk_str_cut(&secret, ':');

		ok = secret.ptr && !memchr(plain, '\0', size) &&
		     decode_half(x->arena, id, &ret->id) &&
		     decode_half(x->arena, secret, &ret->secret);
	}
	sodium_memzero(plain, sizeof(plain));
	return ok;
}

bool credentials_read(struct exchange *x, struct credentials *ret)
{
	const struct pk_str header = http_header(x->http, "Authorization");
	const struct pk_str id = pk_form_get(&x->form, x->dialect->client_id_parameter);
	const struct pk_str secret = pk_form_get(&x->form, x->dialect->client_secret_parameter);

	*ret = (struct credentials){.basic = header.ptr && !revokes_by_bearer(x)};
	if (ret->basic)
		return read_basic(x, header, ret);
	if (id.len)
		ret->id = id;
	if (secret.len)
		ret->secret = secret;
	return true;
}

struct pk_str credentials_bearer(struct exchange *x)
{
	const struct pk_str header = http_header(x->http, "Authorization");
	struct pk_form query;

	if (x->endpoint == USERINFO && x->dialect->userinfo_token == PK_USERINFO_TOKEN_QUERY)
		return pk_form_parse(x->arena, http_query(x->http), &query, NULL) == PK_OK
			       ? pk_form_get(&query, PK_STR("access_token"))
			       : (struct pk_str){0};
	if (x->dialect->dpop && header.len > 5 && strncasecmp(header.ptr, "DPoP ", 5) == 0)
		return pk_str_trim(pk_str_from(header, 5));
	if (header.len <= 7 || strncasecmp(header.ptr, "Bearer ", 7) != 0)
		return (struct pk_str){0};
	return pk_str_trim(pk_str_from(header, 7));
}
