/*
 * return_to comes from the query of /login, so from anybody. What browsers make of odd spellings is
 * theirs; so nothing odd is let through, and what is let through is written as an absolute URL, in
 * which no spelling of a path can be read as a host.
 */
#include "gateway/return_to.h"
#include "base/text.h"
#include "gateway/attempt.h"
#include "protocol/redirect_uri.h"

/* Only what RFC 3986 allows in a URL; a browser drops tabs and newlines, and reads \ as /. */
static bool is_plain(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		const unsigned char c = (unsigned char)text.ptr[i];

		if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>' ||
		    c == '^' || c == '`' || c == '{' || c == '|' || c == '}')
			return false;
	}
	return true;
}

/* "https://app.example.com" of a URL; a view of it. */
static struct pk_str origin_of(struct pk_str url, const struct pk_uri *uri)
{
	const char *end =
		uri->port.ptr ? uri->port.ptr + uri->port.len : uri->host.ptr + uri->host.len;

	return pk_str_first(url, (size_t)(end - url.ptr));
}

static bool is_allowed(const struct settings *settings, struct pk_str origin)
{
	return pk_str_equal(origin, settings->public_url) ||
	       pk_list_has(&settings->return_to_origins, origin);
}

bool return_to_write(const struct settings *settings, struct pk_str text, struct pk_buf *out)
{
	struct pk_uri uri;

	if (!text.len)
		text = PK_STR("/");
	if (text.len > RETURN_TO_MAX || !is_plain(text))
		return false;
	if (text.ptr[0] == '/') {
		/* "//host" is a URL on another host. */
		if (text.len > 1 && text.ptr[1] == '/')
			return false;
		pk_buf_put(out, settings->public_url);
		pk_buf_put(out, text);
		return !out->overflow;
	}
	if (!pk_uri_split(text, &uri) || !is_allowed(settings, origin_of(text, &uri)))
		return false;
	pk_buf_put(out, text);
	return !out->overflow;
}
