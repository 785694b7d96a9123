/*
 * An origin is scheme, host and port and nothing else, as a browser's Origin header spells it (RFC
 * 6454 6.2). It is compared byte for byte, so another spelling of the same would never be equal.
 */
#include "gateway/origin.h"
#include "base/text.h"
#include "protocol/redirect_uri.h"

#include <string.h>

#define HOST_MAX 253 /* RFC 1035 2.3.4, as text */

static bool is_made_of(struct pk_str text, const char *characters)
{
	for (size_t i = 0; i < text.len; i++)
		if (!text.ptr[i] || !strchr(characters, text.ptr[i]))
			return false;
	return text.len > 0;
}

static bool is_host(struct pk_str host)
{
	if (pk_str_starts(host, PK_STR("[")) && pk_str_ends(host, PK_STR("]")))
		return is_made_of(pk_str_first(pk_str_from(host, 1), host.len - 2),
				  "0123456789abcdef:.");
	return host.len <= HOST_MAX && is_made_of(host, "abcdefghijklmnopqrstuvwxyz0123456789-._");
}

/* Browsers leave out the port that the scheme has anyway, and a zero before it. */
static bool is_port(struct pk_str port, int64_t usual)
{
	int64_t number;

	return !port.ptr || (pk_str_number(port, UINT16_MAX, &number) && number > 0 &&
			     number != usual && port.ptr[0] != '0');
}

bool origin_valid(struct pk_str text)
{
	struct pk_uri uri;
	bool https;

	if (!pk_uri_split(text, &uri) || uri.path.len || uri.query.ptr || uri.fragment.ptr)
		return false;
	https = pk_str_equal(uri.scheme, PK_STR("https"));
	return (https || pk_str_equal(uri.scheme, PK_STR("http"))) && is_host(uri.host) &&
	       is_port(uri.port, https ? 443 : 80);
}
